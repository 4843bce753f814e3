//! Data sets: reading them, making MNIST-M and synthetic digits, fetching what is public. Nothing here knows of the GPU.
//!
//! [`load`] recognises the layout of a directory: MNIST's IDX files, MNIST-M as released, or folders of
//! images. Every data set arrives as plain bytes, (N, C, H, W), all images of one size.
//!
//! ```no_run
//! use dann::data::{Frame, Labels, Part, load};
//!
//! # fn main() -> dann::error::Result<()> {
//! let images = load("data/mnist".as_ref(), Part::Train, Frame::new(28, 28), Labels::Required)?;
//! println!("{} images of {}, classes {:?}", images.len(), images.shape(), images.classes());
//! # Ok(())
//! # }
//! ```

mod access;
mod classes;
mod dataset;
#[cfg(feature = "data")]
mod decode;
#[cfg(feature = "fetch")]
mod digest;
#[cfg(feature = "data")]
mod disk;
#[cfg(feature = "data")]
mod entropy;
mod faults;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "data")]
mod fit;
#[cfg(feature = "data")]
mod fitted;
#[cfg(feature = "data")]
mod folders;
#[cfg(any(feature = "embed", feature = "fetch"))]
mod hex;
#[cfg(feature = "data")]
mod huffman;
#[cfg(feature = "data")]
mod idx;
#[cfg(feature = "data")]
mod jpeg;
#[cfg(feature = "data")]
mod kinds;
#[cfg(feature = "data")]
mod known;
#[cfg(feature = "data")]
mod layout;
#[cfg(feature = "data")]
mod limits;
#[cfg(feature = "data")]
mod listing;
#[cfg(feature = "fetch")]
mod making;
#[cfg(feature = "fetch")]
mod mnist_m;
#[cfg(feature = "data")]
mod options;
#[cfg(any(feature = "embed", feature = "fetch"))]
mod order;
#[cfg(feature = "data")]
mod parts;
#[cfg(feature = "data")]
mod pictures;
#[cfg(feature = "data")]
mod planes;
mod progress;
#[cfg(feature = "data")]
mod reading;
#[cfg(feature = "data")]
mod released;
#[cfg(feature = "data")]
mod single;
#[cfg(feature = "fetch")]
mod staging;
mod stored;
#[cfg(feature = "data")]
mod summary;
#[cfg(feature = "fetch")]
mod syn_digits;
#[cfg(feature = "fetch")]
mod task;
#[cfg(feature = "data")]
mod tiff;
#[cfg(feature = "data")]
mod validation;
mod wanted;

#[cfg(any(feature = "embed", feature = "fetch"))]
pub(crate) use hex::hex;

pub use crate::shape::{Fit, Frame};
#[cfg(feature = "embed")]
pub(crate) use classes::listed;
pub use dataset::Dataset;
#[cfg(feature = "fetch")]
pub use fetch::{Weights, fetch_bsds500, fetch_mnist, fetch_usps, fetch_weights};
#[cfg(feature = "data")]
pub use fitted::Fitted;
#[cfg(feature = "data")]
pub use layout::{has_labelled_test, has_part, load};
#[cfg(feature = "data")]
pub use listing::images_below;
#[cfg(feature = "fetch")]
pub use mnist_m::{Backgrounds, Blend, MnistM, MnistMSummary, PartSummary, make_mnist_m};
#[cfg(feature = "data")]
pub use options::LoadOptions;
#[cfg(feature = "embed")]
pub(crate) use order::{balanced, shuffled};
#[cfg(feature = "data")]
pub use pictures::load_image_files;
pub use progress::{NoProgress, Progress};
#[cfg(feature = "data")]
pub use single::{PictureSize, decode_picture, decoded_size, is_image, picture_size, read_picture};
#[cfg(all(feature = "embed", test))]
pub(crate) use stored::ImageStore;
#[cfg(feature = "embed")]
pub(crate) use stored::Stored;
#[cfg(feature = "data")]
pub use summary::named;
#[cfg(feature = "fetch")]
pub use syn_digits::{SynDigits, SynDigitsSummary, make_syn_digits};
#[cfg(feature = "data")]
pub use validation::Validation;
pub use wanted::{ImageSize, Labels, Part};
