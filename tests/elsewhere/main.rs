//! What other programs make of this one's files: the real Python packages, in an environment of their own below
//! the target directory. Where they cannot be installed, these tests say so and are skipped.

#[path = "../cli/sandbox.rs"]
#[allow(dead_code)] // what only the tests of the command line use
mod sandbox;

mod backbones;
mod chromium;
mod hlsl;
mod onnx;
mod python;
mod pytorch;
#[path = "../skip/mod.rs"]
mod skip;
mod support;
mod tensorboard;
