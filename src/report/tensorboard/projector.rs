//! Embeddings, as TensorBoard's projector reads them: a configuration that names a table of vectors, a table of what
//! they stand for, and one picture of all images.

use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::report::pictures::Picture;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const DIRECTORY: &str = "projector";
const CONFIG: &str = "projector_config.pbtxt";

/// Feature vectors with the images that they stand for.
#[derive(Debug)]
pub struct Embeddings<'a> {
    /// (images, …), row-major.
    pub vectors: &'a [f32],
    /// Domain, class and prediction of each.
    pub rows: &'a [[String; 3]],
    /// The images, in the same order, each with its data set.
    pub images: &'a [(&'a Dataset, usize)],
}

/// Writes `projector_config.pbtxt` into `directory` and what it names below it.
///
/// # Errors
/// [`Error::Io`] naming the file.
pub fn write_embeddings(directory: &Path, embeddings: &Embeddings<'_>) -> Result<()> {
    let below = directory.join(DIRECTORY);
    fs::create_dir_all(&below).map_err(Error::io(&below, "create the directory"))?;
    let write = |path: &Path, content: &[u8]| fs::write(path, content).map_err(Error::io(path, "write"));
    let length = embeddings.vectors.len() / embeddings.rows.len().max(1);
    write(&below.join("features.tsv"), vectors(embeddings.vectors, length).as_bytes())?;
    let header = "domain\tclass\tprediction\n".to_owned();
    let rows = embeddings.rows.iter().fold(header, |text, row| text + &row.join("\t") + "\n");
    write(&below.join("rows.tsv"), rows.as_bytes())?;
    let sprite = Picture::sprite(embeddings.images);
    write(&below.join("images.png"), &sprite.picture.png()?)?;
    let config = format!(
        "embeddings {{\n  tensor_name: \"features\"\n  tensor_path: \"{DIRECTORY}/features.tsv\"\n  \
         metadata_path: \"{DIRECTORY}/rows.tsv\"\n  sprite {{\n    image_path: \"{DIRECTORY}/images.png\"\n    \
         single_image_dim: {}\n    single_image_dim: {}\n  }}\n}}\n",
        sprite.width, sprite.height
    );
    write(&directory.join(CONFIG), config.as_bytes())
}

/// A vector a line, with tabs between the numbers.
fn vectors(values: &[f32], length: usize) -> String {
    let mut text = String::with_capacity(8 * values.len());
    for row in values.chunks(length.max(1)) {
        for (index, value) in row.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\t" };
            // Writing to a string cannot fail.
            write!(text, "{separator}{value:.5}").ok();
        }
        text.push('\n');
    }
    text
}
