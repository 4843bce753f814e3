//! Work that reports its progress.

use super::Progress;

/// One piece of work under way; says that it has ended even when an error cuts it short.
pub(super) struct Task<'a>(&'a dyn Progress);

impl<'a> Task<'a> {
    pub(super) fn start(progress: &'a dyn Progress, what: &str, total: Option<u64>) -> Self {
        progress.start(what, total);
        Self(progress)
    }

    pub(super) fn advance(&self, by: u64) {
        self.0.advance(by);
    }
}

impl Drop for Task<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}
