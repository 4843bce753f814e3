//! Makes synthetic digits: a training and a test part of pictures that each have random numbers to themselves.

use super::fonts::{self, Font};
use super::{CLASSES, DIRECTORY, picture};
use crate::data::Part;
use crate::data::Progress;
use crate::data::making::{self, file_name, write_png};
use crate::data::staging::Staging;
use crate::data::task::Task;
use crate::error::{Error, Result};
use crate::rng;
use rand::RngExt;
use rayon::prelude::*;
use std::fs;
use std::path::Path;

/// What synthetic digits are to be made of.
#[derive(Clone, Copy, Debug)]
pub struct SynDigits<'a> {
    /// A directory with fonts (ttf, otf) in it or below it; those that come with the program where it is `None`.
    pub fonts: Option<&'a Path>,
    /// The directory that `syn_digits` is made in.
    pub out: &'a Path,
    /// How many training images there are to be, ten or more.
    pub train: usize,
    /// How many test images there are to be, ten or more.
    pub test: usize,
    /// Decides everything random.
    pub seed: u64,
}

/// What synthetic digits were made of; written next to them as `source.json`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct SynDigitsSummary {
    /// The file names of the fonts that both parts were drawn with.
    pub fonts: Vec<String>,
    /// The seed that they were made with.
    pub seed: u64,
    /// How many training images there are.
    pub train: usize,
    /// How many test images there are.
    pub test: usize,
}

/// Makes `syn_digits` in [`SynDigits::out`], which must not have one yet: PNG files of 32×32 pixels in colour, in
/// `train` and `test` with a folder for each digit, as many of one digit as of another or one more.
///
/// It appears whole or not at all, and its bytes depend on the fonts, the numbers and the seed alone.
///
/// # Errors
/// [`Error::TooFewImages`] naming the part with less than ten images; [`Error::Input`] naming a directory without
/// fonts, a font that cannot be read or lacks a digit, or an earlier data set; [`Error::Io`] naming what cannot be
/// read or written.
pub fn make_syn_digits(options: &SynDigits, progress: &dyn Progress) -> Result<SynDigitsSummary> {
    let parts = [(Part::Train, options.train), (Part::Test, options.test)];
    parts.iter().try_for_each(|&(part, count)| check_count(part, count))?;
    let goal = options.out.join(DIRECTORY);
    making::check_vacant(&goal)?;
    let fonts = fonts::load(options.fonts)?;
    let staging = Staging::in_directory(options.out)?;
    let unfinished = staging.directory(DIRECTORY)?;
    for (part, count) in parts {
        make_part(part, count, &fonts, options.seed, &unfinished.join(part.name()), progress)?;
    }
    let summary = SynDigitsSummary {
        fonts: fonts.into_iter().map(|font| font.name).collect(),
        seed: options.seed,
        train: options.train,
        test: options.test,
    };
    making::write_summary(&unfinished, &summary)?;
    staging.publish(DIRECTORY, &goal)?;
    Ok(summary)
}

/// Fails where not every digit gets an image.
fn check_count(part: Part, count: usize) -> Result<()> {
    if count >= CLASSES {
        return Ok(());
    }
    Err(Error::TooFewImages { part: part.name(), least: CLASSES, found: count })
}

fn make_part(
    part: Part,
    count: usize,
    fonts: &[Font],
    seed: u64,
    directory: &Path,
    progress: &dyn Progress,
) -> Result<()> {
    for class in 0..CLASSES {
        let folder = directory.join(class.to_string());
        fs::create_dir_all(&folder).map_err(Error::io(&folder, "create the directory"))?;
    }
    let what = format!("synthetic digits, {part} part");
    let task = Task::start(progress, &what, Some(count as u64));
    (0..count).into_par_iter().try_for_each(|index| {
        // A stream per file: which thread writes it, and when, cannot matter.
        let mut rng = rng::stream(seed, &format!("syn-digits/{part}/{index}"));
        let class = index % CLASSES;
        let font = &fonts[rng.random_range(0..fonts.len())];
        let pixels = picture::draw(class, font, &mut rng).ok_or_else(|| {
            Error::input(&font.name, "digits of a size that can be drawn", format!("an odd {class}"))
        })?;
        task.advance(1);
        write_png(&directory.join(class.to_string()).join(file_name(index)), &pixels)
    })
}
