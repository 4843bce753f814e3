//! MNIST-M: digits of MNIST laid over patches of photos. Makes it; `released` reads it.

mod blend;
mod dead_leaves;
mod make;
mod photos;
mod texture;

pub use blend::Blend;
pub use make::{Backgrounds, MnistM, MnistMSummary, PartSummary, make_mnist_m};
