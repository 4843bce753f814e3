//! One folder of class folders, divided into a training and a test part.

use crate::rng;
use rand::Rng as _;
use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// The share of each class's images that a folder without a test part sets aside as one.
///
/// Which images these are follows from the seed and from the images' names within the folder alone: every machine and every
/// file system gives the same, and an image that is added moves few others.
#[derive(Clone, Copy, Debug)]
pub struct Validation {
    /// Above 0 and below 1.
    pub share: f64,
    /// Decides which images.
    pub seed: u64,
}

impl Validation {
    fn bits(self) -> (u64, u64) {
        (self.share.to_bits(), self.seed)
    }
}

impl PartialEq for Validation {
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Eq for Validation {}

impl Hash for Validation {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bits().hash(state);
    }
}

/// Which images are set aside.
pub(super) struct Division {
    /// Whether it is, for each image.
    pub is_test: Vec<bool>,
    /// Classes of one image, which is trained on.
    single: Vec<String>,
}

impl Validation {
    /// Divides the images `paths` below `origin`, each class folder by itself; of two images or more, one at least comes to
    /// either part.
    pub(super) fn divide(self, origin: &Path, paths: &[PathBuf]) -> Division {
        let mut classes: BTreeMap<String, Vec<(u64, usize)>> = BTreeMap::new();
        for (index, path) in paths.iter().enumerate() {
            let within = path.strip_prefix(origin).unwrap_or(path);
            let names: Vec<_> = within.iter().map(|name| name.to_string_lossy()).collect();
            let place = rng::stream(self.seed, &format!("validation: {}", names.join("/"))).next_u64();
            let class = names.first().map_or(String::new(), ToString::to_string);
            classes.entry(class).or_default().push((place, index));
        }
        let mut division = Division { is_test: vec![false; paths.len()], single: Vec::new() };
        for (class, mut images) in classes {
            images.sort_unstable();
            if images.len() == 1 {
                division.single.push(class);
                continue;
            }
            let aside = (self.share * images.len() as f64).round() as usize;
            let aside = &images[..aside.clamp(1, images.len() - 1)];
            aside.iter().for_each(|&(_, index)| division.is_test[index] = true);
        }
        division
    }
}

impl Division {
    /// What was done, in words: for the training part and for the test part.
    pub(super) fn words(&self) -> [String; 2] {
        let all = self.is_test.len();
        let aside = self.is_test.iter().filter(|aside| **aside).count();
        let single = match &self.single[..] {
            [] => String::new(),
            [class] => {
                format!("; class {class} has one image, which is trained on, and none to be tested by")
            }
            classes => format!(
                "; {} classes have one image each, which is trained on, and none to be tested by ({})",
                classes.len(),
                classes.join(", ")
            ),
        };
        [
            format!("{aside} others of the folder's {all} are set aside as test part{single}"),
            format!("set aside of the folder's {all}{single}"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So many images of each class, by name.
    fn paths(counts: &[(&str, usize)]) -> Vec<PathBuf> {
        let path = |class: &str, index: usize| PathBuf::from(format!("photos/{class}/{index}.jpg"));
        counts.iter().flat_map(|&(class, count)| (0..count).map(move |index| path(class, index))).collect()
    }

    fn aside(validation: Validation, paths: &[PathBuf]) -> Vec<&PathBuf> {
        let division = validation.divide(Path::new("photos"), paths);
        let mut aside: Vec<_> =
            paths.iter().zip(division.is_test).filter(|(_, aside)| *aside).map(|(path, _)| path).collect();
        aside.sort();
        aside
    }

    #[test]
    fn every_class_gives_its_share_and_the_seed_and_the_names_decide() {
        let validation = Validation { share: 0.1, seed: 1 };
        let mut all = paths(&[("ant", 40), ("bee", 7), ("cow", 2), ("emu", 1)]);
        let first = aside(validation, &all);
        let of =
            |class: &str| first.iter().filter(|path| path.starts_with(format!("photos/{class}"))).count();
        assert_eq!(["ant", "bee", "cow", "emu"].map(of), [4, 1, 1, 0]);
        let others = all.clone();
        assert_ne!(aside(Validation { seed: 2, ..validation }, &others), first);
        let first: Vec<PathBuf> = first.into_iter().cloned().collect();
        all.reverse();
        assert_eq!(aside(validation, &all), first.iter().collect::<Vec<_>>());
        // One image more moves none of those of other classes.
        all.push("photos/bee/new.jpg".into());
        let kept = |paths: Vec<&PathBuf>| {
            paths.into_iter().filter(|path| !path.starts_with("photos/bee")).cloned().collect::<Vec<_>>()
        };
        assert_eq!(kept(aside(validation, &all)), kept(first.iter().collect()));
        let most = Validation { share: 0.99, seed: 1 };
        assert_eq!(aside(most, &paths(&[("ant", 3), ("bee", 2)])).len(), 3);
    }

    #[test]
    fn classes_of_one_image_are_named() {
        let validation = Validation { share: 0.5, seed: 1 };
        let division = validation.divide(Path::new("photos"), &paths(&[("ant", 4), ("emu", 1)]));
        let [train, test] = division.words();
        assert_eq!(
            train,
            "2 others of the folder's 5 are set aside as test part; class emu has one image, which is trained on, \
             and none to be tested by"
        );
        assert!(test.starts_with("set aside of the folder's 5; class emu"), "{test}");
    }
}
