//! Ctrl-C, or a scheduler that asks for an end (SIGTERM): the first one ends training in order, the second one ends the program
//! at once.

use anyhow::Context as _;
use dann::fit::{Observer, State};
use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the user has asked for an end.
#[derive(Clone)]
pub struct Interrupts(Arc<AtomicBool>);

impl Interrupts {
    /// Watches for both from here on.
    pub fn watch() -> anyhow::Result<Self> {
        Self::watch_telling(|| {
            log::warn!("interrupted: finishing what is on its way and saving; once more leaves at once");
        })
    }

    /// As [`Interrupts::watch`], with nothing to say: a launcher of ranks asks for an end for reasons that it tells itself.
    pub fn watch_in_silence() -> anyhow::Result<Self> {
        Self::watch_telling(|| ())
    }

    /// Whether anybody has.
    pub fn asked(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    fn watch_telling(tell: impl Fn() + Send + 'static) -> anyhow::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        let flag = asked.clone();
        let handler = move || {
            if flag.swap(true, Ordering::SeqCst) {
                std::process::exit(Interrupted::STATUS.into());
            }
            tell();
        };
        ctrlc::set_handler(handler).context("cannot watch for Ctrl-C")?;
        Ok(Self(asked))
    }
}

impl Observer for Interrupts {
    fn should_stop(&mut self, _: &State<'_>) -> bool {
        self.asked()
    }
}

/// Training ended because the user asked for it; everything is saved.
#[derive(Debug)]
pub struct Interrupted {
    pub steps: u64,
    /// The command that goes on.
    pub again: String,
}

impl Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { steps, again } = self;
        write!(f, "interrupted after step {steps} and saved; {again} goes on")
    }
}

impl std::error::Error for Interrupted {}

impl Interrupted {
    /// The program's exit status, as shells have it: 128 + SIGINT.
    pub const STATUS: u8 = 130;
}
