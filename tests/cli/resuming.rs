//! `dann train --resume`: whatever ends a run, going on ends with the bytes of a run that nothing has ended.

use crate::running::Running;
use crate::sandbox::{CONFIG, Sandbox};
use crate::skip::skip;
use rand::{RngExt as _, SeedableRng as _};
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A sandbox whose recipe takes `epochs` epochs of three steps.
fn sandbox(epochs: usize) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("tiny.toml", CONFIG.replace("epochs = 2", &format!("epochs = {epochs}")));
    sandbox
}

fn model(sandbox: &Sandbox, run: &str) -> Vec<u8> {
    sandbox.read(&format!("{run}/model.safetensors"))
}

/// The lines of `metrics.jsonl` without the seconds, which no two runs share.
fn metrics(sandbox: &Sandbox, run: &str) -> Vec<serde_json::Value> {
    let text = String::from_utf8(sandbox.read(&format!("{run}/metrics.jsonl"))).expect("UTF-8");
    let line = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).expect(line);
        value.as_object_mut().expect("an object").remove("seconds");
        value
    };
    text.lines().map(line).collect()
}

fn checkpoints(sandbox: &Sandbox, run: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(sandbox.path(&format!("{run}/checkpoints"))) else { return vec![] };
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8")).collect();
    names.retain(|name| name.ends_with(".safetensors"));
    names.sort();
    names
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a directory");
    for entry in fs::read_dir(from).expect("a listing") {
        let entry = entry.expect("an entry").path();
        let to = to.join(entry.file_name().expect("a name"));
        if entry.is_dir() {
            copy(&entry, &to);
        } else {
            fs::copy(&entry, to).expect("a copy");
        }
    }
}

/// A copy of the finished run `whole`, as if it had been ended just before its end.
fn unfinished(sandbox: &Sandbox, name: &str) {
    copy(&sandbox.path("whole"), &sandbox.path(name));
    for file in ["result.json", "model.safetensors"] {
        fs::remove_file(sandbox.path(&format!("{name}/{file}"))).expect("the run was finished");
    }
}

/// The program, started and not waited for.
fn started(sandbox: &Sandbox, arguments: &str) -> Running {
    Running::start(sandbox.program(arguments).stdout(Stdio::null()).stderr(Stdio::piped()))
}

