//! What is trained and where it is put, and what is done when the device fails.

use super::Sets;
use super::evaluators::Evaluators;
use super::observer::{Audience, Observer};
use super::plan::{Plan, Trained};
use super::ranks;
use super::run::{Run, Start};
use super::selector::Selector;
use super::session::Session;
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::train::{
    Checkpoint, Communicator, Config, DataSets, History, Length, Resumed, RunDirectory, Stepper, checkpoints,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How often a device may be lost in a run before it is given up.
const MOST_LOSSES: usize = 3;

/// A training to be done: a recipe, where it is put, and what it goes on from.
///
/// ```no_run
/// use dann::fit::{Sets, Training};
/// use dann::gpu::{Gpu, Options, choose};
/// use dann::train::Config;
///
/// # fn main() -> dann::error::Result<()> {
/// let open = || Gpu::open(&choose(None)?, Options::default());
/// // Without a directory, everything stays in memory.
/// let config = Config::preset("demo")?;
/// let sets = Sets::read("data/mnist".as_ref(), "data/mnist_m".as_ref(), &config)?;
/// let trained = Training::new(config).run(&sets, &open, &mut [])?;
/// trained.checkpoint.write("model.safetensors".as_ref())?;
/// // A run in a directory goes on where it was interrupted.
/// let training = Training::resume("runs/interrupted".as_ref())?;
/// training.run(&sets, &open, &mut [])?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Training {
    plan: Plan,
    start: Option<Start>,
}

impl Training {
    /// A new training.
    pub fn new(config: Config) -> Self {
        let (directory, remark) = (None, String::new());
        let plan = Plan {
            config,
            directory,
            remark,
            checkpoint_every: None,
            from: None,
            keep: None,
            longer_from: 0,
            peers: None,
        };
        Self { plan, start: None }
    }

    /// The training of the run or the checkpoint of a run at `from`, from there on. Changes nothing yet.
    ///
    /// # Errors
    /// [`Error::Input`] naming what is wrong with the run or the checkpoint; [`Error::Io`].
    pub fn resume(from: &Path) -> Result<Self> {
        Ok(Self::of_resumed(Resumed::find(from)?))
    }

    /// As [`Training::resume`], to train for `length` in all, longer than so far; the run may be finished. Steps that were made
    /// stay as they are. Those to come have the λ and the learning rate that a training of the new length has there, so that
    /// the result is that of such a training from the start where no schedule goes by the share of training that has passed.
    /// Where the patience of `training.select` had ended the run, it counts anew.
    ///
    /// # Errors
    /// As [`Training::resume`].
    pub fn extend(from: &Path, length: Length) -> Result<Self> {
        Ok(Self::of_resumed(Resumed::find_for(from, length)?))
    }

    fn of_resumed(resumed: Resumed) -> Self {
        let mut training = Self::new(resumed.checkpoint.config.clone()).directory(&resumed.path);
        if resumed.has_new_length() {
            training.plan.longer_from = resumed.checkpoint.step;
        }
        Self { start: Some(Start::Directory(Box::new(resumed))), ..training }
    }

    /// Starts a new training from what `checkpoint` has learned, by name, in place of a model drawn at random; schedules start
    /// anew. Heads of another shape, or for other classes, begin as they would without. No file of weights is read.
    #[must_use]
    pub fn start_from(mut self, checkpoint: Checkpoint) -> Self {
        self.plan.from = Some(Box::new(checkpoint));
        self
    }

    /// A training that was stopped, from memory: as [`Trained`] holds it.
    pub fn go_on(checkpoint: Checkpoint, history: History) -> Self {
        let config = checkpoint.config.clone();
        Self { start: Some(Start::Memory(Box::new(checkpoint), history, None)), ..Self::new(config) }
    }

