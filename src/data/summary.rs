//! What a data set holds, in words.

use super::dataset::Dataset;
use super::fitted::Fitted;
use super::wanted::ImageSize;
use crate::shape::Frame;

/// So many classes are named.
const MOST_CLASSES: usize = 12;

impl Dataset {
    /// How many images of which sizes there are, what was done to them, and in which classes they are, in words.
    pub fn summary(&self) -> String {
        let shape = self.shape;
        let size = ImageSize::from(shape);
        let as_made = || Fitted::of_one_size(Frame::new(size.height, size.width), size, self.len());
        let fitted = self.fitted.clone().unwrap_or_else(as_made);
        let colour = match (shape.channels, self.made_grey) {
            (1, 0) => "grey".into(),
            (1, made) => format!("grey ({made} of them made so from colour)"),
            _ => "in colour".to_owned(),
        };
        let classes = match &self.labels {
            Some(_) => named(&self.classes),
            None => "labels unread".into(),
        };
        let others = match self.others {
            0 => String::new(),
            1 => "; 1 other file is left alone".into(),
            others => format!("; {others} other files are left alone"),
        };
        let divided = self.divided.iter().map(|words| format!("; {words}")).collect::<String>();
        let stored = self.stored.iter().map(|stored| format!("; {}", stored.words())).collect::<String>();
        format!("{fitted}, {colour}, {classes}{others}{divided}{stored}")
    }

    /// Which folders were left out, and what could not be read and was left out, by name and with reasons, in words; `None`
    /// if nothing was.
    pub fn left_out(&self) -> Option<String> {
        let lines: Vec<String> = self.unread.iter().map(ToString::to_string).collect();
        let all = self.len() + lines.len();
        let origin = self.origin.display();
        let head = format!("{origin}: {} of {all} images cannot be read and are left out", lines.len());
        let unread = (!lines.is_empty()).then(|| format!("{head}:\n  {}", lines.join("\n  ")));
        let words: Vec<String> = self.remarks.iter().cloned().chain(unread).collect();
        (!words.is_empty()).then(|| words.join("\n"))
    }
}

/// "10 classes (0 to 9)", or their names, of many the first ones and the last.
pub fn named(classes: &[String]) -> String {
    let count = classes.len();
    let is_number = |(place, name): (usize, &String)| *name == place.to_string();
    let names = match classes {
        [first, .., last] if classes.iter().enumerate().all(is_number) => format!("{first} to {last}"),
        [few @ .., last] if count > MOST_CLASSES => {
            format!("{}, … {last}", few[..MOST_CLASSES - 2].join(", "))
        }
        few => few.join(", "),
    };
    format!("{count} classes ({names})")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::MapShape;

    #[test]
    fn data_sets_tell_colours_and_classes() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let made = |channels, labels, classes: &[&str]| {
            let shape = MapShape::new(channels, 2, 3);
            Dataset::new(shape, vec![0; 2 * shape.len()], labels, names(classes))
                .expect("a data set")
                .summary()
        };
        assert_eq!(made(1, None, &[]), "2 images of 2×3, as they are, grey, labels unread");
        let digits = ["0", "1", "2"];
        assert_eq!(
            made(3, Some(vec![0, 1]), &digits),
            "2 images of 2×3, as they are, in colour, 3 classes (0 to 2)"
        );
        assert!(made(1, Some(vec![0, 1]), &["dog", "cat"]).ends_with(", grey, 2 classes (dog, cat)"));
        let many: Vec<String> = (0..65).map(|class| format!("c{class}")).collect();
        assert_eq!(named(&many), "65 classes (c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, … c64)");
        assert_eq!(named(&many[..12]).matches(", ").count(), 11);
    }
}
