//! MNIST-M as it is made here.

use crate::support::{complains, contents, size, write_colour, write_mnist};
use dann::data::{
    Backgrounds, Blend, Dataset, Labels, MnistM, MnistMSummary, NoProgress, Part, PartSummary, has_part,
    load, make_mnist_m,
};
use dann::error::Result;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use tempfile::{TempDir, tempdir};

/// How many digits either part has.
pub const COUNT: u8 = 40;

/// Digit i of the training part is a square of ink 100 + i on 4×4 pixels; its label is i modulo 10.
pub struct Workshop(TempDir);

impl Workshop {
    pub fn new() -> Self {
        Self::with_digits(|digit| {
            let ink = 100 + digit;
            [[0; 4], [0, ink, ink, 0], [0, ink, ink, 0], [0; 4]].concat()
        })
    }

    /// With other digits of 4×4 pixels, by their index.
    pub fn with_digits(digit: impl Fn(u8) -> Vec<u8>) -> Self {
        let root = tempdir().unwrap();
        let pixels: Vec<u8> = (0..COUNT).flat_map(digit).collect();
        let labels: Vec<u8> = (0..COUNT).map(|digit| digit % 10).collect();
        for part in ["train", "t10k"] {
            let lengths = [COUNT.into(), 4, 4];
            write_mnist(&root.path().join("mnist"), part, lengths, &pixels, &labels);
        }
        Self(root)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn photo(&self, name: &str, colour: [u8; 3]) {
        write_colour(&self.path("photos").join(name), 33, 34, |_, _| colour);
    }

    fn make(&self, out: &str, seed: u64) -> Result<MnistMSummary> {
        self.make_with(Blend::Difference, out, seed)
    }

    pub fn make_with(&self, blend: Blend, out: &str, seed: u64) -> Result<MnistMSummary> {
        let options = MnistM {
            mnist: &self.path("mnist"),
            photos: Some(&self.path("photos")),
            blend,
            out: &self.path(out),
            seed,
        };
        make_mnist_m(&options, &NoProgress)
    }

    pub fn load(&self, out: &str, part: Part) -> Dataset {
        load(&self.path(out), part, size(32, 32), Labels::Required).unwrap()
    }
}

/// The colour of the background, which the corner shows as no digit reaches it.
fn corner(image: &[u8]) -> [u8; 3] {
    [0, 1, 2].map(|channel| image[channel * 32 * 32])
}

#[test]
fn every_pixel_is_the_distance_of_patch_and_digit() {
    let workshop = Workshop::new();
    workshop.photo("train/a.png", [200, 120, 0]);
    workshop.photo("val/a.png", [1, 2, 3]);
    let summary = workshop.make("out", 0).unwrap();
    let part = PartSummary { images: COUNT.into(), backgrounds: 1 };
    let (blend, backgrounds) = (Blend::Difference, Backgrounds::Photos);
    let expected = MnistMSummary { blend, backgrounds, seed: 0, train: part, test: part };
    assert_eq!(summary, expected);
    let data = workshop.load("out", Part::Train);
    assert_eq!(data.shape().to_string(), "3×32×32");
    let labels = data.labels().unwrap();
    let mut order = Vec::new();
    for (index, label) in labels.iter().enumerate() {
        let image = data.image(index);
        // Blue is |0 − digit|, so it shows the ink itself in the middle.
        let ink = image[2 * 1024 + 15 * 32 + 15];
        for (position, &value) in image.iter().enumerate() {
            let [row, column] = [position % 1024 / 32, position % 32];
            let inside = (15..17).contains(&row) && (15..17).contains(&column);
            let digit = if inside { ink } else { 0 };
            let photo = [200u8, 120, 0][position / 1024];
            assert_eq!(value, photo.abs_diff(digit), "image {index} at {position}");
        }
        assert_eq!(*label, u16::from((ink - 100) % 10), "image {index}");
        order.push(ink - 100);
    }
    let sorted: Vec<u8> = (0..COUNT).collect();
    assert_ne!(order, sorted, "not shuffled");
    order.sort_unstable();
    assert_eq!(order, sorted);
}

#[test]
fn patches_are_cut_from_anywhere_in_the_photo_and_are_whole() {
    let workshop = Workshop::new();
    let place = |x: u32, y: u32| [x as u8, y as u8, 0];
    write_colour(&workshop.path("photos/train/a.png"), 34, 33, place);
    workshop.photo("val/a.png", [1, 2, 3]);
    workshop.make("out", 0).unwrap();
    let data = workshop.load("out", Part::Train);
    let mut places = HashSet::new();
    for index in 0..data.len() {
        let image = data.image(index);
        let [left, top, _] = corner(image);
        places.insert([left, top]);
        for position in (0..1024).filter(|position| image[2048 + position] == 0) {
            assert_eq!(usize::from(image[position] - left), position % 32);
            assert_eq!(usize::from(image[1024 + position] - top), position / 32);
        }
    }
    // All 3 × 2 places that a patch of 32×32 has in this photo.
    assert_eq!(places.len(), 6, "{places:?}");
    assert!(places.contains(&[2, 1]), "{places:?}");
}

#[test]
fn the_seed_alone_decides_whatever_the_number_of_threads() {
    let workshop = Workshop::new();
    for name in 0..6u8 {
        workshop.photo(&format!("{name}.png"), [40 * name, 7, 9]);
    }
    for (threads, out) in [(1, "one"), (4, "four")] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| workshop.make(out, 3)).unwrap();
    }
    workshop.make("other", 4).unwrap();
    let made = |out| contents(&workshop.path(out));
    assert_eq!(made("one").len(), 2 * usize::from(COUNT) + 3);
    assert!(made("one") == made("four"), "threads matter");
    let list = |out| workshop.load(out, Part::Train).labels().map(<[u16]>::to_vec);
    assert_ne!(list("one"), list("other"));
    assert_ne!(workshop.load("one", Part::Train).images(), workshop.load("other", Part::Train).images());
    // Neither does the test part repeat the draws of the training part, whose digits are the same here.
    assert_ne!(list("one"), workshop.load("one", Part::Test).labels().map(<[u16]>::to_vec));
}

