//! What an experiment's jobs ask of Slurm.

use crate::error::{Error, Result};
use serde::Deserialize;
use std::path::Path;

/// What each job asks of Slurm: the table `[slurm]` of an experiment's file.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Slurm {
    /// The longest that a job may take, as `--time` has it: `"02:00:00"`.
    pub time: Option<String>,
    /// Main memory, as `--mem` has it: `"4G"`.
    pub memory: Option<String>,
    /// GPUs.
    pub gpus: Option<u32>,
    /// Processors.
    pub cpus: Option<u32>,
    /// The partition.
    pub partition: Option<String>,
    /// How many jobs may run at once; all if left out.
    pub at_once: Option<u32>,
    /// Other options of `sbatch`, as in `"--qos=short"`.
    pub options: Vec<String>,
}

impl Slurm {
    /// Refuses what would not stay within its line of a script.
    pub(super) fn check(&self, file: &Path) -> Result<()> {
        let texts = [("time", &self.time), ("memory", &self.memory), ("partition", &self.partition)];
        let texts = texts.into_iter().filter_map(|(key, text)| Some((key, text.as_ref()?)));
        for (key, text) in texts {
            if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic()) {
                return Err(Error::file(file, format!("slurm.{key} without spaces"), format!("{text:?}")));
            }
        }
        match self.options.iter().find(|option| !option.starts_with("--") || option.contains(['\n', '\r'])) {
            Some(option) => Err(Error::file(file, "slurm.options that begin with --", format!("{option:?}"))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_leave_its_line_is_refused() {
        let file = Path::new("study.toml");
        for (slurm, part) in [
            (Slurm { time: Some("1\nrm".into()), ..Slurm::default() }, "slurm.time"),
            (Slurm { memory: Some(String::new()), ..Slurm::default() }, "slurm.memory"),
            (Slurm { options: vec!["rm".into()], ..Slurm::default() }, "slurm.options"),
            (Slurm { options: vec!["--a\n".into()], ..Slurm::default() }, "slurm.options"),
        ] {
            let error = slurm.check(file).expect_err("refused").to_string();
            assert!(error.contains("study.toml") && error.contains(part), "{error}");
        }
    }
}
