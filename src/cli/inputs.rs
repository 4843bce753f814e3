//! The images that a command line names: files, folders, patterns, or what stdin brings.

use super::hint::Hint as _;
use dann::data;
use dann::error::Error;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// What stands for standard input.
const STDIN: &str = "-";

/// One image to look at.
pub enum Input {
    /// A file.
    File(PathBuf),
    /// The bytes of one image, from stdin.
    Bytes(Vec<u8>),
}

impl Input {
    /// What people call it.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Bytes(_) => STDIN.into(),
        }
    }
}

/// Everything that `arguments` name, in their order; folders and patterns give their images sorted by name.
pub fn inputs(arguments: &[PathBuf]) -> anyhow::Result<Vec<Input>> {
    let mut found = Vec::new();
    for argument in arguments {
        let before = found.len();
        match argument.to_str() {
            Some(STDIN) => found.extend(from_stdin()?),
            // A file whose name happens to be a pattern is meant as it is.
            Some(pattern) if is_pattern(pattern) && !argument.exists() => {
                found.extend(matching(pattern)?.into_iter().map(Input::File));
            }
            _ => found.extend(at(argument)?),
        }
        if found.len() == before {
            let expected = "at least one image (jpg, png, webp, gif, tif, bmp)";
            return Err(Error::file(argument, expected, "none")).hint_if(
                |_| true,
                "a folder gives the images in it and below it; quote patterns such as 'photos/*.png'",
            );
        }
    }
    Ok(found)
}

/// A file as it is; a folder as the images in it and below it.
fn at(path: &Path) -> anyhow::Result<Vec<Input>> {
    if !path.is_dir() {
        return Ok(vec![Input::File(path.to_path_buf())]);
    }
    Ok(data::images_below(path)?.into_iter().map(Input::File).collect())
}

fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

fn matching(pattern: &str) -> anyhow::Result<Vec<PathBuf>> {
    let paths = glob::glob(pattern).map_err(|e| Error::input(pattern, "a pattern of file names", e))?;
    let mut files = Vec::new();
    for path in paths {
        files.push(path.map_err(|e| Error::input(pattern, "folders that can be read", e))?);
    }
    files.retain(|path| path.is_file());
    Ok(files)
}

/// The bytes of one image, or else the names of files and folders, one a line.
fn from_stdin() -> anyhow::Result<Vec<Input>> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(Error::io(Path::new(STDIN), "read"))?;
    if data::is_image(&bytes) {
        return Ok(vec![Input::Bytes(bytes)]);
    }
    let Ok(text) = std::str::from_utf8(&bytes) else {
        let expected = "the bytes of an image, or names of images, one a line";
        return Err(Error::input(STDIN, expected, "neither").into());
    };
    let names = text.lines().map(str::trim_end).filter(|line| !line.is_empty());
    let inputs: anyhow::Result<Vec<Vec<Input>>> = names.map(|name| at(Path::new(name))).collect();
    Ok(inputs?.into_iter().flatten().collect())
}
