//! `dann experiment`

use super::gpu::GpuArgs;
use super::output::{Bars, Output};
use super::train::{Habits, Interrupts, Job};
use anyhow::Context as _;
use clap::Args;
use dann::data;
use dann::error::Error;
use dann::experiment::{Divergence, Experiment, PlannedRun, RunRecord, summary};
use dann::gpu::Gpu;
use dann::selection::{Images, Selection};
use dann::train::{Config, Method, RunDirectory, checkpoints, write_whole};
use std::fs;
use std::path::{Path, PathBuf};

/// The tables, in the experiment's directory.
const RESULTS: &str = "RESULTS.md";

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann experiment assets/experiments/paper.toml
  dann experiment assets/experiments/paper.toml --out runs/paper --adapter nvidia
  dann experiment my.toml --source data/syn_digits

Each run has a directory and a JSON file, OUT/RECIPE/METHOD-SEED and OUT/RECIPE/METHOD-SEED.json; the tables are in
OUT/RESULTS.md. What is finished is kept, and what was interrupted goes on, when the command is given again. A run that
diverges is noted in OUT/RECIPE/METHOD-SEED.diverged.json and in the tables, and the others go on.")]
pub struct ExperimentArgs {
    /// What is run, as in assets/experiments
    #[arg(value_name = "FILE.toml")]
    file: PathBuf,
    /// The experiment's directory [default: runs/NAME, after the file]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The labelled data set, in place of the file's
    #[arg(long)]
    source: Option<PathBuf>,
    /// The data set to adapt to, in place of the file's
    #[arg(long)]
    target: Option<PathBuf>,
    #[command(flatten)]
    gpu: GpuArgs,
}

pub fn run(args: &ExperimentArgs, out: &Output) -> anyhow::Result<()> {
    let interrupts = Interrupts::watch()?;
    let mut experiment = Experiment::read(&args.file)?;
    experiment.source = args.source.clone().unwrap_or(experiment.source);
    experiment.target = args.target.clone().unwrap_or(experiment.target);
    let runs = experiment.runs(&args.file)?;
    let name = args.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let directory = args.out.clone().unwrap_or_else(|| Path::new("runs").join(&name));
    let (mut records, mut divergences) = (Vec::new(), Vec::new());
    for run in &runs {
        records.extend(kept(&record_file(&directory, run), run, RunRecord::read, |record| &record.config)?);
        let file = divergence_file(&directory, run);
        divergences.extend(kept(&file, run, Divergence::read, |divergence| &divergence.config)?);
    }
    let images = Images::new(Images::MOST, Some(experiment.source.clone()), Some(experiment.target.clone()));
    let mut bench = Bench { args, experiment: &experiment, directory: &directory, interrupts, images, out };
    for run in &runs {
        if is_done(run, &records, &divergences) {
            continue;
        }
        let (number, count) = (records.len() + divergences.len() + 1, runs.len());
        let left = left(&runs, &records, &divergences);
        out.remark(format!("{}: run {number} of {count}{left}", run.name()))?;
        match bench.perform(run) {
            Ok(record) => records.push(record),
            Err(error) => divergences.push(noted(&directory, run, error)?),
        }
        write_summary(&directory, &name, &in_order(&runs, &records), &divergences)?;
    }
    records = in_order(&runs, &records);
    write_summary(&directory, &name, &records, &divergences)?;
    for record in &records {
        out.json(record)?;
    }
    for divergence in &divergences {
        out.json(divergence)?;
    }
    out.text(summary(&name, &records, &divergences))?;
    out.text(format!("the experiment is in {}", directory.display()))
}

fn is_of(record: &RunRecord, run: &PlannedRun) -> bool {
    let training = &run.config.training;
    record.recipe == run.recipe
        && (record.result.method, record.result.seed) == (training.method, training.seed)
}

fn is_done(run: &PlannedRun, records: &[RunRecord], divergences: &[Divergence]) -> bool {
    let is_same = |d: &Divergence| d.recipe == run.recipe && d.config == run.config;
    records.iter().any(|record| is_of(record, run)) || divergences.iter().any(is_same)
}

/// Notes that `run` diverged, if that is what `error` says.
fn noted(directory: &Path, run: &PlannedRun, error: anyhow::Error) -> anyhow::Result<Divergence> {
    let Some(Error::Diverged(_)) = error.downcast_ref::<Error>() else { return Err(error) };
    log::error!("{}: {error}; the other runs go on", run.name());
    let divergence = Divergence::new(run, error);
    divergence.write(&divergence_file(directory, run))?;
    Ok(divergence)
}

fn divergence_file(directory: &Path, run: &PlannedRun) -> PathBuf {
    directory.join(run.name() + ".diverged.json")
}

