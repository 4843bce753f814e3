//! `dann predict`

mod opinion;
mod printer;

use super::eval::DomainArg;
use super::gpu::GpuArgs;
use super::inputs::{Input, inputs};
use super::output::{Output, bar, wrapped};
use clap::{Args, ValueEnum};
use dann::data::{self, Fit, Fitted, PictureSize};
use dann::error::Result;
use dann::train::{Checkpoint, Inspector, RunDirectory};
use opinion::Opinion;
use printer::Printer;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann predict --run runs/first digit.png
  dann predict --run runs/first photos 'more/*.jpg' --explain
  dann predict --run runs/first photos --format csv --probabilities > predictions.csv
  find photos -name '*.png' | dann predict --run runs/first -

Images are JPEG, PNG, WebP, GIF, TIFF or BMP of any size and colour mode, found by content; turned ones are put upright, and
transparent ones are laid on white. What cannot be read is named on stderr, and the exit code is 1 unless --skip-bad is given.")]
pub struct PredictArgs {
    /// The directory of a finished run, or a checkpoint
    #[arg(long, value_name = "RUN_DIR|FILE")]
    run: PathBuf,
    /// Files, folders (with what lies below them), quoted patterns; - reads one image, or names, from stdin
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// How results are printed; --json stands for json
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Show the three likeliest classes and which domain the domain classifier takes each image for
    #[arg(long)]
    explain: bool,
    /// Give the probability of every class by its name: in JSON as the object by_class, in CSV as a column p(CLASS) each
    #[arg(long)]
    probabilities: bool,
    /// List on stderr what cannot be read, and succeed if anything else could be read
    #[arg(long)]
    skip_bad: bool,
    /// How images of other sizes come to the model's [default: as in training]
    #[arg(long, value_enum)]
    fit: Option<FitArg>,
    /// Which domain's normalisation (of the input, in batch norm) to use, if the model has one for each
    #[arg(long, value_enum, default_value_t = DomainArg::Target)]
    domain: DomainArg,
    #[command(flatten)]
    gpu: GpuArgs,
}

/// How results are printed.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object a line
    Json,
    /// Comma-separated, with a header
    Csv,
}

#[derive(Clone, Copy, ValueEnum)]
enum FitArg {
    /// All of the image, each side scaled
    Resize,
    /// The middle of the image, scaled only where it would not cover
    Crop,
    /// All of the image in the middle of black, scaled only where it would not fit in
    Pad,
    /// The middle of the image, scaled until it just covers
    Scale,
    /// Never scaled: larger ones lose their edges, smaller ones are centred on black
    Centre,
}

pub fn run(args: &PredictArgs, out: &Output) -> anyhow::Result<()> {
    let checkpoint = RunDirectory::checkpoint(&args.run)?;
    let format = if out.is_json() { Format::Json } else { args.format };
    let no_room = "--probabilities: expected --format csv, --format json or --json beside it, found a table";
    anyhow::ensure!(!(args.probabilities && format == Format::Table), no_room);
    let images = inputs(&args.images)?;
    let size = args.size(&checkpoint);
    let model = checkpoint.model(&args.gpu.open()?)?;
    let inspector = Inspector::for_images(&model, images.len(), size.channels, args.domain.into())?;
    // Stands above the first results, if there are any. No header is read for what nobody gets to see.
    let mut introduction = match format {
        Format::Table if out.remarks() => Some(introduction(&images, size, &checkpoint)?),
        _ => None,
    };
    let mut printer = Printer::new(format, args.explain, args.by_class(&checkpoint)?);
    let bar = bar(images.len() as u64, "{pos}/{len} images [{wide_bar}]  {eta} left");
    let mut unread = 0;
    // One batch at a time: memory does not grow with the number of images.
    for batch in images.chunks(inspector.rows()) {
        let decoded: Vec<Result<Vec<u8>>> = batch.par_iter().map(|input| decode(input, size)).collect();
        let mut readable = Vec::new();
        for (input, pixels) in batch.iter().zip(decoded) {
            match pixels {
                Ok(pixels) => readable.push((input, pixels)),
                Err(e) => {
                    unread += 1;
                    bar.suspend(|| log::error!("{e}"));
                }
            }
        }
        if !readable.is_empty() {
            let bytes: Vec<u8> = readable.iter().flat_map(|(_, pixels)| pixels).copied().collect();
            let inspection = inspector.inspect(&bytes)?;
            let names = readable.iter().map(|(input, _)| input.name());
            let opinions = Opinion::all(&checkpoint, &inspection, names);
            let words = introduction.take();
            bar.suspend(|| {
                words.map_or(Ok(()), |words| out.remark(wrapped(&words)))?;
                printer.print(&opinions)
            })?;
        }
        bar.inc(batch.len() as u64);
    }
    bar.finish_and_clear();
    let words = format!("{unread} of {} images could not be read", images.len());
    anyhow::ensure!(unread == 0 || (args.skip_bad && unread < images.len()), words);
    if unread > 0 {
        log::warn!("{words}");
    }
    Ok(())
}

/// How many images there are, of which sizes, and what is done to them. Only their headers are read for it.
fn introduction(images: &[Input], size: PictureSize, checkpoint: &Checkpoint) -> Result<String> {
    let header = |input: &Input| match input {
        Input::File(path) => data::picture_size(path),
        Input::Bytes(bytes) => data::decoded_size(bytes),
    };
    let sizes: Vec<_> = images.par_iter().filter_map(header).collect();
    let unread = match images.len() - sizes.len() {
        0 => String::new(),
        unread => format!("; {unread} more cannot be read"),
    };
    let classes: Vec<String> = (0..checkpoint.config.model.classes()?).map(|k| checkpoint.class(k)).collect();
    Ok(format!("{}, for {}{unread}", Fitted::new(size.frame, sizes), data::named(&classes)))
}

fn decode(input: &Input, size: PictureSize) -> Result<Vec<u8>> {
    match input {
        Input::File(path) => data::read_picture(path, size),
        Input::Bytes(bytes) => data::decode_picture(Path::new(&input.name()), bytes, size),
    }
}

impl From<FitArg> for Fit {
    fn from(fit: FitArg) -> Self {
        match fit {
            FitArg::Resize => Self::Resize,
            FitArg::Crop => Self::Crop,
            FitArg::Pad => Self::Pad,
            FitArg::Scale => Self::Scale,
            FitArg::Centre => Self::Centre,
        }
    }
}

impl PredictArgs {
    /// The names of the classes, if each is to be told apart.
    fn by_class(&self, checkpoint: &Checkpoint) -> Result<Option<Vec<String>>> {
        let count = checkpoint.config.model.classes()?;
        Ok(self.probabilities.then(|| (0..count).map(|k| checkpoint.class(k)).collect()))
    }

    fn size(&self, checkpoint: &Checkpoint) -> PictureSize {
        let input = &checkpoint.config.model.input;
        // A model of another number of channels sees the same grey image in each.
        let channels = if input.channels == 3 { 3 } else { 1 };
        let frame = self.fit.map_or(input.frame(), |fit| input.frame().fit(fit.into()));
        PictureSize { channels, frame }
    }
}
