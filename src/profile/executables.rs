//! What a driver's compiler makes of a profile's kernels.

use super::Report;
use super::compiler::{DriverCompiler, Executable};
use super::shader::{Choices, Job, Shader};
use crate::gpu::{Gpu, Kernel, ShaderChecks};
use crate::ops::KERNELS;
use std::path::Path;

impl Report {
    /// With what the driver's compiler tells of this crate's kernels: registers, spills, how many subgroups fit. They are compiled
    /// once more, on a second device on the adapter that `gpu` was opened on.
    #[must_use]
    pub fn with_executables(self, gpu: &Gpu) -> Self {
        match DriverCompiler::of(gpu) {
            Ok(compiler) => self.told(|label| {
                let kernel = KERNELS.iter().find(|kernel| kernel.label == label);
                compiled(kernel.ok_or("there is no such kernel")?, &compiler, gpu.checks())
            }),
            Err(reason) => Self { executables_reason: Some(reason), ..self },
        }
    }
}

/// What the compiler makes of a kernel.
pub(super) fn compiled(
    kernel: &Kernel,
    compiler: &DriverCompiler,
    checks: ShaderChecks,
) -> Result<Vec<Executable>, String> {
    let choices = Choices { entry: Some(kernel.entry_point.to_owned()), ..Choices::default() };
    let shader = Shader::parse(Path::new(kernel.label), kernel.source.to_owned(), &choices);
    let shader = shader.map_err(|e| e.to_string())?;
    let resources = shader.resources().map_err(|e| e.to_string())?;
    let job = Job { shader: &shader, resources: &resources, contents: &[], workgroups: [1; 3] };
    job.executables(compiler, checks)
}

#[cfg(test)]
mod tests {
    use super::super::compiler::{StatisticValue, tests as absent};
    use super::*;
    use crate::gpu::{Variant, choose};

    fn spilled(kernel: &Kernel, compiler: &DriverCompiler) -> u64 {
        let programs = compiled(kernel, compiler, ShaderChecks::Trusted);
        let programs = programs.unwrap_or_else(|e| panic!("{}: {e}", kernel.label));
        let all = programs.iter().flat_map(|program| &program.statistics);
        let mut spills = all.filter(|it| it.name.starts_with("Spilled ")).map(|it| match it.value {
            StatisticValue::Unsigned(count) => count,
            other => panic!("{}: {other}", it.name),
        });
        let first = spills.next().expect("what is spilled");
        first + spills.sum::<u64>()
    }

    #[test]
    #[ignore = "runs in a process of its own, with a driver of its own: see below"]
    fn no_kernel_spills() {
        // `register` is for software adapters, and this GPU has no cooperative matrices.
        let is_for_it =
            |kernel: &&&Kernel| !matches!(kernel.variant, Variant::Register | Variant::Cooperative);
        let features = wgpu::Features::SUBGROUP | wgpu::Features::SHADER_F16;
        let compiler = DriverCompiler::open(&choose(None).unwrap().handle, features).unwrap();
        let kernels = KERNELS.iter().filter(is_for_it);
        let spilling: Vec<&str> =
            kernels.filter(|it| spilled(it, &compiler) > 0).map(|it| it.label).collect();
        assert!(spilling.is_empty(), "{spilling:?}");
        absent::say_who_compiled();
    }

    #[test]
    fn kernels_for_gpus_do_not_spill_registers_on_amds() {
        absent::run_for_absent_gpu(concat!(module_path!(), "::no_kernel_spills"));
    }
}