#[test]
fn no_photo_serves_both_parts() {
    let workshop = Workshop::new();
    for name in 0..6u8 {
        workshop.photo(&format!("{name}.png"), [40 * name, 7, 9]);
    }
    let mut splits = HashSet::new();
    for seed in 0..5 {
        let out = format!("out{seed}");
        let summary = workshop.make(&out, seed).unwrap();
        assert_eq!([summary.train.backgrounds, summary.test.backgrounds], [4, 2]);
        let [train, test] = [Part::Train, Part::Test].map(|part| {
            let data = workshop.load(&out, part);
            (0..data.len()).map(|index| corner(data.image(index))).collect::<HashSet<_>>()
        });
        assert_eq!([train.len(), test.len()], [4, 2]);
        assert!(train.is_disjoint(&test), "{train:?} and {test:?}");
        let mut test: Vec<_> = test.into_iter().collect();
        test.sort_unstable();
        splits.insert(test);
    }
    assert!(splits.len() > 1, "the split ignores the seed");
}

#[test]
fn unfit_photos_are_told_and_leave_nothing_behind() {
    let refused = |prepare: &dyn Fn(&Workshop), parts: &[&str]| {
        let workshop = Workshop::new();
        fs::create_dir(workshop.path("photos")).unwrap();
        prepare(&workshop);
        complains(workshop.make("out", 0), parts);
        let out = workshop.path("out");
        assert!(!out.exists() || fs::read_dir(out).unwrap().next().is_none());
    };
    refused(&|_| {}, &["photos: ", "two at the least", "found 0 for train and 0 for test"]);
    refused(&|workshop| workshop.photo("a.png", [0; 3]), &["two at the least", "found"]);
    let twins = |workshop: &Workshop| {
        workshop.photo("train/a.png", [5; 3]);
        workshop.photo("test/b.png", [5; 3]);
    };
    refused(&twins, &["b.png", "only the test part", "the same image as", "a.png"]);
    let small = |workshop: &Workshop| {
        workshop.photo("train/a.png", [5; 3]);
        write_colour(&workshop.path("photos/val/small.png"), 40, 31, |_, _| [1; 3]);
    };
    refused(&small, &["small.png", "at least 32×32", "found 31×40"]);
    let broken = |workshop: &Workshop| {
        workshop.photo("a.png", [5; 3]);
        fs::write(workshop.path("photos/b.png"), "no photo").unwrap();
    };
    refused(&broken, &["b.png", "an image that can be decoded"]);
    let coloured = |workshop: &Workshop| {
        workshop.photo("a.png", [5; 3]);
        workshop.photo("b.png", [6; 3]);
        fs::remove_dir_all(workshop.path("mnist")).unwrap();
        write_colour(&workshop.path("mnist/7/a.png"), 28, 28, |_, _| [1, 2, 3]);
    };
    refused(&coloured, &["mnist: ", "grey images of digits", "found colour"]);
}

#[test]
fn an_earlier_data_set_is_not_overwritten() {
    let workshop = Workshop::new();
    workshop.photo("train/a.png", [5; 3]);
    workshop.photo("val/a.png", [6; 3]);
    workshop.make("out", 0).unwrap();
    let before = contents(&workshop.path("out"));
    complains(workshop.make("out", 1), &["mnist_m: ", "nothing there yet", "an earlier data set"]);
    assert!(before == contents(&workshop.path("out")));
}

#[test]
fn backgrounds_are_drawn_where_there_are_no_photos() {
    let workshop = Workshop::new();
    let (mnist, out) = (workshop.path("mnist"), workshop.path("out"));
    let options = MnistM { mnist: &mnist, photos: None, blend: Blend::default(), out: &out, seed: 11 };
    let summary = make_mnist_m(&options, &NoProgress).unwrap();
    assert_eq!(summary.backgrounds, Backgrounds::Procedural);
    assert_eq!([summary.train.backgrounds, summary.test.backgrounds], [200, 100]);
    let source = fs::read_to_string(workshop.path("out/mnist_m/source.json")).unwrap();
    let source: serde_json::Value = serde_json::from_str(&source).unwrap();
    assert_eq!(source["backgrounds"], "procedural");
    assert_eq!(source["seed"], 11);
    assert_eq!(source["train"]["images"], COUNT);
    for part in [Part::Train, Part::Test] {
        assert!(has_part(&workshop.path("out"), part).unwrap());
        let data = workshop.load("out", part);
        let corners: HashSet<_> = (0..data.len()).map(|index| corner(data.image(index))).collect();
        assert!(corners.len() > data.len() / 2, "backgrounds repeat: {corners:?}");
    }
}