    /// Puts a new training into the directory `path`, which must be new or empty when it is [run](Training::run).
    #[must_use]
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.plan.directory = Some(path.into());
        self
    }

    /// Writes `remark` above the recipe in the run's directory.
    #[must_use]
    pub fn remark(mut self, remark: impl Into<String>) -> Self {
        self.plan.remark = remark.into();
        self
    }

    /// Keeps a checkpoint every so many steps, not only after each epoch.
    #[must_use]
    pub fn checkpoint_every(mut self, steps: u64) -> Self {
        self.plan.checkpoint_every = Some(steps.max(1));
        self
    }

    /// Keeps the newest checkpoints alone, so many of them.
    #[must_use]
    pub fn keep(mut self, checkpoints: usize) -> Self {
        self.plan.keep = Some(checkpoints);
        self
    }

    /// Shares every batch with the other ranks of `peers`, which have to [follow] this one, rank 0.
    ///
    /// [follow]: super::follow
    #[must_use]
    pub fn peers(mut self, peers: Arc<dyn Communicator>) -> Self {
        self.plan.peers = Some(peers);
        self
    }

    /// The recipe.
    pub fn config(&self) -> &Config {
        &self.plan.config
    }

    /// The run's directory, if it has one.
    pub fn path(&self) -> Option<&Path> {
        self.plan.directory.as_deref()
    }

    /// What an interrupted run was trained on.
    pub fn data(&self) -> Option<&DataSets> {
        self.start.as_ref().and_then(|start| Some(&start.checkpoint().resumption.as_ref()?.data))
    }

    /// Trains on the device that `open` gives. If it is lost, it is opened again, and training goes on from the last
    /// checkpoint to the same bits; several ranks end instead, and can be started again.
    ///
    /// # Errors
    /// [`Error::Taken`] when the directory is; [`Error::Input`] when recipe and data do not fit;
    /// [`Error::CannotResume`] when the data are others than before; [`Error::BatchTooLarge`] when a smaller batch
    /// would do; [`Error::Diverged`]; [`Error::Io`]; those of the device and of the observers.
    pub fn run(
        mut self,
        sets: &Sets,
        open: &dyn Fn() -> Result<Gpu>,
        observers: &mut [&mut dyn Observer],
    ) -> Result<Trained> {
        if let (Some(path), None) = (self.path(), &self.start) {
            RunDirectory::vacant(path)?;
        }
        if self.start.is_none() {
            self.plan.config = self.plan.config.for_data(&sets.labelled)?;
        }
        if let Some(peers) = &self.plan.peers {
            peers.check(self.config())?;
        }
        let mut audience = Audience(observers);
        let mut losses = 0;
        loop {
            let gpu = open()?;
            let mut latest = None;
            match self.attempt(&gpu, sets, &mut latest, &mut audience) {
                Err(error) if gpu.is_gone() && losses < MOST_LOSSES && self.plan.peers.is_none() => {
                    log::warn!("{error}; opening the device again and going on from the last checkpoint");
                    audience.tell(|observer| observer.device_lost(&error))?;
                    losses += 1;
                    self.start = self.last_kept()?.or(latest).or(self.start.take());
                }
                ended => return ranks::or_lost(ended, &gpu),
            }
        }
    }

    /// The last checkpoint in the directory, if there is one by now.
    fn last_kept(&self) -> Result<Option<Start>> {
        let there = self.path().filter(|path| RunDirectory::config(path).is_ok());
        let Some(path) = there else { return Ok(None) };
        match Resumed::find(path) {
            Ok(resumed) => Ok(Some(Start::Directory(Box::new(resumed)))),
            // It was not opened yet to go on from this start, which is as good as before.
            Err(_) if self.start.is_some() => Ok(None),
            // Before the first checkpoint nothing has been learned, and it starts again in the same place.
            Err(_) if checkpoints(path)?.is_empty() => RunDirectory::remove_record(path).map(|()| None),
            Err(error) => Err(error),
        }
    }

    fn attempt(
        &self,
        gpu: &Gpu,
        sets: &Sets,
        latest: &mut Option<Start>,
        audience: &mut Audience<'_, '_>,
    ) -> Result<Trained> {
        if let Some(data) = self.data() {
            data.check(&sets.description())?;
        }
        if let Some(start) = &self.start {
            start.checkpoint().check_classes(&sets.labelled.classes)?;
        }
        if let Some(peers) = &self.plan.peers {
            ranks::describe(&**peers, sets)?;
        }
        let (mut trainer, evaluators, selector) = self.set_up(gpu, sets)?;
        let mut adopted = None;
        if let Some(steps) = self.plan.checkpoint_every {
            trainer.rest_every(steps);
        }
        selector
            .iter()
            .filter_map(|selector| selector.spec.every)
            .for_each(|steps| trainer.rest_every(steps));
        let run = match &self.start {
            None => {
                let from = self.plan.from.as_ref();
                adopted = from.map(|from| from.start(trainer.model(), &sets.labelled.classes)).transpose()?;
                let create = |path| RunDirectory::create(path, self.config(), &self.plan.remark);
                Run::new(self.path().map(create).transpose()?, self.config())?
            }
            Some(start) => {
                start.check_length(trainer.total_steps())?;
                trainer.resume(start.checkpoint())?;
                Run::resumed(start, trainer.steps_per_epoch())?
            }
        };
        let session =
            Session::new(&self.plan, sets, (trainer, evaluators, selector), (self.start.is_some(), adopted));
        session.train(run, latest, audience)
    }

    /// Everything on the device. The batch of a training that goes on cannot be another one, so nothing smaller is
    /// looked for then.
    fn set_up(&self, gpu: &Gpu, sets: &Sets) -> Result<Made> {
        let mut config = self.config().clone();
        if self.start.is_some() || self.plan.from.is_some() {
            // All that is learned comes from a checkpoint, and the file of weights may no longer be there.
            config.model.weights = None;
        }
        match made((gpu, &self.plan), sets, &config) {
            Err(error) if self.start.is_none() && !gpu.is_gone() => {
                Err(with_fitting_batch(error, (gpu, &self.plan), sets, &config))
            }
            made => made,
        }
    }
}

/// What trains, what measures and what chooses.
type Made = (Stepper, Evaluators, Option<Selector>);

fn made((gpu, plan): (&Gpu, &Plan), sets: &Sets, config: &Config) -> Result<Made> {
    let (unlabelled, peers) = (sets.unlabelled.as_ref(), plan.peers.clone());
    let trainer = Stepper::with_peers(gpu, config, &sets.labelled, unlabelled, peers)?;
    let evaluators = Evaluators::new(&trainer, sets)?;
    let selector = Selector::new(&trainer, sets, config.training.selection())?;
    Ok((trainer, evaluators, selector))
}

/// What kept a training from being set up, with the largest batch that it could be made for, halving the one asked for.
fn with_fitting_batch(error: Error, on: (&Gpu, &Plan), sets: &Sets, config: &Config) -> Error {
    let mut smaller = config.clone();
    while smaller.training.batch > 1 {
        smaller.training.batch /= 2;
        smaller.training.target_batch = smaller.training.target_batch.map(|rows| (rows / 2).max(1));
        if made(on, sets, &smaller).is_ok() {
            return Error::BatchTooLarge { cause: Box::new(error), fits: smaller.training.batch };
        }
    }
    error
}
