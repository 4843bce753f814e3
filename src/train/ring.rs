//! Which frame lies at which place, and which of them a step looks at. What is decided here depends on the seed and on the frames
//! that came before alone, never on time.

use super::frames::{Frames, Keep};
use crate::data::balanced;
use crate::rng;
use rand::RngExt;
use rand::seq::SliceRandom;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A frame at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    /// How many came before it.
    number: u64,
    label: u16,
}

/// A frame that has come to a place, and what was there before.
#[derive(Debug)]
pub(super) struct Change {
    pub slot: usize,
    number: u64,
    before: Option<Held>,
}

/// Frames in an encoder that is not known to have been submitted.
#[derive(Debug)]
struct Recorded {
    changes: Vec<Change>,
    submitted: Arc<AtomicBool>,
}

/// The frames of a domain.
#[derive(Debug)]
pub(super) struct Ring {
    keep: Keep,
    seed: u64,
    name: &'static str,
    /// By place.
    held: Vec<Option<Held>>,
    /// The images of each class are drawn alike.
    balanced: bool,
    classes: usize,
    /// Frames that were handed over.
    offered: u64,
    /// Frames whose encoder was dropped.
    lost: u64,
    recorded: Vec<Recorded>,
}

impl Ring {
    /// Empty places for `frames`; `name` tells the random numbers of two domains apart.
    pub fn new(frames: &Frames, seed: u64, name: &'static str, balanced: bool) -> Self {
        let (held, recorded) = (vec![None; frames.capacity], vec![]);
        let (keep, classes) = (frames.keep, frames.classes.len());
        Self { keep, seed, name, held, balanced, classes, offered: 0, lost: 0, recorded }
    }

    /// The place of the next frame; `None` when it is not to be kept.
    pub fn place(&mut self, label: u16) -> Option<Change> {
        let number = self.offered;
        self.offered += 1;
        let free = self.held.iter().position(Option::is_none);
        let slot = free.or_else(|| match self.keep {
            Keep::Newest => (0..self.held.len()).min_by_key(|&slot| self.held[slot].map(|held| held.number)),
            Keep::Sample => {
                let drawn =
                    rng::stream(self.seed, &format!("{} kept {number}", self.name)).random_range(0..=number);
                usize::try_from(drawn).ok().filter(|&slot| slot < self.held.len())
            }
        })?;
        let before = self.held[slot].replace(Held { number, label });
        Some(Change { slot, number, before })
    }

    /// Puts back what was there before `changes`, where nothing else has come there since.
    pub fn undo(&mut self, changes: &[Change]) {
        for Change { slot, number, before } in changes.iter().rev() {
            if self.held[*slot].is_some_and(|held| held.number == *number) {
                self.held[*slot] = *before;
            }
        }
    }

    /// Forgets `changes` that were made since so many frames had been handed over, as if nobody had handed them over.
    pub fn take_back(&mut self, changes: &[Change], offered: u64) {
        self.undo(changes);
        self.offered = offered;
    }

