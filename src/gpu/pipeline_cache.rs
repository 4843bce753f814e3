//! What the driver compiled, kept in the user's cache directory for the next start, or by the application whose device it
//! is. Never needed: whatever goes wrong with a file is logged, and pipelines are compiled anew.

use sha2::{Digest, Sha256};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// Where this library keeps what it can do without, below the user's caches; `None` where the system has no place for
/// them, and without the feature `cache`.
pub(crate) fn cache_directory() -> Option<PathBuf> {
    #[cfg(feature = "cache")]
    return Some(dirs::cache_dir()?.join("dann"));
    #[cfg(not(feature = "cache"))]
    None
}

/// The length of the checksum in front of the driver's data.
const CHECKSUM: usize = 32;

/// A driver's cache and the file that it is kept in.
pub(super) struct PipelineCache {
    cache: wgpu::PipelineCache,
    /// None where the cache is an application's, which keeps it or not.
    file: Option<PathBuf>,
    /// The checksum of what the file holds.
    kept: Option<[u8; CHECKSUM]>,
}

impl PipelineCache {
    /// The cache of the device's driver; `None` where wgpu or this system has no place for one.
    pub fn open(device: &wgpu::Device, info: &wgpu::AdapterInfo) -> Option<Self> {
        let name = wgpu::util::pipeline_cache_key(info)?;
        let file = cache_directory()?.join(name);
        let kept = read(&file);
        let descriptor = wgpu::PipelineCacheDescriptor {
            label: Some("dann"),
            data: kept.as_ref().map(|(_, data)| data.as_slice()),
            fallback: true,
        };
        // SAFETY: the data carry the checksum that `save` put in front of what the driver had given; whether they are
        // of this very driver, the driver finds out from their header.
        let cache = unsafe { device.create_pipeline_cache(&descriptor) };
        Some(Self { cache, file: Some(file), kept: kept.map(|(checksum, _)| checksum) })
    }

    /// A cache that belongs to an application.
    pub fn of_application(cache: wgpu::PipelineCache) -> Self {
        Self { cache, file: None, kept: None }
    }

    /// What pipelines are built with.
    pub fn wgpu(&self) -> &wgpu::PipelineCache {
        &self.cache
    }

    /// Keeps what the driver compiled, if it is more than what the file holds.
    pub fn save(&self) {
        let Some(file) = &self.file else { return };
        let Some(data) = self.cache.get_data() else { return };
        let checksum: [u8; CHECKSUM] = Sha256::digest(&data).into();
        if self.kept == Some(checksum) {
            return;
        }
        if let Err(e) = write(file, &checksum, &data) {
            log::debug!("{}: could not keep compiled pipelines: {e}", file.display());
        }
    }
}

/// Checksum and data, if the file is there and whole.
fn read(file: &Path) -> Option<([u8; CHECKSUM], Vec<u8>)> {
    let mut bytes = fs::read(file).ok()?;
    let data = bytes.split_off(CHECKSUM.min(bytes.len()));
    let checksum: [u8; CHECKSUM] = Sha256::digest(&data).into();
    if bytes == checksum {
        return Some((checksum, data));
    }
    log::debug!("{}: damaged, pipelines are compiled anew", file.display());
    None
}

/// Renamed into place, so that no reader meets half a file.
fn write(file: &Path, checksum: &[u8], data: &[u8]) -> std::io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let mut unfinished = tempfile::NamedTempFile::new_in(directory)?;
    unfinished.write_all(checksum)?;
    unfinished.write_all(data)?;
    unfinished.persist(file).map(drop).map_err(|e| e.error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_was_damaged_is_not() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("new/cache");
        assert_eq!(read(&file), None);
        let checksum: [u8; CHECKSUM] = Sha256::digest(b"data").into();
        write(&file, &checksum, b"data").unwrap();
        assert_eq!(read(&file), Some((checksum, b"data".to_vec())));

        for damage in [&b"short"[..], b"", &[checksum.as_slice(), b"date"].concat()] {
            fs::write(&file, damage).unwrap();
            assert_eq!(read(&file), None);
        }
    }
}
