#![doc = include_str!("guide.md")]

mod classifier;
mod pace;
mod snapshot;
mod trainer;
mod view;
mod views;

pub use crate::gpu::{Element, Gpu, optional_features, required_features, required_limits};
pub use crate::ops::image_input::Texture;
pub use classifier::{Classifier, ClassifierOptions, Input, ModelSource};
pub use trainer::{Trainer, TrainerOptions};
pub use view::View;
pub use views::Views;
