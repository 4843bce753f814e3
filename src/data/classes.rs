//! The classes of one data set, counted as those of another.

use super::dataset::Dataset;
use crate::error::{Error, Result};
use std::collections::{HashMap, HashSet};

impl Dataset {
    /// The same images with their labels counted as in `classes`, which names a class for each label.
    ///
    /// # Errors
    /// [`Error::Input`] naming the class that is not among them.
    pub fn with_classes(mut self, classes: &[String]) -> Result<Self> {
        let unknown = |name: &String| {
            let expected = format!("the classes {}", classes.join(", "));
            Error::file(&self.origin, expected, format!("class {name}"))
        };
        let places: HashMap<&String, u16> = classes.iter().zip(0..=u16::MAX).collect();
        let index = |name| places.get(name).copied().ok_or_else(|| unknown(name));
        let map: Vec<u16> = self.classes.iter().map(index).collect::<Result<_>>()?;
        for label in self.labels.iter_mut().flatten() {
            *label = map[usize::from(*label)];
        }
        self.classes = classes.to_vec();
        Ok(self)
    }
}

impl Dataset {
    /// The same images, without classes that none of them is of: the other part of a data set may have more.
    ///
    /// # Errors
    /// As [`Dataset::of_known_classes`].
    #[cfg(feature = "fit")]
    pub(crate) fn of_own_classes(self) -> Result<Self> {
        let own: HashSet<u16> = self.labels.iter().flatten().copied().collect();
        if self.numbered || own.len() == self.classes.len() {
            return Ok(self);
        }
        let named = (0..=u16::MAX).zip(&self.classes).filter(|(label, _)| own.contains(label));
        let classes: Vec<String> = named.map(|(_, name)| name.clone()).collect();
        Ok(self.of_known_classes(&classes)?.0)
    }

    /// In words, which classes its images are of, where none of these is among `classes`: folders of a target are often no classes
    /// but years, or what a camera makes of them, and numbers say nothing where classes have names. `None` where there is a label to
    /// go by.
    #[cfg(feature = "fit")]
    pub(crate) fn foreign_classes(&self, classes: &[String]) -> Option<String> {
        let labels: HashSet<u16> = self.labels.as_ref()?.iter().copied().collect();
        let named = (0..=u16::MAX).zip(&self.classes).filter(|(label, _)| labels.contains(label));
        let own: Vec<String> = named.map(|(_, name)| name.clone()).collect();
        let known: HashSet<&String> = classes.iter().collect();
        let is_known = |name: &String| known.contains(name);
        // Without names of classes, as of a model that came without them, nothing can be told.
        let nothing_to_tell = classes.is_empty() || own.iter().any(is_known);
        (!nothing_to_tell).then(|| {
            format!("classes ({}) are none of those that are learned ({})", listed(&own), listed(classes))
        })
    }

    /// The images of `classes`, with their labels counted as in them, and in words what is left out: images of classes that
    /// are not among them, which no model of these can be right about. Labels that are numbers are matched as the names of folders
    /// are. Without any classes, as of a model that came without their names, all images with their labels as they are.
    ///
    /// # Errors
    /// [`Error::Input`] when no image is left.
    pub fn of_known_classes(self, classes: &[String]) -> Result<(Self, Option<String>)> {
        if classes.is_empty() {
            return Ok((self, None));
        }
        let known: HashSet<&String> = classes.iter().collect();
        let is_known: Vec<bool> = self.classes.iter().map(|name| known.contains(name)).collect();
        let labels = self.labels.clone().unwrap_or_default();
        let left: Vec<usize> =
            (0..labels.len()).filter(|&index| is_known[usize::from(labels[index])]).collect();
        if left.is_empty() {
            return Ok((self.with_classes(classes)?, None));
        }
        let own: HashSet<u16> = labels.iter().copied().collect();
        let unknown: Vec<&str> = (0..=u16::MAX)
            .zip(self.classes.iter().zip(&is_known))
            .filter(|(label, (_, known))| !**known && own.contains(label))
            .map(|(_, (name, _))| name.as_str())
            .collect();
        let words = (left.len() < labels.len()).then(|| {
            format!(
                "{}: {} of {} images are of classes that training does not know ({}), and are left out",
                self.origin.display(),
                labels.len() - left.len(),
                labels.len(),
                unknown.join(", ")
            )
        });
        let mut data = if words.is_some() { self.only(left.iter().copied()) } else { self };
        let places: HashMap<&String, u16> = classes.iter().zip(0..=u16::MAX).collect();
        let map: Vec<u16> = data.classes.iter().map(|name| places.get(name).copied().unwrap_or(0)).collect();
        data.labels.iter_mut().flatten().for_each(|label| *label = map[usize::from(*label)]);
        data.classes = classes.to_vec();
        Ok((data, words))
    }
}

/// The first few names.
#[cfg(feature = "embed")]
pub(crate) fn listed(names: &[String]) -> String {
    const MOST: usize = 8;
    let more = if names.len() > MOST { ", …" } else { "" };
    names[..names.len().min(MOST)].join(", ") + more
}

#[cfg(all(test, feature = "fit"))]
mod tests {
    use super::*;
    use crate::shape::MapShape;

    #[test]
    fn classes_are_foreign_where_no_image_is_of_a_class_that_is_known() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        // The folder `ant` is that of the other part, and has no image here.
        let (shape, classes) = (MapShape::new(1, 1, 1), names(&["2023", "2024", "ant"]));
        let data = |labels: &[u16]| {
            let images = vec![0; labels.len()];
            Dataset::new(shape, images, Some(labels.to_vec()), classes.clone()).expect("a data set")
        };
        let words = "classes (2023, 2024) are none of those that are learned (ant, bee)";
        assert_eq!(data(&[0, 1, 1]).foreign_classes(&names(&["ant", "bee"])).as_deref(), Some(words));
        assert_eq!(data(&[0, 2]).foreign_classes(&names(&["ant", "bee"])), None);
        assert_eq!(data(&[0, 1]).foreign_classes(&[]), None);
        let unlabelled = Dataset { labels: None, ..data(&[0, 1]) };
        assert_eq!(unlabelled.foreign_classes(&names(&["ant", "bee"])), None);
    }

    #[test]
    fn numbers_are_matched_as_the_names_of_folders_are() {
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        let numbered = |labels: &[u16]| {
            let classes = (0..10).map(|digit| digit.to_string()).collect();
            let (shape, images) = (MapShape::new(1, 1, 1), (0..).take(labels.len()).collect());
            let data = Dataset::new(shape, images, Some(labels.to_vec()), classes).expect("a data set");
            Dataset { numbered: true, ..data }
        };
        let words = "classes (3, 7) are none of those that are learned (cat, dog)";
        assert_eq!(numbered(&[7, 3]).foreign_classes(&names(&["cat", "dog"])).as_deref(), Some(words));
        let five = names(&["0", "1", "2", "3", "4"]);
        assert_eq!(numbered(&[7, 3]).foreign_classes(&five), None);
        let (known, words) =
            numbered(&[7, 3, 0, 8]).of_known_classes(&five).expect("images of known classes");
        assert_eq!(
            (known.images(), known.labels(), known.classes()),
            (&[1, 2][..], Some(&[3, 0][..]), &five[..])
        );
        let words = words.expect("words");
        assert!(
            words.ends_with(
                "2 of 4 images are of classes that training does not know (7, 8), and are left out"
            )
        );
        // Names of numbers that no label has do not matter.
        assert_eq!(numbered(&[4, 2]).of_known_classes(&five).expect("all images").1, None);
    }
}
