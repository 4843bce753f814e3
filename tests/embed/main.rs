//! Training and classifying on a device that belongs to an application.

mod application;
mod backbone;
mod classifying;
mod faults;
mod frames;
mod guest;
mod pictures;
mod training;
