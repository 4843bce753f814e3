//! The command line: one file a subcommand.

mod bench;
#[cfg(test)]
mod book;
mod check;
mod data;
mod devices;
mod diff;
mod eval;
mod experiment;
mod export;
mod gpu;
mod help;
mod hint;
mod import;
mod inputs;
mod output;
mod predict;
mod profile;
mod recipe;
mod report;
mod runs;
mod select;
mod shell;
mod terminal;
mod train;
mod tune;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use dann::error::Error;
use output::Output;
use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant};

/// Domain-adversarial training of neural networks on any vendor's GPU.
#[derive(Parser)]
#[command(
    version,
    after_help = "\
Examples:
  dann data fetch                            MNIST, USPS, photos
  dann data make mnist-m --mnist data/mnist --out data
  dann train --preset demo --out runs/first  MNIST → MNIST-M
  dann report runs/first                     a page to look at
  dann train --preset photos --source my/photos --target my/scans
  dann profile --shader my.wgsl              where a shader's time goes

`dann COMMAND --help` says more. Logs go to stderr; RUST_LOG=debug shows all."
)]
struct Cli {
    /// Print one JSON object a line on stdout instead of text
    #[arg(long, global = true)]
    json: bool,
    /// Print only results and errors: no progress, no remarks, no log
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the adapters of this machine
    #[command(after_help = "\
Examples:
  dann devices           each with its driver and what it can do
  dann devices --json")]
    Devices,
    /// Fetch and make data sets
    #[command(subcommand)]
    Data(data::DataCommand),
    /// Train a model
    Train(train::TrainArgs),
    /// Measure a trained model on a labelled data set
    Eval(eval::EvalArgs),
    /// Classify images
    Predict(predict::PredictArgs),
    /// Write a trained model for PyTorch or for ONNX runtimes
    Export(export::ExportArgs),
    /// Read a model that PyTorch has trained
    Import(import::ImportArgs),
    /// Prove the kernels on an adapter, against twins or golden answers
    Check(check::CheckArgs),
    /// Time the training step on an adapter
    Bench(bench::BenchArgs),
    /// Find the fastest kernels for an adapter, and keep the choice
    Tune(tune::TuneArgs),
    /// Tell where a training step's time goes, or time your own shader
    Profile(Box<profile::ProfileArgs>),
    /// Run recipes × methods × seeds, and put them side by side
    Experiment(experiment::ExperimentArgs),
    /// List finished runs with their accuracies
    Runs(runs::RunsArgs),
    /// Choose a checkpoint, or a run, without target labels
    Select(select::SelectArgs),
    /// Write a page about one run or several
    Report(report::ReportArgs),
    /// Show what differs between two runs, in configuration and outcome
    Diff(diff::DiffArgs),
    /// Print the completions of a shell
    Completions(shell::CompletionsArgs),
    /// Print the manual page, or write one for each command
    Man(shell::ManArgs),
}

pub use hint::told;
pub use terminal::start_log;
pub use train::Interrupted;

/// Runs the command line of a program that was started at `started`.
///
/// # Errors
/// Whatever went wrong, worded for the user.
pub fn run(started: Instant) -> anyhow::Result<()> {
    let matched = help::grouped(Cli::command()).try_get_matches();
    let cli = matched.and_then(|matches| Cli::from_arg_matches(&matches)).unwrap_or_else(|e| {
        // Of several ranks, the first tells what is wrong with the words that all were given.
        if train::launched().is_some_and(|(rank, _)| rank > 0) {
            std::thread::sleep(Duration::from_secs(1));
            std::process::exit(e.exit_code());
        }
        e.exit()
    });
    if cli.quiet {
        log::set_max_level(log::LevelFilter::Error);
    }
    cli.command.check_paths(std::env::args_os())?;
    let out = Output::new(cli.json, cli.quiet);
    match cli.command {
        Command::Devices => devices::run(&out),
        Command::Data(command) => data::run(&command, &out),
        Command::Train(args) => train::run(&args, &out),
        Command::Eval(args) => eval::run(&args, &out),
        Command::Predict(args) => predict::run(&args, &out),
        Command::Export(args) => export::run(&args, &out),
        Command::Import(args) => import::run(&args, &out),
        Command::Check(args) => check::run(&args, &out),
        Command::Bench(args) => bench::run(&args, started, &out),
        Command::Tune(args) => tune::run(&args, &out),
        Command::Profile(args) => profile::run(&args, &out),
        Command::Experiment(args) => experiment::run(&args, &out),
        Command::Runs(args) => runs::run(&args, &out),
        Command::Select(args) => select::run(&args, &out),
        Command::Report(args) => report::run(&args, &out),
        Command::Diff(args) => diff::run(&args, &out),
        Command::Completions(args) => shell::completions(&args, Cli::command()),
        Command::Man(args) => shell::man(&args, Cli::command(), &out),
    }
}

impl Command {
    /// Refuses arguments that are no text where files of runs are to name the paths among them.
    fn check_paths(&self, mut arguments: impl Iterator<Item = OsString>) -> dann::error::Result<()> {
        if matches!(self, Self::Eval(_) | Self::Predict(_) | Self::Profile(_)) {
            return Ok(());
        }
        arguments.find(|argument| argument.to_str().is_none()).map_or(Ok(()), |argument| {
            let expected =
                "a name in UTF-8, as runs keep the paths of their data as text (a link can have one)";
            Err(Error::file(Path::new(&argument), expected, "another"))
        })
    }
}
