use super::*;
use crate::profile::{Clock, Peaks, Spread, Verdict};
use std::slice::from_ref;

/// Runs of `source` that took about `median` microseconds.
fn report(source: &str, median: f64) -> ShaderReport {
    let shader = shader(source).unwrap();
    let (resources, contents) = filled(&shader, &["0=1000u,2f", "1=4K", "1:0=8K"]).unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [16, 1, 1] };
    let peaks = Peaks { f32_gflops: 10.0, f16_gflops: None, copy_gb_s: 1.0, empty_dispatch_us: 5.0 };
    let us = Spread::of(&[median - 1.0, median, median + 1.0]).unwrap();
    ShaderReport::new(&job, "adapter", (Clock::Wall, Some("why")), &peaks, (9, us))
}

#[test]
fn a_report_says_what_was_run_and_how_far_it_is_from_the_limit() {
    let report = report(SCALE, 24.016);
    assert_eq!((report.entry.as_str(), report.workgroups, report.runs), ("scale", [16, 1, 1], 9));
    // 1,024 multiplications and 12,008 bytes at 10 GFLOP/s and 1 GB/s.
    assert_eq!(
        (report.flops, report.bytes, report.bound),
        (Some(1024.0), Some(12_008), Some(crate::profile::Bound::Memory))
    );
    let close =
        |value: Option<f64>, expected: f64| value.is_some_and(|value| (value / expected - 1.0).abs() < 1e-9);
    assert!(
        close(report.gb_s, 0.5) && close(report.of_bandwidth, 0.5) && close(report.limit_us, 12.008),
        "{report:?}"
    );
    assert!(close(report.gflops, 1024.0 / 24_016.0) && !report.is_near_floor, "{report:?}");
    let text = serde_json::to_string(&report).unwrap();
    let read: ShaderReport = serde_json::from_str(&text).unwrap();
    assert_eq!((&read.bindings, read.bytes, read.bound), (&report.bindings, report.bytes, report.bound));
    assert!(super::comparing::report(SCALE, 9.9).is_near_floor);
}

#[test]
fn shaders_are_compared_by_file_entry_point_and_adapter() {
    let (before, mut after) = (report(SCALE, 20.0), report(SCALE, 40.0));
    after.shader = "other/scale.wgsl".into();
    let [compared] = &ShaderComparison::of(from_ref(&before), from_ref(&after))[..] else { panic!() };
    assert_eq!((compared.verdict, compared.differing.len()), (Verdict::Slower, 0));
    assert!(compared.ratio.is_some_and(|ratio| (ratio - 2.0).abs() < 1e-9));
    after.workgroups = [8, 1, 1];
    let [compared] = &ShaderComparison::of(from_ref(&after), from_ref(&before))[..] else { panic!() };
    assert_eq!(compared.verdict, Verdict::Faster);
    assert!(compared.differing[0].starts_with("workgroups: [8, 1, 1]"), "{compared:?}");
    after.adapter = "another".into();
    let verdicts: Vec<Verdict> =
        ShaderComparison::of(&[before], &[after]).iter().map(|c| c.verdict).collect();
    assert_eq!(verdicts, [Verdict::Removed, Verdict::Added]);
}

#[test]
fn a_few_runs_tell_nothing_and_that_is_said() {
    let (before, mut after) = (report(SCALE, 20.0), report(SCALE, 40.0));
    let compared =
        |after: &ShaderReport| ShaderComparison::of(from_ref(&before), from_ref(after)).swap_remove(0);
    after.runs = 5;
    assert_eq!((compared(&after).verdict, compared(&after).reason), (Verdict::Slower, None));
    after.runs = 1;
    let found = compared(&after);
    assert_eq!(found.verdict, Verdict::Unclear);
    let reason = found.reason.unwrap();
    assert!(reason.contains("9 runs before and 1 after, where 5 of each are the fewest"), "{reason}");
}

/// Of a hash of whole numbers it is not said that the launch takes its time, nor that it is far from a peak.
#[test]
fn the_bound_of_work_without_a_measured_peak_is_not_known() {
    let hash = SCALE.replace(
        "y[id.x] = vec2f(params.factor * x[id.x], 1.0);",
        "var h = id.x; for (var i = 0u; i < 4096u; i++) { h = (h ^ i) * 16777619u; }
         y[id.x] = vec2f(params.factor * x[id.x], f32(h));",
    );
    let report = report(&hash, 1e6);
    assert_eq!((report.bound, report.limit_us, report.of_peak), (None, None, None));
    let reason = report.bound_reason.unwrap();
    assert!(reason.contains("operations on whole numbers, whose peak is not measured"), "{reason}");
    assert!(super::comparing::report(SCALE, 20.0).bound_reason.is_none());
}

#[test]
fn operations_on_f16_are_held_to_the_peak_of_f16() {
    let halves = "enable f16;
        struct Params { count: u32, factor: f32 }
        @group(0) @binding(0) var<uniform> params: Params;
        @group(0) @binding(1) var<storage, read> x: array<f32>;
        @group(1) @binding(0) var<storage, read_write> y: array<vec2f>;
        @compute @workgroup_size(64) fn scale(@builtin(global_invocation_id) id: vec3u) {
            var h = f16(x[id.x]);
            for (var i = 0; i < 100; i++) { h = fma(h, fma(h, h, h), fma(h, h, h)); }
            y[id.x] = vec2f(f32(h), params.factor);
            if params.count == 0u { return; }
        }";
    let shader = shader(halves).unwrap();
    let (resources, contents) = filled(&shader, &["0=1000u,2f", "1=4K", "1:0=8K"]).unwrap();
    let job = Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [16, 1, 1] };
    let us = Spread::of(&[1000.0]).unwrap();
    let of = |f16_gflops| {
        let peaks = Peaks { f32_gflops: 10.0, f16_gflops, copy_gb_s: 1.0, empty_dispatch_us: 5.0 };
        ShaderReport::new(&job, "adapter", (Clock::Wall, None), &peaks, (9, us))
    };
    let (slow, fast) = (of(Some(10.0)), of(Some(40.0)));
    assert_eq!(slow.bound, Some(crate::profile::Bound::Compute));
    let [slow, fast] = [slow, fast].map(|report| report.of_peak.unwrap());
    assert!((3.8..=4.0).contains(&(slow / fast)), "{slow} {fast}");
}

#[test]
fn sizes_that_were_drawn_at_random_are_named_with_their_values() {
    let shader = shader(SCALE).unwrap();
    let drawn = |texts: &[&str]| {
        let (resources, contents) = filled(&shader, texts).unwrap();
        Job { shader: &shader, resources: &resources, contents: &contents, workgroups: [16, 1, 1] }.drawn()
    };
    let [count] = &drawn(&["1=4K", "1:0=8K"])[..] else { panic!("not one") };
    assert_eq!((count.name.as_str(), count.place.as_str()), ("params", "params.count"));
    assert!((0..256).contains(&count.value), "{count:?}");
    assert_eq!(drawn(&["0=8", "1=4K", "1:0=8K"]).len(), 1);
    for given in ["0=1000u,2f", "0=zero", "0=7u", "0=1000u+4"] {
        assert_eq!(drawn(&[given, "1=4K", "1:0=8K"]), [], "{given}");
    }
}