/// Waits until `ready`, or fails after a minute.
fn until(mut ready: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ready() {
        assert!(began.elapsed() < Duration::from_secs(60), "nothing happens");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn going_on_from_any_step_ends_with_the_same_bytes() {
    let sandbox = sandbox(2);
    sandbox.train("whole", "--checkpoint-every 1 --no-report");
    let names = checkpoints(&sandbox, "whole");
    assert_eq!(names.len(), 7, "{names:?}");
    for name in names {
        unfinished(&sandbox, &name);
        sandbox.json(&format!("train --resume {name}/checkpoints/{name} --checkpoint-every 1 --no-report"));
        assert!(model(&sandbox, &name) == model(&sandbox, "whole"), "{name}: another model");
        assert_eq!(metrics(&sandbox, &name), metrics(&sandbox, "whole"), "{name}");
        assert_eq!(checkpoints(&sandbox, &name).len(), 7, "{name}");
    }
}

#[test]
fn how_often_checkpoints_are_written_changes_nothing() {
    let sandbox = sandbox(4);
    for (run, arguments) in
        [("often", "--checkpoint-every 1"), ("some", "--checkpoint-every 5"), ("none", "")]
    {
        sandbox.train(run, &format!("--no-report {arguments}"));
    }
    assert!(model(&sandbox, "often") == model(&sandbox, "none"));
    assert!(model(&sandbox, "some") == model(&sandbox, "none"));
    assert_eq!(metrics(&sandbox, "often"), metrics(&sandbox, "none"));
    let steps = |run| {
        checkpoints(&sandbox, run).iter().map(|name| name[5..13].parse().unwrap()).collect::<Vec<u32>>()
    };
    assert_eq!(steps("some"), [0, 3, 5, 6, 9, 10, 12]);
}

#[test]
fn the_newest_checkpoints_alone_are_kept_where_that_was_asked_for() {
    let sandbox = sandbox(2);
    sandbox.train("out", "--checkpoint-every 1 --keep 2 --no-report");
    assert_eq!(checkpoints(&sandbox, "out"), ["step_00000005.safetensors", "step_00000006.safetensors"]);
}

/// How often the program is killed: thirty times by `make soak`.
fn kills() -> usize {
    std::env::var("DANN_KILLS").map_or(4, |count| count.parse().expect("DANN_KILLS: a whole number"))
}

#[cfg(unix)]
#[test]
fn kills_at_random_moments_lose_nothing() {
    let sandbox = sandbox(60);
    sandbox.train("whole", "--no-report");
    let mut rng = rand_pcg::Pcg64Mcg::seed_from_u64(7);
    let (mut killed, mut run) = (0, 0);
    while killed < kills() {
        run += 1;
        let name = format!("killed-{run}");
        let fresh = format!("{} --out {name} --checkpoint-every 2 --keep 3 --no-report", Sandbox::TRAIN);
        let resume = format!("train --resume {name} --checkpoint-every 2 --keep 3 --no-report");
        let mut arguments = fresh.clone();
        loop {
            let program = started(&sandbox, &arguments);
            std::thread::sleep(Duration::from_millis(rng.random_range(0..1500)));
            let ended = program.child().try_wait().expect("a status");
            if ended.is_none() && killed < kills() {
                program.child().kill().expect("SIGKILL");
                killed += 1;
            }
            let output = program.output();
            if output.status.success() {
                break;
            }
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code().is_none(), "{arguments}: ended by itself\n{said}");
            // Before the first checkpoint nothing has been learned, and nothing is lost by starting again.
            let begun = !checkpoints(&sandbox, &name).is_empty();
            if !begun {
                fs::remove_dir_all(sandbox.path(&name)).ok();
            }
            arguments = if begun { resume.clone() } else { fresh.clone() };
            if begun && sandbox.path(&format!("{name}/result.json")).exists() {
                break;
            }
        }
        assert!(model(&sandbox, &name) == model(&sandbox, "whole"), "after {killed} kills");
        assert_eq!(metrics(&sandbox, &name), metrics(&sandbox, "whole"));
    }
    eprintln!("killed {killed} times in {run} runs");
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_says_how_to_go_on_and_exits_130() {
    let sandbox = sandbox(300);
    sandbox.train("whole", "--no-report");
    let program = started(&sandbox, &format!("{} --out out --no-report", Sandbox::TRAIN));
    let log = sandbox.path("out/metrics.jsonl");
    until(|| fs::metadata(&log).is_ok_and(|file| file.len() > 2000));
    interrupt(&program.child());
    until(|| program.child().try_wait().expect("a status").is_some());
    let output = program.output();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("dann train --resume out"), "{said}");
    sandbox.json("train --resume out --no-report");
    assert!(model(&sandbox, "out") == model(&sandbox, "whole"));
}

#[cfg(unix)]
fn interrupt(program: &Child) {
    let status = Command::new("kill").args(["-INT", &program.id().to_string()]).status().expect("kill");
    assert!(status.success());
}

#[test]
fn a_broken_checkpoint_is_named_and_an_older_one_can_be_used() {
    let sandbox = sandbox(2);
    sandbox.train("whole", "--no-report");
    let newest = "checkpoints/step_00000006.safetensors";
    let damages: [fn(&mut Vec<u8>); 2] =
        [|bytes| bytes.truncate(bytes.len() / 2), |bytes| *bytes.last_mut().expect("a byte") ^= 1];
    for damage in damages {
        let _ = fs::remove_dir_all(sandbox.path("broken"));
        unfinished(&sandbox, "broken");
        sandbox.edit(&format!("broken/{newest}"), damage);
        sandbox.refused(
            "train --resume broken",
            &["step_00000006.safetensors", "expected", "an older checkpoint"],
        );
        sandbox.json("train --resume broken/checkpoints/step_00000003.safetensors --no-report");
        assert!(model(&sandbox, "broken") == model(&sandbox, "whole"));
    }
}

#[test]
fn what_cannot_go_on_is_refused() {
    let sandbox = sandbox(2);
    sandbox.train("whole", "--no-report");
    sandbox.refused("train --resume whole", &["whole", "a finished run"]);
    sandbox.refused("train --resume nowhere", &["nowhere", "no such directory"]);
    sandbox.refused("train --resume source", &["source", "no run"]);
    sandbox.refused(
        "train --resume whole/model.safetensors",
        &["a file that is not in the checkpoints/ of a run"],
    );
    sandbox.refused("train --resume whole --seed 2", &["--seed", "cannot be used with"]);
    unfinished(&sandbox, "run");
    sandbox.refused("train --resume run --target source", &["--resume", "16 and 12", "16 and 16"]);
    let model = "run/checkpoints/step_00000006.safetensors";
    fs::copy(sandbox.path("whole/model.safetensors"), sandbox.path(model)).expect("a copy");
    sandbox.refused(&format!("train --resume {model}"), &["optimiser", "a model alone"]);
}

#[test]
fn a_number_that_is_none_ends_training_and_keeps_what_was_good() {
    let sandbox = sandbox(2);
    for (arguments, words) in [
        ("--set training.learning_rate.initial=1e38", ["diverged at step", "the update of", ".weight"]),
        (
            "--set model.input.normalization.scale=[1e38,1e38,1e38]",
            ["diverged at step", "the label loss is", "the update of"],
        ),
    ] {
        let _ = fs::remove_dir_all(sandbox.path("out"));
        let output =
            sandbox.dann(&format!("{} --out out {arguments}", Sandbox::TRAIN)).output().expect("an end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        for word in words {
            assert!(said.contains(word), "{word:?} is not in\n{said}");
        }
        assert_eq!(checkpoints(&sandbox, "out"), ["step_00000000.safetensors"]);
    }
}

#[test]
fn a_lost_device_is_opened_again() {
    let sandbox = sandbox(3);
    sandbox.train("whole", "--no-report");
    for step in [1, 3, 7] {
        let run = format!("lost-{step}");
        let arguments = format!("{} --out {run} --no-report --destroy-device-at {step}", Sandbox::TRAIN);
        let output = sandbox.dann(&arguments).output().expect("an end");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("opening the device again"), "{said}");
        assert!(model(&sandbox, &run) == model(&sandbox, "whole"), "{run}");
        assert_eq!(metrics(&sandbox, &run), metrics(&sandbox, "whole"), "{run}");
    }
}

