//! A Python with packages.

use crate::skip::skip;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Installing takes so long at most.
const PATIENCE: Duration = Duration::from_secs(240);

/// A Python that can import `modules`, after `packages` were installed where they are missing; `None`, said aloud,
/// where there is none.
pub fn python(modules: &[&str], packages: &[&str]) -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    match environment(modules, packages) {
        Ok(python) => Some(python),
        Err(reason) => {
            skip(&reason);
            None
        }
    }
}

/// Runs `script` with `arguments`; it must succeed. Gives what it prints.
pub fn run(python: &Path, script: &str, arguments: &[&Path]) -> String {
    let output = Command::new(python).arg("-c").arg(script).args(arguments).output().expect("Python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn environment(modules: &[&str], packages: &[&str]) -> Result<PathBuf, String> {
    let own = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("a target directory").join("python");
    let python = own.join("bin/python");
    let script = format!("import {}", modules.join(", "));
    if imports(&python, &script) {
        return Ok(python);
    }
    // What is too large to install is used where the system has it.
    if packages.is_empty() {
        let system = PathBuf::from("python3");
        let missing = || format!("no Python here has {}", modules.join(", "));
        return if imports(&system, &script) { Ok(system) } else { Err(missing()) };
    }
    if !python.exists() {
        patiently(Command::new("python3").args(["-m", "venv"]).arg(&own))?;
    }
    patiently(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
    if imports(&python, &script) {
        Ok(python)
    } else {
        Err(format!("{} cannot be imported", modules.join(", ")))
    }
}

fn imports(python: &Path, script: &str) -> bool {
    Command::new(python).args(["-c", script]).output().is_ok_and(|output| output.status.success())
}

/// Runs a command that may hang, for a while.
fn patiently(command: &mut Command) -> Result<(), String> {
    let began = Instant::now();
    let name = format!("{command:?}");
    let mut child = command.spawn().map_err(|e| format!("{name}: {e}"))?;
    loop {
        match child.try_wait().map_err(|e| format!("{name}: {e}"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{name}: {status}")),
            None if began.elapsed() > PATIENCE => {
                child.kill().ok();
                child.wait().ok();
                return Err(format!("{name}: took longer than {} s", PATIENCE.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}
