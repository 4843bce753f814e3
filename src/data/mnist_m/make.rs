//! Makes MNIST-M: every digit of MNIST, laid over a random patch of a random background.

use super::blend::Blend;
use super::dead_leaves;
use super::photos::PhotoFiles;
use crate::data::Progress;
use crate::data::making::{self, SIDE, file_name, write_png};
use crate::data::released::{DIRECTORY, images_name, list_name};
use crate::data::staging::Staging;
use crate::data::task::Task;
use crate::data::{Dataset, Labels, Part, layout, order};
use crate::error::{Error, Result};
use crate::rng::{self, Rng};
use crate::shape::{Fit, Frame};
use image::RgbImage;
use rand::RngExt;
use rayon::prelude::*;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// What MNIST-M is to be made of.
#[derive(Clone, Copy, Debug)]
pub struct MnistM<'a> {
    /// The directory with MNIST.
    pub mnist: &'a Path,
    /// The directory with the photos, in `train` and `val` (or `test`) or to be split; backgrounds are
    /// drawn by the machine where it is `None`.
    pub photos: Option<&'a Path>,
    /// How digits are laid over photos.
    pub blend: Blend,
    /// The directory that `mnist_m` is made in.
    pub out: &'a Path,
    /// Decides everything random.
    pub seed: u64,
}

/// What MNIST-M was made of; written next to it as `source.json`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct MnistMSummary {
    /// How digits were laid over photos. Data sets made before there was a choice do not say it: theirs is
    /// [`Blend::Difference`].
    pub blend: Blend,
    /// What the digits lie on.
    pub backgrounds: Backgrounds,
    /// The seed that it was made with.
    pub seed: u64,
    /// The training part.
    pub train: PartSummary,
    /// The test part.
    pub test: PartSummary,
}

/// What the digits lie on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backgrounds {
    /// Patches of photos.
    Photos,
    /// Patches of drawn scenes with the statistics of photos.
    Procedural,
}

/// How much there is of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PartSummary {
    /// How many images.
    pub images: usize,
    /// How many photos or drawn scenes they were cut from; none of them serves the other part.
    pub backgrounds: usize,
}

/// Makes `mnist_m` in [`MnistM::out`], which must not have one yet, in the layout of the release.
///
/// It appears whole or not at all, and its bytes depend on the inputs and the seed alone.
pub fn make_mnist_m(options: &MnistM, progress: &dyn Progress) -> Result<MnistMSummary> {
    let goal = options.out.join(DIRECTORY);
    making::check_vacant(&goal)?;
    let photos = options.photos.map(|path| PhotoFiles::find(path, options.seed));
    let photos = photos.transpose()?;
    let staging = Staging::in_directory(options.out)?;
    let unfinished = staging.directory(DIRECTORY)?;
    let make = |part| make_part(options, photos.as_ref(), part, &unfinished, progress);
    let summary = MnistMSummary {
        blend: options.blend,
        backgrounds: match photos {
            Some(_) => Backgrounds::Photos,
            None => Backgrounds::Procedural,
        },
        seed: options.seed,
        train: make(Part::Train)?,
        test: make(Part::Test)?,
    };
    making::write_summary(&unfinished, &summary)?;
    staging.publish(DIRECTORY, &goal)?;
    Ok(summary)
}

fn make_part(
    options: &MnistM,
    photos: Option<&PhotoFiles>,
    part: Part,
    directory: &Path,
    progress: &dyn Progress,
) -> Result<PartSummary> {
    let (digits, labels) = load_digits(options.mnist, part)?;
    let scenes = match photos {
        Some(photos) => photos.decode(part, SIDE as u32)?,
        None => dead_leaves::scenes(part, options.seed, progress),
    };
    let order = order_of(options, part, digits.len());
    let images = directory.join(images_name(part));
    fs::create_dir(&images).map_err(Error::io(&images, "create the directory"))?;
    let what = format!("MNIST-M, {part} part");
    let task = Task::start(progress, &what, Some(order.len() as u64));
    order.par_iter().enumerate().try_for_each(|(index, &digit)| {
        // A stream per file: which thread writes it, and when, cannot matter.
        let mut rng = rng::stream(options.seed, &format!("mnist-m/{part}/{index}"));
        let pixels = laid_over(digits.image(digit as usize), options.blend, &scenes, &mut rng);
        task.advance(1);
        write_png(&images.join(file_name(index)), &pixels)
    })?;
    write_list(&directory.join(list_name(part)), &order, &labels)?;
    Ok(PartSummary { images: order.len(), backgrounds: scenes.len() })
}

