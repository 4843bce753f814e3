//! What searches have found fastest on an adapter, kept in the user's cache directory: the kernels of each group of a
//! model's layers. Never needed; without it models are built from [`Gpu::variant`].
//!
//! Nothing is searched for unasked: the families add up in different orders, so that a choice made by the clock at
//! every start would make the bits of a training depend on it.

use super::KERNELS;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Variant, cache_directory};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The kernels found fastest for one group of layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The first layer of the group where it was found, and the shape that goes in: for people, as the key is long.
    #[serde(default)]
    pub layer: String,
    /// The fastest.
    pub variant: Variant,
    /// Rows of the batch that was timed.
    pub rows: usize,
    /// Milliseconds forward and backward, of each family that was timed.
    pub milliseconds: BTreeMap<Variant, f64>,
}

/// The choices for one adapter, its driver and these shaders.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// Backend, name and driver of the adapter.
    pub adapter: String,
    /// Of all shaders: with others the choices are void.
    pub shaders: String,
    /// By the name of the group of layers.
    pub choices: BTreeMap<String, Choice>,
}

/// The kernels for the group of layers called `group`.
pub fn variant(gpu: &Gpu, group: &str) -> Variant {
    choices(gpu).get(group).copied().unwrap_or(gpu.variant())
}

/// What is kept for the adapter of `gpu`, read at the first call.
fn choices(gpu: &Gpu) -> &BTreeMap<String, Variant> {
    gpu.choices(|| {
        let choices = Tuning::of(gpu).choices.into_iter();
        choices.map(|(group, choice)| (group, choice.variant)).collect()
    })
}

/// Which kernels models on `gpu` are built from, for people: a family, or that a search has chosen.
pub fn summary(gpu: &Gpu) -> String {
    let differs = |chosen: &&Variant| **chosen != gpu.variant();
    match choices(gpu).values().filter(differs).count() {
        0 => gpu.variant().to_string(),
        _ => format!("tuned (else {})", gpu.variant()),
    }
}

impl Tuning {
    /// What is kept for the adapter of `gpu`; no choices where nothing is, or what is there cannot be read.
    pub fn of(gpu: &Gpu) -> Self {
        let empty =
            || Self { adapter: gpu.name().to_owned(), shaders: fingerprint(), choices: BTreeMap::new() };
        let Some(file) = Self::file(gpu) else { return empty() };
        read(&file, &empty()).unwrap_or_else(empty)
    }

    /// Where the choices for the adapter of `gpu` are kept; `None` where the system has no place for caches.
    pub fn file(gpu: &Gpu) -> Option<PathBuf> {
        let key = hex(&Sha256::digest(gpu.name()));
        Some(cache_directory()?.join(format!("tuning_{key}.json")))
    }

    /// Keeps the choices for the adapter of `gpu` and gives the file.
    ///
    /// # Errors
    /// [`Error::Input`] where the system has no place for caches, [`Error::Io`] when it cannot be written.
    pub fn save(&self, gpu: &Gpu) -> Result<PathBuf> {
        let file = Self::file(gpu).ok_or_else(|| {
            Error::input("dann tune", "a cache directory of the user (HOME is set)", "none")
        })?;
        write(&file, &format!("{:#}\n", serde_json::json!(self))).map_err(Error::io(&file, "write"))?;
        Ok(file)
    }

    /// Forgets the choices for the adapter of `gpu`; whether there were any.
    ///
    /// # Errors
    /// [`Error::Io`] when the file cannot be removed.
    pub fn reset(gpu: &Gpu) -> Result<bool> {
        let Some(file) = Self::file(gpu) else { return Ok(false) };
        match fs::remove_file(&file) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(Error::io(&file, "remove")(e)),
        }
    }
}

/// What `file` holds, if it is there, readable and of the adapter and the shaders of `own`.
fn read(file: &Path, own: &Tuning) -> Option<Tuning> {
    let text = fs::read_to_string(file).ok()?;
    match serde_json::from_str::<Tuning>(&text) {
        Ok(kept) if (&kept.adapter, &kept.shaders) == (&own.adapter, &own.shaders) => Some(kept),
        Ok(_) => {
            log::info!("{}: of another driver or other shaders, not used", file.display());
            None
        }
        Err(e) => {
            log::warn!("{}: not used, as it cannot be read: {e}", file.display());
            None
        }
    }
}

/// Renamed into place, so that no reader meets half a file.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let mut unfinished = tempfile::NamedTempFile::new_in(directory)?;
    unfinished.write_all(text.as_bytes())?;
    unfinished.persist(file).map(drop).map_err(|e| e.error)
}

/// Of the sources of all kernels.
fn fingerprint() -> String {
    let mut digest = Sha256::new();
    KERNELS.iter().for_each(|kernel| digest.update(kernel.source));
    hex(&digest.finalize())
}

/// The first bytes of a digest, enough to tell a handful of things apart.
fn hex(digest: &[u8]) -> String {
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuning() -> Tuning {
        let milliseconds = BTreeMap::from([(Variant::Plain, 9.0), (Variant::Workgroup, 1.5)]);
        let choice =
            Choice { layer: "dense1 4×3×3".into(), variant: Variant::Workgroup, rows: 128, milliseconds };
        Tuning {
            adapter: "an adapter".into(),
            shaders: fingerprint(),
            choices: BTreeMap::from([("768 → dense 10".into(), choice)]),
        }
    }

    #[test]
    fn what_was_written_is_read_unless_damaged_or_of_other_shaders() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("new/tuning.json");
        let own = Tuning { choices: BTreeMap::new(), ..tuning() };
        assert_eq!(read(&file, &own), None);
        write(&file, &serde_json::to_string(&tuning()).unwrap()).unwrap();
        assert_eq!(read(&file, &own), Some(tuning()));
        assert_eq!(read(&file, &Tuning { shaders: "others".into(), ..own.clone() }), None);
        assert_eq!(read(&file, &Tuning { adapter: "another".into(), ..own.clone() }), None);
        fs::write(&file, "{\"adapter\":").unwrap();
        assert_eq!(read(&file, &own), None);
    }
}
