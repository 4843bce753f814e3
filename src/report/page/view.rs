//! The page as its template takes it.

use super::chart::{Chart, HEIGHT, WIDTH, percent};
use super::classes::{self, Confusion, Gains, Pair};
use super::curves;
use super::domains;
use super::panels::{Panel, hues, panels};
use super::story::Story;
use super::study::Study;
use super::tiles::{Grid, tiles};
use crate::data::Part;
use crate::error::Result;
use crate::profile::KernelRow;
use crate::train::{Method, Rated, RunDirectory, repetition};
use askama::Template;

/// Of more classes there is no legend.
const MOST_NAMED: usize = 24;

/// The whole page.
#[derive(Template)]
#[template(path = "report.html")]
pub struct Page {
    title: String,
    rows: Vec<Row>,
    gap: Option<String>,
    charts: Vec<Chart>,
    runs: Vec<Run>,
    pictures: Vec<domains::Row>,
    panels: Vec<Panel>,
    /// Whether there are points in these without a label.
    has_unknown: bool,
    sprites: Vec<String>,
    /// Which images are shown.
    images: Vec<String>,
    /// Of the classes, in degrees.
    hues: Vec<u32>,
    /// Names beside these hues, where there are few.
    class_names: Vec<String>,
    gains: Vec<Gains>,
    version: &'static str,
    width: f64,
    height: f64,
}

/// A line of the table at the top.
struct Row {
    class: String,
    method: &'static str,
    run: String,
    target: String,
    source: String,
    time: String,
    best: bool,
}

