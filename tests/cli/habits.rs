//! What users of command lines take for granted.

use crate::sandbox::Sandbox;
use crate::skip::skip;
use std::fs;
use std::process::{Command, Stdio};

#[test]
fn every_key_can_be_set_from_the_command_line() {
    let sandbox = Sandbox::new();
    let set = "--set training.momentum=0.5 --set model.feature_extractor.0.outputs=3 --set training.epochs=1";
    sandbox.train("out", &format!("{set} --no-report"));
    let config = String::from_utf8(sandbox.read("out/config.toml")).expect("UTF-8");
    for words in ["momentum = 0.5", "outputs = 3", "epochs = 1"] {
        assert!(config.contains(words), "{words} is not in\n{config}");
    }
    let sandbox = Sandbox::new();
    sandbox.refuses_to_train(
        "--set training.speed=3",
        &["--set training.speed=3", "unknown field `speed`", "`epochs`"],
    );
    sandbox.refuses_to_train("--set training.momentum", &["expected KEY=VALUE, found no ="]);
    sandbox.refuses_to_train("--set model.input.height=1", &["feature_extractor.conv1"]);
}

#[test]
fn shells_complete_commands_and_flags() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.text(&format!("completions {shell}"));
        for words in ["predict", "explain", "export", "format"] {
            assert!(script.contains(words), "{shell}: {words}");
        }
    }
    sandbox.write("complete.sh", sandbox.text("completions bash"));
    let ask = "source complete.sh; COMP_WORDS=(dann predict --exp); COMP_CWORD=2; _dann dann --exp predict; echo ${COMPREPLY[@]}";
    let output = Command::new("bash").args(["-c", ask]).current_dir(sandbox.path("")).output().expect("bash");
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "--explain");
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let sandbox = Sandbox::new();
    let page = sandbox.text("man");
    assert!(page.contains(".TH") && page.contains("Examples"), "{page}");
    sandbox.text("man --out pages");
    let mut names: Vec<String> = fs::read_dir(sandbox.path("pages"))
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in ["dann.1", "dann-data-fetch.1", "dann-predict.1", "dann-report.1", "dann-train.1"] {
        assert!(names.contains(&name.to_owned()), "{name} is not in {names:?}");
    }
}

