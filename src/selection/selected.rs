//! What the rules have chosen, and what came of it.

use super::candidates::Candidates;
use super::images::Images;
use super::rating::Rating;
use super::sample::Sample;
use crate::data::{Dataset, Progress};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::train::{History, Method, Rule, read_json, write_whole};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FILE: &str = "selection.json";

/// The ratings of a run's checkpoints and what each rule chooses: `selection.json`. Nothing in it comes from a label of
/// the target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Selection {
    /// The run's directory.
    pub run: PathBuf,
    /// How it was trained.
    pub method: Method,
    /// What the models were rated on.
    pub adapter: String,
    /// The labelled data set.
    pub source: PathBuf,
    /// The data set adapted to.
    pub target: PathBuf,
    /// How many images the models were rated by.
    pub images: Counts,
    /// By step; the last one is of the run's last step.
    pub ratings: Vec<Rating>,
    /// The step that each rule chooses, of equally good ones the last.
    pub picks: BTreeMap<Rule, u64>,
}

/// How many images of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Of the source's training part.
    pub source_training: usize,
    /// Of the source's test part; 0 where it has none with labels.
    pub source_validation: usize,
    /// Of the target's training part.
    pub target: usize,
}

/// What came of a choice, for report only.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Who chose; `None` for the last step, which nobody chose.
    pub rule: Option<Rule>,
    /// What was chosen; `None` where the rule has no values.
    pub step: Option<u64>,
    /// Of the model chosen, if it was measured.
    pub target_test_accuracy: Option<f64>,
    /// How much more the best model has, of [`Selection::best`].
    pub below_best: Option<f64>,
}

impl Candidates {
    /// Rates every checkpoint by `sample` and lets every rule choose. The same files give the same bits on the same
    /// adapter. `progress` counts models.
    ///
    /// # Errors
    /// [`Error::Input`] or [`Error::Io`] naming the checkpoint that cannot be read or is none of this run, [`Error::Gpu`]
    /// when the device was lost.
    pub fn rate(&self, gpu: &Gpu, sample: &Sample, progress: &dyn Progress) -> Result<Selection> {
        progress.start("checkpoints", Some(self.files.len() as u64));
        let ratings = self.ratings(gpu, sample, progress);
        progress.finish();
        Ok(Selection::new(self, gpu, sample, ratings?))
    }
}

impl Selection {
    pub(super) fn new(candidates: &Candidates, gpu: &Gpu, sample: &Sample, ratings: Vec<Rating>) -> Self {
        let images = Counts {
            source_training: sample.training.len(),
            source_validation: sample.validation.as_ref().map_or(0, Dataset::len),
            target: sample.unlabelled.len(),
        };
        Self {
            run: candidates.run.clone(),
            method: candidates.result.method,
            adapter: gpu.name().to_owned(),
            source: sample.source.clone(),
            target: sample.target.clone(),
            images,
            picks: picks(&ratings),
            ratings,
        }
    }

    /// Rates every checkpoint of the finished run at `run` and lets every rule choose.
    ///
    /// # Errors
    /// As [`Candidates::of_run`], [`Images::of`] and [`Candidates::rate`].
    pub fn of_run(gpu: &Gpu, run: &Path, images: &mut Images, progress: &dyn Progress) -> Result<Self> {
        let candidates = Candidates::of_run(run)?;
        let sample = images.of(&candidates)?;
        candidates.rate(gpu, &sample, progress)
    }

    /// Whether there is such a file in the run's directory.
    pub fn is_in(run: &Path) -> bool {
        run.join(FILE).exists()
    }

    /// Reads what [`Selection::write`] left in the run's directory.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file.
    pub fn read(run: &Path) -> Result<Self> {
        let selection: Self = read_json(&run.join(FILE), "ratings as `dann select` writes them")?;
        Ok(Self { run: run.to_path_buf(), ..selection })
    }

    /// Writes `selection.json` into the run's directory, whole or not at all; what was there is replaced.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn write(&self) -> Result<()> {
        write_whole(&self.run.join(FILE), format!("{:#}\n", serde_json::json!(self)).as_bytes())
    }

    /// The step with the highest accuracy on the target's test part among the models that were rated and measured, and
    /// that accuracy, for report only: of equally good ones the first.
    pub fn best(&self, history: &History) -> Option<(u64, f64)> {
        let measured = self.ratings.iter().filter_map(|r| Some((r.step, history.target_accuracy(r.step)?)));
        measured.reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    /// What came of each rule's choice, and last of the last step, by what `history` has for report only.
    pub fn outcomes(&self, history: &History) -> Vec<Outcome> {
        let best = self.best(history).map(|(_, accuracy)| accuracy);
        let outcome = |rule, step: Option<u64>| {
            let target_test_accuracy = step.and_then(|step| history.target_accuracy(step));
            let below_best = best.zip(target_test_accuracy).map(|(best, accuracy)| best - accuracy);
            Outcome { rule, step, target_test_accuracy, below_best }
        };
        let chosen = Rule::ALL.map(|rule| outcome(Some(rule), self.picks.get(&rule).copied()));
        let last = outcome(None, self.ratings.last().map(|rating| rating.step));
        chosen.into_iter().chain([last]).collect()
    }
}

fn picks(ratings: &[Rating]) -> BTreeMap<Rule, u64> {
    let pick = |rule: Rule| {
        let place = rule.best(ratings.iter().map(|rating| rating.value(rule)))?;
        Some((rule, ratings[place].step))
    };
    Rule::ALL.into_iter().filter_map(pick).collect()
}

/// By which images a run was rated, in words: of the same data sets, runs with and without `--validation` have others.
fn rated_by(run: &Selection) -> String {
    let Counts { source_training, source_validation, target } = run.images;
    format!(
        "{source_training} training and {source_validation} validation images of {} and {target} images of {}",
        run.source.display(),
        run.target.display()
    )
}

/// Which of the `runs` each rule chooses by their last steps, of equally good ones the last. A rule without a value for
/// one of them chooses none, as that one might be the best.
///
/// # Errors
/// [`Error::Input`] naming the run that was rated by other images than the first, as values then do not compare.
pub fn best_runs(runs: &[Selection]) -> Result<BTreeMap<Rule, usize>> {
    let images = |run: &Selection| (run.source.clone(), run.target.clone(), run.images);
    if let Some(other) = runs.iter().find(|run| images(run) != images(&runs[0])) {
        return Err(Error::file(
            &other.run,
            format!("a run rated by {}", rated_by(&runs[0])),
            rated_by(other),
        ));
    }
    let last = |run: &Selection, rule| run.ratings.last().and_then(|rating| rating.value(rule));
    let best = |rule: Rule| {
        let values = runs.iter().map(|run| last(run, rule)).collect::<Option<Vec<f64>>>()?;
        Some((rule, rule.best(values.into_iter().map(Some))?))
    };
    Ok(Rule::ALL.into_iter().filter_map(best).collect())
}
