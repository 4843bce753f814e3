//! MNIST-M: digits of MNIST blended into patches of photos. Reads it as released, and makes it anew.

mod dead_leaves;
mod make;
mod photos;
mod released;
mod texture;

pub use make::{Backgrounds, MnistM, MnistMSummary, PartSummary, make_mnist_m};
pub(super) use released::Released;

use super::Part;

/// The directory that holds all of it.
const DIRECTORY: &str = "mnist_m";

/// The directory of a part's images.
fn images_name(part: Part) -> String {
    format!("mnist_m_{part}")
}

/// The list of a part's labels.
fn list_name(part: Part) -> String {
    format!("mnist_m_{part}_labels.txt")
}
