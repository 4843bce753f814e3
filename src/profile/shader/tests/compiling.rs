//! What a driver's compiler tells of a shader.

use super::*;
use crate::gpu::ShaderChecks;
use crate::profile::compiler::{DriverCompiler, tests as absent};

/// A sum over as many values as are held at once, and one of each kind of binding.
fn holding(values: usize) -> String {
    let loads = (0..values).map(|i| format!("let v{i} = x[id.x + {i}u * 64u];\n")).collect::<String>();
    let sum = (0..values).map(|i| format!("v{i} * v{}", (i + values / 2) % values));
    let sum = sum.collect::<Vec<_>>().join(" + ");
    format!(
        "@group(0) @binding(0) var<storage, read> x: array<f32>;
        @group(0) @binding(4) var<uniform> u: vec4f;
        @group(2) @binding(1) var picture: texture_2d<f32>;
        @group(2) @binding(3) var smooth_it: sampler;
        @group(2) @binding(2) var drawn: texture_storage_2d<rgba8unorm, write>;
        @group(2) @binding(9) var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(64) fn f(@builtin(global_invocation_id) id: vec3u) {{
            {loads} workgroupBarrier();
            let texel = textureSampleLevel(picture, smooth_it, vec2f(id.xy) / 64.0, 0.0);
            textureStore(drawn, id.xy, texel * u);
            // What wgpu checks itself: a division that may be one by zero.
            y[id.x] = texel.x + f32(id.x / u32(u.w)) + {sum};
        }}"
    )
}

fn compiled(source: &str, checks: ShaderChecks) -> std::result::Result<Vec<Executable>, String> {
    let shader = shader(source).unwrap();
    let (resources, contents) = filled(&shader, &["0=64K", "2:9=64K"]).unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [1; 3] };
    job.compile(&choose(None).unwrap(), checks)
}

fn counted(programs: &[Executable], name: &str) -> u64 {
    let [program] = programs else { panic!("{programs:?}") };
    let value = program.statistics.iter().find(|it| it.name == name).map(|it| it.value);
    let Some(StatisticValue::Unsigned(value)) = value else { panic!("{name} in {programs:?}") };
    value
}

#[test]
fn a_driver_that_tells_nothing_is_named_as_the_reason() {
    let gpu = gpu(ShaderChecks::Trusted);
    match DriverCompiler::of(&gpu) {
        Err(reason) if gpu.name().starts_with("vulkan ") => {
            assert_eq!(reason, "the driver does not offer VK_KHR_pipeline_executable_properties");
        }
        Err(reason) => assert_eq!(reason, "wgpu's other back ends do not tell it, only Vulkan does"),
        Ok(_) => {
            let programs = compiled(&holding(4), ShaderChecks::Trusted).unwrap();
            assert!(programs.iter().all(|program| !program.statistics.is_empty()), "{programs:?}");
        }
    }
}

#[test]
#[ignore = "runs in a process of its own, with a driver of its own: see below"]
fn more_values_at_once_take_more_registers() {
    let [few, many, checked] =
        [(4, ShaderChecks::Trusted), (128, ShaderChecks::Trusted), (4, ShaderChecks::Checked)]
            .map(|(values, checks)| compiled(&holding(values), checks).unwrap());
    let registers = |programs: &[Executable]| counted(programs, "VGPRs");
    assert!(registers(&few) > 0 && registers(&few) + 64 < registers(&many), "{few:?}, {many:?}");
    assert!(counted(&few, "Subgroups per SIMD") > counted(&many, "Subgroups per SIMD"), "{few:?}, {many:?}");
    assert_eq!([&few, &many].map(|programs| counted(programs, "Spilled VGPRs")), [0, 0]);
    assert!(few[0].subgroup_size >= 32 && !few[0].statistics[0].description.is_empty(), "{few:?}");
    assert!(counted(&checked, "Code size") > counted(&few, "Code size"), "{checked:?}, {few:?}");
    absent::say_who_compiled();
}

#[test]
fn mesas_compiler_for_amd_tells_registers_without_such_a_gpu() {
    absent::run_for_absent_gpu(concat!(module_path!(), "::more_values_at_once_take_more_registers"));
}
