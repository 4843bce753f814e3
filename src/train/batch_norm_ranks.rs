//! Batch norm where several ranks share a batch.

use serde::{Deserialize, Serialize};

/// Whose rows batch norm is over in training, where several ranks share a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchNormRanks {
    /// Each rank's own.
    #[default]
    ByRank,
    /// Those of all ranks, which wait for each other at every layer of the kind, there and back (`torch.nn.SyncBatchNorm`).
    Synchronised,
}

impl BatchNormRanks {
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
