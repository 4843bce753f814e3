//! Runs of two shaders turn by turn, until their times tell something.

use crate::error::Result;
use crate::profile::ratio::FEWEST;
use crate::profile::{Ratio, Verdict};
use std::time::Duration;

/// In which order both run: what changes steadily, such as a clock or a temperature, weighs the same on both, and so does what
/// changes ever faster.
const ROUND: [usize; 8] = [0, 1, 1, 0, 1, 0, 0, 1];
/// In a round.
const PAIRS: usize = ROUND.len() / 2;
/// Until times tell something, so many times more rounds are run.
const MORE: usize = 64;
/// But not more, as any two pairs are looked at.
const MOST: usize = 500;
/// No further pair is begun after so long: three times what a machine that is busy with other work needs.
const ENOUGH: Duration = Duration::from_secs(90);
/// Nor after so long where there are fewer pairs than tell anything.
const LONGEST: Duration = Duration::from_secs(300);
/// After a first run of so long, what a warm-up is for has happened in it: a round of them would take the time of what counts.
const LONG: Duration = Duration::from_secs(1);

/// Times of both.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Microseconds.
    pub times: [Vec<f64>; 2],
    /// How much longer the second one took, of each two runs that followed each other.
    pub ratios: Vec<f64>,
    /// Whether there was no time for more.
    pub ran_out: bool,
}

/// Takes at least `rounds` rounds; `run` runs one of the two and says how many microseconds it took, `elapsed` how long it all
/// has taken.
///
/// # Errors
/// Those of `run`.
pub(super) fn taken(
    rounds: usize,
    margin: f64,
    run: &mut dyn FnMut(usize) -> Result<f64>,
    elapsed: &dyn Fn() -> Duration,
) -> Result<Taken> {
    let mut taken = Taken::default();
    let mut enough = rounds.clamp(1, MOST);
    let most = (enough * MORE).min(MOST);
    let first = run(ROUND[0])?;
    let mut kept = (elapsed() > LONG).then_some(first);
    if kept.is_none() {
        ROUND[1..].iter().try_for_each(|&which| run(which).map(drop))?;
    }
    loop {
        for pair in ROUND.chunks(2) {
            let most = if taken.ratios.len() < FEWEST { LONGEST } else { ENOUGH };
            if elapsed() > most && !taken.ratios.is_empty() {
                taken.ran_out = true;
                return Ok(taken);
            }
            let mut us = [0.0; 2];
            for &which in pair {
                us[which] = kept.take().map_or_else(|| run(which), Ok)?;
                taken.times[which].push(us[which]);
            }
            // Two that follow each other closely find the machine in the same state, more or less.
            taken.ratios.push(us[1].max(1e-3) / us[0].max(1e-3));
        }
        let done = taken.ratios.len() / PAIRS;
        let is_sure = || {
            let ratio = Ratio::of(&taken.ratios, margin);
            ratio.is_some_and(|ratio| ratio.verdict() != Verdict::Unclear)
        };
        if done >= most || done >= enough && is_sure() {
            return Ok(taken);
        }
        if done >= enough {
            enough += enough.div_ceil(2);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    /// Runs of so many seconds, of which the second one's are a fifth longer; how many there were, and what was taken.
    fn of(seconds: f64, rounds: usize) -> (usize, Taken) {
        let (time, mut count) = (Cell::new(0.0), 0);
        let mut run = |which: usize| {
            let us = 1e6 * seconds * if which == 1 { 1.2 } else { 1.0 };
            time.set(time.get() + us / 1e6);
            count += 1;
            Ok(us)
        };
        let taken = taken(rounds, 0.05, &mut run, &|| Duration::from_secs_f64(time.get())).expect("times");
        (count, taken)
    }

    fn verdict(taken: &Taken) -> Verdict {
        Ratio::of(&taken.ratios, 0.05).map_or(Verdict::Unclear, |ratio| ratio.verdict())
    }

    #[test]
    fn runs_of_many_seconds_are_judged() {
        for seconds in [6.0, 10.0, 19.0] {
            let (count, taken) = of(seconds, 10);
            assert_eq!(verdict(&taken), Verdict::Slower, "{seconds} s");
            assert_eq!(count, 2 * taken.ratios.len(), "no run is lost");
            assert!(taken.ratios.len() >= 8 && taken.ran_out, "{taken:?}");
        }
    }

    #[test]
    fn runs_of_which_there_is_time_for_few_tell_nothing_and_that_is_known() {
        let (_, taken) = of(60.0, 10);
        assert_eq!((taken.ratios.len(), taken.ran_out, verdict(&taken)), (3, true, Verdict::Unclear));
    }

    #[test]
    fn short_runs_are_warmed_up() {
        let (count, taken) = of(1e-3, 3);
        assert_eq!((taken.ratios.len(), taken.ran_out, count), (3 * PAIRS, false, 8 + 3 * 8));
        assert_eq!(taken.times.map(|times| times.len()), [12, 12]);
    }
}
