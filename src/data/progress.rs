//! How long work reports on itself; what is drawn, if anything, is the caller's affair.

/// Receives the progress of one piece of work after another.
pub trait Progress: Sync {
    /// A piece of work begins: `what` it is and how many units it has, where that is known.
    fn start(&self, what: &str, total: Option<u64>);
    /// `by` further units are done; called from several threads at once.
    fn advance(&self, by: u64);
    /// The piece of work has ended, well or badly.
    fn finish(&self);
}

/// Reports nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn start(&self, _what: &str, _total: Option<u64>) {}
    fn advance(&self, _by: u64) {}
    fn finish(&self) {}
}

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
