use super::arithmetic::arithmetic;
use super::scopes::Pass;
use super::*;
use crate::gpu::{Gpu, Options, Phase, Recording, Tensor, choose};
use crate::ops::optimizer::{Operands, Optimizer as _, Settings};
use crate::ops::sgd::Sgd;
use crate::ops::{Step, relu};

const RUNS: usize = 9;

fn gpu() -> Gpu {
    Gpu::open(&choose(None).unwrap(), Options::default()).unwrap()
}

/// The times of several recordings, run in turn so that what slows the machine down slows all of them.
fn in_turn<const N: usize>(stopwatch: &mut Stopwatch, recordings: [&Recording; N]) -> [Samples; N] {
    let mut samples = recordings.map(|recording| Samples::new(&[recording]));
    for run in 0..=RUNS {
        for (samples, recording) in samples.iter_mut().zip(recordings) {
            let passes: Vec<Pass<'_>> = recording.dispatches().iter().map(Pass::of).collect();
            let timed = stopwatch.time(&|_| (), &passes).unwrap();
            // The first run compiles.
            if run > 0 {
                samples.add(timed.spans, Some(timed.wall)).unwrap();
            }
        }
    }
    samples
}

fn reports<const N: usize>(recordings: [&Recording; N]) -> [Report; N] {
    let gpu = recordings[0].gpu();
    let mut stopwatch = Stopwatch::new(gpu, None).unwrap();
    let peaks = Peaks::measure(gpu, &mut stopwatch).unwrap();
    let samples = in_turn(&mut stopwatch, recordings);
    samples.map(|samples| samples.report(gpu.name(), "arithmetic", stopwatch.clock(), &peaks).unwrap())
}

/// A kernel compared with itself, and with itself slowed down.
fn compared(gpu: &Gpu) -> [Comparisons; 2] {
    let record = |rounds| arithmetic(gpu, rounds, 1).unwrap();
    let (before, again, slowed) = (record(64), record(64), record(160));
    let [before, again, slowed] = reports([&before, &again, &slowed]);
    [Comparisons::of(&before, &again), Comparisons::of(&before, &slowed)]
}

/// Tests beside this one can make a run several times as long as the next: SwiftShader's threads serve them all in turn.
#[test]
fn a_kernel_slowed_down_on_purpose_is_found_and_one_that_is_not_is_not() {
    let gpu = gpu();
    for attempt in 1.. {
        let compared = compared(&gpu);
        let [again, slowed] = compared.each_ref().map(|compared| {
            let [kernel] = &compared.kernels[..] else { panic!("{compared:?}") };
            assert_eq!(kernel.kernel, "peaks.multiply_add");
            kernel
        });
        let found = slowed.verdict == Verdict::Slower && slowed.ratio.is_some_and(|ratio| ratio > 1.5);
        if found && again.verdict == Verdict::Same {
            return;
        }
        let spreads = [again.before_us, again.after_us].map(|spread| spread.expect("in both"));
        let is_noisy = spreads.iter().any(|spread| spread.p90 > 2.0 * spread.p10);
        assert!(is_noisy && attempt < 10, "attempt {attempt}: {compared:?}");
    }
}

#[test]
fn peaks_are_plausible_and_the_same_arithmetic_is_near_them() {
    let gpu = gpu();
    let recording = arithmetic(&gpu, 256, 2).unwrap();
    let [report] = reports([&recording]);
    let peaks = &report.peaks;
    assert!(peaks.f32_gflops > 0.1 && peaks.copy_gb_s > 0.05 && peaks.empty_dispatch_us >= 0.0, "{peaks:?}");
    let [row] = &report.kernels[..] else { panic!("{report:?}") };
    assert_eq!((row.calls, row.bound), (2, Bound::Compute));
    // Other tests slow down now the one, now the other.
    assert!((0.02..50.0).contains(&row.of_peak), "{row:?} of {peaks:?}");
}

