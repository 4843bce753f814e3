//! Reading every layout of data sets, and making MNIST-M and synthetic digits, on tiny files made here.

mod blends;
mod fitting;
mod idx;
mod image_files;
mod made;
mod parts;
mod photos;
mod released;
#[path = "../skip/mod.rs"]
mod skip;
mod support;
mod synthetic;