/// What is told of each run by itself.
struct Run {
    class: String,
    name: String,
    distance: String,
    verdict: &'static str,
    findings: Vec<(&'static str, String)>,
    confusion: Option<Confusion>,
    pairs: Vec<Pair>,
    right: Grid,
    wrong: Grid,
    kernels: Option<Kernels>,
    adapter: String,
    version: String,
    command: String,
    config: String,
}

/// The profile's table.
struct Kernels {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Page {
    /// Lays out everything that there is to tell of `stories`.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when a picture cannot be encoded.
    pub fn new(stories: &[Story], pictures: Vec<domains::Row>) -> Result<Self> {
        let names: Vec<String> = stories.iter().map(|story| story.name.clone()).collect();
        let (panels, sprites) = panels(stories)?;
        Ok(Self {
            title: names.join(", "),
            rows: rows(stories),
            gap: gap(stories).map(percent),
            charts: curves::charts(stories),
            runs: stories.iter().enumerate().map(|(i, story)| run(i, story)).collect::<Result<_>>()?,
            pictures,
            has_unknown: has_unknown(&panels),
            panels,
            sprites,
            images: images(stories),
            hues: hues(stories.iter().map(|story| story.classes).max().unwrap_or_default()),
            class_names: class_names(stories),
            gains: classes::gains(stories),
            version: env!("CARGO_PKG_VERSION"),
            width: WIDTH,
            height: HEIGHT,
        })
    }
}

fn method(method: Method) -> &'static str {
    match method {
        Method::SourceOnly => "source only",
        Method::Dann => "DANN",
        Method::TargetOnly => "train on target",
    }
}

/// Whether some images in the plane have no label.
fn has_unknown(panels: &[Panel]) -> bool {
    panels.iter().flat_map(|panel| &panel.points).any(|point| point.class.is_none())
}

/// The three rows: lower bound, adaptation, upper bound; one for each run, or one that says that there is none.
fn rows(stories: &[Story]) -> Vec<Row> {
    let mut rows = Vec::new();
    for wanted in [Method::SourceOnly, Method::Dann, Method::TargetOnly] {
        let of_method = stories.iter().enumerate().filter(|(_, story)| story.result.method == wanted);
        let before = rows.len();
        rows.extend(of_method.map(|(index, story)| Row {
            class: curves::colour(index),
            method: method(wanted),
            run: kept(story),
            target: accuracy(story.result.report.target_test_accuracy, story.target.as_ref()),
            source: accuracy(story.result.report.source_test_accuracy, story.source.as_ref()),
            time: format!("{:.0} s", story.result.seconds),
            best: wanted == Method::Dann,
        }));
        if rows.len() == before {
            let none = || "–".to_owned();
            let run = "not among these runs".into();
            let (target, source, time) = (none(), none(), none());
            rows.push(Row {
                class: String::new(),
                method: method(wanted),
                run,
                target,
                source,
                time,
                best: false,
            });
        }
    }
    rows
}

/// The run's name, with the step whose model was kept where a rule chose it.
fn kept(story: &Story) -> String {
    let (name, steps) = (&story.name, story.result.steps);
    let of_all = |selected: Rated| format!("{name}, step {} of {steps}", selected.rated_step);
    story.result.selected.map_or_else(|| name.clone(), of_all)
}

/// That of the test part as training has noted it; of images of the training part where there is no other.
fn accuracy(noted: Option<f64>, study: Option<&Study>) -> String {
    let of_training = || study.filter(|study| study.part == Part::Train)?.accuracy();
    match (noted, of_training()) {
        (Some(noted), _) => percent(noted),
        (None, Some(accuracy)) => format!("{} (training part)", percent(accuracy)),
        (None, None) => "n/a".into(),
    }
}

/// The names of the classes, if all runs have the same few.
fn class_names(stories: &[Story]) -> Vec<String> {
    let named = |story: &Story| -> Vec<String> {
        let count = if story.classes > MOST_NAMED { 0 } else { story.classes };
        (0..count).map(|k| story.checkpoint.class(k)).collect()
    };
    let names = stories.first().map(named).unwrap_or_default();
    if stories.iter().all(|story| named(story) == names) { names } else { vec![] }
}

/// Which images are shown of each domain, each said once.
fn images(stories: &[Story]) -> Vec<String> {
    let mut all = Vec::new();
    for story in stories {
        for (domain, study) in [("source", &story.source), ("target", &story.target)] {
            let words = study.as_ref().map(|study| format!("{domain}: {}", study.in_words()));
            all.extend(words.filter(|words| !all.contains(words)));
        }
    }
    all
}

/// How much of the gap between the bounds is covered, where each method was run once on the same data.
fn gap(stories: &[Story]) -> Option<f64> {
    if !stories.iter().all(|story| story.is_beside(&stories[0])) {
        return None;
    }
    let only = |method: Method| {
        let mut of_method = stories.iter().filter(|story| story.result.method == method);
        let first = of_method.next()?;
        if of_method.next().is_some() { None } else { first.result.report.target_test_accuracy }
    };
    let (lower, dann, upper) = (only(Method::SourceOnly)?, only(Method::Dann)?, only(Method::TargetOnly)?);
    (upper > lower).then(|| (dann - lower) / (upper - lower))
}

fn run(index: usize, story: &Story) -> Result<Run> {
    let worst = story.findings.iter().map(|finding| finding.level).max();
    let target = story.target.as_ref();
    let tiles = |right| target.map_or(Ok(Grid::default()), |study| tiles(study, &story.checkpoint, right));
    let command = RunDirectory::command(&story.path)
        .unwrap_or_else(|| repetition(&story.path, &story.result.source, &story.result.target));
    Ok(Run {
        class: curves::colour(index),
        name: story.name.clone(),
        distance: story.distance.map_or("n/a".into(), |distance| format!("{distance:.2}")),
        verdict: worst.map_or("unknown", crate::train::health::Level::word),
        findings: story.findings.iter().map(|f| (f.level.word(), f.text.clone())).collect(),
        confusion: classes::confusion(story),
        pairs: classes::pairs(story),
        right: tiles(true)?,
        wrong: tiles(false)?,
        kernels: kernels(story),
        adapter: story.result.adapter.clone(),
        version: Some(&story.result.version).filter(|v| !v.is_empty()).cloned().unwrap_or("unknown".into()),
        command,
        config: story.checkpoint.config.to_toml()?,
    })
}

/// What people look for first; the profile itself has more.
fn kernels(story: &Story) -> Option<Kernels> {
    let profile = story.profile.as_ref()?;
    let header =
        ["kernel", "phase", "shape", "calls", "ms", "share", "median µs", "GFLOP/s", "GB/s", "bound"];
    let row = |row: &KernelRow| {
        vec![
            format!("{} ({})", row.kernel, row.variant),
            row.phase.name().into(),
            row.shape.clone(),
            row.calls.to_string(),
            format!("{:.3}", row.ms),
            percent(row.share),
            format!("{:.1}", row.us.median),
            format!("{:.2}", row.gflops),
            format!("{:.2}", row.gb_s),
            row.bound.name().into(),
        ]
    };
    Some(Kernels { header: header.map(Into::into).into(), rows: profile.kernels.iter().map(row).collect() })
}
