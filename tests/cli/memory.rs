//! A device without enough memory. Software devices take theirs from the process, whose address space can be limited:
//! the driver then really fails to allocate. Other devices want more address space than they have memory.
#![cfg(target_os = "linux")]

use crate::sandbox::{CONFIG, Sandbox, TEST, write_idx};
use crate::skip::skip;
use std::process::{Command, Output};

/// A layer's values take 256 KiB an image, hence 128 MiB a batch; all together they take gigabytes.
const BATCH: usize = 512;
const MIB: usize = 1 << 20;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    write_idx(&sandbox.path("many"), "train", BATCH);
    write_idx(&sandbox.path("many"), "t10k", TEST);
    let from = CONFIG.find("feature_extractor").expect("layers");
    let to = CONFIG.find("label_predictor").expect("the label predictor");
    let layers = r#"{ layer = "conv2d", outputs = 16, kernel = 1 }, { layer = "relu" }, "#.repeat(3);
    let config = format!("{}feature_extractor = [{layers}]\n{}", &CONFIG[..from], &CONFIG[to..]);
    sandbox.write(
        "large.toml",
        config.replace("= 8\n", "= 64\n").replace("epochs = 2", "epochs = 1\nsteps = 1"),
    );
    sandbox
}

/// `dann train` within `bytes` of address space.
fn train(sandbox: &Sandbox, adapter: &str, batch: &str, bytes: usize) -> Output {
    let line = "train --method source-only --config large.toml --source many --target many --no-report";
    let mut command = Command::new("sh");
    command.args(["-c", r#"ulimit -v "$0"; exec "$@""#, &(bytes / 1024).to_string()]);
    command.arg(assert_cmd::cargo::cargo_bin!("dann")).args(line.split(' '));
    command.args(["--adapter", adapter, "--batch", batch, "--out", &format!("out-{batch}")]);
    sandbox.patiently(sandbox.within(command)).output().expect("a shell")
}

#[test]
fn a_batch_that_the_device_has_no_memory_for() {
    let sandbox = sandbox();
    let devices = sandbox.json("devices");
    let software = devices.iter().find(|d| d["type"] == "Cpu" && d["backend"] == "vulkan");
    let Some(adapter) = software.map(|device| device["index"].to_string()) else {
        return skip("no software Vulkan driver (lavapipe or SwiftShader)");
    };
    // What the program and the driver need for themselves.
    let start = (4..32).map(|n| n * 256 * MIB).find(|&bytes| {
        let started = train(&sandbox, &adapter, "1", bytes);
        std::fs::remove_dir_all(sandbox.path("out-1")).ok();
        started.status.success()
    });
    let room = start.expect("a batch of one runs in less than 8 GiB") + 512 * MIB;

    let refused = train(&sandbox, &adapter, &BATCH.to_string(), room);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("GPU: no memory for ") && said.contains(" bytes): Out of Memory"), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    assert!(!sandbox.path(&format!("out-{BATCH}")).exists());

    let hint = said.split_once("hint: --batch ").and_then(|(_, rest)| rest.split_once(" fits"));
    let (fitting, _) = hint.unwrap_or_else(|| panic!("no hint in {said}"));
    assert!((2..BATCH).contains(&fitting.parse().expect("a number")), "{said}");
    // The driver compiles the kernels in the same address space, once the steps begin.
    let trained = train(&sandbox, &adapter, fitting, room + 256 * MIB);
    assert!(trained.status.success(), "{}", String::from_utf8_lossy(&trained.stderr));
}