fn record_file(directory: &Path, run: &PlannedRun) -> PathBuf {
    directory.join(run.name() + ".json")
}

/// What is kept in `file` of `run`, if it was made before, by the same recipe.
fn kept<T>(
    file: &Path,
    run: &PlannedRun,
    read: fn(&Path) -> dann::error::Result<T>,
    config: fn(&T) -> &Config,
) -> anyhow::Result<Option<T>> {
    if !file.exists() {
        return Ok(None);
    }
    let found = read(file)?;
    same_recipe(file, config(&found), run)?;
    Ok(Some(found))
}

fn same_recipe(path: &Path, config: &Config, run: &PlannedRun) -> dann::error::Result<()> {
    if *config == run.config {
        return Ok(());
    }
    let found = "one of another recipe, which has been changed since; --out NEW_DIR begins anew";
    Err(Error::file(path, "a run of this recipe", found))
}

/// What runs are made with.
struct Bench<'a> {
    args: &'a ExperimentArgs,
    experiment: &'a Experiment,
    directory: &'a Path,
    interrupts: Interrupts,
    images: Images,
    out: &'a Output,
}

impl Bench<'_> {
    /// Makes a run, or goes on with it, and lets the rules choose among its checkpoints.
    fn perform(&mut self, run: &PlannedRun) -> anyhow::Result<RunRecord> {
        let path = self.directory.join(run.name());
        let (gpu, result) = if RunDirectory::is_finished(&path) {
            same_recipe(&path, &RunDirectory::config(&path)?, run)?;
            (self.args.gpu.open()?, RunDirectory::result(&path)?)
        } else {
            self.job(run, &path)?.run(&self.args.gpu, Habits::default(), &self.interrupts, self.out)?
        };
        let record = self.rated(&gpu, &path, RunRecord::new(run, result))?;
        record.write(&record_file(self.directory, run))?;
        Ok(record)
    }

    fn job(&self, run: &PlannedRun, path: &Path) -> anyhow::Result<Job> {
        let (source, target) = (self.experiment.source.clone(), self.experiment.target.clone());
        if !checkpoints(path)?.is_empty() {
            same_recipe(path, &RunDirectory::config(path)?, run)?;
            return Job::resume(path, Some(source), Some(target));
        }
        // A run that ended before its first checkpoint has nothing to go on from.
        if path.exists() {
            RunDirectory::config(path).context("neither a run nor a free place for one")?;
            fs::remove_dir_all(path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
        Job::new(run.config.clone(), source, target, path.to_path_buf())
    }

    /// With ratings of the checkpoints, unless the run has learned from target labels or there is nothing to rate by.
    fn rated(&mut self, gpu: &Gpu, path: &Path, record: RunRecord) -> anyhow::Result<RunRecord> {
        let source = &self.experiment.source;
        if record.result.method == Method::TargetOnly {
            return Ok(record);
        }
        if !data::has_labelled_test(source)? {
            log::warn!("{}: no labelled test part, so no rule can rate checkpoints", source.display());
            return Ok(record);
        }
        let selection = Selection::of_run(gpu, path, &mut self.images, &Bars::default())?;
        selection.write()?;
        Ok(record.with_selection(&selection, &RunDirectory::history(path)?))
    }
}

/// How long the runs that are left take, as far as finished ones tell: a run with gradient reversal looks at twice as
/// many images.
fn left(runs: &[PlannedRun], records: &[RunRecord], divergences: &[Divergence]) -> String {
    let weight = |method: Method| if method == Method::Dann { 2.0 } else { 1.0 };
    let mean = |recipe: Option<&str>| {
        let of_recipe = records.iter().filter(|record| recipe.is_none_or(|recipe| record.recipe == recipe));
        let units: Vec<f64> =
            of_recipe.map(|record| record.result.seconds / weight(record.result.method)).collect();
        (!units.is_empty()).then(|| units.iter().sum::<f64>() / units.len() as f64)
    };
    let open = runs.iter().filter(|run| !is_done(run, records, divergences));
    let seconds = open.map(|run| {
        Some(weight(run.config.training.method) * mean(Some(&run.recipe)).or_else(|| mean(None))?)
    });
    seconds
        .sum::<Option<f64>>()
        .map_or(String::new(), |seconds| format!(", about {:.0} min left", seconds / 60.0))
}

/// The records in the order of their runs.
fn in_order(runs: &[PlannedRun], records: &[RunRecord]) -> Vec<RunRecord> {
    runs.iter().filter_map(|run| records.iter().find(|record| is_of(record, run)).cloned()).collect()
}

fn write_summary(
    directory: &Path,
    name: &str,
    records: &[RunRecord],
    divergences: &[Divergence],
) -> anyhow::Result<()> {
    Ok(write_whole(&directory.join(RESULTS), summary(name, records, divergences).as_bytes())?)
}
