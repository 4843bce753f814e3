//! The arrows between the modules: each may use those on its left only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What each module may use of the crate.
pub const ARROWS: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("shape", &[]),
    ("rng", &[]),
    ("data", &["shape", "error", "rng"]),
    ("gpu", &["shape", "error"]),
    ("contract", &["error", "rng", "gpu"]),
    ("ops", &["shape", "error", "gpu", "contract"]),
    ("model", &["shape", "error", "rng", "gpu", "ops"]),
    ("train", &["shape", "error", "rng", "data", "gpu", "ops", "model"]),
    ("selection", &["error", "rng", "data", "gpu", "model", "train"]),
    ("check", &["error", "gpu", "contract", "ops"]),
    ("embed", &["shape", "error", "data", "gpu", "ops", "model", "train"]),
    ("fit", &["error", "data", "gpu", "model", "ops", "train", "selection"]),
    ("golden_steps", &["error", "gpu", "ops", "model", "train", "check"]),
    ("golden_photos", &["shape", "error", "data", "gpu", "ops", "model", "train", "check"]),
    ("experiment", &["error", "data", "gpu", "train", "fit", "selection"]),
    ("export", &["shape", "error", "model", "train"]),
    ("profile", &["error", "rng", "gpu", "ops"]),
    ("report", WITH_PROFILES),
    (
        "cli",
        &[
            "error",
            "data",
            "gpu",
            "ops",
            "model",
            "train",
            "fit",
            "check",
            "golden_photos",
            "golden_steps",
            "experiment",
            "export",
            "profile",
            "report",
            "selection",
        ],
    ),
];

/// What report may use.
const WITH_PROFILES: &[&str] =
    &["error", "rng", "data", "gpu", "model", "train", "fit", "profile", "selection"];

/// All files below `folder` with one of the extensions.
pub fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    fn collect(directory: &Path, extension: &str, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, extension, found);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), extension, &mut found);
    found.sort();
    assert!(!found.is_empty(), "{folder}");
    found
}

/// The code without comments and without test modules, which stand at the end of their file.
pub fn production_code(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|w| w[0].trim() == "#[cfg(test)]" && w[1].trim().ends_with('{'));
    let code = &lines[..tests.unwrap_or(lines.len())];
    code.iter().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// The modules of the crate that `code` names through `crate::` or, from `depth` modules down, through `super::`.
fn used_modules(code: &str, depth: usize) -> Vec<String> {
    let mut prefixes = vec!["crate::".to_owned()];
    if depth > 0 {
        prefixes.push("super::".repeat(depth));
    }
    names_behind(code, &prefixes)
}

/// The names behind each of `prefixes` in `code`.
fn names_behind(code: &str, prefixes: &[String]) -> Vec<String> {
    let identifier =
        |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut found = Vec::new();
    for prefix in prefixes {
        for (at, _) in code.match_indices(prefix.as_str()) {
            // `dann::crate::` does not exist, but `super::` may be the end of a longer chain.
            if code[..at].ends_with("super::") {
                continue;
            }
            let rest = &code[at + prefix.len()..];
            match rest.strip_prefix('{') {
                None => found.push(identifier(rest)),
                Some(group) => found.extend(top_level_names(group)),
            }
        }
    }
    found
}

/// The first names of the items of a `use` group that starts behind its brace.
fn top_level_names(group: &str) -> Vec<String> {
    let (mut depth, mut name, mut names) = (0, String::new(), Vec::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(std::mem::take(&mut name)),
            c if depth == 0 => name.push(c),
            _ => {}
        }
    }
    names.push(name);
    let first = |name: &String| name.trim().split("::").next().unwrap_or_default().to_owned();
    names.iter().map(first).filter(|name| !name.is_empty()).collect()
}

/// What is forbidden in a file of `module` whose code lies `depth` modules below the crate.
fn forbidden(module: &str, depth: usize, text: &str) -> Vec<String> {
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == module) else {
        return vec![format!("the module {module} has no arrows in this test")];
    };
    let mut used = used_modules(&production_code(text), depth);
    used.retain(|name| name != module && !allowed.contains(&name.as_str()));
    used
}

/// The top module of a file below `src`, and how deep below the crate its code lies; none for the two roots.
fn module_of(path: &Path) -> Option<(String, usize)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let relative = path.strip_prefix(root).unwrap().with_extension("");
    let parts: Vec<&str> =
        relative.iter().map(|part| part.to_str().unwrap()).filter(|p| *p != "mod").collect();
    if parts == ["lib"] || parts == ["main"] {
        return None;
    }
    Some((parts[0].to_owned(), parts.len()))
}

