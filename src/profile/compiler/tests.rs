//! For tests: Mesa's driver for AMD's GPUs, which compiles for any of them where there is none.

use crate::gpu::choose;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// Where distributions put the description of the driver.
const DRIVER: [&str; 3] = [
    "/usr/share/vulkan/icd.d/radeon_icd.json",
    "/usr/share/vulkan/icd.d/radeon_icd.x86_64.json",
    "/usr/share/vulkan/icd.d/radeon_icd.aarch64.json",
];

/// Runs an ignored test, by its path below the crate, in a process whose one adapter is a GPU of AMD's that is not there. It has
/// to pass; says so, and passes over it, where the driver is not installed.
pub fn run_for_absent_gpu(test: &str) {
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
pub fn say_who_compiled() {
    eprintln!("compiled by {}", choose(None).unwrap());
}
