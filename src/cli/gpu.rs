//! The options of every command that runs on a GPU.

use dann::gpu::{Gpu, ShaderChecks, choose};

/// Which adapter, and how carefully.
#[derive(clap::Args)]
pub struct GpuArgs {
    /// The adapter to run on: its index, or words of its name, as `dann devices` lists them
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Run the shaders with bounds and loop checks on
    #[arg(long)]
    checked: bool,
}

impl GpuArgs {
    pub fn open(&self) -> dann::error::Result<Gpu> {
        let checks = if self.checked { ShaderChecks::Checked } else { ShaderChecks::Trusted };
        let gpu = Gpu::open(&choose(self.adapter.as_deref())?, checks)?;
        log::info!("running on {}", gpu.name());
        Ok(gpu)
    }
}