    /// Notes that `changes` take place once `encoder` is submitted.
    pub fn record(&mut self, encoder: &wgpu::CommandEncoder, changes: Vec<Change>) {
        let submitted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&submitted);
        encoder.on_submitted_work_done(move || flag.store(true, Ordering::Release));
        self.recorded.push(Recorded { changes, submitted });
    }

    /// Takes back the frames of encoders that were dropped.
    pub fn settle(&mut self) {
        let mut dropped = Vec::new();
        // An encoder holds on to its flag until it has set it.
        self.recorded.retain_mut(|Recorded { changes, submitted }| {
            let is_waiting = Arc::strong_count(submitted) > 1;
            if !is_waiting && !submitted.load(Ordering::Acquire) {
                dropped.push(std::mem::take(changes));
            }
            is_waiting
        });
        for changes in dropped.iter().rev() {
            self.undo(changes);
            self.lost += changes.len() as u64;
        }
    }

    /// Places with a frame.
    fn slots(&self) -> impl Iterator<Item = (u32, Held)> {
        (0..).zip(&self.held).filter_map(|(slot, held)| Some((slot, (*held)?)))
    }

    /// Places for frames, those with a frame, frames handed over, and frames whose encoder was dropped.
    pub fn counts(&self) -> (usize, usize, u64, u64) {
        (self.held.len(), self.slots().count(), self.offered, self.lost)
    }

    /// Places of the frames that step number `step` looks at, `batch` of them, each once or, where classes are drawn alike, as
    /// often as its class is small.
    pub fn draw(&self, step: u64, batch: usize) -> Vec<u32> {
        let mut rng = rng::stream(self.seed, &format!("{} of step {step}", self.name));
        if self.balanced {
            let mut classes = vec![vec![]; self.classes];
            self.slots().for_each(|(slot, held)| classes[usize::from(held.label)].push(slot));
            return balanced(&classes, batch, &mut rng);
        }
        let mut slots: Vec<u32> = self.slots().map(|(slot, _)| slot).collect();
        slots.partial_shuffle(&mut rng, batch).0.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(capacity: usize, keep: Keep) -> Ring {
        Ring::new(&Frames::new(capacity).classes(["a", "b", "c"]).keep(keep), 5, "test", false)
    }

    fn place(ring: &mut Ring, labels: &[u16]) -> Vec<Change> {
        labels.iter().filter_map(|&label| ring.place(label)).collect()
    }

    fn numbers(ring: &Ring) -> Vec<u64> {
        ring.slots().map(|(_, held)| held.number).collect()
    }

    #[test]
    fn the_oldest_frames_go_first() {
        let mut ring = ring(4, Keep::Newest);
        let slots: Vec<_> = place(&mut ring, &[0; 6]).iter().map(|change| change.slot).collect();
        assert_eq!((slots, numbers(&ring)), (vec![0, 1, 2, 3, 0, 1], vec![4, 5, 2, 3]));
        assert_eq!(ring.counts(), (4, 4, 6, 0));
    }

    #[test]
    fn what_is_taken_back_was_never_handed_over() {
        for keep in [Keep::Newest, Keep::Sample] {
            let [mut ring, mut other] = [(); 2].map(|()| ring(4, keep));
            place(&mut ring, &[0; 5]);
            place(&mut other, &[0; 5]);
            let before = ring.counts().2;
            let changes = place(&mut ring, &[1; 3]);
            ring.take_back(&changes, before);
            assert_eq!(ring.counts(), (4, 4, 5, 0));
            place(&mut ring, &[2; 20]);
            place(&mut other, &[2; 20]);
            assert_eq!(ring.draw(7, 4), other.draw(7, 4));
            assert_eq!(ring.held, other.held);
        }
    }

    #[test]
    fn a_sample_keeps_every_frame_as_likely_as_any_other() {
        let mut times = [0_u32; 40];
        for seed in 0..500 {
            let mut ring = Ring { seed, ..ring(10, Keep::Sample) };
            place(&mut ring, &[0; 40]);
            assert_eq!(ring.slots().count(), 10);
            numbers(&ring).into_iter().for_each(|number| times[number as usize] += 1);
        }
        // Binomial(500, 1/4) has σ = 9.7; five of them.
        assert!(times.iter().all(|times| times.abs_diff(125) < 49), "{times:?}");
    }

    #[test]
    fn a_draw_holds_each_frame_once_and_follows_from_seed_and_step() {
        let mut ring = ring(8, Keep::Newest);
        place(&mut ring, &[0; 6]);
        let mut all = ring.draw(3, 6);
        assert_eq!(all, ring.draw(3, 6));
        assert!(all != ring.draw(4, 6) && all != Ring { seed: 6, ..self::ring(8, Keep::Newest) }.draw(3, 6));
        all.sort_unstable();
        assert_eq!(all, [0, 1, 2, 3, 4, 5], "what is held, and nothing else");
        assert_eq!(ring.draw(3, 2).len(), 2);
    }

    #[test]
    fn a_balanced_draw_visits_classes_alike() {
        let mut ring = Ring { balanced: true, ..ring(10, Keep::Newest) };
        place(&mut ring, &[0, 0, 0, 0, 0, 0, 0, 0, 1, 2]);
        let drawn = ring.draw(0, 9);
        assert_eq!([drawn.iter().filter(|slot| **slot < 8).count(), drawn.len()], [3, 9], "{drawn:?}");
    }

    #[test]
    fn what_is_taken_back_leaves_what_was_there_before() {
        let mut ring = ring(3, Keep::Newest);
        place(&mut ring, &[1; 3]);
        let changes = place(&mut ring, &[2; 4]);
        assert_eq!(numbers(&ring), [6, 4, 5]);
        ring.undo(&changes);
        assert_eq!(numbers(&ring), [0, 1, 2]);
        // What came to the place since stays.
        let early = place(&mut ring, &[2; 2]);
        place(&mut ring, &[2; 2]);
        ring.undo(&early);
        assert_eq!(numbers(&ring), [10, 1, 9]);
    }
}
