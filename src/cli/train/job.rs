//! A training from its data sets to its result, whatever happens to the device.

use super::interrupt::Interrupts;
use super::session::{Evaluators, Habits, Run, Session};
use crate::cli::gpu::GpuArgs;
use crate::cli::hint::Hint as _;
use crate::cli::output::Output;
use crate::cli::sets::Sets;
use dann::gpu::Gpu;
use dann::train::{Config, DataSets, Resumed, RunDirectory, RunResult, Trainer};
use std::path::{Path, PathBuf};

/// How often a device may be lost in a run before it is given up.
const MOST_LOSSES: usize = 3;

/// What is trained, on what, and where it is put.
pub struct Job {
    config: Config,
    source: PathBuf,
    target: PathBuf,
    /// The run's own.
    pub directory: PathBuf,
    resumed: Option<Resumed>,
}

impl Job {
    /// A new run.
    pub fn new(config: Config, source: PathBuf, target: PathBuf, directory: PathBuf) -> anyhow::Result<Self> {
        RunDirectory::vacant(&directory).hint(
            "--out NEW_DIR names another directory; --resume RUN_DIR goes on with an interrupted run",
        )?;
        Ok(Self { config, source, target, directory, resumed: None })
    }

    /// The run or checkpoint at `from`, on the data sets that it knows unless others are named.
    pub fn resume(from: &Path, source: Option<PathBuf>, target: Option<PathBuf>) -> anyhow::Result<Self> {
        let resumed = Resumed::find(from)
            .hint("an older checkpoint can be named: --resume RUN_DIR/checkpoints/step_….safetensors")?;
        Ok(Self {
            config: resumed.checkpoint.config.clone(),
            source: source.unwrap_or_else(|| resumed.data.source.clone()),
            target: target.unwrap_or_else(|| resumed.data.target.clone()),
            directory: resumed.path.clone(),
            resumed: Some(resumed),
        })
    }

    /// Trains to the end; a device that is lost is opened again.
    pub fn run(
        mut self,
        gpu: &GpuArgs,
        mut habits: Habits,
        interrupts: &Interrupts,
        out: &Output,
    ) -> anyhow::Result<(Gpu, RunResult)> {
        gpu.expect_f32()?;
        let sets = Sets::load(&self.source, &self.target, &self.config).hint(
            "`dann data fetch` and `dann data make mnist-m` make the default data sets; --source and --target name others",
        )?;
        let mut losses = 0;
        loop {
            let gpu = gpu.open()?;
            match self.train(&sets, &gpu, habits, interrupts, out) {
                Err(error) if gpu.is_gone() && losses < MOST_LOSSES => {
                    log::warn!("{error:#}; opening the device again and going on from the last checkpoint");
                    losses += 1;
                    habits.destroy_device_at = None;
                    self.resumed = Some(Resumed::find(&self.directory)?);
                }
                ended => return Ok((gpu, ended?)),
            }
        }
    }

    fn train(
        &self,
        sets: &Sets,
        gpu: &Gpu,
        habits: Habits,
        interrupts: &Interrupts,
        out: &Output,
    ) -> anyhow::Result<RunResult> {
        let Self { config, source, target, directory, resumed } = self;
        let data = DataSets::new(source.clone(), target.clone(), &sets.labelled, sets.unlabelled.as_ref());
        if let Some(resumed) = resumed {
            resumed.data.check(&data)?;
        }
        let new = |config: &Config| {
            let trainer = Trainer::new(gpu, config, &sets.labelled, sets.unlabelled.as_ref())?;
            let evaluators = Evaluators::new(&trainer, sets, config)?;
            Ok((trainer, evaluators))
        };
        let (mut trainer, evaluators) = match (new(config), resumed) {
            (Err(error), None) => return Err(with_fitting_batch(error, config, new)),
            (made, _) => made?,
        };
        if let Some(steps) = habits.checkpoint_every {
            trainer.rest_every(steps);
        }
        let run = match resumed {
            None => {
                let created = RunDirectory::create(directory, config, &repeat(directory, source, target))?;
                Run::new(created, config)?
            }
            Some(resumed) => {
                trainer.resume(&resumed.checkpoint)?;
                let (run, steps) = (directory.display(), trainer.steps_done());
                out.remark(format!("going on with {run} after step {steps}"))?;
                Run::resumed(resumed, trainer.steps_per_epoch())?
            }
        };
        let mut session = Session::new((trainer, evaluators), config, sets, data, habits);
        session.train(run, directory, interrupts, out)
    }
}

/// How to repeat the run that is in `directory`, where its recipe is read from.
fn repeat(directory: &Path, source: &Path, target: &Path) -> String {
    let (directory, source, target) = (directory.display(), source.display(), target.display());
    format!(
        "To repeat the run:\ndann train --config {directory}/config.toml --source {source} --target {target} \
         --out {directory}-again"
    )
}

/// What kept a training from being set up, and the largest batch that it could be made for, halving the one asked for.
fn with_fitting_batch<T>(
    error: dann::error::Error,
    config: &Config,
    new: impl Fn(&Config) -> dann::error::Result<T>,
) -> anyhow::Error {
    let mut smaller = config.clone();
    while smaller.training.batch > 1 {
        smaller.training.batch /= 2;
        if new(&smaller).is_ok() {
            let hint = format!("--batch {} fits", smaller.training.batch);
            return Err::<(), _>(error).hint(hint).unwrap_err();
        }
    }
    error.into()
}
