//! Class by class: what adaptation does for each, and which are taken for which.

use super::chart::percent;
use super::story::Story;
use crate::train::{Config, Method};

/// Confusion matrices of more classes would be carpets.
const MOST_IN_MATRIX: usize = 16;
/// Of more classes those that gain most and those that lose most are shown.
const MOST_ROWS: usize = 24;
/// Confusions that are named where there is no matrix.
const PAIRS: usize = 15;
/// Longer names stand upright above the columns of a matrix.
const LONGEST_ACROSS: usize = 6;

/// How often each class is taken for each other.
pub struct Confusion {
    pub classes: Vec<String>,
    /// Whether their names are too long to stand side by side.
    pub tall: bool,
    /// A label, and for each prediction the count and how dark it is, from 0 to 100.
    pub rows: Vec<(String, Vec<(u64, u32)>)>,
}

/// The target's confusion matrix; `None` without labels and for very many classes.
pub fn confusion(story: &Story) -> Option<Confusion> {
    if story.classes > MOST_IN_MATRIX {
        return None;
    }
    let counts = story.target.as_ref()?.confusion(story.classes)?;
    let names: Vec<String> = (0..story.classes).map(|k| story.checkpoint.class(k)).collect();
    let row = |(name, row): (&String, Vec<u64>)| {
        let images = row.iter().sum::<u64>().max(1);
        (name.clone(), row.into_iter().map(|count| (count, (100 * count / images) as u32)).collect())
    };
    Some(Confusion {
        rows: names.iter().zip(counts).map(row).collect(),
        tall: names.iter().any(|name| name.chars().count() > LONGEST_ACROSS),
        classes: names,
    })
}

/// A class that is taken for another.
pub struct Pair {
    pub label: String,
    pub prediction: String,
    pub images: u64,
    /// Of the images of the class.
    pub share: String,
}

/// The most frequent confusions of the target, where there are too many classes for a matrix.
pub fn pairs(story: &Story) -> Vec<Pair> {
    let study = story.target.as_ref().filter(|_| story.classes > MOST_IN_MATRIX);
    let Some((study, labels)) = study.and_then(|study| Some((study, study.data.labels.as_ref()?))) else {
        return vec![];
    };
    let both = labels.iter().map(|&label| usize::from(label)).zip(study.predictions.iter().copied());
    let name = |k| story.checkpoint.class(k);
    most_confused(both, story.classes)
        .into_iter()
        .map(|([label, prediction], images, of)| Pair {
            label: name(label),
            prediction: name(prediction),
            images,
            share: percent(images as f64 / of as f64),
        })
        .collect()
}

/// Label and prediction, how many images, and of how many of that label.
fn most_confused(both: impl Iterator<Item = (usize, usize)>, classes: usize) -> Vec<([usize; 2], u64, u64)> {
    let (mut counts, mut of) = (std::collections::BTreeMap::new(), vec![0; classes]);
    for (label, prediction) in both {
        of[label] += 1;
        if label != prediction {
            *counts.entry([label, prediction]).or_insert(0) += 1;
        }
    }
    let mut pairs: Vec<_> = counts.into_iter().map(|(pair, images)| (pair, images, of[pair[0]])).collect();
    // A stable sort: of equally many the first classes come first.
    pairs.sort_by_key(|&(_, images, _)| std::cmp::Reverse(images));
    pairs.truncate(PAIRS);
    pairs
}

/// What adaptation does for each class.
pub struct Gains {
    pub title: String,
    pub before: &'static str,
    pub after: &'static str,
    pub rows: Vec<Gain>,
    /// How many classes are not among them.
    pub hidden: usize,
}

/// What it does for one.
#[derive(Clone)]
pub struct Gain {
    pub class: String,
    /// In percent.
    pub before: f64,
    /// In percent.
    pub after: f64,
    pub difference: String,
    pub better: bool,
}

/// Every adapted run against one without adaptation on the same data; without one, and where nothing is adapted, a run's target
/// against its source.
pub fn gains(stories: &[Story]) -> Vec<Gains> {
    let of_domains = |story: &Story| {
        let title = format!("{}: images of each class", story.name);
        gain(story, title, ["source", "target"], &story.recall(false), &story.recall(true))
    };
    let against = |story: &Story| match baseline_of(story, stories) {
        Some(baseline) => {
            let title = format!("{}: target images of each class, against {}", story.name, baseline.name);
            gain(story, title, ["source only", "DANN"], &baseline.recall(true), &story.recall(true))
        }
        None => of_domains(story),
    };
    let is_adapted = |story: &&Story| story.result.method == Method::Dann;
    let all: Vec<Gains> = match stories.iter().any(|story| is_adapted(&story)) {
        true => stories.iter().filter(is_adapted).map(against).collect(),
        false => stories.iter().map(of_domains).collect(),
    };
    all.into_iter().filter(|gains| !gains.rows.is_empty()).collect()
}