/// Made-up times of two kernels, the second of which runs twice: 100 and 2 · 10 µs of a step of 150 µs.
fn samples(gpu: &Gpu) -> Samples {
    let tensor = |dims: &[usize]| Tensor::zeros(gpu, "tensor", dims).unwrap();
    let (x, y) = (tensor(&[1000]), tensor(&[1000]));
    let step = Tensor::zeros_of::<Step>(gpu, "step", &[1, Step::WORDS]).unwrap();
    let faults = &Tensor::zeros_of::<u32>(gpu, "faults", &[1]).unwrap();
    let mut recording = Recording::new(gpu);
    relu::forward(&mut recording, &x, &y, 0.0).unwrap();
    recording.phase(Phase::Update);
    for _ in 0..2 {
        let (velocity, scale) = (&tensor(&[1000]), &tensor(&[1]));
        let slots = std::slice::from_ref(velocity);
        let operands = Operands { step: &step, grad: &x, scale, slots, weight: &y, faults };
        let sgd = Sgd { momentum: 0.0, nesterov: false, weight_decay: 0.0 };
        sgd.record(&mut recording, &operands, Settings::of(&sgd)).unwrap();
    }
    let mut samples = Samples::new(&[&recording]);
    for run in 0..3 {
        let at = |begin: u64, end: u64| Span { begin: 1000 * (begin + run), end: 1000 * (end + run) };
        let spans = vec![at(1, 101), at(101, 111), at(111, 121)];
        samples.add(spans, Some(std::time::Duration::from_micros(150))).unwrap();
        samples.add_unprofiled(std::time::Duration::from_micros(125));
    }
    samples
}

fn made_up(samples: &Samples, adapter: &str) -> Report {
    let peaks = Peaks { f32_gflops: 10.0, f16_gflops: Some(20.0), copy_gb_s: 1.0, empty_dispatch_us: 5.0 };
    samples.report(adapter, "made up", (Clock::Timestamps, None), &peaks).unwrap()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9 * b.abs().max(1.0)
}

#[test]
fn what_a_compiler_tells_stands_with_its_kernel() {
    let gpu = gpu();
    let report = made_up(&samples(&gpu), "adapter");
    let program = |name: &str| Executable { name: name.to_owned(), subgroup_size: 0, statistics: vec![] };
    let told = report.clone().told(|kernel| match kernel {
        "relu.forward" => Ok(vec![program(kernel)]),
        _ => Err("a reason".to_owned()),
    });
    assert_eq!(told.kernels[0].executables, [program("relu.forward")]);
    assert!(told.kernels[1].executables.is_empty());
    assert_eq!(told.executables_reason.as_deref(), Some("a reason"));
    let asked = report.with_executables(&gpu);
    let is_known = asked.kernels.iter().all(|row| !row.executables.is_empty());
    assert_ne!(is_known, asked.executables_reason.is_some(), "{asked:?}");
}

#[test]
fn a_report_adds_up() {
    let gpu = gpu();
    let report = made_up(&samples(&gpu), "adapter");
    let [relu, sgd] = &report.kernels[..] else { panic!("{report:?}") };
    assert_eq!((relu.kernel.as_str(), relu.calls, relu.variant.as_str()), ("relu.forward", 1, "plain"));
    assert_eq!((sgd.kernel.as_str(), sgd.calls, sgd.phase), ("sgd.update", 2, Phase::Update));
    assert!(close(relu.ms, 0.1) && close(sgd.ms, 0.02) && close(relu.share, 100.0 / 120.0));
    // 1,000 comparisons and 8,000 bytes in 100 µs, of 10 GFLOP/s and 1 GB/s: at best 0.1 and 8 µs.
    assert!(close(relu.gflops, 0.01) && close(relu.of_peak, 0.001) && close(relu.gb_s, 0.08));
    assert!(close(relu.flop_per_byte, 0.125) && close(relu.limit_us, 8.0) && relu.bound == Bound::Memory);
    let step = &report.step;
    assert!(close(step.kernels_ms.median, 0.12) && step.gap_ms.is_some_and(|gap| close(gap, 0.03)));
    assert!(step.in_kernels.is_some_and(|share| close(share, 0.8)));
    assert!(step.perturbation.is_some_and(|more| close(more, 0.2)));
    assert_eq!(
        report.phases.iter().map(|row| row.phase).collect::<Vec<_>>(),
        [Phase::Forward, Phase::Update]
    );
    let saved: Vec<f64> = report.advice.iter().map(|advice| advice.saves_ms).collect();
    // relu at its limit; the 5 µs that the unprofiled step spends in no kernel; sgd is at its limit of 20 µs.
    assert!(saved.len() == 2 && close(saved[0], 0.092) && close(saved[1], 0.005), "{:?}", report.advice);
    let text = serde_json::to_string(&report).unwrap();
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!((read.advice.len(), &read.kernels[1].shape), (2, &report.kernels[1].shape));
    assert!(close(read.kernels[0].us.p90, 100.0) && close(Comparisons::of(&report, &read).ratio, 1.0));
}

