//! `dann experiment`

mod jobs;
mod slurm;

use super::gpu::GpuArgs;
use super::hint::{FETCH, Hint as _, is_no_data_set};
use super::output::{Bars, Output};
use super::train::{Interrupted, Interrupts, Progress, launched_here, repeat};
use clap::Args;
use dann::error::Result;
use dann::experiment::{Choice, Divergence, Ending, Experiment, PlannedRun, Runner, Watcher};
use dann::fit::Observer;
use dann::report::tensorboard::Recorder;
use dann::selection::Rule;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann experiment assets/experiments/paper.toml
  dann experiment assets/experiments/paper.toml --out runs/paper --adapter nvidia
  dann experiment my.toml --source data/syn_digits
  dann experiment my.toml --list                     its jobs, numbered, and how far each is
  dann experiment my.toml --job 3                    one of them
  dann experiment my.toml --slurm --submit           those that are left, as an array of Slurm
  mpirun -n 4 dann experiment my.toml                four processes share them

Each run has a directory and a JSON file, OUT/RECIPE/METHOD-SEED and OUT/RECIPE/METHOD-SEED.json; the tables are in
OUT/RESULTS.md. What is finished is kept, and what was interrupted goes on, when the command is given again. A run that
diverges is noted in OUT/RECIPE/METHOD-SEED.diverged.json and in the tables, and the others go on.

Jobs of several machines share OUT. A run that another process makes now is left out. When they have ended, the same
command without --job makes what is missing, which is nothing as a rule, and prints the tables. What a job asks of Slurm
stands in the file: [slurm] with time, memory, gpus, cpus, partition, at_once and options.

Beside each row stands which method of a recipe and seed is taken without target labels, by the rule that the file names
(`rule = \"weighted-risk\"` if none), and what the methods taken reach on the target.")]
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
    /// Print the numbered jobs with their progress, and make none
    #[arg(long, conflicts_with_all = ["job", "slurm"])]
    list: bool,
    /// Make only this job
    #[arg(long, value_name = "N")]
    job: Option<usize>,
    /// Print an sbatch script that makes the remaining jobs as an array
    #[arg(long, conflicts_with = "job")]
    slurm: bool,
    /// Give the script to sbatch
    #[arg(long, requires = "slurm")]
    submit: bool,
    #[command(flatten)]
    gpu: GpuArgs,
}

pub fn run(args: &ExperimentArgs, out: &Output) -> anyhow::Result<()> {
    let mut experiment = Experiment::read(&args.file)?;
    experiment.source = args.source.clone().unwrap_or(experiment.source);
    experiment.target = args.target.clone().unwrap_or(experiment.target);
    let directory = args.out.clone().unwrap_or_else(|| Path::new("runs").join(experiment.name()));
    let runner = Runner::new(experiment, directory)?;
    args.gpu.expect_f32()?;
    if args.list {
        return jobs::list(&runner, out);
    }
    if args.slurm {
        return jobs::give_to_slurm(args, &runner, out);
    }
    perform(args, runner.with_share(jobs::share(args.job))?, out)
}

/// Makes the runs.
fn perform(args: &ExperimentArgs, mut runner: Runner, out: &Output) -> anyhow::Result<()> {
    let mut interrupts = Interrupts::watch()?;
    // Processes that share the runs share the machine's adapters, too.
    let local_rank = launched_here().filter(|_| args.job.is_none());
    let open = || local_rank.map_or_else(|| args.gpu.open(), |rank| args.gpu.open_for_rank(rank));
    let (mut recorder, mut progress) = (Recorder::default(), Progress::new(out));
    let observers: &mut [&mut dyn Observer] = &mut [&mut interrupts, &mut recorder, &mut progress];
    let ending = runner.run(&open, &Bars::default(), observers, &mut Narrator { out });
    if let Ending::Stopped { steps, .. } = ending.hint_if(is_no_data_set, FETCH)? {
        let again = "the same `dann experiment` command".into();
        return Err(Interrupted { steps, again }.into());
    }
    runner.records().iter().try_for_each(|record| out.json(record))?;
    runner.divergences().iter().try_for_each(|divergence| out.json(divergence))?;
    let rule = runner.experiment().rule;
    runner.choices().iter().try_for_each(|choice| out.json(&line(rule, choice)))?;
    out.text(runner.summary())?;
    jobs::tell_left(&runner, out)?;
    out.text(format!("the experiment is in {}", runner.directory().display()))
}

/// Accuracies stand apart from what is told without target labels.
fn line(rule: Rule, choice: &Choice) -> serde_json::Value {
    let Choice { recipe, seed, method, target_test_accuracy, below_best, .. } = choice;
    json!({
        "chosen_by": rule,
        "chosen_run": format!("{recipe}/{method}-{seed}"),
        "chosen_method": method,
        "for_report_only": { "target_test_accuracy": target_test_accuracy, "below_best": below_best },
    })
}

/// Says which run is made, and which diverged.
struct Narrator<'a> {
    out: &'a Output,
}

impl Watcher for Narrator<'_> {
    fn run_begins(
        &mut self,
        run: &PlannedRun,
        number: usize,
        count: usize,
        left: Option<Duration>,
    ) -> Result<()> {
        let minutes = |left: Duration| format!(", about {:.0} min left", left.as_secs_f64() / 60.0);
        let left = left.map_or(String::new(), minutes);
        self.out.remark_on(format!("{}: run {number} of {count}{left}", run.name()))
    }

    fn run_elsewhere(&mut self, run: &PlannedRun) -> Result<()> {
        self.out.remark_on(format!("{}: left out, as another process makes it now", run.name()))
    }

    fn run_diverged(&mut self, run: &PlannedRun, divergence: &Divergence) -> Result<()> {
        log::error!("{}: {}; the other runs go on", run.name(), divergence.diverged);
        Ok(())
    }

    fn remark(&self, directory: &Path, source: &Path, target: &Path) -> String {
        repeat(directory, source, target)
    }
}
