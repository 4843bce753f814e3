//! How data sets are read, as a recipe says it.

use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How data sets are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DataSpec {
    /// Whether images that cannot be read are left out rather than being an error.
    #[serde(default)]
    pub skip_bad: bool,
    /// The share of each class's images that a folder without a test part sets aside as one, above 0 and below 1; the
    /// training's seed decides which. Nothing is set aside if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<f64>,
    /// MiB of images that each data set may have in memory, the host's and the device's: those of larger folders are
    /// streamed from the disk, to the same bits; 256 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
}

impl DataSpec {
    const MEMORY_MIB: u64 = 256;

    /// Bytes of images that each data set may have in memory.
    pub(super) fn memory(&self) -> u64 {
        self.memory_mib.unwrap_or(Self::MEMORY_MIB).saturating_mul(1 << 20)
    }

    /// Refuses what cannot work.
    pub(super) fn check(&self) -> Result<()> {
        match self.validation {
            Some(share) if !(share > 0.0 && share < 1.0) => {
                Err(Error::input("data.validation", "a share above 0 and below 1", share))
            }
            _ => Ok(()),
        }
    }

    /// Whether nothing is said of it.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
