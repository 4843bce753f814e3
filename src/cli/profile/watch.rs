//! Profiles again whenever a file of the shader changes.

use super::super::hint;
use super::super::output::Output;
use super::ProfileArgs;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(200);
/// How deep directories are looked into.
const DEEPEST: usize = 8;

/// When each file was changed last.
type Times = BTreeMap<PathBuf, Option<SystemTime>>;

/// Runs `once`, and again after each change, until somebody ends the program; what goes wrong is told.
pub fn run(args: &ProfileArgs, out: &Output, once: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<()> {
    loop {
        let before = times(args);
        if let Err(e) = once() {
            log::error!("{}", hint::told(&e));
        }
        out.remark("Waiting for a change (Ctrl-C ends)")?;
        while times(args) == before {
            std::thread::sleep(EVERY);
        }
    }
}

/// Those of the shaders and pipelines named, of their neighbours and of what may be imported.
fn times(args: &ProfileArgs) -> Times {
    let shader = &args.shader;
    let named = shader.shader.iter().chain(&shader.against).chain(&shader.pipeline);
    let mut times = Times::new();
    for file in named {
        let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        look(beside, 0, &mut times);
        times.insert(file.clone(), changed(file));
    }
    shader.include.iter().for_each(|directory| look(directory, DEEPEST, &mut times));
    shader.pipeline.iter().for_each(|file| look_around(file, &mut times));
    times
}

/// What a pipeline's file names: files with their neighbours, and directories to include.
fn look_around(file: &Path, times: &mut Times) {
    let table = std::fs::read_to_string(file).ok().and_then(|text| text.parse::<toml::Table>().ok());
    let beside = file.parent().unwrap_or(Path::new(""));
    let mut values: Vec<toml::Value> = table.into_iter().map(toml::Value::Table).collect();
    while let Some(value) = values.pop() {
        match value {
            toml::Value::Table(table) => values.extend(table.into_iter().map(|(_, value)| value)),
            toml::Value::Array(array) => values.extend(array),
            toml::Value::String(text) => {
                let path = beside.join(text.trim_start_matches('@'));
                if path.is_dir() {
                    look(&path, DEEPEST, times);
                } else if path.is_file() {
                    look(path.parent().unwrap_or(beside), 0, times);
                    times.insert(path.clone(), changed(&path));
                }
            }
            _ => {}
        }
    }
}

fn look(directory: &Path, deeper: usize, times: &mut Times) {
    let Ok(entries) = std::fs::read_dir(directory) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            if deeper > 0 && !path.is_symlink() {
                look(&path, deeper - 1, times);
            }
        } else if path.extension().is_some_and(|extension| extension == "wgsl" || extension == "wesl") {
            let time = changed(&path);
            times.insert(path, time);
        }
    }
}

fn changed(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}
