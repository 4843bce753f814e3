//! An experiment's jobs as a script for Slurm's `sbatch`.

use dann::experiment::Slurm;
use dann::train::{quoted, quoted_path};
use std::fmt::Write as _;
use std::path::Path;

/// A script for `sbatch` in which each of `jobs`, which are in rising order, runs `command` with its number behind it.
/// What the jobs say goes to `directory`.
pub fn script(slurm: &Slurm, name: &str, jobs: &[usize], directory: &Path, command: &[String]) -> String {
    let array = match slurm.at_once {
        Some(most) => format!("{}%{most}", ranges(jobs)),
        None => ranges(jobs),
    };
    let requests = [
        Some(format!("--job-name={}", quoted(&format!("dann-{name}")))),
        Some(format!("--array={array}")),
        Some(format!("--output={}", quoted_path(&directory.join("slurm-%A_%a.log")))),
        slurm.time.as_ref().map(|time| format!("--time={time}")),
        slurm.memory.as_ref().map(|memory| format!("--mem={memory}")),
        slurm.gpus.map(|gpus| format!("--gpus={gpus}")),
        slurm.cpus.map(|cpus| format!("--cpus-per-task={cpus}")),
        slurm.partition.as_ref().map(|partition| format!("--partition={partition}")),
    ];
    let mut script = "#!/bin/bash\n".to_owned();
    for request in requests.into_iter().flatten().chain(slurm.options.iter().cloned()) {
        // Writing to a string cannot fail.
        let _ = writeln!(script, "#SBATCH {request}");
    }
    let words: Vec<String> = command.iter().map(|word| quoted(word)).collect();
    let _ = writeln!(script, "exec {} \"$SLURM_ARRAY_TASK_ID\"", words.join(" "));
    script
}

/// Numbers in rising order as Slurm lists them: `0-3,5`.
fn ranges(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|a, b| a + 1 == *b).map(|run| match run {
        [one] => one.to_string(),
        _ => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    runs.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_asks_for_what_the_file_says() {
        let mut slurm = Slurm::default();
        (slurm.time, slurm.gpus, slurm.at_once) = (Some("01:00:00".into()), Some(1), Some(2));
        slurm.options = vec!["--qos=short".into()];
        let command = ["/bin/dann", "experiment", "my file's.toml", "--job"].map(Into::into);
        let script = script(&slurm, "study", &[0, 1, 2, 5, 7, 8], "runs/study".as_ref(), &command);
        assert_eq!(
            script,
            "#!/bin/bash\n#SBATCH --job-name=dann-study\n#SBATCH --array=0-2,5,7-8%2\n\
             #SBATCH --output=runs/study/slurm-%A_%a.log\n#SBATCH --time=01:00:00\n#SBATCH --gpus=1\n\
             #SBATCH --qos=short\nexec /bin/dann experiment 'my file'\\''s.toml' --job \"$SLURM_ARRAY_TASK_ID\"\n"
        );
    }
}
