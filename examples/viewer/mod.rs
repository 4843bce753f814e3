//! A window that trains and shows what is learned.

mod adapters;
mod app;
mod panels;
mod session;
mod tiles;
mod timing;

pub use adapters::setup;
pub use app::{Options, Viewer};
pub use session::Material;
