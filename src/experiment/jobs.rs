//! The runs of an experiment as jobs: numbered, and shared out among processes.

use super::spec::PlannedRun;
use crate::error::{Error, Result};
use std::fmt;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JobState {
    /// Nothing is there yet.
    Open,
    /// A process makes it now, as far as can be told: not on a file system without locks.
    Running,
    /// Its directory is there and no result: it was interrupted or failed.
    Begun,
    /// Its record is kept.
    Done,
    /// It came to numbers that are not finite, which is noted.
    Diverged,
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Running => "running",
            Self::Begun => "begun",
            Self::Done => "done",
            Self::Diverged => "diverged",
        })
    }
}

/// A run by its number.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Job {
    /// From 0, in the order of [`Experiment::runs`](super::Experiment::runs).
    pub number: usize,
    /// What is run.
    pub run: PlannedRun,
    /// How far it is.
    pub state: JobState,
}

impl Job {
    /// Whether there is nothing left to do.
    pub fn is_over(&self) -> bool {
        matches!(self.state, JobState::Done | JobState::Diverged)
    }
}

/// Which jobs a process makes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Share {
    /// All of them.
    #[default]
    All,
    /// One.
    One(usize),
    /// Every `of`-th from number `rank` on: what process number `rank` of `of` makes.
    Rank {
        /// The process, from 0.
        rank: usize,
        /// How many there are.
        of: usize,
    },
}

impl Share {
    /// Whether job number `number` is among them.
    pub fn holds(self, number: usize) -> bool {
        match self {
            Self::All => true,
            Self::One(one) => number == one,
            Self::Rank { rank, of } => number % of.max(1) == rank,
        }
    }

    /// Refuses a job that is none of `count`.
    pub(super) fn check(self, count: usize) -> Result<()> {
        match self {
            Self::One(one) if one >= count => {
                Err(Error::input("job", format!("a number from 0 to {}", count.saturating_sub(1)), one))
            }
            Self::Rank { rank, of } if rank >= of => {
                Err(Error::input("rank", format!("a number below {of}"), rank))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_all_jobs_and_each_once() {
        for of in 1..5 {
            for number in 0..20 {
                let holders = (0..of).filter(|&rank| Share::Rank { rank, of }.holds(number));
                assert_eq!(holders.count(), 1, "{number} of {of}");
            }
        }
        assert!(Share::One(3).check(3).is_err() && Share::One(2).check(3).is_ok());
        assert!(Share::Rank { rank: 2, of: 2 }.check(9).is_err());
    }
}
