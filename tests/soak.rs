//! Training for long: memory stays flat on host and device, steps stay as fast as they were, losses stay finite.
//! `make soak` takes 100,000 steps; the tests take fewer.

use dann::data::Dataset;
use dann::gpu::{Gpu, Options, choose};
use dann::model::{Dense, Relu};
use dann::shape::MapShape;
use dann::train::{Config, Stepper};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const IMAGES: usize = 400;
const BATCH: usize = 4;
/// Parts that the training is measured in; the first one warms up.
const PARTS: u64 = 20;
/// From how many steps on a part is long enough for its time to be trusted.
const LONG: u64 = 100_000;
/// What the host may keep that it did not have at first: allocators round.
const MOST_GROWTH: u64 = 8 << 20;

fn steps() -> u64 {
    std::env::var("DANN_SOAK_STEPS")
        .map_or(4000, |count| count.parse().expect("DANN_SOAK_STEPS: a whole number"))
}

fn data(shape: MapShape) -> Dataset {
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    let images = (0..IMAGES * shape.len()).map(noise).collect();
    let labels = (0..IMAGES).map(|i| (i % 2) as u16).collect();
    let classes = vec!["even".into(), "odd".into()];
    Dataset::new(shape, images, Some(labels), classes).unwrap()
}

/// A model whose step is hardly more than its dispatches.
fn trainer(gpu: &Gpu, steps: u64) -> Stepper {
    let mut config = Config::preset("paper").unwrap();
    (config.training.steps, config.training.batch) = (Some(steps), BATCH);
    let model = &mut config.model;
    (model.input.channels, model.input.height, model.input.width) = (1, 8, 8);
    model.input.normalization.scale.truncate(1);
    model.input.normalization.shift.truncate(1);
    model.feature_extractor = vec![Dense::new(8).into(), Relu::default().into()];
    model.label_predictor = vec![Dense::new(2).into()];
    model.domain_classifier = vec![Dense::new(2).into()];
    let data = data(MapShape::new(1, 8, 8));
    Stepper::new(gpu, &config, &data, Some(&data)).unwrap()
}

/// The tests measure the memory of the one process that they run in.
static ALONE: Mutex<()> = Mutex::new(());

/// Bytes that the process holds; 0 where nothing tells.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    pages.split_whitespace().nth(1).and_then(|pages| pages.parse().ok()).map_or(0, |pages: u64| 4096 * pages)
}

/// What a part of the training took.
struct Part {
    /// The shortest time of an epoch in it, which disturbances of the machine lengthen least.
    epoch: Duration,
    host: u64,
    device: u64,
}

fn part(gpu: &Gpu, trainer: &mut Stepper, end: u64) -> Part {
    let mut epoch = Duration::MAX;
    let mut began = Instant::now();
    while trainer.steps_done() < end {
        for step in trainer.advance().unwrap() {
            assert!(step.label_loss.is_finite() && step.domain_loss.unwrap().is_finite(), "{step:?}");
        }
        if trainer.at_epoch_end() {
            epoch = epoch.min(began.elapsed());
            began = Instant::now();
        }
    }
    let report = gpu.device().generate_allocator_report();
    Part { epoch, host: resident(), device: report.map_or(0, |report| report.total_reserved_bytes) }
}

#[test]
fn a_long_training_neither_grows_nor_slows_down() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let gpu = Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let steps = steps();
    let mut trainer = trainer(&gpu, steps);
    let parts: Vec<Part> = (1..=PARTS).map(|n| part(&gpu, &mut trainer, steps * n / PARTS)).collect();
    assert_eq!(trainer.steps_done(), steps);
    let (first, last) = (&parts[1], &parts[parts.len() - 1]);
    let growth = last.host.saturating_sub(first.host);
    eprintln!(
        "{steps} steps: host {} → {} KiB, device {} → {} KiB, shortest epoch {:?} → {:?}",
        first.host >> 10,
        last.host >> 10,
        first.device >> 10,
        last.device >> 10,
        first.epoch,
        last.epoch
    );
    assert!(growth < MOST_GROWTH, "the host's memory grew by {growth} bytes");
    assert_eq!(first.device, last.device, "the device's memory");
    if steps >= LONG {
        let halves = parts[1..].split_at(parts.len() / 2);
        let shortest = |parts: &[Part]| parts.iter().map(|part| part.epoch).min().unwrap();
        let (early, late) = (shortest(halves.0), shortest(halves.1));
        assert!(late.as_secs_f64() < 1.05 * early.as_secs_f64(), "an epoch took {early:?}, later {late:?}");
    }
}

/// Drivers that make programs of their own from what uniforms say of loops may make them anew at every step, for some
/// batches: llvmpipe (Mesa 22.3) kept 2 MiB a step of those for batches of 32.
#[test]
fn convolutions_keep_no_memory_whatever_the_batch() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    const STEPS: u64 = 40;
    let gpu = Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let data = data(MapShape::new(3, 28, 28));
    for batch in [8, 32, 64] {
        let mut config = Config::preset("demo").unwrap();
        (config.training.steps, config.training.batch) = (Some(STEPS), batch);
        let mut trainer = Stepper::new(&gpu, &config, &data, Some(&data)).unwrap();
        let first = part(&gpu, &mut trainer, STEPS / 4).host;
        let growth = part(&gpu, &mut trainer, STEPS).host.saturating_sub(first);
        assert!(growth < MOST_GROWTH, "batch {batch}: the host's memory grew by {growth} bytes");
    }
}
