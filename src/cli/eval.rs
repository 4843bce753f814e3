//! `dann eval`

use super::gpu::GpuArgs;
use super::output::{Output, percent, share, table, wrapped};
use clap::{Args, ValueEnum};
use dann::data::{Labels, Part};
use dann::model::Domain;
use dann::train::{ClassCounts, Evaluation, Evaluator, RunDirectory};
use serde_json::json;
use std::path::PathBuf;

/// A confusion matrix of more classes is printed under --json alone, where nobody has to look at it in a terminal.
const MOST_COLUMNS: usize = 40;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann eval --run runs/first --data data/mnist_m
  dann eval --run runs/first --data data/mnist --json

The test part is used where the data set has one, else all of it. Of a folder without parts, a run that was trained
with --validation SHARE takes what it has set aside, and has not learned from; --all takes all of it. Classes are told apart
by name: folders may lack some of the model's; images of classes that it does not know are left out, and said to be.")]
pub struct EvalArgs {
    /// The directory of a finished run, or a checkpoint
    #[arg(long, value_name = "RUN_DIR|FILE")]
    run: PathBuf,
    /// A labelled data set
    #[arg(long)]
    data: PathBuf,
    /// Which domain's normalisation (of the input, in batch norm) to use, if the model has one for each
    #[arg(long, value_enum, default_value_t = DomainArg::Target)]
    domain: DomainArg,
    /// Leave images out that cannot be read, and list them
    #[arg(long)]
    skip_bad: bool,
    /// If a folder has no parts, use all images, even those that the run may have learned from
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    gpu: GpuArgs,
}

/// A domain, as flags name it.
#[derive(Clone, Copy, ValueEnum)]
pub enum DomainArg {
    Source,
    Target,
}

impl From<DomainArg> for Domain {
    fn from(domain: DomainArg) -> Self {
        match domain {
            DomainArg::Source => Self::Source,
            DomainArg::Target => Self::Target,
        }
    }
}

pub fn run(args: &EvalArgs, out: &Output) -> anyhow::Result<()> {
    let checkpoint = RunDirectory::checkpoint(&args.run)?;
    let config = &checkpoint.config;
    let options = config.load_options(config.model.input.frame(), Labels::Required);
    let options = options.skip_bad(args.skip_bad || options.skip_bad);
    let options = if args.all { options.validation(None) } else { options };
    let part = if options.has_part(&args.data, Part::Test)? { Part::Test } else { Part::Train };
    let images = options.load(&args.data, part)?;
    // What was read, before classes that the model does not know are left out.
    let (summary, left_out) = (images.summary(), images.left_out());
    let (images, unknown) = images.of_known_classes(&checkpoint.classes)?;
    images.check_labels(config.model.classes()?)?;
    left_out.iter().chain(&unknown).for_each(|words| log::warn!("{words}"));
    let model = checkpoint.model(&args.gpu.open()?)?;
    let evaluator = Evaluator::new(&model, &images, args.domain.into())?;
    out.remark(wrapped(&format!("{part} part of {}: {summary}", args.data.display())))?;
    let evaluation = evaluator.evaluate()?;
    print(&evaluation, &checkpoint.classes, out)
}

fn print(evaluation: &Evaluation, classes: &[String], out: &Output) -> anyhow::Result<()> {
    let ratio = |hits: u64, of: u64| if of == 0 { None } else { Some(hits as f64 / of as f64) };
    let class = |k: usize| {
        let ClassCounts { images, right, predicted, .. } = evaluation.per_class[k];
        (images, ratio(right, images), ratio(right, predicted))
    };
    let name = |k: usize| classes.get(k).cloned().unwrap_or_else(|| k.to_string());
    let all = 0..evaluation.per_class.len();
    let per_class: Vec<_> = all
        .clone()
        .map(|k| {
            let (images, recall, precision) = class(k);
            json!({ "class": name(k), "images": images, "recall": recall, "precision": precision })
        })
        .collect();
    out.json(&json!({
        "accuracy": evaluation.accuracy,
        "images": evaluation.images,
        "loss": evaluation.loss,
        "per_class": per_class,
        "confusion": evaluation.confusion,
    }))?;

    let rows = all.clone().map(|k| {
        let (images, recall, precision) = class(k);
        [name(k), images.to_string(), share(recall), share(precision)]
    });
    out.text(table(["class", "images", "recall", "precision"], rows))?;
    if all.len() <= MOST_COLUMNS {
        let mut confusion = comfy_table::Table::new();
        confusion.load_style(comfy_table::presets::UTF8_FULL_CONDENSED);
        confusion.set_header(std::iter::once("label \\ prediction".into()).chain(all.clone().map(name)));
        for (k, row) in evaluation.confusion.iter().enumerate() {
            confusion.add_row(std::iter::once(name(k)).chain(row.iter().map(u64::to_string)));
        }
        out.text(confusion)?;
    }
    let (accuracy, loss) = (percent(evaluation.accuracy), evaluation.loss);
    out.text(format!("accuracy {accuracy}, loss {loss:.4}, {} images", evaluation.images))
}