#[test]
fn modules_use_only_those_on_their_left() {
    let mut wrong = Vec::new();
    for path in files("src", "rs") {
        let Some((module, depth)) = module_of(&path) else { continue };
        let text = std::fs::read_to_string(&path).unwrap();
        for name in forbidden(&module, depth, &text) {
            wrong.push(format!("{}: {module} uses {name}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "forbidden arrows:\n{}", wrong.join("\n"));
}

#[test]
fn every_arrow_is_used() {
    let mut used: BTreeSet<(String, String)> = BTreeSet::new();
    for path in files("src", "rs") {
        let Some((module, depth)) = module_of(&path) else { continue };
        let code = production_code(&std::fs::read_to_string(&path).unwrap());
        used.extend(used_modules(&code, depth).into_iter().map(|name| (module.clone(), name)));
    }
    // The program's own folder names the library as any other program does.
    for path in files("src/cli", "rs") {
        let code = production_code(&std::fs::read_to_string(&path).unwrap());
        used.extend(names_behind(&code, &["dann::".into()]).into_iter().map(|name| ("cli".into(), name)));
    }
    let allowed = ARROWS.iter().flat_map(|(module, names)| names.iter().map(move |name| (*module, *name)));
    let unused: Vec<_> =
        allowed.filter(|&(from, to)| !used.contains(&(from.to_owned(), to.to_owned()))).collect();
    assert!(unused.is_empty(), "arrows that nobody uses: {unused:?}");
}

/// The parts of a folder (files, and folders with all that is in them) and which of its other parts each names. The folder's
/// own face, `mod.rs`, is none of them; nor are proofs and twins, which run the kernels of all families and so stand above
/// every op.
fn parts(folder: &str) -> BTreeMap<String, BTreeSet<String>> {
    let absolute = format!("crate::{}::", folder.replace("src/", "").replace('/', "::"));
    let mut parts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in files(folder, "rs") {
        let name = path.file_name().unwrap().to_str().unwrap();
        let relative = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
        let names: Vec<String> =
            relative.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
        if names == ["mod"] || ["proof.rs", "families.rs", "twin.rs", "terms.rs", "tests.rs"].contains(&name)
        {
            continue;
        }
        let depth = names.len() - usize::from(name == "mod.rs");
        let code = production_code(&std::fs::read_to_string(&path).unwrap());
        let used = names_behind(&code, &[absolute.clone(), "super::".repeat(depth)]);
        parts.entry(names[0].clone()).or_default().extend(used);
    }
    let known: BTreeSet<String> = parts.keys().cloned().collect();
    for (part, used) in &mut parts {
        used.retain(|name| name != part && known.contains(name));
    }
    parts
}

/// The parts that name each other in a circle, or that such parts name: what is left when all are taken away, again and
/// again, that name none of those left.
fn circle(mut parts: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    loop {
        let left: BTreeSet<String> = parts.keys().cloned().collect();
        let before = parts.len();
        parts.retain(|_, used| used.iter().any(|name| left.contains(name)));
        if parts.len() == before {
            return parts.into_keys().collect();
        }
    }
}

#[test]
fn no_module_has_a_circle() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for path in files("src", "rs") {
        let relative = path.strip_prefix(root).unwrap().to_path_buf();
        let above = relative.ancestors().skip(1).filter(|folder| folder.iter().count() > 1);
        folders.extend(above.map(|folder| folder.to_str().unwrap().to_owned()));
    }
    let found: Vec<(String, Vec<String>)> =
        folders.into_iter().map(|folder| (folder.clone(), circle(parts(&folder)))).collect();
    let found: Vec<_> = found.into_iter().filter(|(_, circle)| !circle.is_empty()).collect();
    assert!(found.is_empty(), "circles: {found:?}");
}

#[test]
fn a_circle_is_found() {
    let parts = |arrows: &[(&str, &[&str])]| -> BTreeMap<String, BTreeSet<String>> {
        let set = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        arrows.iter().map(|(part, names)| ((*part).to_owned(), set(names))).collect()
    };
    assert!(circle(parts(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])])).is_empty());
    let round = parts(&[("a", &[]), ("b", &["a", "c"]), ("c", &["d"]), ("d", &["b"])]);
    assert_eq!(circle(round), ["b", "c", "d"]);
}

#[test]
fn this_test_can_fail() {
    assert_eq!(forbidden("gpu", 2, "use crate::ops::Step;\n"), ["ops"]);
    assert_eq!(
        forbidden("ops", 2, "use crate::{gpu::{Gpu, Tensor}, model::Layer, error::Error};"),
        ["model"]
    );
    assert_eq!(forbidden("ops", 2, "fn f() -> super::super::train::Stepper {}"), ["train"]);
    assert_eq!(forbidden("data", 1, "let x = crate::gpu::Gpu;"), ["gpu"]);
    assert_eq!(forbidden("contract", 2, "use crate::ops::Step;\n"), ["ops"]);
    assert_eq!(forbidden("novelty", 1, "").len(), 1);
    let exempt = "//! [`crate::cli`]\nuse super::expect;\n#[cfg(test)]\nmod tests {\n    use crate::train::Stepper;\n}\n";
    assert!(forbidden("ops", 2, exempt).is_empty());
}
