//! Mesa's driver for AMD's GPUs, which compiles for any of them where there is none; and the project's own kernels on it.

use super::*;
use crate::gpu::{Kernel, ShaderChecks, Variant};
use std::io::Write as _;
use std::process::Command;

/// Where distributions put the description of the driver.
const DRIVER: [&str; 3] = [
    "/usr/share/vulkan/icd.d/radeon_icd.json",
    "/usr/share/vulkan/icd.d/radeon_icd.x86_64.json",
    "/usr/share/vulkan/icd.d/radeon_icd.aarch64.json",
];

/// Runs an ignored test, by its path below the crate, in a process whose one adapter is a GPU of AMD's that is not there. It has
/// to pass; says so, and passes over it, where the driver is not installed.
pub(super) fn run_for_absent_gpu(test: &str) {
    let Some(driver) = DRIVER.iter().find(|path| Path::new(path).is_file()) else {
        writeln!(std::io::stderr(), "SKIPPED: Mesa's driver for AMD's GPUs is not installed").ok();
        return;
    };
    let mut process = Command::new(std::env::current_exe().expect("this program"));
    let test = test.split_once("::").expect("a module").1;
    process.args([test, "--exact", "--ignored", "--nocapture"]);
    process.envs([("VK_ICD_FILENAMES", *driver), ("VK_DRIVER_FILES", *driver)]);
    // The name that the variable had up to Mesa 25, and that which it has since.
    process.envs([("RADV_FORCE_FAMILY", "NAVI21"), ("AMD_FORCE_FAMILY", "NAVI21")]);
    let output = process.output().expect("a process");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let said = said.concat();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert!(said.contains("compiled by ") && said.contains("RADV NAVI21"), "{said}");
}

/// What an ignored test says in the end.
pub(super) fn say_who_compiled() {
    eprintln!("compiled by {}", choose(None).unwrap());
}

/// Kernels for GPUs that spill all the same; their family is nobody's default.
const SPILLING: &[&str] = &["subgroup_pointwise.forward4", "subgroup_pointwise.forward5"];

fn spilled(kernel: &Kernel) -> u64 {
    let choices = Choices { entry: Some(kernel.entry_point.to_owned()), ..Choices::default() };
    let shader = Shader::parse(Path::new(kernel.label), kernel.source.to_owned(), &choices).unwrap();
    let resources = shader.resources().unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &[], workgroups: [1; 3] };
    let programs = job.compile(&choose(None).unwrap(), ShaderChecks::Trusted);
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
fn few_kernels_spill() {
    // `register` is for software adapters, and this GPU has no cooperative matrices.
    let is_for_it = |kernel: &&&Kernel| !matches!(kernel.variant, Variant::Register | Variant::Cooperative);
    let kernels = crate::ops::KERNELS.iter().filter(is_for_it);
    let spilling: Vec<&str> = kernels.filter(|it| spilled(it) > 0).map(|it| it.label).collect();
    assert_eq!(spilling, SPILLING);
    say_who_compiled();
}

#[test]
fn kernels_for_gpus_do_not_spill_registers_on_amds() {
    run_for_absent_gpu(concat!(module_path!(), "::few_kernels_spill"));
}
