//! Pictures of both domains: as they are read, and as training shows them to the network.

use super::encoding::{data_uri, is_small};
use super::story::Story;
use crate::data::{Dataset, Labels, Part};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::model::Domain;
use crate::report::pictures::Picture;
use crate::train::views_of;
use std::path::Path;

/// Images of each domain.
const IMAGES: usize = 8;
/// Steps whose views are shown.
const STEPS: u32 = 2;
/// Longest side of an image.
const SIDE: u32 = 128;

/// Images of one domain.
pub struct Row {
    /// Which they are, and from where.
    pub title: String,
    /// What is in each, where that is known, and its picture.
    pub images: Vec<(String, String)>,
    /// Whether they are shown pixel by pixel.
    pub small: bool,
}

/// Images of both domains' training parts, as far as these are there.
///
/// # Errors
/// [`crate::error::Error`] naming what is there but cannot be read.
pub fn rows(gpu: &Gpu, story: &Story) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    let domains = [(Domain::Source, &story.result.source), (Domain::Target, &story.result.target)];
    for (domain, path) in domains {
        let Some(data) = some(story, path)? else { continue };
        let name = if domain == Domain::Source { "source" } else { "target" };
        let shape = data.shape();
        let title = format!("{name}, as read: {}, {}×{}", path.display(), shape.height, shape.width);
        rows.push(row(title, &data)?);
        let mut seen = Vec::new();
        for step in 0..STEPS {
            seen.extend(views_of(gpu, &story.checkpoint.config, (&data, domain), step)?);
        }
        for (views, step) in seen.iter().zip(1..) {
            rows.push(row(format!("{name}, as training sees them ({step} of {STEPS} random views)"), views)?);
        }
    }
    Ok(rows)
}

/// Some images of the training part at `path` as training has them at hand; `None` where there is none any more, or where it so
/// happens that none of these few can be read. No label is read for them.
fn some(story: &Story, path: &Path) -> Result<Option<Dataset>> {
    if !path.is_dir() || !crate::data::has_part(path, Part::Train)? {
        return Ok(None);
    }
    let config = &story.checkpoint.config;
    let options = config.load_options(config.model.input.training_frame(), Labels::Ignored);
    match options.skip_bad(true).memory(None).most(IMAGES).load(path, Part::Train) {
        // Training has refused or listed what cannot be read; the page has more to show than these.
        Err(Error::Unread { .. }) => Ok(None),
        read => read.map(Some),
    }
}

fn row(title: String, data: &Dataset) -> Result<Row> {
    let image = |index| {
        let picture = Picture::of(data, index).within(SIDE);
        Ok((format!("image {} of {}", index + 1, data.len()), data_uri(&picture, picture.side())?))
    };
    let images = (0..data.len()).map(image).collect::<Result<_>>()?;
    let shape = data.shape();
    Ok(Row { title, images, small: is_small(shape.height.max(shape.width) as u32) })
}
