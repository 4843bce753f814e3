//! The shaders of `tests/shaders`: each runs as its first line says, writes what that line expects, and its translations are
//! accepted by the tools that read them.

use super::super::super::{Cli, Command};
use super::super::ProfileArgs;
use super::outputs;
use super::subject::{Subject, choices};
use clap::Parser as _;
use dann::gpu::{Adapter, ShaderChecks};
use dann::profile::shader::Translation;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const FOLDER: &str = "tests/shaders";

fn shaders() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let entries = std::fs::read_dir(folder).expect(FOLDER).map(|entry| entry.expect("an entry").path());
    let mut all: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|e| e == "wgsl" || e == "wesl")).collect();
    all.sort();
    all
}

/// What stands behind `label` in the comments at the head.
fn said<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let head = text.lines().take_while(|line| line.starts_with("//"));
    head.filter_map(|line| line.trim_start_matches('/').trim().strip_prefix(label)).map(str::trim).next()
}

/// The arguments of `dann profile` for a shader.
fn arguments(path: &Path, text: &str) -> Box<ProfileArgs> {
    let given = said(text, "args:").unwrap_or_else(|| panic!("{}: no line `// args: …`", path.display()));
    let words = ["dann", "profile"].into_iter().chain(given.split_whitespace());
    let words = words.chain(["--shader", path.to_str().expect("UTF-8")]);
    parsed(words).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn parsed<'a>(words: impl Iterator<Item = &'a str>) -> Result<Box<ProfileArgs>, String> {
    match Cli::try_parse_from(words).map_err(|e| e.to_string())?.command {
        Command::Profile(args) => Ok(args),
        _ => Err("another command".to_owned()),
    }
}

/// Runs a shader on an adapter as often as it says; why it cannot, where the adapter lacks what the shader requires.
fn run(
    subject: &Subject,
    args: &ProfileArgs,
    adapter: &Adapter,
    requires: Option<&str>,
) -> anyhow::Result<Option<String>> {
    let plan = subject.plan(&args.shader.buffer)?;
    subject.check(&plan, adapter)?;
    let contents = plan.fill(args.shader.seed)?;
    let outputs = outputs::of_shader(subject, &contents, args, 1)?;
    let gpu = match args.gpu.open_with(adapter, subject.features()) {
        Err(e) if requires.is_some_and(|feature| e.to_string().contains(feature)) => {
            return Ok(Some(e.to_string()));
        }
        opened => opened?,
    };
    let job = subject.job(&contents);
    let ready = job.prepare(&gpu)?;
    (0..args.steps.min(runs())).try_for_each(|_| ready.run(&gpu))?;
    anyhow::ensure!(!ready.outputs()?.is_empty(), "it writes nothing");
    outputs::ensure(&outputs::written(&outputs, &ready)?)?;
    Ok(None)
}

/// SwiftShader's driver, where Debian's chromium and others put it.
const SWIFTSHADER: [&str; 3] = [
    "/usr/lib/chromium/vk_swiftshader_icd.json",
    "/usr/lib64/chromium-browser/vk_swiftshader_icd.json",
    "/usr/share/vulkan/icd.d/vk_swiftshader_icd.json",
];

/// Set for the process that runs the shaders on it, once each.
const ON_SWIFTSHADER: &str = "DANN_SHADERS_ON_SWIFTSHADER";

/// Shaders that it does not run, and what is said then.
const NOT_ON_SWIFTSHADER: &[(&str, &str)] = &[];

fn is_on_swiftshader() -> bool {
    std::env::var_os(ON_SWIFTSHADER).is_some()
}

/// How often a shader is run, at most.
fn runs() -> u32 {
    if is_on_swiftshader() { 1 } else { 5 }
}

