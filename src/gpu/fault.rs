//! What went wrong on a device, by its kind.

use crate::error::Error;

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

    /// The device is gone.
    pub fn lost(message: String) -> Self {
        Self { error: Error::DeviceLost, message }
    }

    /// The fault as an error.
    pub fn error(self) -> Error {
        (self.error)(self.message)
    }
}
