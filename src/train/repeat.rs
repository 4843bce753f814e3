//! Commands as people give them to a shell, such as the one that repeats a run.

use super::recorded::CONFIG;
use std::path::{Path, PathBuf};

/// What every command that trains has in it.
const TRAINS: &str = "dann train ";

/// A word as a shell takes it for one.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A path as a shell takes it for one word.
pub fn quoted_path(path: &Path) -> String {
    quoted(&path.to_string_lossy())
}

/// The command that trains by the recipe of the run in `directory` once more, into another directory.
pub fn repetition(directory: &Path, source: &Path, target: &Path) -> String {
    let [config, again] = [directory.join(CONFIG), again(directory, "again")].map(|path| quoted_path(&path));
    let [source, target] = [source, target].map(quoted_path);
    format!("{TRAINS}--config {config} --source {source} --target {target} --out {again}")
}

/// A directory beside a run's, called as that and `suffix`.
pub fn again(directory: &Path, suffix: &str) -> PathBuf {
    // Without a slash at the end, behind which the suffix would be a name of its own.
    let mut path = directory.components().as_path().as_os_str().to_owned();
    path.push("-");
    path.push(suffix);
    path.into()
}

#[cfg(feature = "report")]
impl super::run::RunDirectory {
    /// The command that repeats the run at `path`, if it stands above its recipe.
    pub(crate) fn command(path: &Path) -> Option<String> {
        let text = std::fs::read_to_string(path.join(CONFIG)).ok()?;
        let mut remarks = text.lines().map_while(|line| line.strip_prefix("# "));
        remarks.find(|line| line.contains(TRAINS)).map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_spaces_stay_one_word() {
        let command = repetition(Path::new("my runs/a/"), Path::new("it's here"), Path::new("data/mnist_m"));
        assert_eq!(
            command,
            r"dann train --config 'my runs/a/config.toml' --source 'it'\''s here' --target data/mnist_m --out 'my runs/a-again'"
        );
    }
}
