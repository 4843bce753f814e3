//! The parts of the page that are more than text.

use super::chart::{Chart, Line};
use super::embedding::embedding;
use super::story::{Features, Story};
use super::study::Study;
use crate::data::Dataset;
use crate::error::Result;
use crate::model::DomainLoss;
use crate::report::pictures::{Picture, Sprite};
use crate::train::{Checkpoint, Method, StepMetrics};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Images in a grid.
const TILES: usize = 24;
/// Colours that tell runs apart.
const COLOURS: usize = 6;
/// Confusion matrices of more classes would be carpets.
const MOST_CLASSES: usize = 16;
/// The side of an embedding's panel.
const SIDE: f32 = 300.0;
/// Its margin.
const MARGIN: f32 = 8.0;

/// The class of run number `index`.
pub fn colour(index: usize) -> String {
    format!("run{}", index % COLOURS)
}

/// A file's bytes within the page.
fn data_uri(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

/// An image with what is said of it.
pub struct Tile {
    pub image: String,
    pub label: String,
    pub prediction: String,
}

/// Images that the model is right (or wrong) about.
pub fn tiles(study: &Study, checkpoint: &Checkpoint, right: bool) -> Result<Vec<Tile>> {
    let tile = |index: usize| {
        let label = study.data.labels.as_ref().map_or(0, |labels| usize::from(labels[index]));
        Ok(Tile {
            image: data_uri(&Picture::of(&study.data, index).png()?),
            label: checkpoint.class(label),
            prediction: checkpoint.class(study.predictions[index]),
        })
    };
    study.examples(right, TILES).into_iter().map(tile).collect()
}

/// How often each class is taken for each other.
pub struct Confusion {
    pub classes: Vec<String>,
    /// A label, and for each prediction the count and how dark it is, from 0 to 100.
    pub rows: Vec<(String, Vec<(u64, u32)>)>,
}

/// The target's confusion matrix; `None` without labels and for very many classes.
pub fn confusion(story: &Story) -> Option<Confusion> {
    if story.classes > MOST_CLASSES {
        return None;
    }
    let counts = story.target.as_ref()?.confusion(story.classes)?;
    let names: Vec<String> = (0..story.classes).map(|k| story.checkpoint.class(k)).collect();
    let row = |(name, row): (&String, Vec<u64>)| {
        let images = row.iter().sum::<u64>().max(1);
        (name.clone(), row.into_iter().map(|count| (count, (100 * count / images) as u32)).collect())
    };
    Some(Confusion { rows: names.iter().zip(counts).map(row).collect(), classes: names })
}

/// What adaptation does for each class.
pub struct Gains {
    pub title: String,
    pub before: &'static str,
    pub after: &'static str,
    /// Class, both shares in percent, and the difference in words.
    pub rows: Vec<(String, f64, f64, String, bool)>,
}

/// Every adapted run against the first one without adaptation; without one, its target against its source.
pub fn gains(stories: &[Story]) -> Vec<Gains> {
    let baseline = stories.iter().find(|story| story.result.method == Method::SourceOnly);
    let adapted = stories.iter().filter(|story| story.result.method == Method::Dann);
    let against = |story: &Story| match baseline {
        Some(baseline) => {
            let title = format!("{}: target images of each class, against {}", story.name(), baseline.name());
            gain(story, title, ["source only", "DANN"], &baseline.recall(true), &story.recall(true))
        }
        None => {
            let title = format!("{}: images of each class", story.name());
            gain(story, title, ["source", "target"], &story.recall(false), &story.recall(true))
        }
    };
    adapted.map(against).filter(|gains| !gains.rows.is_empty()).collect()
}

fn gain(
    story: &Story,
    title: String,
    [before, after]: [&'static str; 2],
    old: &[Option<f64>],
    new: &[Option<f64>],
) -> Gains {
    let both = old.iter().zip(new).enumerate();
    let known = both.filter_map(|(k, (old, new))| Some((k, (*old)?, (*new)?)));
    let row = |(k, old, new): (usize, f64, f64)| {
        let difference = format!("{:+.1} points", 100.0 * (new - old));
        (story.checkpoint.class(k), 100.0 * old, 100.0 * new, difference, new >= old)
    };
    Gains { title, before, after, rows: known.map(row).collect() }
}

/// Losses, accuracies and λ over the steps, a line for each run.
pub fn charts(stories: &[Story]) -> Vec<Chart> {
    let line = |(index, story): (usize, &Story), value: fn(&StepMetrics) -> Option<f32>| Line {
        name: story.name(),
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
            name: story.name(),
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

/// Feature vectors in the plane.
pub struct Panel {
    pub title: String,
    pub note: String,
    /// The number of the picture that holds the images.
    pub sprite: usize,
    /// Images in a row of it, and their size.
    pub columns: usize,
    pub width: u32,
    pub height: u32,
    pub points: Vec<Point>,
}

/// A feature vector in the plane.
pub struct Point {
    pub x: f32,
    pub y: f32,
    /// "source" or "target"
    pub domain: &'static str,
    pub class: usize,
    pub text: String,
}

/// The features of each run, and of the first one before its first step; and the pictures with their images.
pub fn panels(stories: &[Story]) -> Result<(Vec<Panel>, Vec<String>)> {
    let (mut panels, mut sprites) = (vec![], vec![]);
    let mut earlier: Vec<(*const Dataset, *const Dataset, usize)> = vec![];
    for (index, story) in stories.iter().enumerate() {
        let (Some(source), Some(target)) = (&story.source, &story.target) else { continue };
        let images = [source, target].map(|study| study.sample.iter().map(|&i| (&*study.data, i)));
        let sprite = Picture::sprite(&images.into_iter().flatten().collect::<Vec<_>>());
        let (of_source, of_target) = (std::rc::Rc::as_ptr(&source.data), std::rc::Rc::as_ptr(&target.data));
        let known = earlier.iter().find(|(s, t, _)| (*s, *t) == (of_source, of_target)).map(|known| known.2);
        let number = match known {
            Some(number) => number,
            None => {
                sprites.push(data_uri(&sprite.picture.png()?));
                earlier.push((of_source, of_target, sprites.len() - 1));
                sprites.len() - 1
            }
        };
        if let Some(before) = story.before.as_ref().filter(|_| index == 0) {
            let title = format!("{}: before the first step", story.name());
            panels.extend(panel(story, title, before, false, &sprite, number));
        }
        let after = Features { source: source.features.clone(), target: target.features.clone() };
        let title = format!("{}: after training", story.name());
        panels.extend(panel(story, title, &after, true, &sprite, number));
    }
    Ok((panels, sprites))
}

fn panel(
    story: &Story,
    title: String,
    features: &Features,
    trained: bool,
    sprite: &Sprite,
    number: usize,
) -> Option<Panel> {
    let (source, target) = (story.source.as_ref()?, story.target.as_ref()?);
    let length = features.source.len() / source.sample.len();
    let vectors = [&features.source[..], &features.target].concat();
    let places = embedding(&vectors, length, story.result.seed)?;
    let distance = crate::selection::proxy_a_distance(&features.source, &features.target, length);
    let images = source.sample.iter().map(|&i| ("source", source, i));
    let images = images.chain(target.sample.iter().map(|&i| ("target", target, i)));
    let points = places.into_iter().zip(images).map(|(place, (domain, study, index))| {
        let label = study.data.labels.as_ref().map(|labels| usize::from(labels[index]));
        let name = label.map_or("?".into(), |k| story.checkpoint.class(k));
        let taken = story.checkpoint.class(study.predictions[index]);
        let text = match trained {
            true => format!("{domain} {name}, taken for {taken}"),
            false => format!("{domain} {name}"),
        };
        let [x, y] = place.map(|value| MARGIN + value * (SIDE - 2.0 * MARGIN));
        Point { x, y, domain, class: label.unwrap_or(0) % 10, text }
    });
    Some(Panel {
        title,
        note: distance.map_or(String::new(), |distance| format!("proxy A-distance {distance:.2}")),
        sprite: number,
        columns: sprite.columns,
        width: sprite.width,
        height: sprite.height,
        points: points.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_within_the_page() {
        assert_eq!(data_uri(b"\x89PNG"), "data:image/png;base64,iVBORw==");
        assert_eq!((colour(0), colour(7)), ("run0".into(), "run1".into()));
    }
}
