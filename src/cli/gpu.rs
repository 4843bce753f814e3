//! The options of every command that runs on a GPU.

use clap::ValueEnum;
use dann::gpu::{Gpu, Options, ShaderChecks, Variant, choose};

/// Which adapter, and how carefully.
#[derive(clap::Args)]
pub struct GpuArgs {
    /// The adapter to run on: its index, or words of its name, as `dann devices` lists them
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Run the shaders with bounds and loop checks on
    #[arg(long)]
    checked: bool,
    /// Which kernels to use
    #[arg(long, value_enum, default_value_t = VariantArg::Tuned)]
    variant: VariantArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum VariantArg {
    /// One kernel an op, written for clarity
    Plain,
    /// Fused and tiled kernels wherever they fit
    Tuned,
}

impl GpuArgs {
    pub fn open(&self) -> dann::error::Result<Gpu> {
        let checks = if self.checked { ShaderChecks::Checked } else { ShaderChecks::Trusted };
        let variant = match self.variant {
            VariantArg::Plain => Variant::Plain,
            VariantArg::Tuned => Variant::Tuned,
        };
        let gpu = Gpu::open(&choose(self.adapter.as_deref())?, Options { checks, variant })?;
        log::info!("running on {}", gpu.name());
        Ok(gpu)
    }
}
