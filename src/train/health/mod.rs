//! Whether a run went as adversarial training should, from its course alone and from what its features are like.
//!
//! ```no_run
//! use dann::train::{RunDirectory, health};
//!
//! # fn main() -> dann::error::Result<()> {
//! let run = "runs/first".as_ref();
//! let (config, history) = (RunDirectory::config(run)?, RunDirectory::history(run)?);
//! for finding in health::findings(&config.training, config.model.classes()?, &history, None) {
//!     println!("{}: {}", finding.level.word(), finding.text);
//! }
//! # Ok(())
//! # }
//! ```

mod harm;
mod monitor;
mod warning;

#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use monitor::Monitor;
pub use warning::Warning;

use super::history::History;
use super::metrics::StepMetrics;
use super::training_spec::{Method, TrainingSpec};
use crate::model::DomainLoss;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth a look.
    Doubtful,
    /// Not what anyone wants.
    Bad,
}

impl Level {
    /// In a word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Doubtful => "doubtful",
            Self::Bad => "bad",
        }
    }
}

/// A judgement and its reason.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was seen and what it means.
    pub text: String,
}

/// A label loss above this share of chance has learned nothing.
const UNLEARNED: f64 = 0.95;
/// A label loss below this share of chance is small whatever it began with.
const LEARNED: f64 = 0.1;
/// The share of the training that its end is judged by.
const TAIL: usize = 10;
/// A classifier this close to chance (as a share of the loss at chance, and of accuracy) has given up or been beaten.
const NEAR_CHANCE: f64 = 0.02;
/// Domains that a linear classifier tells apart this well are not aligned.
const APART: f64 = 1.5;

/// The share of `features` features that differ between the rows of `values`: 0 once the feature extractor has died.
pub(crate) fn live(values: &[f32], features: usize) -> f64 {
    let (first, others) = values.split_at(features);
    let differs = |index: &usize| others.chunks(features).any(|row| row[*index] != first[*index]);
    (0..features).filter(differs).count() as f64 / features as f64
}

/// What there is to say of a run with K `classes`; `distance` is its proxy A-distance where that is known.
pub fn findings(
    spec: &TrainingSpec,
    classes: usize,
    history: &History,
    distance: Option<f64>,
) -> Vec<Finding> {
    let steps = &history.steps;
    let tail = &steps[steps.len() - steps.len().div_ceil(TAIL)..];
    let (Some(end), Some(begin)) = (StepMetrics::mean(tail), steps.first()) else {
        return vec![finding(Level::Doubtful, "the run has no metrics to judge by".into())];
    };
    let mut findings =
        vec![label_loss((classes as f64).ln(), begin.label_loss.into(), end.label_loss.into())];
    if let (Method::Dann, Some(loss), Some(accuracy)) = (spec.method, end.domain_loss, end.domain_accuracy) {
        findings.push(domain(spec.domain_loss, loss.into(), accuracy.into(), distance));
    }
    if let Some(distance) = distance {
        findings.push(alignment(spec.method, distance));
    }
    let seen = history.epochs.last().and_then(|epoch| epoch.predictions);
    let harm = seen.map(|seen| harm::symptoms(spec, &seen)).unwrap_or_default();
    findings.extend(harm.iter().map(|warning| finding(Level::Bad, warning.to_string())));
    findings
}

fn finding(level: Level, text: String) -> Finding {
    Finding { level, text }
}

fn label_loss(chance: f64, begin: f64, end: f64) -> Finding {
    let text = format!("label loss went from {begin:.3} to {end:.3}");
    match end {
        // As in a run that starts from what another one has learned.
        end if end < LEARNED * chance => finding(Level::Good, text),
        end if end > UNLEARNED * chance || end > 0.9 * begin => {
            finding(Level::Bad, format!("{text}: the classes were not learned"))
        }
        end if end > 0.5 * begin => finding(Level::Doubtful, format!("{text}: it could fall further")),
        _ => finding(Level::Good, text),
    }
}

/// The domain loss of a classifier that says one half of everything.
fn chance(kind: DomainLoss) -> f64 {
    match kind {
        DomainLoss::Sum => 2.0 * std::f64::consts::LN_2,
        DomainLoss::Mean => std::f64::consts::LN_2,
    }
}

