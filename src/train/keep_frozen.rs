//! How much memory what frozen layers give may take.

use serde::{Deserialize, Serialize};

/// How much memory may be taken to keep what frozen layers give of all images, so that they need not be computed again in
/// every step: `"auto"`, `false` or a number of MiB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
#[non_exhaustive]
pub enum KeepFrozen {
    /// 2,048 MiB.
    #[default]
    Auto,
    /// None: they are computed in every step.
    Never,
    /// So many MiB.
    UpTo(u32),
}

/// What a recipe says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"auto\", false or a number of MiB")]
enum Text {
    Flag(bool),
    Size(u32),
    Word(String),
}

const AUTO: &str = "auto";

impl TryFrom<Text> for KeepFrozen {
    type Error = String;

    fn try_from(text: Text) -> Result<Self, String> {
        let wrong = |found| Err(format!("expected \"auto\", false or a number of MiB, found {found}"));
        match text {
            Text::Flag(false) => Ok(Self::Never),
            Text::Flag(true) => wrong("true".to_owned()),
            Text::Size(size) => Ok(Self::UpTo(size)),
            Text::Word(word) if word == AUTO => Ok(Self::Auto),
            Text::Word(word) => wrong(format!("{word:?}")),
        }
    }
}

impl From<KeepFrozen> for Text {
    fn from(keep: KeepFrozen) -> Self {
        match keep {
            KeepFrozen::Auto => Self::Word(AUTO.into()),
            KeepFrozen::Never => Self::Flag(false),
            KeepFrozen::UpTo(size) => Self::Size(size),
        }
    }
}

impl KeepFrozen {
    /// Whether nothing is said of it.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The most MiB.
    pub(super) fn most(self) -> u32 {
        match self {
            Self::Auto => 2048,
            Self::Never => 0,
            Self::UpTo(size) => size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn read(text: &str) -> Result<KeepFrozen, String> {
        let table: Result<BTreeMap<String, KeepFrozen>, _> = toml::from_str(&format!("keep = {text}"));
        table.map(|table| table["keep"]).map_err(|e| e.to_string())
    }

    #[test]
    fn a_recipe_says_auto_or_false_or_a_number() {
        for (text, keep, most) in [
            ("\"auto\"", KeepFrozen::Auto, 2048),
            ("false", KeepFrozen::Never, 0),
            ("300", KeepFrozen::UpTo(300), 300),
        ] {
            assert_eq!((read(text), keep.most()), (Ok(keep), most));
            let written = toml::to_string(&BTreeMap::from([("keep", keep)])).expect("TOML");
            assert_eq!(written.trim(), format!("keep = {text}"));
        }
        for wrong in ["true", "\"always\"", "-1", "1.5"] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.contains("expected \"auto\", false or a number of MiB"), "{error}");
        }
    }
}
