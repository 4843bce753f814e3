//! Results to look at: TensorBoard's files, pictures, and a page about one run or several.

pub mod page;
pub mod pictures;
pub mod tensorboard;
