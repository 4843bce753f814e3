//! Data sets: reading them, making MNIST-M and synthetic digits, fetching what is public. Nothing here knows of the GPU.
//!
//! [`load`] recognises the layout of a directory: MNIST's IDX files, MNIST-M as released, or folders of
//! images. Every data set arrives as plain bytes, (N, C, H, W), all images of one size.

mod dataset;
mod digest;
mod fetch;
mod fit;
mod folders;
mod idx;
mod layout;
mod listing;
mod making;
mod mnist_m;
mod order;
mod pictures;
mod progress;
mod single;
mod staging;
mod syn_digits;

pub(crate) use digest::hex;

pub use dataset::{Dataset, ImageSize, Labels, Part};
pub use fetch::{fetch_bsds500, fetch_mnist};
pub use layout::{has_labelled_test, has_part, load};
pub use listing::images_below;
pub use mnist_m::{Backgrounds, MnistM, MnistMSummary, PartSummary, make_mnist_m};
pub use order::shuffled;
pub use pictures::load_image_files;
pub use progress::{NoProgress, Progress};
pub use single::{Fit, PictureSize, decode_picture, is_image, read_picture};
pub use syn_digits::{SynDigits, SynDigitsSummary, make_syn_digits};
