//! Images with what the model takes them for.

use super::encoding::{data_uri, is_small};
use super::study::Study;
use crate::error::Result;
use crate::report::pictures::Picture;
use crate::train::Checkpoint;

/// Images in a grid.
const TILES: usize = 24;
/// Longest side of an image in it.
const SIDE: u32 = 96;

/// Images of one size, side by side.
#[derive(Default)]
pub struct Grid {
    pub tiles: Vec<Tile>,
    /// Whether they are shown pixel by pixel.
    pub small: bool,
}

/// An image with what is said of it.
pub struct Tile {
    pub image: String,
    pub label: String,
    pub prediction: String,
}

/// Images that the model is right (or wrong) about.
///
/// # Errors
/// [`crate::error::Error::Input`] when a picture cannot be encoded.
pub fn tiles(study: &Study, checkpoint: &Checkpoint, right: bool) -> Result<Grid> {
    let tile = |index: usize| {
        let label = study.data.labels.as_ref().map_or(0, |labels| usize::from(labels[index]));
        let picture = Picture::of(&study.data, index).within(SIDE);
        Ok(Tile {
            image: data_uri(&picture, picture.side())?,
            label: checkpoint.class(label),
            prediction: checkpoint.class(study.predictions[index]),
        })
    };
    let tiles = study.examples(right, TILES).into_iter().map(tile).collect::<Result<_>>()?;
    Ok(Grid { tiles, small: is_small(study.data.shape.height.max(study.data.shape.width) as u32) })
}
