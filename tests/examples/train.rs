//! train: a library's user trains in some thirty lines.

use crate::sandbox::Sandbox;
use std::process::{Command, Output};

fn train(sandbox: &Sandbox, arguments: &[&str]) -> Option<Output> {
    let mut command = sandbox.patiently(sandbox.within(Command::new(super::program("train")?)));
    Some(command.args(arguments).output().expect("the program starts"))
}

#[test]
fn a_model_is_trained_and_written() {
    let sandbox = Sandbox::new();
    let Some(output) = train(&sandbox, &["source", "target", "4", "tiny.toml"]) else { return };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // An epoch has three steps.
    for line in ["step 3 of 4: label loss ", "step 4 of 4: label loss ", "4 steps; target test accuracy"] {
        assert!(said.contains(line), "{line:?} is not in\n{said}");
    }
    let checkpoint = dann::train::Checkpoint::read(&sandbox.path("model.safetensors")).expect("a model");
    assert_eq!((checkpoint.step, checkpoint.classes.len()), (4, 10));
}

#[test]
fn data_that_are_not_there_are_named() {
    let sandbox = Sandbox::new();
    let Some(output) = train(&sandbox, &["source", "nowhere"]) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("nowhere"), "{said}");
    let Some(output) = train(&sandbox, &["source"]) else { return };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("usage: train SOURCE TARGET"), "{said}");
}
