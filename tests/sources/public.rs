//! What is public without the feature `unstable`, and that each public module shows how it is used.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Every public name without `unstable`, a line each, as `scripts/surface.sh` finds them in the documentation too. A name more
/// is a promise more: whoever makes one writes it there.
const NAMES: &str = include_str!("../surface.txt");

/// Whether an item with these attributes is public without `unstable`, which `check` brings along, and without `mpi`, whose
/// documentation cannot be built everywhere.
fn is_stable(attributes: &str) -> bool {
    ["unstable", "check", "mpi"].iter().all(|feature| !attributes.contains(&format!("\"{feature}\"")))
}

/// The file of the module `path`, as in `train/health`.
fn file_of(path: &str) -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folder = source.join(path).join("mod.rs");
    if folder.exists() { folder } else { source.join(path).with_extension("rs") }
}

/// The public items of Rust text, each with the attributes in front of it, on a line each. Items within macros are among them,
/// those within `impl` and `mod` blocks are not.
fn items(text: &str) -> Vec<(String, String)> {
    let (mut found, mut attributes, mut lines) = (Vec::new(), String::new(), text.lines());
    while let Some(line) = lines.next() {
        let code = line.trim();
        if code.starts_with("#[") {
            attributes += code;
            continue;
        }
        let is_type = ["pub struct ", "pub enum "].iter().any(|start| code.starts_with(start));
        if line.starts_with("pub ") || is_type {
            let mut item = code.to_owned();
            while item.starts_with("pub use ") && !item.ends_with(';') {
                item += lines.next().expect("the end of a use").trim();
            }
            found.push((item, std::mem::take(&mut attributes)));
        } else if !code.starts_with("//") {
            attributes.clear();
        }
    }
    found
}

/// The names that a `pub use` brings into its module. What another public module shows already does not count again.
fn used(module: &str, tree: &str) -> Vec<String> {
    let is_public =
        |path: &str| modules(true).iter().any(|known| path.starts_with(&format!("crate::{known}::")));
    if is_public(tree) || !tree.contains("::") {
        return vec![];
    }
    let (path, names) = tree.rsplit_once("::").expect("a path");
    if let Some((path, names)) = tree.split_once("::{") {
        let names = names.trim_end_matches('}').split(',').map(|name| name.trim().to_owned());
        assert!(!path.contains('{'), "{tree}");
        return names.filter(|name| !name.is_empty()).collect();
    }
    match names {
        "*" => names_of(&format!("{module}/{path}"))
            .into_iter()
            .map(|name| name.rsplit("::").next().unwrap().to_owned())
            .collect(),
        name => vec![name.to_owned()],
    }
}

/// What is public in the module `path` and its public modules, without `unstable`.
fn names_of(path: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file_of(path)).unwrap();
    let prefix = path.replace('/', "::");
    let mut names = Vec::new();
    for (item, _) in items(&text).into_iter().filter(|(_, attributes)| is_stable(attributes)) {
        let words: Vec<&str> = item
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty())
            .collect();
        match words[1] {
            "mod" => names.extend(names_of(&format!("{path}/{}", words[2]))),
            "use" => {
                let tree = item.trim_start_matches("pub use ").trim_end_matches(';');
                names.extend(used(path, tree).into_iter().map(|name| format!("{prefix}::{name}")));
            }
            _ => {
                let name = words[1..]
                    .iter()
                    .find(|word| !["const", "fn", "struct", "enum", "trait", "type"].contains(word));
                names.push(format!("{prefix}::{}", name.expect("a name")));
            }
        }
    }
    names
}

/// The modules that `src/lib.rs` makes public, without `unstable` or only with it.
fn modules(stable: bool) -> Vec<String> {
    let text = std::fs::read_to_string(file_of("lib")).unwrap();
    let modules = items(&text).into_iter().filter(|(_, attributes)| is_stable(attributes) == stable);
    modules
        .filter_map(|(item, _)| Some(item.strip_prefix("pub mod ")?.trim_end_matches(';').to_owned()))
        .collect()
}

#[test]
fn the_table_of_the_first_page_tells_which_modules_are_public() {
    let text = std::fs::read_to_string(file_of("lib")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | ")?.split(" | ").next());
    let cells: Vec<&str> = rows.flat_map(|cell| cell.split(", ")).filter(|cell| cell.contains('`')).collect();
    let named = |linked: bool| -> BTreeSet<String> {
        let names = cells.iter().filter(|cell| cell.starts_with('[') == linked);
        names.map(|cell| cell.trim_matches(['[', ']', '`']).to_owned()).collect()
    };
    for stable in [true, false] {
        assert_eq!(
            named(stable),
            modules(stable).into_iter().collect(),
            "public without `unstable`: {stable}"
        );
    }
}

#[test]
fn a_new_public_name_is_written_down() {
    let found: BTreeSet<String> = modules(true).iter().flat_map(|module| names_of(module)).collect();
    let written: BTreeSet<String> = NAMES.lines().map(str::to_owned).collect();
    let (more, less): (Vec<_>, Vec<_>) =
        (found.difference(&written).collect(), written.difference(&found).collect());
    assert!(
        more.is_empty() && less.is_empty(),
        "not in tests/surface.txt: {more:?}; there, but not public: {less:?}"
    );
}

#[test]
fn every_public_module_shows_how_it_is_used() {
    let mut paths = modules(true);
    for path in paths.clone() {
        let text = std::fs::read_to_string(file_of(&path)).unwrap();
        let inner = items(&text).into_iter().filter(|(_, attributes)| is_stable(attributes));
        paths.extend(inner.filter_map(|(item, _)| {
            Some(format!("{path}/{}", item.strip_prefix("pub mod ")?.trim_end_matches(';')))
        }));
    }
    assert!(paths.len() > 15, "{paths:?}");
    for path in paths {
        let text = std::fs::read_to_string(file_of(&path)).unwrap();
        let documents =
            text.lines().take_while(|line| line.starts_with("//!")).any(|line| line.starts_with("//! ```"));
        assert!(
            documents || text.starts_with("#![doc = include_str!"),
            "{path}: no example in the module's documentation"
        );
    }
}

#[test]
fn the_search_for_public_names_finds_them() {
    let text = "pub use a::{B, C};\n#[cfg_attr(not(feature = \"unstable\"), visibility::make(pub(crate)))]\npub use a::D;\n\
        pub(crate) use a::E;\nimpl F {\n    pub fn g() {}\n}\npub use h::{\n    I,\n    J,\n};\n";
    let found = items(text);
    let stable: Vec<&str> =
        found.iter().filter(|(_, a)| is_stable(a)).map(|(item, _)| item.as_str()).collect();
    assert_eq!(stable, ["pub use a::{B, C};", "pub use h::{I,J,};"]);
    assert_eq!(used("x", "h::{I,J,}"), ["I", "J"]);
    assert_eq!(used("embed", "crate::gpu::Gpu"), [""; 0]);
    assert_eq!(used("embed", "crate::ops::image_input::Texture"), ["Texture"]);
}