/// At chance, the domain classifier has either been beaten by aligned features or has stopped learning; how well
/// fresh eyes tell the domains apart decides which.
fn domain(kind: DomainLoss, loss: f64, accuracy: f64, distance: Option<f64>) -> Finding {
    let chance = chance(kind);
    let text = format!(
        "domain loss ended at {loss:.3} ({chance:.3} is chance), domain accuracy at {:.1} %",
        100.0 * accuracy
    );
    let at_chance = (loss / chance - 1.0).abs() < NEAR_CHANCE && (accuracy - 0.5).abs() < NEAR_CHANCE;
    let apart = distance.is_some_and(|distance| distance > APART);
    if at_chance && apart {
        let meaning = "the classifier has stopped learning while the domains still differ, so nothing adapts";
        finding(Level::Bad, format!("{text}: {meaning}"))
    } else if accuracy > 0.95 {
        let meaning =
            "the classifier tells the domains apart, so the features give away where they come from";
        finding(Level::Doubtful, format!("{text}: {meaning}"))
    } else {
        finding(Level::Good, format!("{text}: the two sides hold each other in check"))
    }
}

fn alignment(method: Method, distance: f64) -> Finding {
    let text = format!("proxy A-distance of the features {distance:.2} (0 aligned, 2 apart)");
    match (method, distance > APART) {
        (Method::Dann, true) => {
            finding(Level::Doubtful, format!("{text}: a new classifier tells them apart"))
        }
        _ => finding(Level::Good, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Config, EpochRecord, Predictions, Report};

    fn history(label: [f32; 2], domain_loss: f32, domain_accuracy: f32) -> History {
        let step = |index: u64, label_loss| StepMetrics {
            step: index,
            lambda: 1.0,
            learning_rate: 0.01,
            label_loss,
            label_accuracy: 0.5,
            domain_loss: Some(domain_loss),
            domain_accuracy: Some(domain_accuracy),
            ..StepMetrics::default()
        };
        let steps = (0..40).map(|index| step(index, if index < 20 { label[0] } else { label[1] })).collect();
        History { steps, ..History::default() }
    }

    fn levels(history: &History, distance: Option<f64>) -> Vec<Level> {
        let mut spec = Config::preset("demo").expect("a preset").training;
        // At chance it is ln 2.
        spec.domain_loss = DomainLoss::Mean;
        findings(&spec, 10, history, distance).iter().map(|finding| finding.level).collect()
    }

    #[test]
    fn runs_are_judged_by_losses_and_distance() {
        use Level::{Bad, Doubtful, Good};
        assert_eq!(levels(&history([2.3, 0.1], 0.6, 0.6), Some(0.8)), [Good, Good, Good]);
        // A run that starts with what another has learned has little to learn.
        assert_eq!(levels(&history([0.05, 0.049], 0.6, 0.6), Some(0.8)), [Good, Good, Good]);
        assert_eq!(levels(&history([2.0, 1.9], 0.6, 0.6), Some(0.8)), [Bad, Good, Good]);
        assert_eq!(levels(&history([2.3, 2.3], 0.6, 0.6), None), [Bad, Good]);
        assert_eq!(levels(&history([2.3, 1.5], 0.6, 0.6), None), [Doubtful, Good]);
        // Far below where it began, but at chance.
        assert_eq!(levels(&history([4.2, 2.3], 0.6, 0.6), None), [Bad, Good]);
        // At chance with aligned features is what is aimed at; with domains apart it is a dead classifier.
        assert_eq!(levels(&history([2.3, 0.1], 0.693, 0.5), Some(0.2)), [Good, Good, Good]);
        assert_eq!(levels(&history([2.3, 0.1], 0.693, 0.5), Some(1.9)), [Good, Bad, Doubtful]);
        assert_eq!(levels(&history([2.3, 0.1], 0.05, 0.99), Some(1.9)), [Good, Doubtful, Doubtful]);
        assert_eq!(levels(&History::default(), None), [Doubtful]);
    }

    #[test]
    fn what_looked_harmful_at_the_end_is_found_again() {
        let mut run = history([2.3, 0.1], 0.6, 0.6);
        let seen = Predictions { source_error: 0.2, source_classes: 9.0, target_classes: 3.0 };
        let epoch = |predictions| EpochRecord {
            epoch: 1,
            steps: 40,
            mean: run.steps[39],
            seconds: 1.0,
            for_report_only: Report::default(),
            predictions,
        };
        run.epochs = vec![epoch(None), epoch(Some(seen))];
        let spec = Config::preset("demo").expect("a preset").training;
        let found = findings(&spec, 10, &run, None);
        assert_eq!(found.len(), 4);
        for finding in &found[2..] {
            assert!(finding.level == Level::Bad && finding.text.contains("looks harmful"), "{finding:?}");
        }
    }
}
