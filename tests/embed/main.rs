//! Training and classifying on a device that belongs to an application.

mod application;
mod backbone;
mod cache;
mod classifying;
mod evaluating;
mod faults;
mod frames;
mod guest;
mod health;
mod narrow;
mod pictures;
#[path = "../skip/mod.rs"]
mod skip;
mod staged;
mod training;
