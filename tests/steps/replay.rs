//! What a training step costs beside its arithmetic: a budget that may shrink, but not grow unnoticed.

use dann::data::Dataset;
use dann::gpu::{Gpu, Options, Traffic, Variant, choose};
use dann::model::Dense;
use dann::shape::MapShape;
use dann::train::{Config, Stepper};

const IMAGES: usize = 96;
const EPOCHS: u64 = 3;
const BATCH: usize = 4;
const STEPS_PER_EPOCH: u64 = (IMAGES / BATCH) as u64;
/// Dispatches of one step of the paper's network, the batch included, of each family; three of them clip gradients.
const DISPATCHES: [(Variant, usize); 4] =
    [(Variant::Plain, 53), (Variant::Register, 55), (Variant::Workgroup, 41), (Variant::Subgroup, 39)];

fn data() -> Dataset {
    let shape = MapShape::new(3, 28, 28);
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    let images = (0..IMAGES * shape.len()).map(noise).collect();
    let labels = (0..IMAGES).map(|i| (i % 10) as u16).collect();
    let classes = (0..10).map(|class| class.to_string()).collect();
    Dataset::new(shape, images, Some(labels), classes).unwrap()
}

fn trainer(gpu: &Gpu) -> Stepper {
    trainer_of(gpu, |_| {})
}

fn trainer_of(gpu: &Gpu, change: impl FnOnce(&mut Config)) -> Stepper {
    let mut config = Config::preset("paper").unwrap();
    (config.training.epochs, config.training.batch) = (EPOCHS, BATCH);
    change(&mut config);
    Stepper::new(gpu, &config, &data(), Some(&data())).unwrap()
}

fn gpu() -> Gpu {
    let adapter = choose(None).unwrap();
    // Not what a search may have chosen on this machine.
    let variant = Some(adapter.default_variant());
    Gpu::open(&adapter, Options::default().variant(variant)).unwrap()
}

/// What goes between host and device in an epoch, and the number of its steps.
fn epoch(gpu: &Gpu, trainer: &mut Stepper) -> (Traffic, u64) {
    let before = gpu.traffic();
    let mut steps = 0;
    while steps == 0 || !trainer.at_epoch_end() {
        steps += trainer.advance().unwrap().len() as u64;
    }
    let after = gpu.traffic();
    let spent = Traffic {
        submissions: after.submissions - before.submissions,
        allocations: after.allocations - before.allocations,
        uploaded: after.uploaded - before.uploaded,
        downloaded: after.downloaded - before.downloaded,
    };
    (spent, steps)
}

#[test]
fn a_step_has_few_dispatches() {
    for (variant, most) in DISPATCHES {
        let options = Options::default().variant(variant);
        let gpu = Gpu::open(&choose(None).unwrap(), options).unwrap();
        let trainer = trainer(&gpu);
        let dispatches: usize =
            trainer.recordings().iter().map(|recording| recording.dispatches().len()).sum();
        // Where the adapter lacks a family, plain kernels stand in for it.
        let most = if gpu.variant() == variant { most } else { DISPATCHES[0].1 };
        assert!(dispatches <= most, "{variant}: {dispatches} dispatches a step, {most} are allowed");
        eprintln!("{variant}: {dispatches} dispatches a step");
    }
}

#[test]
fn the_loop_allocates_nothing_and_moves_only_orders_values_and_metrics() {
    let gpu = gpu();
    let mut trainer = trainer(&gpu);
    epoch(&gpu, &mut trainer);
    let (spent, steps) = epoch(&gpu, &mut trainer);
    assert_eq!(steps, STEPS_PER_EPOCH);
    assert_eq!(spent.allocations, 0);
    // An order of each domain and 40 bytes of values a step, once an epoch; a word in each submission counts its steps.
    assert_eq!(spent.uploaded, 2 * 4 * IMAGES as u64 + 40 * steps + 4 * spent.submissions);
    // Four numbers and a word for faults, and that word again.
    assert_eq!(spent.downloaded, 20 * steps + 4 * spent.submissions);
    assert!(spent.submissions <= steps, "{} submissions for {steps} steps", spent.submissions);
}

#[test]
fn several_short_steps_share_a_submission() {
    let gpu = gpu();
    // Without convolutions a step takes a software adapter about 1 ms, and a submission may take 50 ms.
    let mut trainer = trainer_of(&gpu, |config| {
        config.model.feature_extractor = vec![Dense::new(8).into()];
        config.training.learning_rate.initial = 1e-4;
    });
    epoch(&gpu, &mut trainer);
    let (spent, steps) = epoch(&gpu, &mut trainer);
    assert!(spent.submissions < steps, "{} submissions for {steps} steps", spent.submissions);
}

#[test]
fn metrics_arrive_in_order_and_epochs_end_where_they_should() {
    let gpu = gpu();
    let mut trainer = trainer(&gpu);
    let mut steps = Vec::new();
    let mut ends = Vec::new();
    loop {
        let metrics = trainer.advance().unwrap();
        if metrics.is_empty() {
            break;
        }
        steps.extend(metrics.iter().map(|m| m.step));
        if trainer.at_epoch_end() {
            ends.push(trainer.steps_done());
        }
    }
    assert_eq!(steps, (0..EPOCHS * STEPS_PER_EPOCH).collect::<Vec<_>>());
    assert_eq!(ends, [STEPS_PER_EPOCH, 2 * STEPS_PER_EPOCH, 3 * STEPS_PER_EPOCH]);
}
