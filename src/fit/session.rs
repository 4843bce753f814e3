//! A training on one device, from where it stands to its end or to where it is stopped.

use super::Sets;
use super::evaluators::{self, Evaluators};
use super::observer::{Audience, State};
use super::plan::{Plan, Trained};
use super::run::{Run, Start};
use super::selector::Selector;
use crate::data::Dataset;
use crate::error::Result;
use crate::ops::tuning;
use crate::train::{
    Adopted, Checkpoint, DataSets, EpochRecord, Method, Predictions, Rated, RunResult, Stepper,
};
use std::time::Instant;

/// What a training works with.
pub(super) struct Session<'a> {
    plan: &'a Plan,
    sets: &'a Sets,
    data: DataSets,
    trainer: Stepper,
    evaluators: Evaluators,
    selector: Option<Selector>,
    resumed: bool,
    adopted: Option<Adopted>,
    began: Instant,
}

impl<'a> Session<'a> {
    pub fn new(
        plan: &'a Plan,
        sets: &'a Sets,
        (trainer, evaluators, selector): (Stepper, Evaluators, Option<Selector>),
        (resumed, adopted): (bool, Option<Adopted>),
    ) -> Self {
        let (data, began) = (sets.description(), Instant::now());
        Self { plan, sets, data, trainer, evaluators, selector, resumed, adopted, began }
    }

