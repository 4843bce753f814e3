//! The examples, run as a user runs them.

mod accessibility;
mod headless;
#[path = "../../examples/viewer/mod.rs"]
#[allow(dead_code, unused_imports, reason = "what the windows need besides")]
mod live_viewer;
mod minimal;
#[path = "../running/mod.rs"]
#[allow(dead_code, reason = "what the tests of the command line need besides")]
mod running;
#[path = "../cli/sandbox.rs"]
#[expect(dead_code, reason = "what the tests of the command line need besides")]
mod sandbox;
#[path = "../../examples/scene/mod.rs"]
#[allow(dead_code, reason = "what the examples need besides")]
mod scene;
mod screen;
mod simulation;
#[path = "../skip/mod.rs"]
mod skip;
mod toy;
mod train;
mod viewer;

use skip::skip;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An example's program, which `cargo test` builds beside the tests.
fn program(name: &str) -> Option<PathBuf> {
    let test = std::env::current_exe().ok()?;
    let program = test.parent()?.parent()?.join("examples").join(name);
    if !program.exists() {
        skip(format_args!("{} has not been built", program.display()));
        return None;
    }
    Some(program)
}

/// Whether a program of the system is there.
fn installed(name: &str) -> bool {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {name}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        skip(format_args!("{name} is not installed"));
    }
    found
}

/// A directory of the system's for what the driver wants to keep, so that Mesa does not complain.
fn runtime_directory(command: &mut Command) -> &mut Command {
    command.env("XDG_RUNTIME_DIR", Path::new(&std::env::temp_dir()))
}