#[test]
fn quiet_leaves_results_and_errors() {
    let sandbox = Sandbox::new();
    let loud = sandbox.dann(&format!("{} --out a --no-report", Sandbox::TRAIN)).output().expect("a run");
    let quiet = sandbox.dann(&format!("{} --out b --no-report -q", Sandbox::TRAIN)).output().expect("a run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(text(&loud.stdout).contains("epoch  1") && text(&loud.stderr).contains("running on"));
    assert_eq!(text(&quiet.stderr), "");
    assert_eq!(text(&quiet.stdout).lines().count(), 1, "{}", text(&quiet.stdout));
    assert!(text(&quiet.stdout).contains("the run is in b"));
    sandbox.refused("predict --run nowhere x.png --quiet", &["nowhere: expected a finished run"]);
}

#[test]
fn neither_bars_nor_colours_reach_what_is_no_terminal() {
    let sandbox = Sandbox::new();
    let output = sandbox.dann(&format!("{} --out a", Sandbox::TRAIN)).output().expect("a run");
    for bytes in [&output.stdout, &output.stderr] {
        assert!(!bytes.contains(&0x1b) && !bytes.contains(&b'\r'), "{}", String::from_utf8_lossy(bytes));
    }
}

/// What the program writes to a terminal of 80 columns that `script` plays.
#[cfg(target_os = "linux")]
fn on_a_terminal(sandbox: &Sandbox, line: &str, no_color: bool) -> Option<String> {
    let program = env!("CARGO_BIN_EXE_dann");
    let mut command = Command::new("script");
    command
        .args(["-qec", &format!("stty cols 80 rows 24; {program} {line}"), "/dev/null"])
        .current_dir(sandbox.path(""));
    command.env("TERM", "xterm-256color").env("XDG_RUNTIME_DIR", std::env::temp_dir()).stdin(Stdio::null());
    command.env_remove("NO_COLOR").env_remove("CI");
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let output = command.output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(target_os = "linux")]
#[test]
fn colours_are_for_terminals_without_no_color() {
    let sandbox = Sandbox::new();
    let line = "eval --run nowhere --data source";
    let (Some(colour), Some(plain)) =
        (on_a_terminal(&sandbox, line, false), on_a_terminal(&sandbox, line, true))
    else {
        skip("there is no `script` to play a terminal");
        return;
    };
    assert!(colour.contains("\u{1b}[") && colour.contains("finished run"), "{colour}");
    assert!(!plain.contains("\u{1b}[") && plain.contains("finished run"), "{plain}");
}

#[test]
fn errors_say_what_to_do_next() {
    let sandbox = Sandbox::new();
    sandbox.refused(
        "train --source nowhere --out x",
        &["nowhere: expected a data set", "hint: `dann data fetch`"],
    );
    fs::create_dir(sandbox.path("x")).expect("a directory");
    sandbox.write("x/file", "mine");
    sandbox.refused(
        &format!("{} --out x", Sandbox::TRAIN),
        &["x: expected a new or empty", "hint: --out NEW_DIR"],
    );
    sandbox.refused("eval --run x --data source", &["x: expected a finished run", "hint: `dann runs DIR`"]);
}

#[cfg(target_os = "linux")]
#[test]
fn tables_and_errors_have_room_on_a_terminal_of_80_columns() {
    let sandbox = Sandbox::new();
    sandbox.train("run", "--no-report");
    for line in [
        "devices",
        "runs .",
        "check --only relu6",
        "select run",
        "predict --run run source/none.png",
        "train --source nothing --out a",
        "train --set training.speed=3 --out a",
        "train --preset papper",
    ] {
        let Some(text) = on_a_terminal(&sandbox, line, true) else {
            skip("there is no `script` to play a terminal");
            return;
        };
        // What is drawn over, as progress is, ends with a sequence for the terminal.
        let lines: Vec<&str> = text
            .lines()
            .filter_map(|line| line.rsplit(['\r', '\u{1b}']).find(|part| !part.is_empty()))
            .collect();
        assert!(lines.len() > 1, "{line}: {text}");
        for found in lines {
            let columns = found.chars().count();
            assert!(columns <= 80, "{line}: {columns} columns: {found}");
        }
    }
}

#[test]
fn check_fails_where_a_golden_file_says_something_else() {
    let sandbox = Sandbox::new();
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/adaptation.safetensors");
    let mut bytes = fs::read(file).expect("a golden file");
    sandbox.write("good.safetensors", &bytes);
    let line = "check --only entropy --golden";
    let summary = sandbox.json(&format!("{line} good.safetensors")).pop().expect("a summary");
    assert!(summary["failed"] == 0 && summary["cases"].as_u64() > Some(0), "{summary}");
    // One answer, off by a power of two.
    let header = u64::from_le_bytes(*bytes.first_chunk().expect("a length")) as usize;
    let tensors: serde_json::Value = serde_json::from_slice(&bytes[8..8 + header]).expect("a header");
    let at = tensors["entropy_0/loss"]["data_offsets"][0].as_u64().expect("an offset") as usize;
    bytes[8 + header + at + 2] ^= 0x80;
    sandbox.write("bad.safetensors", &bytes);
    let output =
        sandbox.dann(&format!("{line} bad.safetensors --json")).assert().code(1).get_output().clone();
    let (printed, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let last: serde_json::Value =
        serde_json::from_str(printed.lines().last().expect("a line")).expect("JSON");
    assert_eq!(last["failed"], 1, "{printed}");
    assert!(said.contains("cases failed"), "{said}");
}
