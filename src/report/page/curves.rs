//! Curves of runs over their steps.

use super::chart::{Chart, Line};
use super::story::Story;
use crate::model::DomainLoss;
use crate::train::{Method, StepMetrics};

/// Colours that tell runs apart.
const COLOURS: usize = 6;
/// Ways to break the lines of runs that share a colour; those of the first ones are whole.
const DASHES: usize = 4;

/// The classes that give run number `index` its colour and break its lines.
pub fn colour(index: usize) -> String {
    let colour = format!("run{}", index % COLOURS);
    match (index / COLOURS) % (DASHES + 1) {
        0 => colour,
        dash => format!("{colour} dash{dash}"),
    }
}

/// Losses, accuracies and λ over the steps, a line for each run.
pub fn charts(stories: &[Story]) -> Vec<Chart> {
    let line = |(index, story): (usize, &Story), value: fn(&StepMetrics) -> Option<f32>| Line {
        name: story.name.clone(),
        class: colour(index),
        points: story.history.steps.iter().filter_map(|m| Some((m.step as f64, value(m)?.into()))).collect(),
        on_right: false,
    };
    let lambdas = || {
        let adapted = stories.iter().enumerate().find(|(_, story)| story.result.method == Method::Dann);
        adapted.map(|(index, story)| Line {
            name: "λ (right)".into(),
            class: "lambda".into(),
            on_right: true,
            ..line((index, story), |m| Some(m.lambda))
        })
    };
    let all = |value: fn(&StepMetrics) -> Option<f32>| -> Vec<Line> {
        stories.iter().enumerate().map(|story| line(story, value)).chain(lambdas()).collect()
    };
    let tests = |target: bool| -> Vec<Line> {
        let line = |(index, story): (usize, &Story)| Line {
            name: story.name.clone(),
            class: colour(index),
            points: accuracies(story, target),
            on_right: false,
        };
        stories.iter().enumerate().map(line).chain(lambdas()).collect()
    };
    let chance = stories.iter().find(|story| story.result.method == Method::Dann).map(|story| {
        let both = story.checkpoint.config.training.domain_loss == DomainLoss::Sum;
        (if both { 2.0 } else { 1.0 } * std::f64::consts::LN_2, "chance")
    });
    let charts = [
        Chart::new("Label loss", all(|m| Some(m.label_loss)), false, None),
        Chart::new("Domain loss", all(|m| m.domain_loss), false, chance),
        Chart::new("Entropy of target predictions", all(|m| m.target_entropy), false, None),
        Chart::new("Class confusion of target predictions", all(|m| m.class_confusion), false, None),
        Chart::new("Virtual adversarial loss, target", all(|m| m.virtual_adversarial), false, None),
        Chart::new("Virtual adversarial loss, source", all(|m| m.virtual_adversarial_source), false, None),
        Chart::new("Pseudo-label loss", all(|m| m.pseudo_label), false, None),
        Chart::new("Share of target images with a pseudo-label", all(|m| m.pseudo_labelled), true, None),
        Chart::new("Label accuracy in training", all(|m| Some(m.label_accuracy)), true, None),
        Chart::new("Domain accuracy in training", all(|m| m.domain_accuracy), true, Some((0.5, "chance"))),
        Chart::new("Target test accuracy (for report only)", tests(true), true, None),
        Chart::new("Source test accuracy (for report only)", tests(false), true, None),
    ];
    charts.into_iter().flatten().collect()
}

fn accuracies(story: &Story, target: bool) -> Vec<(f64, f64)> {
    let epochs = story.history.epochs.iter();
    let point = |epoch: &crate::train::EpochRecord| {
        let report = &epoch.for_report_only;
        let accuracy = if target { report.target_test_accuracy } else { report.source_test_accuracy };
        Some((epoch.steps as f64, accuracy?))
    };
    epochs.filter_map(point).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_colour_have_lines_of_their_own() {
        assert_eq!([colour(0), colour(5), colour(7)], ["run0", "run5", "run1 dash1"]);
        let mut all: Vec<String> = (0..COLOURS * (DASHES + 1)).map(colour).collect();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), COLOURS * (DASHES + 1));
    }

    #[test]
    fn the_page_knows_every_colour_and_every_dash() {
        let style = include_str!("../../../templates/report.css");
        for class in (0..COLOURS * (DASHES + 1)).map(colour) {
            for name in class.split(' ') {
                assert!(style.contains(&format!(".{name} {{")), "{name}");
            }
        }
    }
}
