use super::*;
use crate::profile::shader::Shader;
use std::fs;
use tempfile::TempDir;

fn choices(defines: &[&str]) -> Choices {
    let defines = defines.iter().map(|text| text.parse().expect("a define")).collect();
    Choices { defines, ..Choices::default() }
}

/// Files in a directory of their own.
fn files(all: &[(&str, &str)]) -> TempDir {
    let directory = tempfile::tempdir().expect("a directory");
    for (name, text) in all {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    }
    directory
}

const MAIN: &str = "
import package::math::{twice, Pair as Two};
import library::parts::more;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let pair = Two(1.0, 2.0);
    y[id.x] = twice(pair.a) + more() + package::math::third();
}
";
const MATH: &str = "
struct Pair { a: f32, b: f32 }
fn twice(x: f32) -> f32 { return x + x; }
@if(ODD) fn third() -> f32 { return 3.0; }
@else fn third() -> f32 { return 4.0; }
";
const MORE: &str = "import super::base::one;\nfn more() -> f32 { return one() + 1.0; }\n";
const BASE: &str = "fn one() -> f32 {\n    return 1.0;\n}\n";

fn all() -> TempDir {
    files(&[
        ("main.wesl", MAIN),
        ("math.wgsl", MATH),
        ("lib/library/parts.wesl", MORE),
        ("lib/library/base.wesl", BASE),
    ])
}

fn including(directory: &TempDir, defines: &[&str]) -> Choices {
    Choices { includes: vec![directory.path().join("lib")], ..choices(defines) }
}

#[test]
fn modules_and_packages_are_put_in() {
    let directory = all();
    let read = |defines: &[&str]| {
        Shader::read(&directory.path().join("main.wesl"), &including(&directory, defines)).expect("a shader")
    };
    let odd = read(&["ODD"]);
    let text = odd.source();
    // What is called so nowhere else keeps its name.
    for words in ["fn twice(", "fn more(", "fn one(", "struct Pair", "return 3"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("return 4") && read(&[]).source().contains("return 4"));
    let resources = odd.resources().expect("resources");
    assert_eq!((resources[0].name.as_str(), resources[0].binding), ("y", 3));
    let missing = Choices { includes: vec![], ..choices(&[]) };
    let error =
        Shader::read(&directory.path().join("main.wesl"), &missing).expect_err("no package").to_string();
    assert!(error.contains("main.wesl:3: expected a module library::parts in"), "{error}");
    assert!(error.contains("an include directory adds a place"), "{error}");
}

#[test]
fn a_shader_in_a_directory_to_include_stands_at_its_path() {
    let main = MAIN.replace("library::parts", "super::super::super::lib::library::parts");
    let directory = files(&[
        ("deep/er/main.wesl", &main),
        ("math.wgsl", MATH),
        ("lib/library/parts.wesl", MORE),
        ("lib/library/base.wesl", BASE),
    ]);
    let choices = Choices { includes: vec![directory.path().to_owned()], ..choices(&[]) };
    let shader = Shader::read(&directory.path().join("deep/er/main.wesl"), &choices);
    assert!(shader.is_ok(), "{shader:?}");
}

#[test]
fn names_that_stand_for_something_else_keep_their_path() {
    let main = "
import package::math::{twice};
import package::other;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(1)
fn main() {
    let pair = 1.0;
    y[0] = twice(pair) + other::twice(pair) + other::pair();
}
";
    let other = "fn twice(x: f32) -> f32 { return x; }\nfn pair() -> f32 { return 2.0; }\n";
    let directory = files(&[("main.wesl", main), ("math.wesl", MATH), ("other.wesl", other)]);
    let shader = Shader::read(&directory.path().join("main.wesl"), &choices(&[])).expect("a shader");
    let text = shader.source();
    for words in ["fn package_math_twice(", "fn package_other_twice(", "fn package_other_pair("] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn constants_come_from_definitions() {
    let source = "
import constants::SIZE;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(SIZE) fn main() { y[0] = constants::HALF; }
";
    let parsed = |defines: &[&str]| Shader::parse(Path::new("s.wesl"), source.to_owned(), &choices(defines));
    let shader = parsed(&["SIZE=32", "HALF=0.5"]).expect("a shader");
    assert_eq!(shader.workgroup_size(), [32, 1, 1]);
    let error = parsed(&["SIZE=32"]).expect_err("no value").to_string();
    assert!(error.contains("s.wesl:4: expected a value of HALF (define HALF=VALUE gives one)"), "{error}");
    let error = parsed(&["SIZE=32", "HALF=0.5", "THIRD=1"]).expect_err("unused").to_string();
    assert!(error.contains("a shader in which THIRD stands"), "{error}");
    assert!(asks(source, "SIZE") && asks(source, "HALF") && !asks(source, "y") && !asks(source, "HAL"));
    assert!(asks("@if(A && !B) fn f() {}", "B") && !asks("// @if(B)", "B"));
}

#[test]
fn it_is_known_by_name_or_by_what_it_has() {
    assert!(is_named_so(Path::new("a/b.wesl")) && !is_named_so(Path::new("wesl")));
    for text in ["import a::b;", "fn f() { @if(A) return; }", "  import\ta;", "@ if (A) fn f() {}"] {
        assert!(is_used(text), "{text}");
    }
    for text in ["// import a;", "/* @if(A) */", "let important = 1;", "@id(1) override a: u32;", "@ifs(1)"] {
        assert!(!is_used(text), "{text}");
    }
}

/// What is said against MAIN's files with one of them changed.
fn refused(file: &str, from: &str, to: &str) -> String {
    let directory = all();
    let path = directory.path().join(file);
    let text = fs::read_to_string(&path).expect(file);
    assert!(text.contains(from), "{from}");
    fs::write(&path, text.replace(from, to)).expect("written");
    let read = Shader::read(&directory.path().join("main.wesl"), &including(&directory, &[]));
    read.expect_err("a fault").to_string()
}

#[test]
fn faults_name_file_and_line() {
    let says = |file: &str, (from, to): (&str, &str), all: &[&str]| {
        let error = refused(file, from, to);
        assert!(!error.contains('\u{1b}'), "{error}");
        for words in all {
            assert!(error.contains(words), "{words}: {error}");
        }
    };
    // Of the compiler.
    says(
        "main.wesl",
        ("let pair =", "let pair"),
        &["main.wesl:7: expected WESL", "7 │     let pair Two(1.0", "^"],
    );
    says("math.wgsl", ("x + x;", "x + ;"), &["math.wgsl:3: expected WESL", "3 │ fn twice"]);
    says(
        "main.wesl",
        ("package::math::{", "package::maths::{"),
        &["main.wesl:2: expected a module package::maths in"],
    );
    says(
        "lib/library/parts.wesl",
        ("fn more", "fn less"),
        &["main.wesl:3: expected a declaration more in", "parts.wesl, found none"],
    );
    says(
        "lib/library/parts.wesl",
        ("super::base", "super::bass"),
        &["parts.wesl:1: expected a module library::bass"],
    );
    says("math.wgsl", ("@if(ODD)", "@if(ODD + 1)"), &["math.wgsl:4:", "invalid if attribute"]);
    // Of naga, in what the compiler gives.
    says("main.wesl", ("twice(pair.a)", "twice(pair.c)"), &["of what WESL gives is line 8 of", "main.wesl"]);
    says("lib/library/base.wesl", ("return 1.0", "return true"), &["is line 1 of", "base.wesl"]);
    says("math.wgsl", ("x + x;", "x + 1u;"), &["of what WESL gives is", "line 3 of", "math.wgsl"]);
}
