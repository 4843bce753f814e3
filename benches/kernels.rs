//! Every kernel at the sizes of the paper's network, timed on the host until the device is done.
//!
//! `cargo bench --bench kernels -- conv_block` runs those whose id `op/case/kernel` holds `conv_block`. The environment
//! variable `DANN_ADAPTER` takes what `--adapter` of `dann` takes.

use criterion::{Bencher, BenchmarkId, Criterion, Throughput};
use dann::check::{Case, cases, find, record};
use dann::error::Result;
use dann::gpu::{Dispatch, Gpu, Options, Variant, Work, choose};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::time::{Duration, Instant};

/// The parts of the paper's network, as they begin the names of its layers.
const PARTS: [&str; 3] = ["feature_extractor.", "label_predictor.", "domain_classifier."];
/// Dispatches in one submission at most: short enough for watchdogs.
const MOST_DISPATCHES: u64 = 64;

fn main() -> Result<()> {
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let adapter = choose(std::env::var("DANN_ADAPTER").ok().as_deref())?;
    let open = |variant| Gpu::open(&adapter, Options::default().variant(variant));
    let cases = chosen(&open(Variant::Plain)?)?;
    // What variants share is timed once, and so is a convolution that has a case of its own and is part of a block.
    let mut seen = HashSet::new();
    for variant in Variant::ALL.into_iter().rev() {
        if let Some(obstacle) = adapter.variant_obstacle(variant) {
            eprintln!("{variant} kernels are left out: {obstacle}");
            continue;
        }
        let gpu = open(variant)?;
        for case in &cases {
            bench_case(&mut criterion, &gpu, case, &mut seen)?;
        }
    }
    criterion.final_summary();
    Ok(())
}

/// The checks' cases that are named like layers of the paper's network, with the rows of its batches, and for each
/// kernel of an op without such a case the one that gives it most to do.
fn chosen(gpu: &Gpu) -> Result<Vec<Case>> {
    let is_layer = |case: &Case| PARTS.iter().any(|part| case.name.starts_with(part));
    let (layers, others): (Vec<Case>, Vec<Case>) = cases().partition(is_layer);
    let mut largest: BTreeMap<(&str, &'static str), (u64, usize)> = BTreeMap::new();
    for (index, case) in others.iter().enumerate().filter(|(_, case)| layers.iter().all(|l| l.op != case.op))
    {
        for dispatch in record(find(&case.op)?, gpu, case)?.rec.dispatches() {
            let place = largest.entry((&case.op, dispatch.kernel.label)).or_default();
            *place = (*place).max((dispatch.work.bytes, index));
        }
    }
    let indices: BTreeSet<usize> = largest.into_values().map(|(_, index)| index).collect();
    Ok(layers.iter().map(with_rows).chain(indices.into_iter().map(|index| others[index].clone())).collect())
}

/// The case with as many rows of x and dy as the layer sees in a step of 64 + 64 images.
fn with_rows(case: &Case) -> Case {
    let rows = if case.name.starts_with("label_predictor") { 64 } else { 128 };
    ["x", "dy"].into_iter().fold(case.clone(), |case, tensor| {
        let Some(array) = case.inputs.get(tensor) else { return case };
        let dims = [&[rows], &array.dims[1..]].concat();
        case.normal(tensor, &dims, 1.0)
    })
}

/// Times every dispatch of the case that is not among those `seen`.
fn bench_case(criterion: &mut Criterion, gpu: &Gpu, case: &Case, seen: &mut HashSet<String>) -> Result<()> {
    let rig = record(find(&case.op)?, gpu, case)?;
    let ran = Cell::new(false);
    let mut group = criterion.benchmark_group(&case.op);
    for dispatch in rig.rec.dispatches() {
        let kernel = dispatch.kernel.label;
        if seen.insert(format!("{}/{kernel}", case.name)) {
            group.throughput(throughput(&dispatch.work));
            group.bench_function(BenchmarkId::new(&case.name, kernel), |bencher| {
                // Once for the first kernel that passes the filter of the command line, so that every kernel finds what
                // those before it leave.
                if !ran.replace(true) {
                    rig.rec.submit();
                }
                time(bencher, gpu, dispatch);
            });
        }
    }
    group.finish();
    Ok(())
}

/// Arithmetic where there is more of it than memory traffic, as elements; else bytes.
fn throughput(work: &Work) -> Throughput {
    if work.flops > work.bytes { Throughput::Elements(work.flops) } else { Throughput::Bytes(work.bytes) }
}

fn time(bencher: &mut Bencher<'_>, gpu: &Gpu, dispatch: &Dispatch) {
    bencher.iter_custom(|count| {
        gpu.wait().expect("a device at work");
        let began = Instant::now();
        for first in (0..count).step_by(MOST_DISPATCHES as usize) {
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            dispatch.encode_copies(&mut encoder);
            let mut pass = encoder.begin_compute_pass(&Default::default());
            (first..count.min(first + MOST_DISPATCHES)).for_each(|_| dispatch.encode(&mut pass));
            drop(pass);
            gpu.submit(encoder);
        }
        gpu.wait().expect("a device at work");
        began.elapsed()
    });
}
