//! `dann export`

use super::eval::DomainArg;
use super::output::Output;
use clap::{Args, ValueEnum};
use dann::export::{onnx, pytorch};
use dann::train::RunDirectory;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann export --run runs/first --format onnx --out first.onnx
  dann export --run runs/first --format safetensors --out first.safetensors

An ONNX file takes the bytes of images, (N, C, H, W), and holds the normalisation itself; its metadata name the classes and say
how pictures of other sizes come to the model's, as examples/onnx/predict.py does it. A safetensors file is the state dict of
the PyTorch module that examples/pytorch/dann_module.py builds; a backbone's tensors have the names of its own library.")]
pub struct ExportArgs {
    /// The directory of a finished run, or a checkpoint
    #[arg(long, value_name = "RUN_DIR|FILE")]
    run: PathBuf,
    /// What to write
    #[arg(long, value_enum)]
    format: Format,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Which domain's normalisation (in batch norm and, for ONNX, of the input) to write, if the model has one for each
    #[arg(long, value_enum, default_value_t = DomainArg::Target)]
    domain: DomainArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// Names, layouts and values as PyTorch's load_state_dict takes them
    Safetensors,
    /// The whole network with its normalisation
    Onnx,
}

pub fn run(args: &ExportArgs, out: &Output) -> anyhow::Result<()> {
    let checkpoint = RunDirectory::checkpoint(&args.run)?;
    match args.format {
        Format::Safetensors => pytorch::write(&checkpoint, args.domain.into(), &args.out)?,
        Format::Onnx => onnx::write(&checkpoint, args.domain.into(), &args.out)?,
    }
    out.json(&serde_json::json!({ "run": args.run, "file": args.out }))?;
    out.text(format!("the model of {} is in {}", args.run.display(), args.out.display()))
}
