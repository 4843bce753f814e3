//! Jobs of an experiment: their list, and a script that gives them to Slurm.

use super::{ExperimentArgs, slurm};
use crate::cli::output::{self, Output};
use crate::cli::train::launched;
use anyhow::{Context as _, bail};
use dann::error::Error;
use dann::experiment::{Job, JobState, Runner, Share};
use serde_json::json;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Of more jobs that are left, the first ones are named.
const MOST_NAMED: usize = 5;

/// Which jobs this process makes: the one that was asked for, or its share where `mpirun` has started several.
pub fn share(job: Option<usize>) -> Share {
    match (job, launched()) {
        (Some(job), _) => Share::One(job),
        (None, Some((rank, of))) => Share::Rank { rank, of },
        (None, _) => Share::All,
    }
}

/// Prints a line for each job.
pub fn list(runner: &Runner, out: &Output) -> anyhow::Result<()> {
    for job in runner.jobs() {
        let (name, state) = (job.run.name(), job.state.to_string());
        out.json(&json!({ "job": job.number, "name": name, "state": state }))?;
        out.text(format!("{:>4}  {state:<8}  {name}", job.number))?;
    }
    Ok(())
}

/// The numbers of the jobs that are not over and that no process makes now.
pub fn left(runner: &Runner) -> Vec<usize> {
    let is_left = |job: &Job| !job.is_over() && job.state != JobState::Running;
    runner.jobs().iter().filter(|job| is_left(job)).map(|job| job.number).collect()
}

/// Says what is left after a share of the jobs.
pub fn tell_left(runner: &Runner, out: &Output) -> anyhow::Result<()> {
    let jobs = runner.jobs();
    let open: Vec<&Job> = jobs.iter().filter(|job| !job.is_over()).collect();
    if open.is_empty() {
        return Ok(());
    }
    out.remark(output::wrapped(&still_to_end(&open, jobs.len())))
}

/// Which of `all` jobs are `open`; of many the first ones.
fn still_to_end(open: &[&Job], all: usize) -> String {
    let mut names: Vec<String> = open.iter().take(MOST_NAMED).map(|job| job.run.name()).collect();
    if open.len() > MOST_NAMED {
        names.push("…".into());
    }
    let running = open.iter().filter(|job| job.state == JobState::Running).count();
    let running = match running {
        0 => String::new(),
        some => format!(" Other processes make {some} of them now."),
    };
    format!(
        "{} of {all} jobs are still to end: {}.{running} Once those that other processes make have ended, the same command, without \
         --job, makes what is missing, and the tables.",
        open.len(),
        names.join(", ")
    )
}

/// Prints the script that gives the jobs that are left to Slurm, or submits it.
pub fn give_to_slurm(args: &ExperimentArgs, runner: &Runner, out: &Output) -> anyhow::Result<()> {
    let jobs = left(runner);
    if jobs.is_empty() {
        return out.text(
            "every job is over or runs now; once all have ended, the same command without --slurm makes the tables",
        );
    }
    let experiment = runner.experiment();
    let command = args.job_command(runner)?;
    let script = slurm::script(&experiment.slurm, &experiment.name(), &jobs, runner.directory(), &command);
    if !args.submit {
        return output::print(&script);
    }
    let directory = runner.directory();
    std::fs::create_dir_all(directory).with_context(|| format!("{}: cannot make", directory.display()))?;
    let answer = submit(&script)?;
    out.json(&json!({ "slurm_job": answer, "jobs": jobs }))?;
    out.text(format!(
        "{} jobs submitted as {answer}; what they say goes to {}/slurm-{answer}_JOB.log",
        jobs.len(),
        directory.display()
    ))
}

/// Gives a script to `sbatch`; its answer is the number of the array.
fn submit(script: &str) -> anyhow::Result<String> {
    let sbatch = Command::new("sbatch")
        .arg("--parsable")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut sbatch = sbatch.context(
        "sbatch: expected Slurm's program to be on the PATH; --slurm without --submit prints the script for another machine",
    )?;
    if let Some(mut stdin) = sbatch.stdin.take() {
        // An sbatch that refuses may end before it has read everything; what it says then counts.
        let _ = stdin.write_all(script.as_bytes());
    }
    let ended = sbatch.wait_with_output().context("sbatch")?;
    if !ended.status.success() {
        bail!("sbatch: {}", String::from_utf8_lossy(&ended.stderr).trim());
    }
    // With several clusters, its name follows behind a semicolon.
    let answer = String::from_utf8_lossy(&ended.stdout);
    Ok(answer.trim().split(';').next().unwrap_or_default().to_owned())
}

impl ExperimentArgs {
    /// What a job runs, up to its number: this command, with what it was given.
    fn job_command(&self, runner: &Runner) -> anyhow::Result<Vec<String>> {
        let program = std::env::current_exe().context("this program's own place")?;
        let text = |path: &std::path::Path| -> anyhow::Result<String> {
            let found = || Error::file(path, "a name in UTF-8", "another");
            Ok(path.to_str().ok_or_else(found)?.to_owned())
        };
        let mut command = vec![text(&program)?, "experiment".into(), text(&self.file)?];
        command.extend(["--out".into(), text(runner.directory())?]);
        for (flag, path) in [("--source", &self.source), ("--target", &self.target)] {
            if let Some(path) = path {
                command.extend([flag.into(), text(path)?]);
            }
        }
        command.extend(self.gpu.words());
        command.push("--job".into());
        Ok(command)
    }
}
