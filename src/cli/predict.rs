//! `dann predict`

use super::eval::{DomainArg, image_size};
use super::gpu::GpuArgs;
use super::output::{Output, percent, table};
use clap::Args;
use dann::data;
use dann::train::{Evaluator, RunDirectory, argmax, softmax};
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann predict --run runs/first digit.png
  dann predict --run runs/first --json photos/*.jpg

Images of any size are centre-cropped or padded to the model's; PNG, JPEG, BMP and WebP are read.")]
pub struct PredictArgs {
    /// The directory of a finished run
    #[arg(long, value_name = "RUN_DIR")]
    run: PathBuf,
    /// The images to classify
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Whose input normalisation applies, where a model has one for each domain
    #[arg(long, value_enum, default_value_t = DomainArg::Target)]
    domain: DomainArg,
    #[command(flatten)]
    gpu: GpuArgs,
}

pub fn run(args: &PredictArgs, out: &Output) -> anyhow::Result<()> {
    let checkpoint = RunDirectory::checkpoint(&args.run)?;
    let images = data::load_image_files(&args.images, image_size(&checkpoint))?;
    let model = checkpoint.model(&args.gpu.open()?)?;
    let evaluator = Evaluator::new(&model, &images, args.domain.normalization(&checkpoint))?;
    let logits = evaluator.logits()?;
    let rows = logits.chunks(logits.len() / images.len());
    let mut lines = Vec::new();
    for (file, row) in args.images.iter().zip(rows) {
        let best = argmax(row);
        let class = checkpoint.classes.get(best).cloned().unwrap_or_else(|| best.to_string());
        let probabilities = softmax(row);
        out.json(&serde_json::json!({
            "file": file,
            "class": class,
            "probability": probabilities[best],
            "probabilities": probabilities,
        }))?;
        lines.push([file.display().to_string(), class, percent(probabilities[best])]);
    }
    out.text(table(["file", "class", "probability"], lines))
}