    fn state(&self) -> State<'_> {
        State {
            trainer: &self.trainer,
            config: &self.plan.config,
            sets: self.sets,
            directory: self.plan.directory.as_deref(),
            resumed: self.resumed,
            adopted: self.adopted.as_ref(),
        }
    }

    /// Trains until the end, or until an observer asks for one. Without a directory, the last checkpoint is put in
    /// `latest`.
    pub fn train(
        mut self,
        mut run: Run,
        latest: &mut Option<Start>,
        audience: &mut Audience<'_, '_>,
    ) -> Result<Trained> {
        audience.tell(|observer| observer.began(&self.state()))?;
        if !run.has_kept_any() {
            self.keep(&mut run, latest, audience)?;
        }
        self.prepare(audience)?;
        loop {
            if audience.should_stop(&self.state()) {
                self.trainer.halt();
            }
            if self.is_over(&run) {
                break;
            }
            let steps = self.trainer.advance()?;
            if steps.is_empty() {
                break;
            }
            run.log(&steps)?;
            audience.tell(|observer| observer.steps(&self.state(), &steps))?;
            self.rest(&mut run, latest, audience)?;
        }
        self.trainer.dismiss()?;
        if !self.is_over(&run) {
            self.keep(&mut run, latest, audience)?;
            audience.tell(|observer| observer.stopped(&self.state()))?;
            return self.trained(run, false);
        }
        let trained = self.trained(run, true)?;
        audience.tell(|observer| observer.finished(&self.state(), &trained.result))?;
        Ok(trained)
    }

    /// What comes before the first step, unless an observer asks for an end.
    fn prepare(&mut self, audience: &mut Audience<'_, '_>) -> Result<()> {
        while !audience.should_stop(&self.state()) {
            let Some(share) = self.trainer.prepare()? else { break };
            audience.tell(|observer| observer.preparing(&self.state(), share))?;
        }
        Ok(())
    }

    /// Whether nothing is left to be trained: all steps are done, or the model has not become better for long enough.
    fn is_over(&self, run: &Run) -> bool {
        let ratings = &run.history.ratings;
        let is_new = ratings.last().is_some_and(|rated| rated.rated_step > self.plan.longer_from);
        let no_better = |selector: &Selector| is_new && selector.spec.is_out_of_patience(ratings);
        self.trainer.steps_done() == self.trainer.total_steps()
            || self.selector.as_ref().is_some_and(no_better)
    }

    /// What there is to do where the trainer stands: a rating, the end of an epoch, a checkpoint.
    fn rest(&self, run: &mut Run, latest: &mut Option<Start>, audience: &mut Audience<'_, '_>) -> Result<()> {
        let due = self.selector.as_ref().filter(|selector| selector.is_due(&self.trainer));
        if let Some(selector) = due {
            // Before the checkpoint, so that who goes on from that knows what was said of it.
            let rated = selector.rate(self.trainer.steps_done())?;
            let best = run.rate(rated, &selector.spec)?;
            audience.tell(|observer| observer.rated(&self.state(), &rated, best))?;
        }
        if self.trainer.at_epoch_end() || self.is_over(run) {
            self.end_epoch(run, latest, audience)
        } else if due.is_some() || self.checkpoint_due() {
            self.keep(run, latest, audience)
        } else {
            Ok(())
        }
    }

    fn checkpoint_due(&self) -> bool {
        let due = |every| self.trainer.steps_done().is_multiple_of(every);
        self.trainer.is_at_rest() && self.plan.checkpoint_every.is_some_and(due)
    }

    /// Keeps a checkpoint, unless there is one of this step.
    fn keep(&self, run: &mut Run, latest: &mut Option<Start>, audience: &mut Audience<'_, '_>) -> Result<()> {
        if run.has_kept(self.trainer.steps_done()) {
            return Ok(());
        }
        let checkpoint = self.resumable()?;
        run.keep(&checkpoint, self.plan.keep, latest)?;
        audience.tell(|observer| observer.checkpoint_kept(&self.state(), &checkpoint))
    }

    /// The state of the training, with all that it needs to go on.
    fn resumable(&self) -> Result<Checkpoint> {
        let classes = &self.sets.labelled.classes;
        let trained = (self.trainer.model(), self.trainer.optimizer());
        Checkpoint::of_training(trained, &self.plan.config, classes, self.trainer.steps_done(), &self.data)
    }

    fn end_epoch(
        &self,
        run: &mut Run,
        latest: &mut Option<Start>,
        audience: &mut Audience<'_, '_>,
    ) -> Result<()> {
        let Some(mean) = run.epoch_mean() else { return Ok(()) };
        let epoch = EpochRecord {
            epoch: self.trainer.epochs_begun(),
            steps: self.trainer.steps_done(),
            mean,
            for_report_only: self.evaluators.report()?,
            predictions: self.predictions(run)?,
            seconds: self.seconds(run),
        };
        run.end_epoch(&epoch)?;
        self.keep(run, latest, audience)?;
        let live = self.trainer.live_features()?;
        log::debug!("{:.1} % of the features differ between images", 100.0 * live);
        let warnings = run.warnings(&epoch, live);
        audience.tell(|observer| observer.epoch_ended(&self.state(), &epoch, &warnings))
    }

    /// What an adapted model, the one that is kept, says in the end of images that it was trained on. Without memory for
    /// that, the training is worth keeping all the same.
    fn predictions(&self, run: &Run) -> Result<Option<Predictions>> {
        let unlabelled =
            self.sets.unlabelled.as_ref().filter(|_| self.plan.config.training.method == Method::Dann);
        let Some(unlabelled) = unlabelled.filter(|_| self.is_over(run)) else { return Ok(None) };
        match self.predictions_of_kept(run, unlabelled) {
            Err(error) if error.is_too_large() && self.trainer.model().gpu().healthy().is_ok() => {
                log::warn!("whether adaptation looks harmful is not known: {error}");
                Ok(None)
            }
            seen => seen.map(Some),
        }
    }

    /// What the model that is kept says of them. The trainer's own is still needed for the last checkpoint, so that another one
    /// that was chosen is made beside it.
    fn predictions_of_kept(&self, run: &Run, unlabelled: &Dataset) -> Result<Predictions> {
        let own = self.trainer.model().evaluated();
        let chosen = self.chosen(run)?.and_then(|(_, chosen)| chosen);
        let chosen = chosen.map(|chosen| chosen.model(own.gpu())).transpose()?;
        evaluators::predictions(chosen.as_ref().unwrap_or(own), &self.sets.labelled, unlabelled)
    }

    /// What training has come to; at the end, model and result are written.
    fn trained(&self, run: Run, complete: bool) -> Result<Trained> {
        let (model, training) = (self.trainer.model(), &self.plan.config.training);
        let selected = if complete { self.select(&run)? } else { None };
        let report = if selected.is_some() { self.evaluators.report()? } else { run.report() };
        let result = RunResult {
            method: training.method,
            seed: training.seed,
            steps: self.trainer.steps_done(),
            batch: training.batch,
            accumulate: training.accumulate,
            ranks: self.trainer.ranks(),
            version: env!("CARGO_PKG_VERSION").into(),
            adapter: model.gpu().name().to_owned(),
            kernels: tuning::summary(model.gpu()),
            source: self.data.source.clone(),
            target: self.data.target.clone(),
            directory: self.plan.directory.clone().unwrap_or_default(),
            seconds: self.seconds(&run),
            selected,
            report,
        };
        let checkpoint = match complete {
            true => {
                let step = selected.map_or(result.steps, |selected| selected.rated_step);
                Checkpoint::of(model, &self.plan.config, &self.sets.labelled.classes, step)?
            }
            false => self.resumable()?,
        };
        if complete {
            run.finish(&checkpoint, &result)?;
        }
        Ok(Trained { checkpoint, result, history: run.history, gpu: model.gpu().clone(), complete })
    }

    /// Makes the model that which was rated best, if that is not what it is.
    fn select(&self, run: &Run) -> Result<Option<Rated>> {
        let Some((best, chosen)) = self.chosen(run)? else { return Ok(None) };
        chosen.map_or(Ok(()), |chosen| chosen.load_into(self.trainer.model()))?;
        Ok(Some(best))
    }

    /// What was said of the model that was rated best, and that model, if it is not the trainer's as it is.
    fn chosen(&self, run: &Run) -> Result<Option<(Rated, Option<Checkpoint>)>> {
        let best =
            self.selector.as_ref().and_then(|selector| selector.spec.best(&run.history.ratings).copied());
        let Some(best) = best.filter(|best| best.rated_step != self.trainer.steps_done()) else {
            return Ok(best.map(|best| (best, None)));
        };
        Ok(run.chosen(best.rated_step)?.map(|chosen| (best, Some(chosen))))
    }

    fn seconds(&self, run: &Run) -> f64 {
        (run.before + self.began.elapsed()).as_secs_f64()
    }
}
