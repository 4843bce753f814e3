use super::*;
use crate::gpu::ShaderChecks;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn a_shader_is_timed() {
    let shader = shader(SCALE).unwrap();
    let (resources, contents) = filled(&shader, &["0=65536u,2f", "1=256K", "1:0=512K"]).unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [1024, 1, 1] };
    let gpu = gpu(ShaderChecks::Trusted);
    let times = Bench::new(&gpu, None, LIMIT).unwrap().time(&job.prepare(&gpu).unwrap(), 4).unwrap();
    let bytes = 8 + 256 * 1024 + 512 * 1024;
    assert_eq!((times.runs, times.bytes), (4, Some(bytes)));
    assert!(times.us.p10 > 0.0 && times.us.p10 <= times.us.median, "{times:?}");
    assert!(times.gb_s.is_some_and(|gb_s| (gb_s - bytes as f64 / times.us.median / 1e3).abs() < 1e-9));
}

/// Every run adds to what it finds: what is left of the last one tells whether it found the values given.
#[test]
fn every_run_finds_the_values_given() {
    let source = "
        @group(0) @binding(0) var<storage, read> given: array<u32>;
        @group(0) @binding(1) var<storage, read_write> bumped: atomic<u32>;
        @group(0) @binding(2) var<storage, read_write> doubled: array<u32>;
        @group(0) @binding(3) var picture: texture_storage_2d<r32uint, read_write>;
        @compute @workgroup_size(64) fn f(@builtin(global_invocation_id) id: vec3u) {
            atomicAdd(&bumped, 1u);
            doubled[id.x] = 2u * doubled[id.x] + given[0];
            textureStore(picture, id.xy, 2u * textureLoad(picture, id.xy));
        }";
    let shader = shader(source).unwrap();
    let texts = ["0=3u", "1=5u", "2=256", "3=64x1"];
    let (resources, contents) = filled(&shader, &texts).unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [1, 1, 1] };
    let gpu = gpu(ShaderChecks::Trusted);
    let ready = job.prepare(&gpu).unwrap();
    Bench::new(&gpu, None, LIMIT).unwrap().time(&ready, 7).unwrap();
    let outputs = ready.outputs().unwrap();
    let [(1, bumped), (2, doubled), (3, picture)] = &outputs[..] else { panic!("{outputs:?}") };
    let values = |bytes: &[u8]| -> Vec<u32> { bytemuck::pod_collect_to_vec(bytes) };
    assert_eq!(values(bumped), [69]);
    let expected = |place: usize, more: u32| -> Vec<u32> {
        values(&contents[place].each[0]).iter().map(|value| 2 * value + more).collect()
    };
    assert_eq!(values(doubled), expected(2, 3));
    assert_eq!(values(picture), expected(3, 0));
}

#[test]
fn a_device_that_cannot_run_it_says_so() {
    let too_wide = SCALE.replace("@workgroup_size(64)", "@workgroup_size(16384)");
    let shader = shader(&too_wide).unwrap();
    let message = shader.check([1; 3], &wgpu::Limits::default()).unwrap_err().to_string();
    assert!(
        message.contains("scale: expected at most 256, the adapter's max_compute_workgroup_size_x"),
        "{message}"
    );
    let message = shader.check([1, 70_000, 1], &wgpu::Limits::default()).unwrap_err().to_string();
    assert!(message.contains("max_compute_workgroups_per_dimension, found 70000"), "{message}");
    let (resources, contents) = filled(&shader, &["1=1K", "1:0=1K"]).unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [1, 1, 1] };
    let message = job.prepare(&gpu(ShaderChecks::Trusted)).unwrap_err().to_string();
    assert!(message.contains("refused it"), "{message}");
}

#[test]
fn a_run_that_does_not_end_is_given_up() {
    let source = "
        @group(0) @binding(0) var<storage, read_write> y: array<u32>;
        @compute @workgroup_size(64) fn f(@builtin(global_invocation_id) id: vec3u) {
            for (var i = 0u; i < 60000u; i++) {
                for (var j = 0u; j < 20u; j++) { y[id.x] = y[id.x] * 1664525u + j; }
            }
        }";
    let shader = shader(source).unwrap();
    let (resources, contents) = filled(&shader, &["0=256"]).unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [1, 1, 1] };
    let gpu = gpu(ShaderChecks::Trusted);
    let mut bench = Bench::new(&gpu, None, Duration::from_millis(20)).unwrap();
    let ready = job.prepare(&gpu).unwrap();
    let began = Instant::now();
    let message = bench.time(&ready, 1).unwrap_err().to_string();
    assert!(message.contains("expected a run to end within 20ms, found it still running"), "{message}");
    // It would have run for minutes.
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}
