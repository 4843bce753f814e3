//! How data sets are read, as a recipe says it.

use serde::{Deserialize, Serialize};

/// How data sets are read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DataSpec {
    /// Whether images that cannot be read are left out rather than being an error.
    #[serde(default)]
    pub skip_bad: bool,
}

impl DataSpec {
    /// Whether nothing is said of it.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
