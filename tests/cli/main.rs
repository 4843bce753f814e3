//! The program as its users meet it: real processes on tiny data, on this machine's preferred adapter.
//! Without an adapter these tests fail; none is skipped.

mod adapters;
mod albums;
mod bad_config;
mod bad_idx;
mod bad_images;
mod bench;
mod commands;
mod domains;
mod embedding;
mod evaluation;
mod experiment;
mod fitting;
mod habits;
mod jobs;
mod memory;
mod pairs;
mod photos;
mod pipelines;
mod predicting;
mod profile;
mod ranks;
mod results;
mod resuming;
#[path = "../running/mod.rs"]
mod running;
mod sandbox;
mod selecting;
mod shader_pages;
mod shader_results;
mod shaders;
#[path = "../skip/mod.rs"]
mod skip;
mod target_labels;
mod training;
mod tune;
