//! The imports of shared WGSL, which the build puts in place: it refuses what would not be found where it is used.

#[path = "../../build/import.rs"]
mod import;

use import::{Expanded, defines, expand, required};
use std::collections::BTreeMap;

fn expanded(files: &[(&str, &str)]) -> Result<Expanded, String> {
    let files: BTreeMap<String, String> =
        files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    expand(&files, "root.wgsl")
}

#[test]
fn what_is_imported_stands_where_it_is_imported_and_once() {
    let files = [
        (
            "root.wgsl",
            "// head\nimport \"a.wgsl\";\nimport \"shared/b.wgsl\";\nconst R = 1;\nimport \"a.wgsl\";\n",
        ),
        ("a.wgsl", "import \"shared/b.wgsl\";\nconst A = B;\n"),
        ("shared/b.wgsl", "const B = 2;\n"),
    ];
    let whole = expanded(&files).unwrap();
    assert_eq!(whole.text, "// head\nconst B = 2;\nconst A = B;\nconst R = 1;\n");
    let ends: Vec<_> = whole.parts.iter().map(|(name, end)| (name.as_str(), &whole.text[..*end])).collect();
    assert_eq!(ends[0], ("shared/b.wgsl", "// head\nconst B = 2;\n"));
    assert_eq!(ends[1], ("a.wgsl", "// head\nconst B = 2;\nconst A = B;\n"));
    assert_eq!(ends[2], ("root.wgsl", whole.text.as_str()));
}

#[test]
fn what_a_file_requires_must_stand_before_its_import() {
    let shared = (
        "shared.wgsl",
        "// What it is.\n// Requires: params, one\n\nfn two() -> u32 { return one() + params.x; }\n",
    );
    let of = |root: &str| expanded(&[("root.wgsl", root), shared]).map(|whole| whole.text.len());
    let params = "@group(0) @binding(0) var<uniform> params: Params;\n";
    let one = "fn one() -> u32 { return 1u; }\n";
    assert!(of(&format!("{params}{one}import \"shared.wgsl\";\n")).is_ok());
    let late = of(&format!("{params}import \"shared.wgsl\";\n{one}")).unwrap_err();
    assert!(late.contains("shared.wgsl requires one"), "{late}");
    let lacking = of(&format!("{one}import \"shared.wgsl\";\n")).unwrap_err();
    assert!(lacking.contains("shared.wgsl requires params") && lacking.contains("root.wgsl"), "{lacking}");
}

#[test]
fn files_that_are_not_there_and_circles_are_named() {
    let unknown = expanded(&[("root.wgsl", "import \"nowhere.wgsl\";\n")]).unwrap_err();
    assert!(unknown.contains("nowhere.wgsl") && unknown.contains("root.wgsl"), "{unknown}");
    let circle = expanded(&[("root.wgsl", "import \"a.wgsl\";\n"), ("a.wgsl", "import \"root.wgsl\";\n")]);
    assert!(circle.unwrap_err().contains("imports itself"));
}

#[test]
fn declarations_are_told_from_uses() {
    let text = "// fn not_this() {}\nfn f(x: u32) -> u32 {\n    let y = x;\n    return g(y);\n}\nstruct S { a: u32 }\n\
                const C = D;\nalias T = U;\nvar<workgroup> w: array<f32, 4>;\n\
                @group(0) @binding(1) var t: texture_2d<f32>;\n";
    for name in ["f", "S", "C", "T", "w", "t"] {
        assert!(defines(text, name), "{name}");
    }
    for name in ["not_this", "x", "y", "g", "a", "D", "U", "array", "texture_2d"] {
        assert!(!defines(text, name), "{name}");
    }
    assert_eq!(required("// Head.\n// Requires: a, b\nconst C = 1;\n"), ["a", "b"]);
}
