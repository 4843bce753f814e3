//! embed_minimal: sixty lines train inside an application.

use std::process::Command;

#[test]
fn the_minimal_application_trains_to_its_end_in_sixty_lines() {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/embed_minimal.rs");
    let lines = std::fs::read_to_string(file).unwrap().lines().count();
    assert!(lines <= 60, "{lines} lines");
    let Some(program) = super::program("embed_minimal") else { return };
    let output = super::runtime_directory(&mut Command::new(program)).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for line in
        ["step 1: label loss ", "step 80: label loss ", "a model of the classes [\"dark\", \"bright\"]"]
    {
        assert!(said.contains(line), "{line:?} is not in\n{said}");
    }
}
