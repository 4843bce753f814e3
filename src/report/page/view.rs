//! The page as its template takes it.

use super::chart::{Chart, HEIGHT, WIDTH};
use super::sections::{self, Confusion, Gains, Panel, Tile};
use super::story::Story;
use crate::error::Result;
use crate::profile::KernelRow;
use crate::train::Method;
use askama::Template;

/// The whole page.
#[derive(Template)]
#[template(path = "report.html")]
pub struct Page {
    title: String,
    rows: Vec<Row>,
    gap: Option<String>,
    charts: Vec<Chart>,
    runs: Vec<Run>,
    panels: Vec<Panel>,
    sprites: Vec<String>,
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
    right: Vec<Tile>,
    wrong: Vec<Tile>,
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
    pub fn new(stories: &[Story]) -> Result<Self> {
        let names: Vec<String> = stories.iter().map(Story::name).collect();
        let (panels, sprites) = sections::panels(stories)?;
        Ok(Self {
            title: names.join(", "),
            rows: rows(stories),
            gap: gap(stories).map(percent),
            charts: sections::charts(stories),
            runs: stories.iter().enumerate().map(|(i, story)| run(i, story)).collect::<Result<_>>()?,
            panels,
            sprites,
            gains: sections::gains(stories),
            version: env!("CARGO_PKG_VERSION"),
            width: WIDTH,
            height: HEIGHT,
        })
    }
}

/// "81.23 %"
pub fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn method(method: Method) -> &'static str {
    match method {
        Method::SourceOnly => "source only",
        Method::Dann => "DANN",
        Method::TargetOnly => "train on target",
    }
}

/// The three rows: lower bound, adaptation, upper bound; one for each run, or one that says that there is none.
fn rows(stories: &[Story]) -> Vec<Row> {
    let share = |accuracy: Option<f64>| accuracy.map_or("n/a".into(), percent);
    let mut rows = Vec::new();
    for wanted in [Method::SourceOnly, Method::Dann, Method::TargetOnly] {
        let of_method = stories.iter().enumerate().filter(|(_, story)| story.result.method == wanted);
        let before = rows.len();
        rows.extend(of_method.map(|(index, story)| Row {
            class: sections::colour(index),
            method: method(wanted),
            run: story.name(),
            target: share(story.result.report.target_test_accuracy),
            source: share(story.result.report.source_test_accuracy),
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

/// How much of the gap between the bounds is covered, where each method was run once.
fn gap(stories: &[Story]) -> Option<f64> {
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
    let tiles = |right| target.map_or(Ok(vec![]), |study| sections::tiles(study, &story.checkpoint, right));
    let path = story.path.display();
    let (source, target_path) = (story.result.source.display(), story.result.target.display());
    Ok(Run {
        class: sections::colour(index),
        name: story.name(),
        distance: story.distance.map_or("n/a".into(), |distance| format!("{distance:.2}")),
        verdict: worst.map_or("unknown", crate::train::health::Level::word),
        findings: story.findings.iter().map(|f| (f.level.word(), f.text.clone())).collect(),
        confusion: sections::confusion(story),
        right: tiles(true)?,
        wrong: tiles(false)?,
        kernels: kernels(story),
        adapter: story.result.adapter.clone(),
        version: Some(&story.result.version).filter(|v| !v.is_empty()).cloned().unwrap_or("unknown".into()),
        command: format!(
            "dann train --config {path}/config.toml --source {source} --target {target_path} --out {path}-again"
        ),
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
