//! The jobs of `dann experiment`: listed, made one by one, shared among processes, given to Slurm.

use crate::sandbox::Sandbox;
use crate::skip::skip;
use std::fs;
use std::path::Path;
use std::process::Command;

const EXPERIMENT: &str = r#"
source = "source"
target = "target"
seeds = [3, 4]
methods = ["source-only", "dann"]
[slurm]
time = "00:10:00"
memory = "300M"
cpus = 1
[[recipe]]
name = "tiny"
config = "tiny.toml"
"#;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("both.toml", EXPERIMENT);
    sandbox
}

fn states(sandbox: &Sandbox) -> Vec<String> {
    let lines = sandbox.json("experiment both.toml --list");
    let text = |line: &serde_json::Value| format!("{} {} {}", line["job"], line["name"], line["state"]);
    lines.iter().map(|line| text(line).replace('"', "")).collect()
}

#[test]
fn one_job_is_made_alone_and_the_rest_by_the_same_command() {
    let sandbox = sandbox();
    let open = [
        "0 tiny/source-only-3 open",
        "1 tiny/dann-3 open",
        "2 tiny/source-only-4 open",
        "3 tiny/dann-4 open",
    ];
    assert_eq!(states(&sandbox), open);
    assert!(!sandbox.path("runs").exists(), "listing made something");
    let text = sandbox.text("experiment both.toml --job 3");
    assert!(text.contains("3 of 4 jobs are still to end: tiny/source-only-3"), "{text}");
    assert_eq!(
        states(&sandbox)[1..],
        ["1 tiny/dann-3 open", "2 tiny/source-only-4 open", "3 tiny/dann-4 done"]
    );
    fs::create_dir_all(sandbox.path("runs/both/tiny/dann-3")).expect("a directory");
    assert_eq!(states(&sandbox)[1], "1 tiny/dann-3 begun");
    fs::remove_dir(sandbox.path("runs/both/tiny/dann-3")).expect("removed");
    let made = sandbox.read("runs/both/tiny/dann-4/metrics.jsonl");
    let text = sandbox.text("experiment both.toml");
    assert!(text.contains("| tiny | dann | 2 |") && !text.contains("still to end"), "{text}");
    assert!(made == sandbox.read("runs/both/tiny/dann-4/metrics.jsonl"), "made again");
}

#[test]
fn a_run_that_another_process_makes_is_left_out() {
    let sandbox = sandbox();
    fs::create_dir_all(sandbox.path("runs/both/tiny/dann-3")).expect("a directory");
    let lock = fs::File::create(sandbox.path("runs/both/tiny/dann-3.lock")).expect("a file");
    assert_eq!(states(&sandbox)[1], "1 tiny/dann-3 begun");
    lock.lock().expect("a lock");
    assert_eq!(states(&sandbox)[1], "1 tiny/dann-3 running");
    let script = sandbox.text("experiment both.toml --slurm");
    assert!(script.contains("#SBATCH --array=0,2-3\n"), "{script}");
    let text = sandbox.text("experiment both.toml --job 1");
    for words in
        ["tiny/dann-3: left out, as another process makes it now", "4 of 4 jobs", "make 1 of them now"]
    {
        assert!(text.contains(words), "{words}\n{text}");
    }
    assert!(!sandbox.path("runs/both/tiny/dann-3/config.toml").exists(), "made twice");
    drop(lock);
    sandbox.text("experiment both.toml --job 1");
    assert_eq!(states(&sandbox)[1], "1 tiny/dann-3 done");
    assert!(!sandbox.path("runs/both/tiny/dann-3.lock").exists(), "a lock of nothing");
}

#[test]
fn what_is_no_job_is_refused() {
    let sandbox = sandbox();
    sandbox.refused("experiment both.toml --job 4", &["job: expected a number from 0 to 3, found 4"]);
    sandbox.refused("experiment both.toml --submit", &["--slurm"]);
    sandbox.refused("experiment both.toml --job 1 --list", &["--job", "--list"]);
    sandbox.write("both.toml", EXPERIMENT.replace("cpus = 1", "cpu = 1"));
    sandbox.refused("experiment both.toml --list", &["both.toml", "unknown field `cpu`"]);
}

#[test]
fn processes_of_a_launcher_share_the_jobs() {
    let sandbox = sandbox();
    // A run that ended before it had written anything.
    std::fs::create_dir_all(sandbox.path("runs/both/tiny/source-only-3")).expect("a directory");
    // Each process of a machine takes the next adapter in turn: the other one's is not there.
    let rank = |rank: usize| {
        let adapters = ["0,nonsense", "nonsense,0"][rank];
        let mut command = sandbox.dann(&format!("experiment both.toml --adapter {adapters}"));
        command.env("OMPI_COMM_WORLD_RANK", rank.to_string()).env("OMPI_COMM_WORLD_SIZE", "2");
        command.env("OMPI_COMM_WORLD_LOCAL_RANK", rank.to_string());
        let output = command.assert().success().get_output().stdout.clone();
        String::from_utf8(output).expect("UTF-8")
    };
    let text = rank(1);
    assert!(text.contains("2 of 4 jobs are still to end: tiny/source-only-3, tiny/source-only-4"), "{text}");
    let text = rank(0);
    assert!(text.contains("| tiny | dann | 2 |") && !text.contains("still to end"), "{text}");
    let table = String::from_utf8(sandbox.read("runs/both/RESULTS.md")).expect("UTF-8");
    assert!(table.contains("| tiny | dann | 2 |") && table.contains("| tiny | source-only | 2 |"), "{table}");
}

