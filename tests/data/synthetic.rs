//! Synthetic digits.

use crate::support::{complains, contents, size};
use dann::data::{Dataset, Labels, NoProgress, Part, SynDigits, SynDigitsSummary, load, make_syn_digits};
use dann::error::Result;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

/// Pixels of an image.
const PLANE: usize = 32 * 32;

struct Workshop(TempDir);

impl Workshop {
    fn new() -> Self {
        Self(tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write_font(&self, name: &str, bytes: &[u8]) {
        let path = self.path("fonts").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn make(&self, out: &str, [train, test]: [usize; 2], seed: u64) -> Result<SynDigitsSummary> {
        let fonts = Some(self.path("fonts")).filter(|path| path.exists());
        let options = SynDigits { fonts: fonts.as_deref(), out: &self.path(out), train, test, seed };
        make_syn_digits(&options, &NoProgress)
    }

    fn load(&self, out: &str, part: Part) -> Dataset {
        load(&self.path(out).join("syn_digits"), part, size(32, 32), Labels::Required).unwrap()
    }
}

/// Rec. 601 luma of each pixel of image `index`.
fn luma(data: &Dataset, index: usize) -> Vec<f32> {
    let image = data.image(index);
    let weigh = |at: usize| {
        [0.299, 0.587, 0.114].iter().enumerate().map(move |(c, w)| w * f32::from(image[c * PLANE + at]))
    };
    (0..PLANE).map(|at| weigh(at).sum()).collect()
}

/// How far each pixel's luma is from the image's median, less the mean of that, scaled to length 1.
fn figure(luma: &[f32]) -> Vec<f32> {
    let mut sorted = luma.to_vec();
    sorted.sort_by(f32::total_cmp);
    let off: Vec<f32> = luma.iter().map(|value| (value - sorted[PLANE / 2]).abs()).collect();
    let mean = off.iter().sum::<f32>() / PLANE as f32;
    let length = off.iter().map(|value| (value - mean).powi(2)).sum::<f32>().sqrt();
    off.iter().map(|value| (value - mean) / length).collect()
}

/// The figure of `digit` as an SVG renderer sets it, out of focus.
fn numeral(digit: usize) -> Vec<f32> {
    let mut options = usvg::Options { font_family: "Ubuntu".to_owned(), ..Default::default() };
    options.fontdb_mut().load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    let text = format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='32' height='32'>\
        <filter id='blur'><feGaussianBlur stdDeviation='1.5'/></filter>\
        <text x='16' y='25' font-size='26' font-weight='300' text-anchor='middle' filter='url(#blur)'>{digit}</text></svg>"
    );
    let tree = usvg::Tree::from_str(&text, &options).unwrap();
    let mut canvas = Pixmap::new(32, 32).unwrap();
    resvg::render(&tree, Transform::identity(), &mut canvas.as_mut());
    figure(&canvas.pixels().iter().map(|pixel| f32::from(pixel.alpha())).collect::<Vec<_>>())
}

#[test]
fn both_parts_are_read_as_folders_and_balanced() {
    let workshop = Workshop::new();
    let summary = workshop.make("out", [67, 23], 5).unwrap();
    let fonts = ["Hack-Regular.ttf", "Ubuntu-Light.ttf"].map(str::to_owned).to_vec();
    assert_eq!(summary, SynDigitsSummary { fonts: fonts.clone(), seed: 5, train: 67, test: 23 });
    let source = fs::read_to_string(workshop.path("out/syn_digits/source.json")).unwrap();
    let expected = serde_json::json!({ "fonts": fonts, "seed": 5, "train": 67, "test": 23 });
    assert_eq!(serde_json::from_str::<serde_json::Value>(&source).unwrap(), expected);
    for (part, count) in [(Part::Train, 67), (Part::Test, 23)] {
        let data = workshop.load("out", part);
        assert_eq!((data.len(), data.shape().to_string()), (count, "3×32×32".to_owned()));
        assert_eq!(data.classes(), ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
        let labels = data.labels().unwrap();
        for class in 0..10 {
            let number = labels.iter().filter(|label| **label == class).count();
            assert!([count / 10, count / 10 + 1].contains(&number), "{part}: {number} of {class}");
        }
    }
}

#[test]
fn the_seed_alone_decides_whatever_the_number_of_threads() {
    let workshop = Workshop::new();
    for (threads, out) in [(1, "one"), (4, "four")] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| workshop.make(out, [50, 50], 3)).unwrap();
    }
    workshop.make("other", [50, 50], 4).unwrap();
    assert_eq!(contents(&workshop.path("one")).len(), 101);
    assert!(contents(&workshop.path("one")) == contents(&workshop.path("four")), "threads matter");
    let images = |out, part| {
        let data = workshop.load(out, part);
        (0..data.len()).map(|index| data.image(index).to_vec()).collect::<Vec<_>>()
    };
    let train = images("one", Part::Train);
    for image in images("one", Part::Test).iter().chain(&images("other", Part::Train)) {
        assert!(!train.contains(image), "an image is drawn twice");
    }
}

#[test]
fn more_images_leave_the_first_as_they_are() {
    let workshop = Workshop::new();
    workshop.make("few", [20, 10], 0).unwrap();
    workshop.make("many", [40, 30], 0).unwrap();
    let (few, many) = (contents(&workshop.path("few")), contents(&workshop.path("many")));
    for (path, bytes) in few.iter().filter(|(path, _)| !path.ends_with("source.json")) {
        assert!(many[path] == *bytes, "{}", path.display());
    }
}

/// Blurred, thin digits lose part of the 80 steps of luma that their colours are apart.
#[test]
fn every_digit_stands_out_from_its_background() {
    let workshop = Workshop::new();
    workshop.make("out", [500, 10], 1).unwrap();
    let data = workshop.load("out", Part::Train);
    for index in 0..data.len() {
        // The digit lies within the middle 28×28.
        let luma = luma(&data, index);
        let inside = (0..PLANE).filter(|at| [at / 32, at % 32].iter().all(|place| (2..30).contains(place)));
        let inside: Vec<f32> = inside.map(|at| luma[at]).collect();
        let most = inside.iter().copied().fold(0.0, f32::max);
        let least = inside.iter().copied().fold(255.0, f32::min);
        assert!(most - least >= 40.0, "image {index}: luma from {least} to {most}");
    }
}

/// Comparing with an upright numeral out of focus is a poor judge of digits in all places and forms, but one guess in
/// ten would be right by chance.
#[test]
fn labels_tell_which_digit_is_in_the_middle() {
    let workshop = Workshop::new();
    workshop.make("out", [10, 1000], 2).unwrap();
    let numerals: Vec<_> = (0..10).map(numeral).collect();
    let data = workshop.load("out", Part::Test);
    let mut right = [0; 10];
    for (index, label) in data.labels().unwrap().iter().enumerate() {
        let figure = figure(&luma(&data, index));
        let fit = |digit: &usize| numerals[*digit].iter().zip(&figure).map(|(a, b)| a * b).sum::<f32>();
        let guess = (0..10).max_by(|a, b| fit(a).total_cmp(&fit(b))).unwrap();
        right[usize::from(*label)] += usize::from(guess == usize::from(*label));
    }
    assert!(right.iter().sum::<usize>() > 200, "of 100 each: {right:?}");
}

#[test]
fn fonts_of_ones_own_are_found_in_folders_and_used() {
    let workshop = Workshop::new();
    workshop.make("built-in", [10, 10], 0).unwrap();
    workshop.write_font("b/light.TTF", epaint_default_fonts::UBUNTU_LIGHT);
    workshop.write_font("a.otf", epaint_default_fonts::HACK_REGULAR);
    workshop.write_font("licence.txt", b"no font");
    assert_eq!(workshop.make("same", [10, 10], 0).unwrap().fonts, ["a.otf", "light.TTF"]);
    let images = |out: &str| contents(&workshop.path(out).join("syn_digits/train"));
    assert!(images("built-in") == images("same"));
    fs::remove_file(workshop.path("fonts/a.otf")).unwrap();
    assert_eq!(workshop.make("one", [10, 10], 0).unwrap().fonts, ["light.TTF"]);
    assert!(images("one") != images("same"));
}

#[test]
fn unfit_fonts_and_numbers_are_told_and_leave_nothing_behind() {
    let refused = |prepare: &dyn Fn(&Workshop), numbers: [usize; 2], parts: &[&str]| {
        let workshop = Workshop::new();
        prepare(&workshop);
        complains(workshop.make("out", numbers, 0), parts);
        assert!(!workshop.path("out").exists());
    };
    let empty = |workshop: &Workshop| fs::create_dir(workshop.path("fonts")).unwrap();
    refused(&empty, [10; 2], &["fonts: expected fonts (ttf, otf), found none"]);
    let file = |workshop: &Workshop| fs::write(workshop.path("fonts"), "").unwrap();
    refused(&file, [10; 2], &["fonts: cannot list: "]);
    let broken = |workshop: &Workshop| workshop.write_font("a/broken.ttf", b"no font");
    refused(&broken, [10; 2], &["broken.ttf: expected a font that can be read, found "]);
    let logos = |workshop: &Workshop| {
        workshop.write_font("a.ttf", epaint_default_fonts::HACK_REGULAR);
        workshop.write_font("logos.ttf", epaint_default_fonts::EGUI_ICONS);
    };
    refused(
        &logos,
        [10; 2],
        &["logos.ttf: expected a font with outlines of the digits 0 to 9, found none of 0"],
    );
    refused(&|_| {}, [9, 10], &["train part: expected at least 10 images, one of each class, found 9"]);
    refused(&|_| {}, [10, 0], &["test part: expected at least 10 images, one of each class, found 0"]);
}

#[test]
fn an_earlier_data_set_is_not_overwritten() {
    let workshop = Workshop::new();
    workshop.make("out", [10, 10], 0).unwrap();
    let before = contents(&workshop.path("out"));
    complains(
        workshop.make("out", [10, 10], 1),
        &["syn_digits: ", "nothing there yet", "an earlier data set"],
    );
    assert!(before == contents(&workshop.path("out")));
}

#[test]
fn nothing_unfinished_lies_beside_the_data_set() {
    let workshop = Workshop::new();
    workshop.make("out", [10, 10], 0).unwrap();
    let names: Vec<_> =
        fs::read_dir(workshop.path("out")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [Path::new("syn_digits")]);
}
