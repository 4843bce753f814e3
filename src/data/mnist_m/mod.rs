//! MNIST-M: digits of MNIST blended into patches of photos. Reads it as released, and makes it anew.

#[cfg(feature = "fetch")]
mod dead_leaves;
#[cfg(feature = "fetch")]
mod make;
#[cfg(feature = "fetch")]
mod photos;
mod released;
#[cfg(feature = "fetch")]
mod texture;

#[cfg(feature = "fetch")]
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
