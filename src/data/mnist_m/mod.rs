//! MNIST-M: digits of MNIST blended into patches of photos. Makes it; `released` reads it.

mod dead_leaves;
mod make;
mod photos;
mod texture;

pub use make::{Backgrounds, MnistM, MnistMSummary, PartSummary, make_mnist_m};
