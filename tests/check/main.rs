//! Every op on this machine's default adapter, with and without wgpu's shader checks, and golden files.

mod golden;
#[path = "../skip/mod.rs"]
mod skip;

use dann::check::{
    Array, Bound, Case, CaseResult, GoldenCase, OPS, Only, cases, compare, find, record, run, run_all,
};
use dann::error::{Error, Result};
use dann::gpu::{Gpu, Kernel, Options, Recording, ShaderChecks, Tensor, Variant, choose};
use dann::ops::{KERNELS, add};
use skip::skip;
use std::collections::{BTreeMap, BTreeSet};

fn gpu(checks: ShaderChecks, variant: Variant) -> Gpu {
    let adapter = choose(std::env::var("DANN_ADAPTER").ok().as_deref()).unwrap();
    Gpu::open(&adapter, Options::default().checks(checks).variant(variant)).unwrap()
}

/// Stands in for the training steps, which have a test of their own.
fn no_steps(_: &Gpu, golden: &GoldenCase) -> Result<Vec<dann::check::Comparison>> {
    Err(Error::input(&golden.case.op, "an op", "training steps"))
}

fn run_every_case(checks: ShaderChecks, variant: Variant) {
    let gpu = gpu(checks, variant);
    let (mut failures, mut largest) = (Vec::new(), BTreeMap::new());
    let summary = run_all(&gpu, &Only::all(), &mut |result: &CaseResult| {
        let share: &mut f64 = largest.entry((format!("{:?}", result.kind), result.op.clone())).or_default();
        *share = share.max(result.ratio.unwrap_or(f64::INFINITY));
        if !result.passed() {
            failures.push(result.json());
        }
    });
    let summary = summary.unwrap();
    let (name, counts) = (gpu.name(), summary.json());
    eprintln!("{variant:?}, {checks:?} on {name}: {counts}; largest shares of bounds: {largest:.3?}");
    assert!(summary.failed == 0 && failures.is_empty(), "{}", failures.join("\n"));
    assert!(summary.cases > 100, "{} cases", summary.cases);
}

/// The families that round operands to f16, as far as the adapter has them.
fn mixed_variants() -> Vec<Variant> {
    let adapter = choose(std::env::var("DANN_ADAPTER").ok().as_deref()).unwrap();
    let (mixed, lacking): (Vec<_>, Vec<_>) =
        Variant::MIXED.into_iter().partition(|&variant| adapter.variant_obstacle(variant).is_none());
    for variant in lacking {
        skip(format_args!("{adapter} cannot run {variant} kernels"));
    }
    mixed
}

#[test]
fn every_case_passes_in_mixed_precision() {
    for variant in mixed_variants() {
        run_every_case(ShaderChecks::Checked, variant);
        run_every_case(ShaderChecks::Trusted, variant);
    }
}

#[test]
fn every_case_passes_plain_with_checks() {
    run_every_case(ShaderChecks::Checked, Variant::Plain);
}

#[test]
fn every_case_passes_plain_without_checks() {
    run_every_case(ShaderChecks::Trusted, Variant::Plain);
}

#[test]
fn every_case_passes_register_with_checks() {
    run_every_case(ShaderChecks::Checked, Variant::Register);
}

#[test]
fn every_case_passes_register_without_checks() {
    run_every_case(ShaderChecks::Trusted, Variant::Register);
}

#[test]
fn every_case_passes_workgroup_with_checks() {
    run_every_case(ShaderChecks::Checked, Variant::Workgroup);
}

#[test]
fn every_case_passes_workgroup_without_checks() {
    run_every_case(ShaderChecks::Trusted, Variant::Workgroup);
}

#[test]
fn every_case_passes_subgroup_with_checks() {
    run_every_case(ShaderChecks::Checked, Variant::Subgroup);
}

#[test]
fn every_case_passes_subgroup_without_checks() {
    run_every_case(ShaderChecks::Trusted, Variant::Subgroup);
}

