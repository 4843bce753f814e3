//! `dann profile`

mod compare;
mod compiled;
mod page;
mod pipeline;
mod shader;
mod step;
mod text;
mod waiting;
mod watch;

use super::gpu::GpuArgs;
use super::output::Output;
use super::recipe::RecipeArgs;
use clap::{Args, ValueEnum, value_parser};
use dann::profile::Clock;
use shader::ShaderArgs;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann profile                                    the step of the paper's network, kernel by kernel
  dann profile --preset demo --batch 128 --trace step.json --plot roofline.png
  dann profile --preset photos --source my/photos --target my/scans      also how long images are waited for
  dann profile --json > before.json               and later, after a change, > after.json
  dann profile --compare before.json after.json
  dann profile --shader blur.wgsl --entry blur --workgroups 64,64,1 --buffer 0=1024u,1024u --buffer 1=4M
  dann profile --shader sum.wgsl --threads 65536 --against sum4.wgsl       which is faster, and do they agree?
  dann profile --shader sum.wgsl --threads 65536 --buffer x=@x.bin --expect y=@y.bin --dump y=mine.bin
  dann profile --shader matmul.wgsl --threads 1024,1024 --sweep TILE=8,16,32 --plot tiles.svg
  dann profile --shader filter.wgsl --threads 512,512 --all-entries
  dann profile --pipeline sort.toml --trace sort.json --plot sort.svg
  dann profile --shader types.wgsl --shader sort.wgsl --define SIZE=256 --include shaders --threads 65536
  WGPU_DEBUG=1 renderdoccmd capture -w -c /tmp/step dann profile --capture

Every dispatch runs in a pass of its own, between two timestamps of the device; where a driver's
timestamps are missing or say nothing, the host's clock is used, and that is said. A kernel's limit is
what arithmetic, memory traffic or the launch would take at the peaks, which are measured at the start.
Bytes count each binding once; above 100 % of the bandwidth, data stay in caches. Kernels that compute
in Winograd's domain count what they do there, which is less than the direct convolution's arithmetic.

What a shader binds is [GROUP:]BINDING= or NAME= and
  4096, 64K, 16M         bytes of seeded values: real numbers from -1 to 1, whole ones from 0 to 255
  zero:16M               zeros
  1024u,-1i,0.5,0xff,1h  values; without a suffix, of the type that stands at their place
  1024u+16M              values, and seeded ones behind them
  512x512, 64x64x64      a texture of that size, seeded
  @FILE                  the bytes of a file, or a picture for a texture
Placeholders of --define are {NAME}, {{NAME}}, ${NAME}, #{NAME} and $NAME.
Directives are naga_oil's: #ifdef, #ifndef, #if, #else, #endif, #define, #import of modules that say
#define_import_path or of files by their names in quotes. WESL's import and @if are followed in files that
end in .wesl or have them. Bindings that a shader leaves out are assigned.
Arrays of any length have 16M unless something is said of them, textures 512x512. Shaders run without
wgpu's checks of bounds and loops unless --checked is given; the translations of --emit follow.")]
pub struct ProfileArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Source rows a step, and as many target rows [default: the recipe's]
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// How many steps, or runs of a shader, are timed
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=10_000))]
    steps: u32,
    /// Train for so many steps on this labelled data set too, and tell how long its images were waited for
    #[arg(long, requires = "target", conflicts_with_all = ["compare", "capture", "subject"])]
    source: Option<PathBuf>,
    /// The data set to adapt to, beside --source
    #[arg(long, requires = "source")]
    target: Option<PathBuf>,
    /// What tells the time
    #[arg(long, value_enum, default_value_t = ClockArg::Auto)]
    clock: ClockArg,
    /// Write every dispatch on a timeline, for Perfetto or chrome://tracing
    #[arg(long, value_name = "FILE.json")]
    trace: Option<PathBuf>,
    /// Draw the roofline and the step
    #[arg(long, value_name = "FILE.svg|FILE.png")]
    plot: Vec<PathBuf>,
    /// Run one step for an attached debugger (RenderDoc, Xcode) to capture, and time none
    #[arg(long, conflicts_with_all = ["trace", "plot"])]
    capture: bool,
    /// Compare two profiles that --json printed
    #[arg(long, value_names = ["BEFORE.json", "AFTER.json"], num_args = 2,
        conflicts_with_all = ["trace", "plot", "capture", "subject"])]
    compare: Vec<PathBuf>,
    #[command(flatten)]
    shader: ShaderArgs,
    #[command(flatten)]
    gpu: GpuArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum ClockArg {
    /// The device if its timestamps can be trusted, else the host
    Auto,
    /// The device; it is an error if its timestamps cannot be trusted
    Timestamps,
    /// The host, dispatch by dispatch
    Wall,
}

impl From<ClockArg> for Option<Clock> {
    fn from(clock: ClockArg) -> Self {
        match clock {
            ClockArg::Auto => None,
            ClockArg::Timestamps => Some(Clock::Timestamps),
            ClockArg::Wall => Some(Clock::Wall),
        }
    }
}

/// Compilers of shaders, and drivers' too, call themselves for each level of an expression.
const STACK: usize = 256 << 20;

pub fn run(args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let worker =
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || chosen(args, out))?;
        worker.join().unwrap_or_else(|payload| std::panic::resume_unwind(payload))
    })
}

fn chosen(args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    if let [before, after] = &args.compare[..] {
        return compare::run(before, after, out);
    }
    match args.shader.watch {
        true => watch::run(args, out, || once(args, out)),
        false => once(args, out),
    }
}

fn once(args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    if let Some(path) = &args.shader.pipeline {
        return pipeline::run(path, args, out);
    }
    match args.shader.shader.split_last() {
        Some((path, before)) if args.shader.all_entries => pipeline::all_entries(path, before, args, out),
        Some((path, before)) => shader::run(path, before, args, out),
        None => step::run(args, out),
    }
}
