//! The features of both domains in the plane.

use super::embedding::embedding;
use super::encoding::data_uri;
use super::story::{Features, Story};
use crate::data::Dataset;
use crate::error::Result;
use crate::report::pictures::{Picture, Sprite};
use std::rc::Rc;

/// The side of a panel.
const SIDE: f32 = 300.0;
/// Its margin.
const MARGIN: f32 = 8.0;
/// Classes that have a colour of their own.
pub const COLOURS: usize = 100;

/// Feature vectors in the plane.
pub struct Panel {
    pub title: String,
    pub note: String,
    /// The number of the picture that holds the images.
    pub sprite: usize,
    /// Images in a row of it, and their size.
    pub columns: usize,
    pub width: u32,
    pub height: u32,
    pub points: Vec<Point>,
}

/// A feature vector in the plane.
pub struct Point {
    pub x: f32,
    pub y: f32,
    /// "source" or "target"
    pub domain: &'static str,
    /// The number of its colour; `None` without a label.
    pub class: Option<usize>,
    pub text: String,
}

/// The features of each run, and of the first one before its first step; and the pictures with their images.
///
/// # Errors
/// [`crate::error::Error::Input`] when a picture cannot be encoded.
pub fn panels(stories: &[Story]) -> Result<(Vec<Panel>, Vec<String>)> {
    let (mut panels, mut sprites) = (vec![], vec![]);
    let mut earlier: Vec<(*const Dataset, *const Dataset, usize)> = vec![];
    for (index, story) in stories.iter().enumerate() {
        let (Some(source), Some(target)) = (&story.source, &story.target) else { continue };
        let images = [source, target].map(|study| study.sample.iter().map(|&i| (&*study.data, i)));
        let sprite = Picture::sprite(&images.into_iter().flatten().collect::<Vec<_>>());
        let (of_source, of_target) = (Rc::as_ptr(&source.data), Rc::as_ptr(&target.data));
        let known = earlier.iter().find(|(s, t, _)| (*s, *t) == (of_source, of_target)).map(|known| known.2);
        let number = match known {
            Some(number) => number,
            None => {
                sprites.push(data_uri(&sprite.picture, sprite.width.max(sprite.height))?);
                earlier.push((of_source, of_target, sprites.len() - 1));
                sprites.len() - 1
            }
        };
        if let Some(before) = story.before.as_ref().filter(|_| index == 0) {
            let title = format!("{}: before the first step", story.name);
            panels.extend(panel(story, title, before, false, &sprite, number));
        }
        let after = Features { source: source.features.clone(), target: target.features.clone() };
        let title = format!("{}: after training", story.name);
        panels.extend(panel(story, title, &after, true, &sprite, number));
    }
    Ok((panels, sprites))
}

fn panel(
    story: &Story,
    title: String,
    features: &Features,
    trained: bool,
    sprite: &Sprite,
    number: usize,
) -> Option<Panel> {
    let (source, target) = (story.source.as_ref()?, story.target.as_ref()?);
    let length = features.source.len() / source.sample.len();
    let vectors = [&features.source[..], &features.target].concat();
    let places = embedding(&vectors, length, story.result.seed)?;
    let distance = crate::selection::proxy_a_distance(&features.source, &features.target, length);
    let images = source.sample.iter().map(|&i| ("source", source, i));
    let images = images.chain(target.sample.iter().map(|&i| ("target", target, i)));
    let points = places.into_iter().zip(images).map(|(place, (domain, study, index))| {
        let label = study.data.labels.as_ref().map(|labels| usize::from(labels[index]));
        let name = label.map_or("?".into(), |k| story.checkpoint.class(k));
        let taken = story.checkpoint.class(study.predictions[index]);
        let text = match trained {
            true => format!("{domain} {name}, taken for {taken}"),
            false => format!("{domain} {name}"),
        };
        let [x, y] = place.map(|value| MARGIN + value * (SIDE - 2.0 * MARGIN));
        Point { x, y, domain, class: label.map(|label| label % COLOURS), text }
    });
    Some(Panel {
        title,
        note: distance.map_or(String::new(), |distance| format!("proxy A-distance {distance:.2}")),
        sprite: number,
        columns: sprite.columns,
        width: sprite.width,
        height: sprite.height,
        points: points.collect(),
    })
}

/// The hues of `classes` classes, in degrees: evenly around the circle if they are few; else neighbours are far apart.
pub fn hues(classes: usize) -> Vec<u32> {
    let golden = |k: usize| (k as f64 * 137.508) % 360.0;
    let even = |k: usize| (k * 360) as f64 / classes as f64;
    let hue = |k| if classes <= 12 { even(k) } else { golden(k) };
    (0..classes.min(COLOURS)).map(|k| hue(k) as u32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_have_hues_of_their_own() {
        assert_eq!(hues(4), [0, 90, 180, 270]);
        for classes in [2, 7, 12, 13, 65, 1000] {
            let mut hues = hues(classes);
            assert_eq!(hues.len(), classes.min(COLOURS));
            hues.sort_unstable();
            hues.dedup();
            assert_eq!(hues.len(), classes.min(COLOURS), "{classes}");
        }
    }
}
