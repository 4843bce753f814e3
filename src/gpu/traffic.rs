//! What goes between host and device, counted: loops are held to what they may cost.

use std::sync::atomic::{AtomicU64, Ordering};

/// What went between host and device since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Command buffers given to the queue.
    pub submissions: u64,
    /// Buffers and textures made.
    pub allocations: u64,
    /// Bytes written to the device.
    pub uploaded: u64,
    /// Bytes read back.
    pub downloaded: u64,
}

#[derive(Default)]
pub(super) struct Counters {
    submissions: AtomicU64,
    allocations: AtomicU64,
    uploaded: AtomicU64,
    downloaded: AtomicU64,
}

impl Counters {
    pub fn submission(&self) {
        self.submissions.fetch_add(1, Ordering::Relaxed);
    }

    pub fn allocation(&self) {
        self.allocations.fetch_add(1, Ordering::Relaxed);
    }

    pub fn uploaded(&self, bytes: u64) {
        self.uploaded.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn downloaded(&self, bytes: u64) {
        self.downloaded.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn read(&self) -> Traffic {
        Traffic {
            submissions: self.submissions.load(Ordering::Relaxed),
            allocations: self.allocations.load(Ordering::Relaxed),
            uploaded: self.uploaded.load(Ordering::Relaxed),
            downloaded: self.downloaded.load(Ordering::Relaxed),
        }
    }
}
