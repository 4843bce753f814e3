//! Images on disk: as they were decoded, in a file without a name that vanishes with the program; where that cannot be
//! written, in their own files, from which they are decoded each time.

use super::planes::decode_planes;
use super::stored::ImageStore;
use crate::error::{Error, Result};
use crate::shape::{Frame, MapShape};
use rayon::prelude::*;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Decoded images, one behind the other.
struct Decoded {
    file: Mutex<File>,
    /// Where the file was made.
    directory: PathBuf,
    /// The bytes of an image there, of which the first may be all that is wanted.
    stride: usize,
}

/// Images on disk.
pub(super) struct Disk {
    paths: Vec<PathBuf>,
    frame: Frame,
    /// (C, H, W) of what is read.
    shape: MapShape,
    /// Or why they could not be written.
    decoded: std::result::Result<Decoded, String>,
}

/// Decoded images on their way to a file.
pub(super) struct Writer {
    file: io::Result<(File, PathBuf)>,
    stride: usize,
}

impl Writer {
    /// For images of `stride` bytes each; what keeps them from being written is told by [`Writer::finish`].
    pub(super) fn new(stride: usize) -> Self {
        let directory = directory();
        let create = || -> io::Result<(File, PathBuf)> {
            fs::create_dir_all(&directory)?;
            Ok((tempfile::tempfile_in(&directory)?, directory))
        };
        Self { file: create(), stride }
    }

    /// Appends images.
    pub(super) fn write(&mut self, images: &[u8]) {
        let written = self.file.as_mut().map(|(file, _)| file.write_all(images));
        if let Ok(Err(error)) = written {
            // The file goes, and with it what it takes of the disk.
            self.file = Err(error);
        }
    }

    /// The images of `paths`, which were written or left out in this order, as (C, H, W) of `shape`.
    pub(super) fn finish(self, paths: Vec<PathBuf>, frame: Frame, shape: MapShape) -> Disk {
        let stride = self.stride;
        let decoded =
            self.file.map(|(file, directory)| Decoded { file: Mutex::new(file), directory, stride });
        Disk { paths, frame, shape, decoded: decoded.map_err(|error| error.to_string()) }
    }
}

/// The user's cache directory, or where temporary files go.
fn directory() -> PathBuf {
    #[cfg(feature = "cache")]
    if let Some(cache) = dirs::cache_dir() {
        return cache.join("dann");
    }
    std::env::temp_dir()
}

impl Decoded {
    fn read(&self, images: &[u32], target: &mut [u8], bytes: usize) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut each = images.iter().zip(target.chunks_exact_mut(bytes));
        each.try_for_each(|(&image, target)| {
            file.seek(SeekFrom::Start(u64::from(image) * self.stride as u64))?;
            file.read_exact(target)
        })
        .map_err(Error::io(&self.directory, "read decoded images from a file in"))
    }
}

impl ImageStore for Disk {
    fn read(&self, images: &[u32], target: &mut [u8]) -> Result<()> {
        let bytes = self.shape.len();
        match &self.decoded {
            Ok(decoded) => decoded.read(images, target, bytes),
            Err(_) => target.par_chunks_exact_mut(bytes).zip(images).try_for_each(|(target, &image)| {
                target.fill(0);
                let path: &Path = &self.paths[image as usize];
                decode_planes(target, path, self.frame, self.shape.channels == 1).map(drop)
            }),
        }
    }

    fn words(&self) -> String {
        match &self.decoded {
            Ok(Decoded { directory, stride, .. }) => {
                let bytes = *stride as u64 * self.paths.len() as u64;
                format!(
                    "decoded to a file of {} in {} and streamed from there",
                    size(bytes),
                    directory.display()
                )
            }
            Err(cause) => format!(
                "streamed and decoded anew each time, as {} of decoded images cannot be written in {}: {cause}",
                size(self.shape.len() as u64 * self.paths.len() as u64),
                directory().display()
            ),
        }
    }
}

/// "1.5 GiB" or "20 MiB".
fn size(bytes: u64) -> String {
    const MIB: f64 = 1_048_576.0;
    let mib = bytes as f64 / MIB;
    if mib < 1024.0 { format!("{:.0} MiB", mib.ceil()) } else { format!("{:.1} GiB", mib / 1024.0) }
}
