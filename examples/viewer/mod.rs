//! A window that trains and shows what is learned.

mod adapters;
mod app;
pub mod drawing;
mod panels;
mod session;
pub mod theme;
pub mod tiles;
mod timing;

pub use adapters::setup;
pub use app::{Options, Viewer};
pub use session::Material;