#[test]
fn a_script_for_slurm_has_the_jobs_that_are_left() {
    let sandbox = sandbox();
    sandbox.text("experiment both.toml --job 1");
    let script = sandbox.text("experiment both.toml --slurm --source source --variant plain");
    for line in ["#!/bin/bash", "#SBATCH --array=0,2-3", "#SBATCH --time=00:10:00", "#SBATCH --mem=300M"] {
        assert!(script.lines().any(|found| found == line), "{line}\n{script}");
    }
    let words = " experiment both.toml --out runs/both --source source --variant plain --job \"$SLURM_ARRAY_TASK_ID\"";
    assert!(script.contains(words), "{script}");
    // Without Slurm's program the remedy is told.
    let mut command = sandbox.dann("experiment both.toml --slurm --submit");
    let output = command.env("PATH", "/nowhere").assert().failure().get_output().stderr.clone();
    let said = String::from_utf8(output).expect("UTF-8");
    assert!(
        said.contains("sbatch: expected Slurm's program") && said.contains("--slurm without --submit"),
        "{said}"
    );
}

/// A Slurm of this machine alone, stopped when the test ends.
struct Slurm(std::path::PathBuf);

impl Slurm {
    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/slurm.sh");

    /// None where it is not installed, or this is not root, who alone may start it so.
    fn start(directory: &Path) -> Option<Self> {
        let missing = ["slurmctld", "slurmd", "munged"]
            .iter()
            .find(|name| !["/usr/sbin", "/usr/bin"].iter().any(|bin| Path::new(bin).join(name).exists()));
        let user = Command::new("id").arg("-u").output().map(|output| output.stdout).unwrap_or_default();
        if missing.is_some() || user != b"0\n" {
            skip("no Slurm to start here (Debian: slurm-wlm, munge; as root)");
            return None;
        }
        let started = Command::new(Self::SCRIPT).arg("start").arg(directory).status().expect("the script");
        let slurm = Self(directory.to_path_buf());
        assert!(started.success(), "Slurm did not start");
        Some(slurm)
    }
}

impl Drop for Slurm {
    fn drop(&mut self) {
        let stopped = Command::new(Self::SCRIPT).arg("stop").arg(&self.0).status();
        assert!(
            stopped.is_ok_and(|status| status.success()) || std::thread::panicking(),
            "Slurm did not stop"
        );
    }
}

#[test]
fn slurm_makes_the_jobs_and_the_same_command_collects_them() {
    let sandbox = sandbox();
    let Some(_slurm) = Slurm::start(&sandbox.path("slurm")) else { return };
    let conf = sandbox.path("slurm/slurm.conf");
    // A job that fails: its recipe is as it was, but its directory holds what is no run.
    fs::create_dir_all(sandbox.path("runs/both/tiny/source-only-3")).expect("a directory");
    sandbox.write("runs/both/tiny/source-only-3/config.toml", "no recipe");
    let mut submit = sandbox.dann("experiment both.toml --slurm --submit --json");
    let output = submit.env("SLURM_CONF", &conf).assert().success().get_output().stdout.clone();
    let line: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let array = line["slurm_job"].as_str().expect("a number").to_owned();
    let began = std::time::Instant::now();
    let waiting = || {
        let queue = Command::new("squeue").args(["-h", "-j", &array]).env("SLURM_CONF", &conf).output();
        queue.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
    };
    while waiting() {
        assert!(began.elapsed().as_secs() < 200, "the jobs did not end");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let expected = [
        "0 tiny/source-only-3 begun",
        "1 tiny/dann-3 done",
        "2 tiny/source-only-4 done",
        "3 tiny/dann-4 done",
    ];
    assert_eq!(states(&sandbox), expected, "{}", log(&sandbox, &array, 1));
    assert!(log(&sandbox, &array, 0).contains("source-only-3"), "{}", log(&sandbox, &array, 0));
    fs::remove_dir_all(sandbox.path("runs/both/tiny/source-only-3")).expect("removed");
    let text = sandbox.text("experiment both.toml");
    assert!(text.contains("| tiny | source-only | 2 |"), "{text}");
    // The same bytes as on this machine itself.
    sandbox.train("alone", "--seed 4");
    assert!(
        sandbox.read("alone/model.safetensors") == sandbox.read("runs/both/tiny/dann-4/model.safetensors")
    );
}

/// What a job of an array has said.
fn log(sandbox: &Sandbox, array: &str, job: usize) -> String {
    fs::read_to_string(sandbox.path(&format!("runs/both/slurm-{array}_{job}.log"))).unwrap_or_default()
}
