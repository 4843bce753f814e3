//! What went wrong on a device, by its kind.

use crate::error::{Error, Result};
use std::fmt::Display;

/// A fault that a device reported; kept, for whoever asks later.
#[derive(Clone)]
pub(crate) struct Fault {
    error: fn(String) -> Error,
    /// The driver's words.
    pub message: String,
}

impl Fault {
    /// What wgpu reports with `e`, worded as `message`.
    pub fn of(e: &wgpu::Error, message: String) -> Self {
        match e {
            wgpu::Error::OutOfMemory { .. } => Self { error: Error::OutOfMemory, message },
            _ => Self { error: Error::Gpu, message },
        }
    }

    /// Does `work`, and gives what the device has against it, which then reaches none of the device's handlers: memory first,
    /// as the rest follows from it.
    pub fn watched<T>(device: &wgpu::Device, work: impl FnOnce() -> T) -> (T, Option<wgpu::Error>) {
        use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
        let scopes = [Internal, OutOfMemory, Validation].map(|filter| device.push_error_scope(filter));
        let done = work();
        // The last one that was opened has to be closed first.
        let refused = scopes.into_iter().rev().filter_map(|scope| pollster::block_on(scope.pop()));
        let is_memory = |e: &wgpu::Error| matches!(e, wgpu::Error::OutOfMemory { .. });
        (done, refused.reduce(|first, next| if is_memory(&next) { next } else { first }))
    }

    /// What `work` gives, unless the device has something against it; `what` is how errors call it.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`], or [`Error::Gpu`] with the driver's words.
    pub fn unless_refused<T>(
        device: &wgpu::Device,
        what: impl Display,
        work: impl FnOnce() -> T,
    ) -> Result<T> {
        match Self::watched(device, work) {
            (_, Some(e)) => Err(Self::of(&e, format!("{what}: {e}")).error()),
            (done, None) => Ok(done),
        }
    }

    /// What `work` gives, unless there is no memory `for_what`, as errors say it.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`].
    pub fn unless_no_memory<T>(
        device: &wgpu::Device,
        for_what: impl Display,
        work: impl FnOnce() -> T,
    ) -> Result<T> {
        let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let done = work();
        match pollster::block_on(scope.pop()) {
            Some(e) => Err(Error::OutOfMemory(format!("no memory {for_what}: {e}"))),
            None => Ok(done),
        }
    }

    /// The device is gone.
    pub fn lost(message: String) -> Self {
        Self { error: Error::DeviceLost, message }
    }

    /// The fault as an error.
    pub fn error(self) -> Error {
        (self.error)(self.message)
    }
}
