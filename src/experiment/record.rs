//! What a run of an experiment came to: a JSON file each.

use super::spec::PlannedRun;
use crate::error::{Error, Result};
use crate::selection::{Rule, Selection};
use crate::train::{Config, History, RunResult, read_json, write_whole};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What is kept of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunRecord {
    /// The recipe's name.
    pub recipe: String,
    /// Everything that decided the run.
    pub config: Config,
    /// The outcome.
    #[serde(flatten)]
    pub result: RunResult,
    /// Between source and target features of the model that was kept: 0 aligned, 2 apart.
    #[serde(default)]
    pub proxy_a_distance: Option<f64>,
    /// What each rule that needs no target label says of the model that was kept.
    #[serde(default)]
    pub ratings: BTreeMap<Rule, f64>,
    /// What rules that need no target label chose among the run's checkpoints, by the rule's name.
    #[serde(default)]
    pub selected: BTreeMap<String, Chosen>,
    /// The best of the run's checkpoints, which nothing but target labels can tell: reported, never used.
    #[serde(default)]
    pub best: Option<Chosen>,
}

/// A run that came to numbers that are not finite: it has no accuracy, and making it again would end the same way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Divergence {
    /// The recipe's name.
    pub recipe: String,
    /// Everything that decided the run.
    pub config: Config,
    /// At which step, and what was not finite.
    pub diverged: String,
    /// The labelled data set; empty of versions that did not say.
    #[serde(default)]
    pub source: PathBuf,
    /// The data set adapted to; empty of versions that did not say.
    #[serde(default)]
    pub target: PathBuf,
}

impl Divergence {
    /// Of `run`, wherever its data sets are.
    pub fn new(run: &PlannedRun, diverged: impl ToString) -> Self {
        let (recipe, config, diverged) = (run.recipe.clone(), run.config.clone(), diverged.to_string());
        Self { recipe, config, diverged, source: PathBuf::new(), target: PathBuf::new() }
    }

    /// Writes `file` whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn write(&self, file: &Path) -> Result<()> {
        write_json(self, file)
    }

    /// Reads what [`Divergence::write`] wrote.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file.
    pub fn read(file: &Path) -> Result<Self> {
        read_json(file, "what is known of a run that diverged")
    }
}

fn write_json(value: &impl Serialize, file: &Path) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| Error::file(file, "numbers that JSON can hold", e))?;
    write_whole(file, (text + "\n").as_bytes())
}

/// A checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Chosen {
    /// Steps before it.
    pub step: u64,
    /// For the report alone.
    pub target_test_accuracy: Option<f64>,
}

impl RunRecord {
    /// Of `run`, which has ended with `result`.
    pub fn new(run: &PlannedRun, result: RunResult) -> Self {
        let (recipe, config) = (run.recipe.clone(), run.config.clone());
        let (ratings, selected) = (BTreeMap::new(), BTreeMap::new());
        Self { recipe, config, result, proxy_a_distance: None, ratings, selected, best: None }
    }

    /// With what `selection` chose among the run's checkpoints; `history` is what the run reported.
    #[must_use]
    pub fn with_selection(self, selection: &Selection, history: &History) -> Self {
        let chosen = |step| Chosen { step, target_test_accuracy: history.target_accuracy(step) };
        let picks = selection.picks.iter().map(|(rule, &step)| (rule.name().to_owned(), chosen(step)));
        // Of the model that was kept, if a rule has chosen one, and of the last step otherwise.
        let kept = self.result.selected.map_or(self.result.steps, |selected| selected.rated_step);
        let rating = selection.ratings.iter().find(|rating| rating.step == kept);
        Self {
            proxy_a_distance: rating.and_then(|rating| rating.value(Rule::ProxyDistance)),
            ratings: rating.map_or(BTreeMap::new(), |rating| rating.values.clone()),
            selected: picks.collect(),
            best: selection.best(history).map(|(step, _)| chosen(step)),
            ..self
        }
    }

    /// With the ratings that `selection` holds, where the record is of a version that kept none: those of the last step.
    /// What such a version called [`Rule::DomainRisk`] was another measure, so that one is left out.
    #[must_use]
    pub(super) fn with_ratings_of(mut self, selection: &Selection) -> Self {
        self.ratings = selection.ratings.last().map_or(BTreeMap::new(), |rating| rating.values.clone());
        self.ratings.remove(&Rule::DomainRisk);
        self
    }

    /// Writes `file` whole or not at all.
    ///
    /// # Errors
    /// [`Error::Io`] naming the file.
    pub fn write(&self, file: &Path) -> Result<()> {
        write_json(self, file)
    }

    /// Reads what [`RunRecord::write`] wrote.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file.
    pub fn read(file: &Path) -> Result<Self> {
        read_json(file, "a run's record (where there is none, the experiment makes it of the finished run)")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::train::{Method, Rated, Report};

    /// Of a run of preset `paper`.
    pub fn record(method: Method, seed: u64, accuracy: f64) -> RunRecord {
        let chosen = Chosen { step: 10, target_test_accuracy: Some(accuracy - 0.01) };
        RunRecord {
            recipe: "paper".into(),
            config: Config::preset("paper").expect("a preset"),
            result: RunResult {
                selected: None,
                method,
                seed,
                steps: 20,
                batch: 4,
                accumulate: 1,
                ranks: 1,
                version: "0".into(),
                adapter: "an adapter".into(),
                kernels: "plain kernels".into(),
                source: "s".into(),
                target: "t".into(),
                directory: "d".into(),
                seconds: 90.0,
                report: Report { source_test_accuracy: Some(0.99), target_test_accuracy: Some(accuracy) },
            },
            proxy_a_distance: Some(1.0),
            ratings: BTreeMap::new(),
            selected: [("entropy".to_owned(), chosen)].into(),
            best: Some(Chosen { step: 15, target_test_accuracy: Some(accuracy + 0.01) }),
        }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("record.json");
        let ratings = [(Rule::WeightedRisk, 0.25)].into();
        let record = RunRecord { ratings, ..record(Method::Dann, 3, 0.75) };
        record.write(&file).expect("written");
        assert_eq!(RunRecord::read(&file).expect("read"), record);
    }

    #[test]
    fn the_model_that_was_kept_and_what_rules_choose_stand_apart() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("record.json");
        let mut record = record(Method::Dann, 3, 0.75);
        record.result.selected = Some(Rated::new(10, Rule::Information, Some(0.5)));
        record.write(&file).expect("written");
        assert_eq!(RunRecord::read(&file).expect("read"), record);
        // The result alone, as the run's directory has it: of this version, and as version 0.2 called it.
        let result = serde_json::json!(record.result);
        let mut former = result.clone();
        former["selected"] = former.as_object_mut().and_then(|former| former.remove("kept")).expect("kept");
        for written in [result, former] {
            let read: RunResult = serde_json::from_value(written).expect("a result");
            assert_eq!(read, record.result);
        }
    }

    #[test]
    fn records_of_earlier_versions_are_read() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("record.json");
        let record = record(Method::Dann, 3, 0.75);
        let mut written = serde_json::json!(record);
        written.as_object_mut().expect("an object").remove("ratings").expect("ratings");
        std::fs::write(&file, written.to_string()).expect("written");
        assert_eq!(RunRecord::read(&file).expect("read"), record);
    }
}
