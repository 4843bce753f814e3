//! Rules that single files keep, beside what their modules may use.

use crate::architecture::{files, production_code};
use std::path::Path;

/// Most lines that a source file may have.
const MOST_LINES: usize = 320;

#[test]
fn data_knows_no_gpu() {
    for path in files("src/data", "rs") {
        let code = production_code(&std::fs::read_to_string(&path).unwrap());
        assert!(!code.contains("wgpu"), "{} uses wgpu", path.display());
    }
}

/// The code of a twin: the part of a proof in front of the op's contract, or a file of its own.
fn twin(path: &Path) -> Option<String> {
    let code = production_code(&std::fs::read_to_string(path).unwrap());
    match path.file_name()?.to_str()? {
        "twin.rs" => Some(code),
        "proof.rs" => {
            let op = code.split_once("impl Op for ")?.1.split_once(' ')?.0;
            let uses = code.rfind("\nuse ")?;
            let twin = &code[uses..code.find(&format!("pub struct {op}"))?];
            let (_, twin) = twin.split_once(";\n")?;
            (!twin.trim().is_empty()).then(|| twin.to_owned())
        }
        _ => None,
    }
}

/// What a twin shares with the device side, by name.
fn shared_with_the_device(twin: &str) -> Vec<&'static str> {
    let words: Vec<&str> = twin.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let device = ["gpu", "wgpu", "host", "kernels", "wgsl", "Tensor", "Recording"];
    device.into_iter().filter(|name| words.contains(name)).collect()
}

#[test]
fn twins_share_nothing_with_kernels_and_host_functions() {
    let twins: Vec<_> =
        files("src/ops", "rs").into_iter().filter_map(|path| twin(&path).map(|twin| (path, twin))).collect();
    assert!(twins.len() >= 15, "{} twins", twins.len());
    for (path, twin) in twins {
        assert_eq!(shared_with_the_device(&twin), [""; 0], "{}", path.display());
    }
}

/// The string literals of Rust code that begin as a command line's flag does, outside tests and comments.
fn flags(text: &str) -> Vec<String> {
    let code = production_code(text);
    let behind = code.split("\"--").skip(1);
    let names = behind.filter(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '{'));
    names.map(|rest| format!("--{}", rest.split('"').next().unwrap_or_default())).collect()
}

/// What these files give to other programs.
const ARGUMENTS_OF_OTHERS: &[&str] = &["src/data/fetch/npm.rs"];

#[test]
fn only_the_command_line_knows_its_flags() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let relative = path.strip_prefix(root).unwrap();
        let is_test = relative.ends_with("tests.rs") || relative.iter().any(|part| part == "tests");
        let exempt = ARGUMENTS_OF_OTHERS.iter().any(|file| relative == Path::new(file));
        if relative.starts_with("src/cli") || is_test || exempt {
            continue;
        }
        let found = flags(&std::fs::read_to_string(&path).unwrap());
        wrong.extend(found.iter().map(|flag| format!("{}: {flag}", relative.display())));
    }
    assert!(wrong.is_empty(), "flags outside src/cli:\n{}", wrong.join("\n"));
}

#[test]
fn the_search_for_flags_finds_them() {
    let text = "fn f() { g(\"--target\", \"- -\", \"-- \", \"a --b\"); h(\"--{part}\") } // \"--no\"\n";
    assert_eq!(flags(text), ["--target", "--{part}"]);
    assert!(flags("#[cfg(test)]\nmod tests {\n    const A: &str = \"--set\";\n}\n").is_empty());
}

#[test]
fn the_search_in_twins_finds_the_device() {
    assert_eq!(shared_with_the_device("pub fn forward() { host::forward(&Tensor) }"), ["host", "Tensor"]);
}

/// What a passing test prints is held back by the harness, and nobody would see it.
#[test]
fn what_is_skipped_is_said_aloud() {
    for path in files("tests", "rs") {
        let text = std::fs::read_to_string(&path).unwrap().to_lowercase();
        assert!(!text.contains(concat!("println!(\"", "skipped")), "{} says it to nobody", path.display());
    }
}

#[test]
fn files_stay_short() {
    let rust = ["src", "build", "tests", "examples", "benches"].map(|folder| files(folder, "rs"));
    for path in rust.into_iter().flatten().chain(files("shaders", "wgsl")) {
        let lines = std::fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= MOST_LINES, "{} has {lines} lines, {MOST_LINES} are allowed", path.display());
    }
}
