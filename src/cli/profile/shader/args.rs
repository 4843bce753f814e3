//! What the command line says of a shader.

use clap::Args;
use dann::profile::shader::{Amounts, BufferSpec, Define, Dump, Expectation, Override, Sweep};
use std::path::PathBuf;
use std::time::Duration;

/// A shader from anywhere.
#[derive(Args)]
pub struct ShaderArgs {
    /// Time a compute shader of your own, on every adapter unless --adapter names one; several files are joined in their order
    #[arg(long, value_name = "FILE.wgsl", group = "subject", conflicts_with_all = ["capture"])]
    pub shader: Vec<PathBuf>,
    /// Time the dispatches that a file describes, over shared resources, in order
    #[arg(long, value_name = "FILE.toml", group = "subject", conflicts_with_all = ["shader", "capture", "all_entries",
        "define", "include", "entry", "workgroups", "threads", "buffer", "overrides", "sweep", "against", "margin",
        "compile_only", "emit"])]
    pub pipeline: Option<PathBuf>,
    /// Time every entry point of the shader, in order, over shared resources
    #[arg(long, requires = "shader",
        conflicts_with_all = ["entry", "against", "sweep", "emit"])]
    pub all_entries: bool,
    /// A name for #ifdef, #if and @if, a constant of WESL's module constants, or the value of a placeholder: {NAME}, ${NAME},
    /// $NAME
    #[arg(long, value_name = "NAME[=VALUE]", requires = "shader")]
    pub define: Vec<Define>,
    /// A directory with modules that #import or import names, besides the shader's own
    #[arg(long, value_name = "DIR", requires = "shader")]
    pub include: Vec<PathBuf>,
    /// The shader's entry point [default: the only one]
    #[arg(long, value_name = "NAME", requires = "shader")]
    pub entry: Option<String>,
    /// How many workgroups are run: numbers, or terms like 4096/TILE with the shader's constants and the values given
    #[arg(long, value_name = "X,Y,Z", requires = "shader")]
    pub workgroups: Option<Amounts>,
    /// How many threads are run, at least: as many workgroups as that takes
    #[arg(long, value_name = "X,Y,Z", requires = "shader", conflicts_with = "workgroups")]
    pub threads: Option<Amounts>,
    /// What a binding of the shader holds, by its number or the variable's name
    #[arg(long, visible_alias = "texture", value_name = "BINDING=WHAT", requires = "shader")]
    pub buffer: Vec<BufferSpec>,
    /// The value of an override constant, by its name, or the number behind @id
    #[arg(long = "override", value_name = "NAME=VALUE", requires = "shader")]
    pub overrides: Vec<Override>,
    /// Try these values of an override constant, or of a name for directives or placeholders, and tell which is fastest; several
    /// make a grid
    #[arg(long, value_name = "NAME=V,V,...", requires = "shader", conflicts_with_all = ["against", "expect", "dump", "emit"])]
    pub sweep: Vec<Sweep>,
    /// Time another shader too, turn by turn on the same data, and tell which is faster and how far their results are apart
    #[arg(long, value_name = "OTHER.wgsl", requires = "shader", conflicts_with_all = ["expect", "dump", "plot", "emit"])]
    pub against: Option<PathBuf>,
    /// Up to which difference two shaders count as equally fast
    #[arg(long, value_name = "PERCENT", default_value = "5", requires = "shader", value_parser = margin)]
    pub margin: f64,
    /// What a binding, or a pipeline's resource, must hold in the end: a file, values that it begins with, or zero
    #[arg(long, value_name = "BINDING=WHAT", requires = "subject")]
    pub expect: Vec<Expectation>,
    /// How far real numbers may be from those expected, or from another shader's: a share of the larger one, or of 1 [default:
    /// 1e-4, or what the pipeline's file says]
    #[arg(long, value_name = "SHARE", requires = "subject", value_parser = share)]
    pub tolerance: Option<f64>,
    /// Write what a binding, or a pipeline's resource, holds in the end into a file: its bytes, or a picture (.png)
    #[arg(long, value_name = "BINDING=FILE", requires = "subject")]
    pub dump: Vec<Dump>,
    /// Write a page about it all: tables, pictures and the text
    #[arg(long, value_name = "FILE.html", requires = "subject", conflicts_with = "against")]
    pub page: Option<PathBuf>,
    /// Run again whenever a file changes
    #[arg(long, requires = "subject")]
    pub watch: bool,
    /// Seconds that a run may take
    #[arg(long, value_name = "SECONDS", default_value = "60", requires = "subject", value_parser = seconds)]
    pub timeout: Duration,
    /// Do not run the shader: tell what the drivers' compilers make of it (registers, spills, occupancy), where they tell it
    #[arg(long, requires = "shader",
        conflicts_with_all = ["against", "all_entries", "dump", "emit", "expect", "page", "plot", "sweep", "trace"])]
    pub compile_only: bool,
    /// Write the shader as SPIR-V, MSL, HLSL and GLSL into this directory
    #[arg(long, value_name = "DIR", requires = "shader")]
    pub emit: Option<PathBuf>,
    /// Decides the values of what is seeded
    #[arg(long, default_value_t = 0, requires = "subject")]
    pub seed: u64,
}

/// How far real numbers may be apart.
const TOLERANCE: f64 = 1e-4;

impl ShaderArgs {
    /// How far real numbers may be from those expected; `other` is what somebody else says of it.
    pub fn tolerance(&self, other: Option<f64>) -> f64 {
        self.tolerance.or(other).unwrap_or(TOLERANCE)
    }
}

/// `5` as 0.05.
fn margin(text: &str) -> Result<f64, String> {
    let percent =
        text.trim_end_matches('%').parse().ok().filter(|percent: &f64| (0.0..=100.0).contains(percent));
    percent.map(|percent| percent / 100.0).ok_or_else(|| "expected a number from 0 to 100".into())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share: &f64| *share >= 0.0 && share.is_finite());
    share.ok_or_else(|| "expected a number from 0 up, as in 1e-4".into())
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().filter(|&seconds: &f64| seconds > 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or_else(|| "expected a number of seconds above 0".into())
}
