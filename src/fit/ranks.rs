//! One training by several ranks: the first runs it, the others follow.

use super::Sets;
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::train::{Communicator, Config, Stepper};
use std::sync::Arc;

/// Takes part in the training that rank 0 of `peers` [runs](super::Training::run) by the same recipe on the same data: computes
/// the gradients of this rank's rows until rank 0 has come to its end. Only rank 0 evaluates, writes and reports. Once
/// `wishes_end` says so, rank 0 keeps a checkpoint after the next step, and ends.
///
/// # Errors
/// As [`Training::run`](super::Training::run); [`Error::Input`] when the data sets are others than rank 0's. The ranks that do
/// not fail wait for this one: it has to end them.
pub fn follow(
    config: &Config,
    sets: &Sets,
    open: &dyn Fn() -> Result<Gpu>,
    peers: Arc<dyn Communicator>,
    wishes_end: &dyn Fn() -> bool,
) -> Result<()> {
    let mut config = config.for_data(&sets.labelled)?;
    // All that is learned comes from rank 0.
    config.model.weights = None;
    peers.check(&config)?;
    let gpu = open()?;
    describe(&*peers, sets)?;
    let unlabelled = sets.unlabelled.as_ref();
    let mut stepper = Stepper::with_peers(&gpu, &config, &sets.labelled, unlabelled, Some(peers))?;
    or_lost(stepper.follow(wishes_end), &gpu)
}

/// How work on `gpu` has ended: whatever wgpu says of a device that is gone, that is the reason.
pub(super) fn or_lost<T>(ended: Result<T>, gpu: &Gpu) -> Result<T> {
    match ended {
        Err(error) if gpu.is_gone() => {
            log::debug!("{error}");
            Err(Error::DeviceLost("the device was lost or destroyed".into()))
        }
        ended => ended,
    }
}

/// Holds the data sets of all ranks against those of rank 0.
pub(super) fn describe(peers: &dyn Communicator, sets: &Sets) -> Result<()> {
    let images = sets.description().images.iter().map(usize::to_string).collect::<Vec<_>>().join(" and ");
    let own = format!("{images} images, of the classes {}", sets.labelled.classes.join(", "));
    let of_first = peers.text(&own);
    if own != of_first {
        let subject = format!("the data sets of rank {}", peers.rank());
        return Err(Error::input(subject, format!("those of rank 0, {of_first}"), own));
    }
    // Nothing is written before every rank has its device and its data.
    peers.sum(&mut [0.0]);
    Ok(())
}
