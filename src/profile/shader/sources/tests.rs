use super::*;
use crate::profile::shader::Shader;
use std::fs;

fn choices(defines: &[&str]) -> Choices {
    let defines = defines.iter().map(|text| text.parse().expect("a define")).collect();
    Choices { defines, ..Choices::default() }
}

fn parsed(source: &str, choices: &Choices) -> Result<Shader> {
    Shader::parse(Path::new("nowhere/s.wgsl"), source.to_owned(), choices)
}

const TEMPLATE: &str = "
@group(0) @binding(0) var<storage, read_write> x: array<{{type}}>;
@compute @workgroup_size($size, ${size}) fn main(@builtin(local_invocation_index) i: u32) { x[i] = {type}($sizes); }
";

#[test]
fn placeholders_have_values() {
    let shader = parsed(TEMPLATE, &choices(&["type=f32", "size=8", "sizes=64"])).expect("a shader");
    assert_eq!(shader.workgroup_size(), [8, 8, 1]);
    assert!(shader.source().contains("x[i] = f32(64);"), "{}", shader.source());
    let error = parsed(TEMPLATE, &choices(&["size=8"])).expect_err("open").to_string();
    assert!(error.contains("without a value: type, sizes"), "{error}");
    let error = parsed(TEMPLATE, &choices(&["type=f32", "size=8", "sizes=1", "other=3"]))
        .expect_err("unused")
        .to_string();
    assert!(error.contains("s.wgsl: expected a shader in which other stands"), "{error}");
    let spaced = "@compute @workgroup_size({{ size }}, ${ size }, #{ size }) fn f() { }";
    let shader = parsed(spaced, &choices(&["size=4"])).expect("a shader");
    assert_eq!(shader.workgroup_size(), [4; 3]);
    let error = parsed(spaced, &choices(&[])).expect_err("open").to_string();
    assert!(error.contains("without a value: size (define"), "{error}");
    for text in ["", "=3", "a b=3", "3=3"] {
        assert!(text.parse::<Define>().is_err(), "{text}");
    }
}

const CONDITIONS: &str = "
#define SIZE 16
#ifdef FAST
const factor = 2u;
#else
const factor = 3u;
#endif
@group(0) @binding(0) var<storage, read_write> x: array<u32>;
#if SIZE == 16
@compute @workgroup_size(#{SIZE}) fn main(@builtin(local_invocation_index) i: u32) { x[i] = factor; }
#endif
";

#[test]
fn directives_are_followed_and_lines_stay() {
    let fast = parsed(CONDITIONS, &choices(&["FAST"])).expect("a shader");
    assert!(fast.source().contains("factor = 2u") && !fast.source().contains("factor = 3u"));
    let slow = parsed(CONDITIONS, &choices(&[])).expect("a shader");
    assert!(slow.source().contains("factor = 3u") && !slow.source().contains("factor = 2u"));
    assert_eq!(slow.workgroup_size(), [16, 1, 1]);
    let line = |text: &str| text.lines().position(|line| line.contains("@compute"));
    assert_eq!(line(slow.source()), line(CONDITIONS));
    let error = parsed("#ifdef A\nfn f() {}\n", &choices(&[])).expect_err("no end").to_string();
    assert!(error.contains("s.wgsl:1: expected directives that fit together"), "{error}");
}

#[test]
fn imports_are_put_in() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(&path, text).expect("written");
        path
    };
    write(
        "lib/deep/math.wgsl",
        "#define_import_path my::math\n#import my::base::two\nfn four() -> f32 { return two() * two(); }\n",
    );
    write(
        "lib/base.wgsl",
        "#define_import_path my::base\nfn two() -> f32 {\n#ifdef ODD\nreturn 3.0;\n#else\nreturn 2.0;\n#endif\n}\n",
    );
    write("beside.wgsl", "fn one() -> f32 { return 1.0; }\n");
    let path = write(
        "main.wgsl",
        "#import my::math::four\n#import \"beside.wgsl\"::one\n@group(0) @binding(3) var<storage, read_write> y: array<f32>;\n\
         @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) { y[id.x] = four() + one(); }\n",
    );
    let includes = vec![directory.path().join("lib")];
    let with = Choices { includes: includes.clone(), ..choices(&["ODD"]) };
    let shader = Shader::read(&path, &with).expect("a shader");
    let text = shader.source();
    assert!(text.contains("3f") && text.contains("fn four()") && !text.contains("naga_oil"), "{text}");
    let resources = shader.resources().expect("resources");
    assert_eq!((resources[0].name.as_str(), resources[0].binding), ("y", 3));
    let error = Shader::read(&path, &choices(&[])).expect_err("no module").to_string();
    assert!(error.contains("main.wgsl: expected a module my::math in"), "{error}");
    write("lib/base.wgsl", "#define_import_path my::base\nfn two() -> f32 { return true; }\n");
    let error = Shader::read(&path, &Choices { includes, ..choices(&[]) }).expect_err("wrong").to_string();
    assert!(error.contains("base.wgsl") && !error.contains("panic"), "{error}");
}