/// A directory on a file system of `size`, unmounted at the end; `None`, aloud, where none can be mounted.
#[cfg(target_os = "linux")]
struct SmallDisk(std::path::PathBuf);

#[cfg(target_os = "linux")]
impl SmallDisk {
    fn mount(path: std::path::PathBuf, size: &str) -> Option<Self> {
        fs::create_dir_all(&path).expect("a directory");
        let options = format!("size={size}");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&path).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(path));
        }
        skip("no small file system can be mounted here, so a full disk was not tried");
        None
    }

    fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        let status = Command::new("mount").args(["-o", &options]).arg(&self.0).status().expect("mount");
        assert!(status.success());
    }
}

#[cfg(target_os = "linux")]
impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).status());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_training_and_leaves_the_older_checkpoints() {
    let sandbox = sandbox(40);
    sandbox.train("whole", "--no-report");
    let Some(disk) = SmallDisk::mount(sandbox.path("disk"), "192k") else { return };
    let arguments = format!("{} --out disk/run --no-report", Sandbox::TRAIN);
    let output = sandbox.dann(&arguments).output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("disk/run") && said.contains("No space left"), "{said}");
    let kept = checkpoints(&sandbox, "disk/run");
    assert!(!kept.is_empty(), "{said}");
    disk.resize("64m");
    sandbox.json("train --resume disk/run --no-report");
    assert!(model(&sandbox, "disk/run") == model(&sandbox, "whole"));
    drop(disk);
}
