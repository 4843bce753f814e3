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