#[test]
fn several_files_are_one_text_and_faults_name_their_line() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    let types = write("types.wgsl", "struct Pair {\n    a: f32,\n    b: f32,\n}");
    let main = "@group(0) @binding(0) var<storage, read_write> p: array<Pair>;\n@compute @workgroup_size(1) fn main() { p[0].a = 1.0; }\n";
    let path = write("main.wgsl", main);
    let choices = Choices { before: vec![types], ..Choices::default() };
    assert!(Shader::read(&path, &choices).is_ok());
    write("main.wgsl", &main.replace("p[0].a", "p[0].c"));
    let error = Shader::read(&path, &choices).expect_err("no such member").to_string();
    assert!(error.contains("line 6 of all files is line 2 of") && error.contains("main.wgsl"), "{error}");
}

#[test]
fn bindings_that_are_left_out_are_assigned() {
    let source = "
struct Sizes { n: u32 } // var<uniform> in a comment
var<private> kept: u32;
@group(0) @binding(1) var<storage, read> a: array<f32>;
var<uniform> sizes: Sizes;
/* @group(0) */ var<storage, read_write> b: array<f32>;
@group(1) @binding(auto) var<storage, read> c: array<f32>;
var image: texture_2d<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    var sum = a[id.x] + c[id.x] + textureLoad(image, vec2(0u), 0).x;
    kept = sizes.n;
    b[id.x] = sum + f32(kept);
}
";
    let shader = parsed(source, &choices(&[])).expect("a shader");
    let resources = shader.resources().expect("resources");
    let places: Vec<String> =
        resources.iter().map(|r| format!("{}={}:{}", r.name, r.group, r.binding)).collect();
    assert_eq!(places, ["sizes=0:0", "a=0:1", "b=0:2", "image=0:4", "c=1:3"]);
    assert_eq!(shader.source().lines().count(), source.lines().count());
}

/// What is said of a name would change nothing, and the times would be those of another value.
#[test]
fn names_that_are_words_of_the_text_alone_are_refused() {
    let text = "// TILE in a comment, and {TILE}
override TILE = 16;
const N = 256u;
@group(0) @binding(0) var<storage, read_write> x: array<u32, N>;
@compute @workgroup_size(TILE) fn main() { x[0] = 1u; }
";
    let refused = |define: &str| {
        let error = parsed(text, &choices(&[define])).expect_err(define);
        let crate::error::Error::Shader(crate::error::ShaderError::Define { declared, .. }) = error else {
            panic!("{error}")
        };
        declared
    };
    assert_eq!(
        ["TILE=8", "N=1024", "x=3", "OTHER"].map(refused),
        [Some("override"), Some("const"), None, None]
    );
    let error = parsed(text, &choices(&["TILE=8"])).expect_err("an override").to_string();
    assert!(error.contains("s.wgsl: expected a directive or a placeholder that asks for TILE"), "{error}");
}

#[test]
fn modules_that_only_conditions_that_do_not_hold_name_are_not_asked_for() {
    let directory = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("written");
        path
    };
    write(
        "near.wgsl",
        "#define_import_path near\n#ifdef FAST\n#import gone::f\n#endif\nfn g() -> f32 {\n#ifdef FAST\nreturn f();\n#else\n\
         return 1.0;\n#endif\n}\n",
    );
    let path = write(
        "main.wgsl",
        "#import near::g\n#ifdef FAST\n#import far::h\n#endif\n@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n\
         @compute @workgroup_size(1) fn main() {\n#ifdef FAST\ny[0] = h();\n#else\ny[0] = g();\n#endif\n}\n",
    );
    assert!(Shader::read(&path, &choices(&[])).is_ok());
    let error = Shader::read(&path, &choices(&["FAST"])).expect_err("no module").to_string();
    assert!(error.contains("main.wgsl: expected a module far in"), "{error}");
    write("near.wgsl", "#define_import_path near\nfn g() -> f32 { return 1.0; }\n#elif A\n");
    let error = Shader::read(&path, &choices(&[])).expect_err("no directive").to_string();
    assert!(
        error.contains("near.wgsl:3: expected #else if") && error.contains("found \"#elif A\""),
        "{error}"
    );
}

#[test]
fn directives_name_their_line_in_the_file_that_they_stand_in() {
    let directory = tempfile::tempdir().expect("a directory");
    let (first, path) = (directory.path().join("first.wgsl"), directory.path().join("s.wgsl"));
    fs::write(&first, "const A = 1;\nconst B = 2;\n").expect("written");
    fs::write(&path, "#if SIZE == 4\n#endif\n").expect("written");
    let error = Shader::read(&path, &Choices { before: vec![first], ..choices(&[]) })
        .expect_err("no value")
        .to_string();
    assert!(error.contains("s.wgsl:1: expected a value of SIZE (define SIZE=VALUE gives one)"), "{error}");
}
