//! `dann import`

use super::hint::{Hint as _, is_taken};
use super::output::Output;
use clap::{ArgGroup, Args};
use dann::error::Error;
use dann::export::pytorch::{self, StateDict};
use dann::train::{Checkpoint, Config, RunDirectory};
use std::path::PathBuf;

#[derive(Args)]
#[command(
    group(ArgGroup::new("recipe").args(["config", "preset", "like"])),
    after_help = "\
Examples:
  dann import trained.safetensors --like runs/first --out runs/from-torch
  dann import trained.safetensors --config my.toml --classes cat,dog --out runs/from-torch

The file is a state dict with the names of `dann export --format safetensors`, in f32, f16, bf16 or f64. Where it
still has the metadata of that command, no recipe is needed."
)]
pub struct ImportArgs {
    /// The safetensors file
    file: PathBuf,
    /// The directory that becomes a run, new or empty
    #[arg(long, value_name = "RUN_DIR")]
    out: PathBuf,
    /// The recipe that describes the network: a TOML file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The recipe that describes the network: one that comes with the program
    #[arg(long)]
    preset: Option<String>,
    /// The run whose network, classes and recipe it has
    #[arg(long, value_name = "RUN_DIR")]
    like: Option<PathBuf>,
    /// The names of the classes in the order of the logits, with commas between them
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    classes: Vec<String>,
}

pub fn run(args: &ImportArgs, out: &Output) -> anyhow::Result<()> {
    RunDirectory::vacant(&args.out).hint_if(is_taken, "--out NEW_DIR names another directory")?;
    let StateDict { values, metadata, .. } = pytorch::read(&args.file)?;
    let (config, classes, step) = args.description(metadata.as_deref())?;
    let classes = if args.classes.is_empty() { classes } else { args.classes.clone() };
    let checkpoint = Checkpoint::from_values(&config, &classes, step, values)
        .map_err(|e| e.within(args.file.display()))?;
    RunDirectory::create(&args.out, &config, &format!("Imported from {}", args.file.display()))?
        .keep(&checkpoint)?;
    let tensors = checkpoint.values().len();
    out.json(&serde_json::json!({ "file": args.file, "directory": args.out, "tensors": tensors }))?;
    out.text(format!("{tensors} tensors of {} are in {}", args.file.display(), args.out.display()))
}

impl ImportArgs {
    /// The recipe with the classes that the file itself names, if it names as many as the recipe has.
    fn described_by(
        &self,
        config: Config,
        metadata: Option<&str>,
    ) -> anyhow::Result<(Config, Vec<String>, u64)> {
        let described = metadata.and_then(|metadata| Checkpoint::describe(&self.file, metadata).ok());
        let outputs = config.model.classes()?;
        let classes = described.map(|described| described.classes).filter(|names| names.len() == outputs);
        Ok((config, classes.unwrap_or_default(), 0))
    }

    /// Recipe, classes and steps: from the flags, else from the file's own metadata.
    fn description(&self, metadata: Option<&str>) -> anyhow::Result<(Config, Vec<String>, u64)> {
        Ok(match (&self.config, &self.preset, &self.like, metadata) {
            (Some(file), ..) => self.described_by(Config::read(file)?, metadata)?,
            (_, Some(preset), ..) => self.described_by(Config::preset(preset)?, metadata)?,
            (_, _, Some(run), _) => {
                let like = RunDirectory::checkpoint(run)?;
                (like.config, like.classes, 0)
            }
            (.., Some(metadata)) => {
                let described = Checkpoint::describe(&self.file, metadata)?;
                (described.config, described.classes, described.step)
            }
            (.., None) => {
                let expected = "--like RUN_DIR, --config FILE or --preset NAME to describe the network";
                return Err(Error::file(&self.file, expected, "no description in the file").into());
            }
        })
    }
}
