//! The profiler inside an application: its recordings among the scopes of the host's own wgpu-profiler.

#[path = "skip/mod.rs"]
mod skip;

use dann::gpu::{Gpu, Options, Recording, Tensor, choose};
use dann::ops::relu;
use dann::profile::wgpu_profiler::{GpuProfiler, GpuProfilerSettings, GpuTimerQueryResult};
use dann::profile::{Clock, Peaks, Samples, Scopes, Stopwatch};
use skip::skip;

fn recording(gpu: &Gpu) -> Recording {
    let x = Tensor::zeros(gpu, "x", &[1 << 16]).unwrap();
    let y = Tensor::zeros(gpu, "y", &[1 << 16]).unwrap();
    let mut recording = Recording::new(gpu);
    relu::forward(&mut recording, &x, &y, 0.0).unwrap();
    relu::backward(&mut recording, &x, &y, &Tensor::zeros(gpu, "dx", &[1 << 16]).unwrap(), 0.0).unwrap();
    recording
}

/// A frame of the host: its own pass, and the recording within a scope of its own.
fn frame(gpu: &Gpu, profiler: &mut GpuProfiler, recording: &Recording) -> (Scopes, Vec<GpuTimerQueryResult>) {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let frame = profiler.begin_query("frame", &mut encoder);
    let own = profiler.begin_pass_query("host's own", &mut encoder).with_parent(Some(&frame));
    drop(encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
        label: None,
        timestamp_writes: own.compute_pass_timestamp_writes(),
    }));
    profiler.end_query(&mut encoder, own);
    let scopes = Scopes::encode("classify", &[recording], profiler, &mut encoder, Some(&frame));
    profiler.end_query(&mut encoder, frame);
    profiler.resolve_queries(&mut encoder);
    gpu.queue().submit([encoder.finish()]);
    profiler.end_frame().unwrap();
    gpu.wait().unwrap();
    let results = profiler.process_finished_frame(gpu.queue().get_timestamp_period()).unwrap();
    (scopes, results)
}

#[test]
fn recordings_are_scopes_of_the_hosts_profiler_and_make_a_report() {
    let gpu = Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let recording = recording(&gpu);
    let mut profiler = GpuProfiler::new(gpu.device(), GpuProfilerSettings::default()).unwrap();
    let mut samples = Samples::new(&[&recording]);
    let has_queries = gpu.device().features().contains(wgpu::Features::TIMESTAMP_QUERY);
    for _ in 0..3 {
        let (scopes, results) = frame(&gpu, &mut profiler, &recording);
        let labels = |results: &[GpuTimerQueryResult]| {
            results.iter().map(|result| result.label.clone()).collect::<Vec<_>>()
        };
        assert_eq!(labels(&results), ["frame"]);
        assert_eq!(labels(&results[0].nested_queries), ["host's own", "classify"]);
        let ours = &results[0].nested_queries[1].nested_queries;
        assert_eq!(labels(ours), ["relu.forward", "relu.backward"]);
        assert_eq!(samples.add_scopes(&scopes, &results).unwrap(), has_queries);
    }
    if !has_queries {
        skip(format_args!("{} has no timestamp queries, so that a host has no times", gpu.name()));
        return;
    }
    let peaks = Peaks::measure(&gpu, &mut Stopwatch::new(&gpu, None).unwrap()).unwrap();
    let report = samples.report(gpu.name(), "a frame", (Clock::Timestamps, None), &peaks).unwrap();
    assert_eq!((report.steps, report.kernels.len()), (3, 2));
    assert!(report.step.profiled_ms.is_none() && report.step.kernels_ms.median > 0.0, "{:?}", report.step);
}

#[test]
fn the_hosts_clock_can_be_asked_for_and_is_named() {
    let gpu = Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let stopwatch = Stopwatch::new(&gpu, Some(Clock::Wall)).unwrap();
    assert_eq!(stopwatch.clock(), (Clock::Wall, Some("it was asked for")));
    // Asked for nothing, it is the device's unless there is a reason against it.
    let (clock, reason) = {
        let stopwatch = Stopwatch::new(&gpu, None).unwrap();
        let (clock, reason) = stopwatch.clock();
        (clock, reason.map(str::to_owned))
    };
    assert_eq!(clock == Clock::Wall, reason.is_some(), "{reason:?}");
    let demanded = Stopwatch::new(&gpu, Some(Clock::Timestamps)).map(|stopwatch| stopwatch.clock().0);
    match (reason, demanded) {
        (_, Ok(clock)) => assert_eq!(clock, Clock::Timestamps),
        (reason, Err(e)) => {
            let refused = e.to_string();
            assert!(refused.contains("expected timestamps that can be trusted, found"), "{refused}");
            assert!(reason.is_some(), "{refused}");
        }
    }
}
