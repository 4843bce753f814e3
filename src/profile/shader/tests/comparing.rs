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
    ShaderReport::new(&job, "adapter", (Clock::Wall, Some("why")), &peaks, (3, us))
}

#[test]
fn a_report_says_what_was_run_and_how_far_it_is_from_the_limit() {
    let report = report(SCALE, 24.016);
    assert_eq!((report.entry.as_str(), report.workgroups, report.runs), ("scale", [16, 1, 1], 3));
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
