//! The options of every command that runs on a GPU.

use clap::ValueEnum;
use dann::error::Error;
use dann::gpu::{Adapter, Gpu, Options, ShaderChecks, Variant, adapters, choose, choose_for_rank};

/// Which adapter, and how carefully.
#[derive(clap::Args)]
pub struct GpuArgs {
    /// The adapter to run on: its index, or words of its name, as `dann devices` lists them; of a list with commas, each MPI
    /// rank on a machine takes the next
    #[arg(long, value_name = "NAME|INDEX")]
    adapter: Option<String>,
    /// Run the shaders with bounds and loop checks on
    #[arg(long)]
    checked: bool,
    /// Which family of kernels to use
    #[arg(long, value_enum, default_value_t = VariantArg::Auto)]
    variant: VariantArg,
    /// What convolutions and dense layers multiply in; mixed is not for training
    #[arg(long, value_enum, default_value_t = Precision::F32)]
    precision: Precision,
}

#[derive(Clone, Copy, ValueEnum, PartialEq, Eq)]
enum Precision {
    /// f32 throughout
    F32,
    /// Operands rounded to f16, sums in f32: for GPUs that multiply f16 faster
    Mixed,
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
    /// As workgroup, with tiles of f16 (--precision mixed)
    Half,
    /// As half, with cooperative matrices (--precision mixed)
    Cooperative,
}

impl VariantArg {
    fn forced(self) -> Option<Variant> {
        match self {
            Self::Auto => None,
            Self::Plain => Some(Variant::Plain),
            Self::Register => Some(Variant::Register),
            Self::Workgroup => Some(Variant::Workgroup),
            Self::Subgroup => Some(Variant::Subgroup),
            Self::Half => Some(Variant::Half),
            Self::Cooperative => Some(Variant::Cooperative),
        }
    }
}

impl GpuArgs {
    pub fn open(&self) -> dann::error::Result<Gpu> {
        Ok(self.open_with_adapter()?.1)
    }

    /// As [`GpuArgs::open`], for the process number `local_rank` of several on this machine.
    pub fn open_for_rank(&self, local_rank: usize) -> dann::error::Result<Gpu> {
        let gpu = self.open_on(&choose_for_rank(self.adapter.as_deref(), local_rank)?)?;
        log::info!("running on {}", gpu.name());
        Ok(gpu)
    }

    /// The flags that were given, for another process of the same kind.
    pub fn words(&self) -> Vec<String> {
        let adapter = self.adapter.iter().flat_map(|adapter| ["--adapter".into(), adapter.clone()]);
        let checked = self.checked.then(|| "--checked".into());
        let variant = self.variant.forced().map(|variant| ["--variant".into(), variant.name().into()]);
        adapter.chain(checked).chain(variant.into_iter().flatten()).collect()
    }

    /// Refuses mixed precision: nobody has shown that whole trainings in it come out alike.
    pub fn expect_f32(&self) -> dann::error::Result<()> {
        if self.precision == Precision::Mixed {
            let expected =
                "f32 to train in: whole trainings in mixed precision have not been compared with it";
            return Err(Error::input("--precision", expected, "mixed, for check, bench and profile"));
        }
        Ok(())
    }

    /// The adapter too.
    pub fn open_with_adapter(&self) -> dann::error::Result<(Adapter, Gpu)> {
        let adapter = self.choose()?;
        let gpu = self.open_on(&adapter)?;
        log::info!("running on {}", gpu.name());
        Ok((adapter, gpu))
    }

    /// The adapter asked for, or the first.
    pub fn choose(&self) -> dann::error::Result<Adapter> {
        choose(self.adapter.as_deref())
    }

    /// The adapter asked for, or all.
    pub fn adapters(&self) -> dann::error::Result<Vec<Adapter>> {
        let chosen = self.choose()?;
        Ok(if self.adapter.is_some() { vec![chosen] } else { adapters() })
    }

    pub fn open_on(&self, adapter: &Adapter) -> dann::error::Result<Gpu> {
        self.open_with(adapter, wgpu::Features::empty())
    }

    /// With `features` beside those that kernels use.
    pub fn open_with(&self, adapter: &Adapter, features: wgpu::Features) -> dann::error::Result<Gpu> {
        let options = Options::default().checks(self.checks()).features(features);
        Gpu::open(adapter, options.variant(self.chosen_variant(adapter)?))
    }

    /// Whether shaders carry checks.
    pub fn checks(&self) -> ShaderChecks {
        if self.checked { ShaderChecks::Checked } else { ShaderChecks::Trusted }
    }

    /// None but mixed families multiply in f16, and nothing falls back from what was asked for in words.
    fn chosen_variant(&self, adapter: &Adapter) -> dann::error::Result<Option<Variant>> {
        let mixed = self.precision == Precision::Mixed;
        let Some(variant) = self.variant.forced() else {
            return if mixed { adapter.mixed_variant().map(Some) } else { Ok(None) };
        };
        if variant.is_mixed() != mixed {
            let names = |mixed| match mixed {
                true => Variant::MIXED.map(Variant::name).join(", "),
                false => Variant::ALL.map(Variant::name).join(", "),
            };
            let (precision, other) = if mixed { ("mixed", "f32") } else { ("f32", "mixed") };
            let found = format!("{variant}, which is for --precision {other}");
            let expected = format!("{} with --precision {precision}", names(mixed));
            return Err(Error::input("--variant", expected, found));
        }
        match adapter.variant_obstacle(variant).filter(|_| mixed) {
            Some(obstacle) => {
                Err(Error::input("--variant", format!("kernels that {adapter} can run"), obstacle))
            }
            None => Ok(Some(variant)),
        }
    }
}