/// Which digit each image shows.
fn order_of(options: &MnistM, part: Part, count: usize) -> Vec<u32> {
    match options.blend {
        Blend::Invert => (0..).take(count).collect(),
        Blend::Difference => {
            let name = format!("mnist-m/{part}/order");
            order::shuffled(count, &mut rng::stream(options.seed, &name))
        }
    }
}

/// The digits of `part`, centred on black, and the label of each.
fn load_digits(mnist: &Path, part: Part) -> Result<(Dataset, Vec<u16>)> {
    let frame = Frame::new(SIDE, SIDE).fit(Fit::Centre);
    let mut digits = layout::load(mnist, part, frame, Labels::Required)?;
    match digits.labels.take() {
        Some(labels) if digits.shape.channels == 1 => {
            let digit_of = digits_of(&digits)?;
            let labels = labels.iter().map(|&label| digit_of[usize::from(label)]).collect();
            Ok((digits, labels))
        }
        _ => Err(Error::file(&digits.origin, "grey images of digits", "colour")),
    }
}

/// Which digit each class is: folders tell it by their names, and not by their places, where some digits are missing.
fn digits_of(data: &Dataset) -> Result<Vec<u16>> {
    let digit = |name: &String| name.parse::<u8>().ok().filter(|digit| digit.to_string() == *name);
    let named = |name: &String| {
        let expected = "class folders called by the digit that they hold, from 0 to 9 (rename them)";
        digit(name).map(u16::from).ok_or_else(|| Error::file(&data.origin, expected, name))
    };
    data.classes.iter().map(named).collect()
}

/// `digit` on a random patch of one of `scenes`, (H, W, 3).
fn laid_over(digit: &[u8], blend: Blend, scenes: &[RgbImage], rng: &mut Rng) -> Vec<u8> {
    let scene = &scenes[rng.random_range(0..scenes.len())];
    let (width, height) = scene.dimensions();
    let left = rng.random_range(0..=width as usize - SIDE);
    let top = rng.random_range(0..=height as usize - SIDE);
    let stride = 3 * width as usize;
    digit
        .chunks_exact(SIDE)
        .zip(scene.as_raw().chunks_exact(stride).skip(top))
        .flat_map(|(digit, scene)| {
            let patch = scene[3 * left..].as_chunks::<3>().0;
            digit.iter().zip(patch)
        })
        .flat_map(|(&ink, pixel)| pixel.map(|value| blend.of(value, ink)))
        .collect()
}

fn write_list(path: &Path, order: &[u32], labels: &[u16]) -> Result<()> {
    let mut list = String::new();
    for (index, &digit) in order.iter().enumerate() {
        // Writing to a string cannot fail.
        let _ = writeln!(list, "{} {}", file_name(index), labels[digit as usize]);
    }
    fs::write(path, list).map_err(Error::io(path, "write"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The labels of one digit of each class folder.
    fn labels_of(classes: &[&str]) -> Result<Vec<u16>> {
        let root = tempfile::tempdir().expect("a directory");
        for class in classes {
            let folder = root.path().join("train").join(class);
            fs::create_dir_all(&folder).expect("a folder");
            image::GrayImage::new(4, 4).save(folder.join("1.png")).expect("a digit");
        }
        load_digits(root.path(), Part::Train).map(|(_, labels)| labels)
    }

    #[test]
    fn folders_are_the_digits_that_they_are_called_by() {
        assert_eq!(labels_of(&["3", "1", "7"]).expect("digits"), [1, 3, 7]);
        let expected =
            "train: expected class folders called by the digit that they hold, from 0 to 9 (rename them)";
        for name in ["seven", "07", "256"] {
            let error = labels_of(&["1", name]).expect_err(name).to_string();
            assert!(error.ends_with(&format!("{expected}, found {name}")), "{error}");
        }
    }
}
