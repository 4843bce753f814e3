#![doc = include_str!("guide.md")]
#![doc = concat!("```no_run\n", include_str!("../../examples/embed_minimal.rs"), "```")]

mod classifier;
mod evaluated;
mod evaluator;
mod pace;
mod picture;
mod snapshot;
mod staged;
mod trainer;
mod view;
mod views;

pub use crate::gpu::{Element, Gpu, optional_features, required_features, required_limits};
pub use crate::ops::image_input::Texture;
pub use crate::train::{Frames, Images, Keep};
pub use classifier::{Classifier, ClassifierOptions, Input, ModelSource};
pub use evaluated::Evaluated;
pub use evaluator::Evaluator;
pub use picture::Picture;
pub use staged::Staged;
pub use trainer::{FrameCount, Trainer, TrainerOptions};
pub use view::View;
pub use views::Views;
