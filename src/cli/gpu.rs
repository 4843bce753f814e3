//! The options of every command that runs on a GPU.

use clap::ValueEnum;
use dann::gpu::{Adapter, Gpu, Options, ShaderChecks, Variant, adapters, choose};

/// Which adapter, and how carefully.
#[derive(clap::Args)]
pub struct GpuArgs {
    /// The adapter to run on: its index, or words of its name, as `dann devices` lists them
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Run the shaders with bounds and loop checks on
    #[arg(long)]
    checked: bool,
    /// Which family of kernels to use
    #[arg(long, value_enum, default_value_t = VariantArg::Auto)]
    variant: VariantArg,
}

#[derive(Clone, Copy, ValueEnum)]
enum VariantArg {
    /// What `dann tune` found fastest on the adapter, or else what suits its kind
    Auto,
    /// One kernel an op, written for clarity
    Plain,
    /// Wide tiles in registers over textures: for software adapters
    Register,
    /// Tiles in workgroup memory: for GPUs
    Workgroup,
    /// Operands handed round in subgroups: for GPUs
    Subgroup,
}

impl VariantArg {
    fn forced(self) -> Option<Variant> {
        match self {
            Self::Auto => None,
            Self::Plain => Some(Variant::Plain),
            Self::Register => Some(Variant::Register),
            Self::Workgroup => Some(Variant::Workgroup),
            Self::Subgroup => Some(Variant::Subgroup),
        }
    }
}

impl GpuArgs {
    pub fn open(&self) -> dann::error::Result<Gpu> {
        Ok(self.open_with_adapter()?.1)
    }

    /// The adapter too.
    pub fn open_with_adapter(&self) -> dann::error::Result<(Adapter, Gpu)> {
        let adapter = choose(self.adapter.as_deref())?;
        let gpu = self.open_on(&adapter)?;
        log::info!("running on {}", gpu.name());
        Ok((adapter, gpu))
    }

    /// The adapter asked for, or all.
    pub fn adapters(&self) -> dann::error::Result<Vec<Adapter>> {
        let chosen = choose(self.adapter.as_deref())?;
        Ok(if self.adapter.is_some() { vec![chosen] } else { adapters() })
    }

    pub fn open_on(&self, adapter: &Adapter) -> dann::error::Result<Gpu> {
        let checks = if self.checked { ShaderChecks::Checked } else { ShaderChecks::Trusted };
        Gpu::open(adapter, Options { checks, variant: self.variant.forced() })
    }
}
