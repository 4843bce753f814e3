//! What Microsoft's compiler makes of the HLSL that shaders are translated into.

use crate::python::{python, run};
use dann::gpu::ShaderChecks;
use dann::profile::shader::{Choices, Shader};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Translations that it does not take, and what it says. Of `dot4add_u8packed(x, x, 0)`, which is naga's, this version gives the
/// 0 64 bits and then refuses what it has made.
const REFUSED: &[(&str, &str)] = &[("dot_packed.wgsl", "DestTy too big for Trunc")];

/// What the first line of a shader says of its text; flags of `dann profile`, of which the others do not matter here.
fn choices(text: &str) -> Choices {
    let line = text.lines().find_map(|line| line.strip_prefix("// args: ")).expect("arguments");
    let mut choices = Choices::default();
    let words: Vec<&str> = line.split_whitespace().collect();
    for pair in words.windows(2) {
        match pair[0] {
            "--define" => choices.defines.push(pair[1].parse().expect("a define")),
            "--override" => choices.overrides.push(pair[1].parse().expect("an override")),
            "--include" => choices.includes.push(pair[1].into()),
            "--shader" => choices.before.push(pair[1].into()),
            "--entry" => choices.entry = Some(pair[1].to_owned()),
            _ => {}
        }
    }
    choices
}

/// The HLSL of every shader of `tests/shaders`, checked and not: the files, by shader.
fn translated(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir("tests/shaders").expect("the shaders") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        if !name.ends_with(".wgsl") && !name.ends_with(".wesl") {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a shader");
        let shader = Shader::read(&path, &choices(&text)).unwrap_or_else(|e| panic!("{e}"));
        let resources = shader.resources().expect("resources");
        for (checks, kind) in [(ShaderChecks::Trusted, "trusted"), (ShaderChecks::Checked, "checked")] {
            let all = shader.translate(&resources, checks, &directory.join(&name).join(kind));
            let hlsl = all.expect("translations").into_iter().find(|one| one.language == "HLSL");
            files.extend(hlsl.and_then(|one| one.file).map(|file| (file, name.clone())));
        }
    }
    files
}

#[test]
fn microsofts_compiler_takes_the_hlsl_of_every_shader() {
    let packages = ["compushady-lrtu==0.18.0"];
    let Some(python) = python(&["compushady.backends.dxc"], &packages) else { return };
    let directory = tempfile::tempdir().expect("a directory");
    let files = translated(directory.path());
    assert!(files.len() >= 100, "{} files", files.len());
    let arguments: Vec<&Path> = files.keys().map(PathBuf::as_path).collect();
    let said = run(&python, include_str!("dxc.py"), &arguments);
    let mut refused: BTreeMap<&str, &str> = BTreeMap::new();
    let lines = said.lines().filter_map(|line| line.strip_prefix("refused\t")?.split_once('\t'));
    refused.extend(lines.map(|(file, said)| (files[Path::new(file)].as_str(), said)));
    let unexpected: Vec<_> =
        refused.iter().filter(|(name, _)| !REFUSED.iter().any(|(known, _)| known == *name)).collect();
    assert!(unexpected.is_empty(), "{unexpected:#?}");
    for (name, words) in REFUSED {
        assert!(
            refused.get(name).is_some_and(|said| said.contains(words)),
            "{name}: {:?}",
            refused.get(name)
        );
    }
    assert_eq!(said.lines().count(), files.len(), "{said}");
}