#[test]
fn spans_of_other_dispatches_are_refused() {
    let mut samples = samples(&gpu());
    let refused = samples.add(vec![Span { begin: 0, end: 1 }], None).unwrap_err().to_string();
    assert!(refused.contains("spans: expected 3, one a dispatch, found 1"), "{refused}");
    let empty = Samples::new(&[]);
    let peaks = made_up(&samples, "adapter").peaks;
    let refused = empty.report("a", "b", (Clock::Wall, None), &peaks).unwrap_err().to_string();
    assert!(refused.contains("at least one dispatch"), "{refused}");
}

#[test]
fn comparisons_name_what_came_went_and_differs() {
    let gpu = gpu();
    let mut before = made_up(&samples(&gpu), "adapter");
    let mut after = made_up(&samples(&gpu), "another");
    after.kernels[0].kernel = "relu.other".into();
    let few = Comparisons::of(&before, &after);
    assert!(few.reason.is_some_and(|reason| reason.contains("3 runs before and 3 after")));
    assert_eq!(
        (few.verdict, few.kernels.iter().filter(|row| row.verdict == Verdict::Same).count()),
        (Verdict::Unclear, 0)
    );
    (before.steps, after.steps) = (5, 5);
    let compared = Comparisons::of(&before, &after);
    assert_eq!(compared.differing, ["adapter: adapter / another"]);
    let verdict = |name: &str| compared.kernels.iter().find(|row| row.kernel == name).unwrap().verdict;
    assert_eq!(verdict("relu.forward"), Verdict::Removed);
    assert_eq!(verdict("relu.other"), Verdict::Added);
    assert_eq!(verdict("sgd.update"), Verdict::Same);
}

#[test]
fn a_trace_has_every_dispatch_of_every_step() {
    let gpu = gpu();
    let samples = samples(&gpu);
    let trace = samples.trace(&made_up(&samples, "adapter"));
    let events: Vec<_> =
        trace["traceEvents"].as_array().unwrap().iter().filter(|event| event["ph"] == "X").collect();
    assert_eq!(events.len(), 3 * (1 + 3));
    assert_eq!((&events[0]["name"], &events[0]["dur"]), (&"step 0".into(), &120.0.into()));
    assert_eq!((&events[1]["name"], &events[1]["ts"]), (&"relu.forward".into(), &0.0.into()));
    assert_eq!((&events[2]["cat"], &events[2]["args"]["flops"]), (&"update".into(), &8000.into()));
}

#[test]
fn a_picture_shows_every_kernel_in_both_formats() {
    let gpu = gpu();
    let report = made_up(&samples(&gpu), "adapter");
    let svg = picture(&report).unwrap();
    assert_eq!(svg.matches("<circle").count(), 2, "a point a kernel");
    for words in ["relu.forward", "sgd.update", "f32 peak", "f16 peak", "copy 1.0 GB/s", "GFLOP/s"] {
        assert!(svg.contains(words), "{words:?} is not in the picture");
    }
    let directory = tempfile::tempdir().unwrap();
    let png = directory.path().join("p.PNG");
    write_picture(&report, &png).unwrap();
    let pixels = image::open(&png).unwrap().to_rgb8();
    assert_eq!(pixels.dimensions(), (2640, 1800));
    let orange = pixels.pixels().filter(|p| p.0[1] > 130 && p.0[0] < 90).count();
    assert!(orange > 1000, "{orange} dots of the update's colour");
    // Letters are drawn, not left out for lack of a font.
    let dark =
        pixels.enumerate_pixels().filter(|(x, _, p)| *x > 1800 && p.0.iter().all(|v| *v < 120)).count();
    assert!(dark > 2000, "{dark} dark dots in the legend");
    let refused = check_picture(std::path::Path::new("p.gif")).unwrap_err().to_string();
    assert!(refused.contains("a name that ends in .svg or .png, found \"gif\""), "{refused}");
}