#[test]
fn every_op_has_cases_and_every_dispatch_states_its_work() {
    for op in OPS {
        assert!(cases().any(|case| case.op == op.name()), "{} has no case", op.name());
    }
    for variant in Variant::ALL.into_iter().chain(mixed_variants()) {
        let gpu = gpu(ShaderChecks::Trusted, variant);
        for case in cases().filter(|case| case.name != "folded dispatch") {
            let rig = record(find(&case.op).unwrap(), &gpu, &case).unwrap();
            for dispatch in rig.rec.dispatches() {
                let (kernel, work) = (dispatch.kernel.label, &dispatch.work);
                let stated = work.bytes >= 4 && !work.shape.is_empty();
                assert!(stated, "{kernel} of {} {}, {variant:?}: {work:?}", case.op, case.name);
            }
        }
    }
}

/// The labels of the kernels that the case records.
fn dispatched(gpu: &Gpu, case: &Case) -> Vec<&'static str> {
    let rig = record(find(&case.op).unwrap(), gpu, case).unwrap();
    rig.rec.dispatches().iter().map(|dispatch| dispatch.kernel.label).collect()
}

/// Whether the adapter has what the kernel needs beside what its family needs: subgroups of eight lanes.
fn has_lanes_for(kernel: &Kernel) -> bool {
    let info = gpu(ShaderChecks::Trusted, Variant::Plain).device().adapter_info();
    let lanes = (info.subgroup_min_size, info.subgroup_max_size);
    lanes == (8, 8) || !kernel.label.starts_with("subgroup_pointwise.")
}

#[test]
fn the_cases_of_all_families_run_every_kernel() {
    let possible: Vec<Variant> = Variant::ALL.into_iter().chain(mixed_variants()).collect();
    let mut missing: BTreeSet<_> = KERNELS
        .iter()
        .filter(|kernel| possible.contains(&kernel.variant) && has_lanes_for(kernel))
        .map(|kernel| kernel.label)
        .collect();
    for variant in possible {
        let gpu = gpu(ShaderChecks::Trusted, variant);
        for case in cases().filter(|case| case.name != "folded dispatch") {
            for label in dispatched(&gpu, &case) {
                missing.remove(label);
            }
        }
    }
    assert!(missing.is_empty(), "in no case: {missing:?}");
}

/// Where kernels for software adapters stand in for plain ones, recipes keep their bits.
#[test]
fn what_is_summed_up_without_workgroups_has_the_same_bits() {
    let variants = [Variant::Plain, Variant::Register].map(|variant| gpu(ShaderChecks::Trusted, variant));
    for (op, name) in [("batch_norm2d", "rows of values"), ("global_avg_pool2d", "planes of sixteen")] {
        let case = cases().find(|case| case.op == op && case.name == name).unwrap();
        let [plain, register] = variants.each_ref().map(|gpu| run(find(op).unwrap(), gpu, &case).unwrap());
        assert_eq!(plain, register, "{op}");
        let [plain, register] = variants.each_ref().map(|gpu| dispatched(gpu, &case));
        assert_ne!(plain, register, "{op}: the same kernels");
    }
}

/// Which buffers a kernel reads as textures makes no difference to what it gives.
#[test]
fn kernels_that_read_textures_give_the_bits_of_those_that_read_buffers() {
    let variants = [Variant::Plain, Variant::Register].map(|variant| gpu(ShaderChecks::Trusted, variant));
    let of_label = |label: &str| KERNELS.iter().find(|kernel| kernel.label == label).unwrap();
    let (mut compared, mut mirrored) = (0, BTreeSet::new());
    for case in cases().filter(|case| case.name != "folded dispatch") {
        let [plain, register] = variants.each_ref().map(|gpu| dispatched(gpu, &case));
        let with_mirror = register.iter().filter(|label| of_label(label).mirror.is_some());
        let with_mirror: Vec<_> = with_mirror.copied().collect();
        if plain != register || with_mirror.is_empty() {
            continue;
        }
        let [plain, register] =
            variants.each_ref().map(|gpu| run(find(&case.op).unwrap(), gpu, &case).unwrap());
        assert_eq!(plain, register, "{} {}: {with_mirror:?}", case.op, case.name);
        compared += 1;
        mirrored.extend(with_mirror);
    }
    assert!(compared > 20 && mirrored.len() > 8, "{compared} cases of {mirrored:?}");
}

