//! The book: what it has to tell of, and that its links lead somewhere.

use dann::train::Config;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Everything that is written for readers.
fn pages() -> Vec<PathBuf> {
    let of = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.filter(|path| path.extension().is_some_and(|e| e == "md")).collect()
    };
    [of(root()), of(&root().join("docs/src"))].concat()
}

/// Where the links of a page lead that stay within the repository, without the place in the page.
fn links(text: &str) -> Vec<&str> {
    let ends = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files = ends.filter(|link| !link.contains("://")).filter_map(|link| link.split('#').next());
    files.filter(|link| !link.is_empty()).collect()
}

#[test]
fn links_lead_to_files() {
    let (mut broken, mut count) = (Vec::new(), 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            count += 1;
            if !page.parent().unwrap().join(link).exists() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert!(count > 30, "{count} links were found");
}

#[test]
fn the_summary_has_every_chapter() {
    let text = std::fs::read_to_string(root().join("docs/src/SUMMARY.md")).unwrap();
    let listed: BTreeSet<&str> = links(&text).into_iter().collect();
    for page in pages().iter().filter(|page| page.starts_with(root().join("docs"))) {
        let name = page.file_name().unwrap().to_str().unwrap();
        assert!(name == "SUMMARY.md" || listed.contains(name), "SUMMARY.md does not list {name}");
    }
}

#[test]
fn readme_is_short() {
    let words = std::fs::read_to_string(root().join("README.md")).unwrap().split_whitespace().count();
    assert!(words <= 1000, "README.md has {words} words; the book has room");
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

/// What the program lists where it meets a key or name that it does not know.
fn listed(recipe: &str) -> Vec<String> {
    let error = Config::parse("recipe", recipe).expect_err("an unknown key").to_string();
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
        "learning_rate = { ",
        "lambda = { ",
    ]
    .map(|head| (head, "unknown_key = 1, "));
    for (head, key) in tables.into_iter().chain(inline) {
        let found = listed(&RECIPE.replacen(head, &format!("{head}{key}"), 1));
        assert!(!found.is_empty(), "{head}");
        keys.extend(found);
    }
    for name in ["dense", "sgd"] {
        keys.extend(listed(&RECIPE.replacen(&format!("\"{name}\""), "\"unknown_name\"", 1)));
    }
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
    assert!(keys.len() > 60 && keys.contains("domain_input") && keys.contains("avg_pool2d"), "{keys:?}");
}
