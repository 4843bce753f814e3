//! The book: what it has to tell of.

use crate::architecture::files;
use dann::train::Config;
use std::collections::BTreeSet;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn readme_is_short() {
    let words = std::fs::read_to_string(root().join("README.md")).unwrap().split_whitespace().count();
    assert!(words <= 1000, "README.md has {words} words; the book has room");
}

/// Where a table of `text` begins without the line that makes it one, or a row has another number of cells.
fn broken_table(text: &str) -> Option<usize> {
    let lines: Vec<&str> = text.lines().collect();
    let cells = |line: &str| line.replace("\\|", "").matches('|').count();
    let is_row = |line: &str| line.starts_with('|');
    let broken = |at: usize| match at.checked_sub(1).map(|above| lines[above]).filter(|above| is_row(above)) {
        Some(above) => cells(above) != cells(lines[at]),
        None => !lines.get(at + 1).is_some_and(|below| below.starts_with("|---")),
    };
    (0..lines.len()).find(|&at| is_row(lines[at]) && broken(at)).map(|at| at + 1)
}

#[test]
fn tables_are_whole() {
    let others = [
        "README.md",
        "ARCHITECTURE.md",
        "assets/experiments/RESULTS.md",
        "benches/NVIDIA.md",
        "tests/RELIABILITY.md",
    ];
    for path in files("docs/src", "md").into_iter().chain(others.map(|name| root().join(name))) {
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(broken_table(&text), None, "{}", path.display());
    }
}

#[test]
fn the_first_page_of_the_library_shows_training_classifying_and_profiling_in_30_lines_each() {
    let text = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for name in ["Train", "Classify", "Profile"] {
        let (_, section) = text.split_once(&format!("//! # {name}\n")).expect(name);
        let code = section.split("//! ```").nth(1).unwrap_or_default();
        let shown = code.lines().skip(1).filter(|line| !line.starts_with("//! # ")).count();
        assert!((5..=30).contains(&shown), "{name} takes {shown} lines");
    }
}

#[test]
fn the_version_is_the_same_everywhere() {
    let version = env!("CARGO_PKG_VERSION");
    let (minor, _) = version.rsplit_once('.').unwrap();
    for (name, words) in [
        ("CHANGELOG.md", format!("\n## [{version}]")),
        ("docs/src/embedding.md", format!("dann = {{ version = \"{minor}\"")),
        ("src/embed/guide.md", format!("dann = {{ version = \"{minor}\"")),
    ] {
        let text = std::fs::read_to_string(root().join(name)).unwrap();
        assert!(text.contains(&words), "{name} lacks {words}");
    }
}

/// A recipe with every table that has keys of its own.
const RECIPE: &str = r#"
[training]
epochs = 1
batch = 8
optimizer = { kind = "sgd", momentum = 0.9 }
parameter_groups = [{ parameters = "feature_extractor" }]
augmentation = { flip = 0.5 }
adaptation = { entropy = 0.0 }
select = { rule = "information" }
learning_rate = { initial = 0.01, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 1.0, gamma = 10.0 }
[model]
feature_extractor = [{ layer = "dense", outputs = 8 }]
label_predictor = [{ layer = "dense", outputs = 2 }]
domain_classifier = [{ layer = "dense", outputs = 2 }]
[model.input]
channels = 1
height = 4
width = 4
normalization = { scale = [2.0], shift = [-1.0] }
[data]
skip_bad = false
"#;

/// What the program lists where it meets a key or name that it does not know; nothing where there are no keys.
fn listed(recipe: &str) -> Vec<String> {
    let error = Config::parse("recipe", recipe).expect_err("an unknown key").to_string();
    if error.contains("there are no fields") {
        return vec![];
    }
    let (_, list) = error.split_once("expected ").unwrap_or_else(|| panic!("{error}"));
    let (_, list) = list.split_once("expected ").unwrap_or(("", list));
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The keys of a recipe as its own check lists them, and the kinds of layers and optimisers.
fn keys() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let tables =
        ["[training]\n", "[model]\n", "[model.input]\n", "[data]\n"].map(|head| (head, "unknown_key = 1\n"));
    let inline = [
        "parameter_groups = [{ ",
        "augmentation = { ",
        "adaptation = { ",
        "select = { ",
        "normalization = { ",
        "optimizer = { kind = \"sgd\", ",
        "learning_rate = { ",
        "lambda = { ",
    ]
    .map(|head| (head, "unknown_key = 1, "));
    for (head, key) in tables.into_iter().chain(inline) {
        let found = listed(&RECIPE.replacen(head, &format!("{head}{key}"), 1));
        assert!(!found.is_empty(), "{head}");
        keys.extend(found);
    }
    let kinds = |name: &str| listed(&RECIPE.replacen(&format!("\"{name}\""), "\"unknown_name\"", 1));
    let [layers, optimizers] = ["dense", "sgd"].map(kinds);
    let of_kind = |key: &str, old: &str, kind: &str| {
        listed(&RECIPE.replacen(
            &format!("{{ {key} = \"{old}\""),
            &format!("{{ {key} = \"{kind}\", unknown_key = 1"),
            1,
        ))
    };
    keys.extend(layers.iter().flat_map(|kind| of_kind("layer", "dense", kind)));
    keys.extend(optimizers.iter().flat_map(|kind| of_kind("kind", "sgd", kind)));
    keys.extend(layers.into_iter().chain(optimizers));
    keys
}

#[test]
fn recipes_have_every_key() {
    let chapter = std::fs::read_to_string(root().join("docs/src/recipes.md")).unwrap();
    let data = std::fs::read_to_string(root().join("docs/src/data.md")).unwrap();
    let spans = [chapter.split('`').skip(1).step_by(2), data.split('`').skip(1).step_by(2)];
    let told: BTreeSet<&str> = spans
        .into_iter()
        .flatten()
        .flat_map(|span| span.split(|c: char| !c.is_alphanumeric() && c != '_'))
        .collect();
    let keys = keys();
    let missing: Vec<_> = keys.iter().filter(|key| !told.contains(key.as_str())).collect();
    assert!(missing.is_empty(), "docs/src/recipes.md does not tell of {missing:?}");
    for key in ["domain_input", "avg_pool2d", "count_include_pad", "patience", "betas", "shift"] {
        assert!(keys.contains(key), "{key} is not in {keys:?}");
    }
    assert!(keys.len() > 85, "{} keys were found", keys.len());
}