/// A texture that stands for a buffer is filled again behind whatever writes to the buffer, and at each replay.
#[test]
fn what_was_written_since_it_was_read_is_read_anew() {
    let gpu = gpu(ShaderChecks::Trusted, Variant::Register);
    let tensor = |label, value: f32| Tensor::from_slice(&gpu, label, &[4, 4], &[value; 16]).unwrap();
    let [a, one, x, y, z] =
        [("a", 1.0), ("one", 1.0), ("x", 0.0), ("y", 0.0), ("z", 0.0)].map(|(l, v)| tensor(l, v));
    let mut rec = Recording::new(&gpu);
    for (left, right, sum) in [(&a, &one, &x), (&x, &one, &y), (&y, &one, &x), (&x, &one, &z)] {
        add::forward(&mut rec, left, right, sum, false).unwrap();
    }
    rec.submit();
    assert_eq!(z.read::<f32>(&gpu).unwrap(), [5.0; 16]);
    a.write(&gpu, &[10.0_f32; 16]).unwrap();
    rec.submit();
    assert_eq!(z.read::<f32>(&gpu).unwrap(), [14.0; 16]);
}

#[test]
fn the_large_case_is_folded_into_two_dimensions() {
    let gpu = gpu(ShaderChecks::Trusted, Variant::Register);
    let case = cases().find(|case| case.name == "folded dispatch").unwrap();
    let rig = record(find(&case.op).unwrap(), &gpu, &case).unwrap();
    let most = gpu.device().limits().max_compute_workgroups_per_dimension;
    if case.inputs["x"].len() > 64 * most as usize {
        assert!(rig.rec.dispatches().iter().all(|dispatch| dispatch.workgroups[1] > 1));
    }
}

#[test]
fn a_planted_nan_fails() {
    let expected = Array::f64(&[3], vec![1.0, 2.0, 3.0]);
    for planted in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2.1] {
        let actual = Array::f32(&[3], vec![1.0, planted, 3.0]);
        let comparison = compare("y", &actual, &expected, &Bound::golden(&[1.0, 2.0, 3.0])).unwrap();
        let failure = comparison.failure.unwrap();
        assert!(failure.contains("y[1]"), "{failure}");
    }
}

#[test]
fn what_does_not_fit_an_op_is_named() {
    let gpu = gpu(ShaderChecks::Trusted, Variant::Register);
    let conv = || cases().find(|case| case.op == "conv2d" && case.name == "ragged").unwrap();
    let softmax =
        || cases().find(|case| case.op == "softmax_cross_entropy" && case.name == "ragged").unwrap();
    let without = |mut case: Case, tensor: &str| {
        case.inputs.remove(tensor);
        case
    };
    let wrong = [
        (conv().attribute("stride", 0), "stride"),
        (conv().attribute("stride", 2), "dy"),
        (conv().attribute("groups", 2), "groups"),
        (conv().attribute("padding", -1), "padding"),
        (conv().attribute("padding", 0.5), "padding"),
        (conv().attribute("padding", u32::MAX), "dy"),
        (conv().attribute("dilation", 1), "dilation"),
        (conv().normal("gamma", &[3], 1.0), "gamma"),
        (conv().normal("weight", &[7, 5, 3], 1.0), "weight"),
        (conv().normal("weight", &[7, 4, 3, 3], 1.0), "groups of 4 channels"),
        (conv().normal("dy", &[3, 7, 17, 16], 1.0), "dy"),
        (conv().indices("bias", &[7], 3), "bias"),
        (conv().input("bias", Array::f32(&[0], vec![])), "bias"),
        (without(conv(), "bias"), "bias"),
        (softmax().indices("labels", &[17], 16).input("labels", Array::u32(&[17], vec![15; 17])), "labels"),
        (softmax().normal("labels", &[17], 1.0), "labels"),
    ];
    for (case, name) in wrong {
        let op = find(&case.op).unwrap();
        let on_device = record(op, &gpu, &case).err().unwrap().to_string();
        assert!(on_device.contains(name), "{name}: {on_device}");
    }
}