/// The run without adaptation that is most like `adapted`, of those on the same data.
fn baseline_of<'a>(adapted: &Story, stories: &'a [Story]) -> Option<&'a Story> {
    let is_baseline = |story: &&Story| story.result.method == Method::SourceOnly && story.is_beside(adapted);
    let baselines: Vec<&Story> = stories.iter().filter(is_baseline).collect();
    let recipes: Vec<&Config> = baselines.iter().map(|story| &story.checkpoint.config).collect();
    most_alike(&adapted.checkpoint.config, &recipes).map(|index| baselines[index])
}

/// The index of the first of `recipes` that differs from `recipe` in the method alone; else in the method and the seed; else the
/// first.
fn most_alike(recipe: &Config, recipes: &[&Config]) -> Option<usize> {
    let differs_by_method = |other: &Config| {
        let mut other = other.clone();
        other.training.method = recipe.training.method;
        other == *recipe
    };
    let differs_by_seed = |other: &Config| {
        let mut other = other.clone();
        other.training.seed = recipe.training.seed;
        differs_by_method(&other)
    };
    let first = |is_alike: &dyn Fn(&Config) -> bool| recipes.iter().position(|other| is_alike(other));
    first(&differs_by_method).or_else(|| first(&differs_by_seed)).or_else(|| first(&|_| true))
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
    let row = |(k, old, new): (usize, f64, f64)| Gain {
        class: story.checkpoint.class(k),
        before: 100.0 * old,
        after: 100.0 * new,
        difference: format!("{:+.1} points", 100.0 * (new - old)),
        better: new >= old,
    };
    let rows: Vec<Gain> = known.map(row).collect();
    let all = rows.len();
    let rows = extremes(rows);
    Gains { title, before, after, hidden: all - rows.len(), rows }
}

/// All rows if they are few, else those that gain most and those that lose most, the best first.
fn extremes(mut rows: Vec<Gain>) -> Vec<Gain> {
    if rows.len() > MOST_ROWS {
        rows.sort_by(|a, b| (b.after - b.before).total_cmp(&(a.after - a.before)));
        rows.drain(MOST_ROWS / 2..rows.len() - MOST_ROWS / 2);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> Vec<Gain> {
        let row = |k: usize| Gain {
            class: k.to_string(),
            before: 10.0,
            after: (7 * k % count) as f64,
            difference: String::new(),
            better: true,
        };
        (0..count).map(row).collect()
    }

    #[test]
    fn of_many_classes_the_best_and_the_worst_are_shown() {
        let few: Vec<String> = extremes(rows(MOST_ROWS)).into_iter().map(|row| row.class).collect();
        assert!(few.iter().enumerate().all(|(k, class)| *class == k.to_string()));
        let many: Vec<f64> = extremes(rows(1000)).into_iter().map(|row| row.after).collect();
        let half = MOST_ROWS as u32 / 2;
        let expected = (1000 - half..1000).rev().chain((0..half).rev());
        assert!(many.iter().copied().eq(expected.map(f64::from)), "{many:?}");
    }

    #[test]
    fn an_adapted_run_is_held_against_the_one_that_differs_least() {
        let recipe = |method: Method, seed: u64, epochs: u64| {
            let mut config = Config::preset("demo").expect("a preset");
            (config.training.method, config.training.seed, config.training.epochs) = (method, seed, epochs);
            config
        };
        let others = [(0, 1), (0, 2), (1, 2)].map(|(seed, epochs)| recipe(Method::SourceOnly, seed, epochs));
        let others: Vec<&Config> = others.iter().collect();
        let found = |seed, epochs| most_alike(&recipe(Method::Dann, seed, epochs), &others);
        assert_eq!([found(0, 2), found(1, 2), found(5, 2), found(5, 5)], [1, 2, 1, 0].map(Some));
        assert_eq!(most_alike(&recipe(Method::Dann, 0, 1), &[]), None);
    }

    #[test]
    fn the_most_frequent_confusions_come_first() {
        let both = [(0, 1), (0, 0), (2, 1), (2, 1), (1, 1), (3, 0), (3, 0)];
        let found = most_confused(both.into_iter(), 4);
        assert_eq!(found, [([2, 1], 2, 2), ([3, 0], 2, 2), ([0, 1], 1, 2)]);
        let many = (0..100).map(|k| (k, k + 1));
        assert_eq!(most_confused(many, 101).len(), PAIRS);
    }
}
