//! How long frames take.

use std::time::{Duration, Instant};

/// Frames that the window's readings look back on.
const RECENT: usize = 240;

/// The times from each frame to the next, while there is something new to show.
#[derive(Default)]
pub struct Frames {
    last: Option<Instant>,
    times: Vec<Duration>,
}

impl Frames {
    /// A frame begins; `live` tells whether the next one follows at once.
    pub fn begin(&mut self, live: bool) {
        let now = Instant::now();
        if let Some(last) = self.last.replace(now).filter(|_| live) {
            self.times.push(now - last);
        }
        if !live {
            self.last = None;
        }
    }

    /// The time within which `share` of the recent frames were done.
    pub fn recent(&self, share: f64) -> Option<Duration> {
        quantile(&self.times[self.times.len().saturating_sub(RECENT)..], share)
    }

    /// What is said at the end.
    pub fn summary(&self) -> String {
        let milliseconds = |share| quantile(&self.times, share).unwrap_or_default().as_secs_f64() * 1e3;
        let [p50, p95] = [0.5, 0.95].map(milliseconds);
        format!("{} frames, p50 {p50:.1} ms, p95 {p95:.1} ms", self.times.len())
    }
}

fn quantile(times: &[Duration], share: f64) -> Option<Duration> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    let last = sorted.len().checked_sub(1)?;
    sorted.get((share * last as f64).round() as usize).copied()
}