/// What is said against a shader, unless it has to be.
fn unless_known(path: &Path, result: anyhow::Result<Box<ProfileArgs>>) -> Result<bool, String> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let known = NOT_ON_SWIFTSHADER.iter().find(|(known, _)| is_on_swiftshader() && *known == name);
    match (result, known) {
        (Ok(args), None) => Ok(!args.shader.expect.is_empty()),
        (Ok(_), Some(_)) => Err(format!("{name}: it runs, although it is said not to")),
        (Err(e), Some((_, why))) if format!("{e:#}").contains(why) => Ok(false),
        (Err(e), _) => Err(format!("{}: {e:#}", path.display())),
    }
}

/// Runs a shader on every adapter.
fn run_everywhere(path: &Path, text: &str) -> anyhow::Result<Box<ProfileArgs>> {
    let args = arguments(path, text);
    let (path, before) = args.shader.shader.split_last().expect("a shader");
    let subject = Subject::read(path, &choices(&args, before), &args)?;
    for adapter in args.gpu.adapters()? {
        if let Some(why) = run(&subject, &args, &adapter, said(text, "Requires:"))? {
            skipped(&format!("{}: {why}", path.display()));
        }
    }
    Ok(args)
}

#[test]
fn every_shader_runs_and_writes_what_it_should() {
    let all = shaders();
    for adapter in
        parsed(["dann", "profile"].into_iter()).expect("arguments").gpu.adapters().expect("adapters")
    {
        eprintln!("On {adapter}");
    }
    assert!(all.len() >= 40, "{} shaders", all.len());
    let (mut wrong, mut expecting) = (Vec::new(), 0);
    for path in &all {
        let text = std::fs::read_to_string(path).expect("a shader");
        match unless_known(path, run_everywhere(path, &text)) {
            Ok(expects) => expecting += usize::from(expects),
            Err(e) => wrong.push(e),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(expecting >= 25, "{expecting} shaders say what they write");
}

/// What a test of this file says that passes in a process of its own, with one Vulkan driver alone.
fn said_with_driver(test: &str, driver: &str, arguments: &[&str], environment: &[(&str, &str)]) -> String {
    let test = format!("{}::{test}", module_path!().split_once("::").expect("a module").1);
    let mut process = std::process::Command::new(std::env::current_exe().expect("this program"));
    process.args([&test, "--exact", "--nocapture"]).args(arguments).envs(environment.iter().copied());
    let output =
        process.env("VK_ICD_FILENAMES", driver).env("VK_DRIVER_FILES", driver).output().expect("a process");
    let said =
        [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    said
}

#[test]
fn every_shader_runs_on_swiftshader_too() {
    let Some(driver) = SWIFTSHADER.iter().find(|path| Path::new(path).is_file()) else {
        return skipped("SwiftShader is not installed");
    };
    let test = "every_shader_runs_and_writes_what_it_should";
    let said = said_with_driver(test, driver, &[], &[(ON_SWIFTSHADER, "1")]);
    assert!(said.contains("On ") && said.contains("SwiftShader"), "{said}");
}

/// Mesa's driver for AMD's GPUs, where distributions put it.
const RADV: [&str; 3] = [
    "/usr/share/vulkan/icd.d/radeon_icd.json",
    "/usr/share/vulkan/icd.d/radeon_icd.x86_64.json",
    "/usr/share/vulkan/icd.d/radeon_icd.aarch64.json",
];

#[test]
#[ignore = "runs in a process of its own, with a driver of its own: see below"]
fn every_shader_compiles() {
    let mut wrong = Vec::new();
    for path in shaders() {
        let text = std::fs::read_to_string(&path).expect("a shader");
        if let Err(e) = compile(&path, &text) {
            wrong.push(format!("{}: {e:#}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Has the driver of the first adapter compile a shader, with checks and without.
fn compile(path: &Path, text: &str) -> anyhow::Result<()> {
    let args = arguments(path, text);
    let (path, before) = args.shader.shader.split_last().expect("a shader");
    let subject = Subject::read(path, &choices(&args, before), &args)?;
    for checks in [ShaderChecks::Trusted, ShaderChecks::Checked] {
        let programs = match subject.job(&[]).compile(&args.gpu.choose()?, checks) {
            Err(e) if said(text, "Requires:").is_some_and(|feature| e.contains(feature)) => return Ok(()),
            compiled => compiled.map_err(anyhow::Error::msg)?,
        };
        let registers = programs.iter().flat_map(|it| &it.statistics).find(|it| it.name == "VGPRs");
        anyhow::ensure!(registers.is_some(), "expected registers, found {programs:?}");
    }
    Ok(())
}

/// For a GPU that is not there: this driver can be asked to compile for any of AMD's.
#[test]
fn mesas_compiler_for_amd_tells_registers_of_every_shader() {
    let Some(driver) = RADV.iter().find(|path| Path::new(path).is_file()) else {
        return skipped("Mesa's driver for AMD's GPUs is not installed");
    };
    // The name that the variable had up to Mesa 25, and that which it has since.
    let family = [("RADV_FORCE_FAMILY", "NAVI21"), ("AMD_FORCE_FAMILY", "NAVI21")];
    said_with_driver("every_shader_compiles", driver, &["--ignored"], &family);
}

/// Says on the real stderr, which the test harness does not hold back, what is not tested.
fn skipped(why: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {why}").ok();
}

/// Whether a tool is here; skipping is said.
fn has(tool: &str) -> bool {
    let is_there = std::process::Command::new(tool).arg("--version").output().is_ok();
    if !is_there {
        skipped(&format!("{tool} is not installed"));
    }
    is_there
}

/// What a tool says against a file.
fn objection(tool: &str, arguments: &[&str], file: &Path) -> Option<String> {
    let output = std::process::Command::new(tool).args(arguments).arg(file).output().expect(tool);
    let said = [output.stdout, output.stderr].concat();
    (!output.status.success()).then(|| String::from_utf8_lossy(&said).into_owned())
}

/// Languages that have no words for a shader, so that no driver ever gets it: GLSL has neither numbers of 16 and 64 bits in
/// naga's hands, nor binding arrays, float atomics, formats of shares of 16 bits, texels of depths, or how many samples there are;
/// Metal has no f64.
const UNSAID: &[(&str, &str)] = &[
    ("binding_arrays.wgsl", "GLSL"),
    ("depth_texels.wgsl", "GLSL"),
    ("double.wgsl", "GLSL"),
    ("double.wgsl", "MSL"),
    ("float_atomics.wgsl", "GLSL"),
    ("half.wgsl", "GLSL"),
    ("long.wgsl", "GLSL"),
    ("norm16.wgsl", "GLSL"),
    ("samples.wgsl", "GLSL"),
];

#[test]
fn translations_of_every_shader_are_accepted() {
    let tools: &[(&str, &str, &[&str])] = &[
        ("SPIR-V", "spirv-val", &["--target-env", "vulkan1.3"]),
        ("GLSL", "glslangValidator", &["-S", "comp"]),
    ];
    let tools: Vec<_> = tools.iter().filter(|(_, tool, _)| has(tool)).collect();
    let directory = tempfile::tempdir().expect("a directory");
    let mut wrong = Vec::new();
    for path in shaders() {
        let text = std::fs::read_to_string(&path).expect("a shader");
        let args = arguments(&path, &text);
        let (path, before) = args.shader.shader.split_last().expect("a shader");
        let subject = Subject::read(path, &choices(&args, before), &args).expect("a shader");
        for checks in [ShaderChecks::Trusted, ShaderChecks::Checked] {
            let all = subject.shader.translate(&subject.resources, checks, directory.path());
            for Translation { language, file, refused } in all.expect("translations") {
                let name = path.file_name().and_then(|name| name.to_str()).expect("a name");
                if UNSAID.contains(&(name, language)) {
                    continue;
                }
                if let Some(refused) = refused {
                    wrong.push(format!("{name}: no {language}: {refused}"));
                }
                let Some(file) = file else { continue };
                let tool = tools.iter().find(|(of, ..)| *of == language);
                let objection = tool.and_then(|(_, tool, arguments)| objection(tool, arguments, &file));
                wrong.extend(objection.map(|objection| format!("{name}: {language}: {objection}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
