//! An experiment's jobs as an array of Slurm.

use crate::error::{Error, Result};
use serde::Deserialize;
use std::fmt::Write as _;
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

    /// A script for `sbatch` in which each of `jobs`, which are in rising order, runs `command` with its number behind it.
    /// What the jobs say goes to `directory`.
    #[must_use]
    pub fn script(&self, name: &str, jobs: &[usize], directory: &Path, command: &[String]) -> String {
        let array = match self.at_once {
            Some(most) => format!("{}%{most}", ranges(jobs)),
            None => ranges(jobs),
        };
        let requests = [
            Some(format!("--job-name={}", quoted(&format!("dann-{name}")))),
            Some(format!("--array={array}")),
            Some(format!("--output={}", quoted(&directory.join("slurm-%A_%a.log").display().to_string()))),
            self.time.as_ref().map(|time| format!("--time={time}")),
            self.memory.as_ref().map(|memory| format!("--mem={memory}")),
            self.gpus.map(|gpus| format!("--gpus={gpus}")),
            self.cpus.map(|cpus| format!("--cpus-per-task={cpus}")),
            self.partition.as_ref().map(|partition| format!("--partition={partition}")),
        ];
        let mut script = "#!/bin/bash\n".to_owned();
        for request in requests.into_iter().flatten().chain(self.options.iter().cloned()) {
            // Writing to a string cannot fail.
            let _ = writeln!(script, "#SBATCH {request}");
        }
        let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
        let _ = writeln!(script, "exec {} \"$SLURM_ARRAY_TASK_ID\"", words.join(" "));
        script
    }
}

/// Numbers in rising order as Slurm lists them: `0-3,5`.
fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        _ => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// A word as a shell takes it for one.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+%@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_asks_for_what_the_file_says() {
        let slurm = Slurm {
            time: Some("01:00:00".into()),
            gpus: Some(1),
            at_once: Some(2),
            options: vec!["--qos=short".into()],
            ..Slurm::default()
        };
        let command = ["/bin/dann", "experiment", "my file's.toml", "--job"].map(Into::into);
        let script = slurm.script("study", &[0, 1, 2, 5, 7, 8], "runs/study".as_ref(), &command);
        assert_eq!(
            script,
            "#!/bin/bash\n#SBATCH --job-name=dann-study\n#SBATCH --array=0-2,5,7-8%2\n\
             #SBATCH --output=runs/study/slurm-%A_%a.log\n#SBATCH --time=01:00:00\n#SBATCH --gpus=1\n\
             #SBATCH --qos=short\nexec /bin/dann experiment 'my file'\\''s.toml' --job \"$SLURM_ARRAY_TASK_ID\"\n"
        );
    }

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
