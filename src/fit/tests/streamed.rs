//! Trainings whose images are not in memory.

use super::{STEPS, config, data, of_images, open, outcome};
use crate::data::{Dataset, ImageStore, Stored};
use crate::error::Result;
use crate::fit::{Observer, Sets, State, Trained, Training};
use crate::model::{Dann, Domain};
use crate::train::{Config, Evaluator, Stepper};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Images that are handed out as if they were on a disk.
struct Store {
    images: Vec<u8>,
    bytes: usize,
    /// How many were.
    read: Arc<AtomicUsize>,
}

impl ImageStore for Store {
    fn read(&self, images: &[u32], target: &mut [u8]) -> Result<()> {
        for (&image, target) in images.iter().zip(target.chunks_exact_mut(self.bytes)) {
            target.copy_from_slice(&self.images[image as usize * self.bytes..][..self.bytes]);
        }
        self.read.fetch_add(images.len(), Ordering::SeqCst);
        Ok(())
    }

    fn words(&self) -> String {
        "in a test".into()
    }
}

/// The same images, in another order in their store.
fn streamed(data: Dataset) -> Dataset {
    counted(data).0
}

/// The same, and how many of them were read.
fn counted(data: Dataset) -> (Dataset, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let (count, bytes) = (data.len(), data.shape.len());
    let images = data.images.chunks(bytes).rev().flatten().copied().collect();
    let store = Store { images, bytes, read: read.clone() };
    let stored = Stored::new(Arc::new(store), (0..count as u32).rev().collect());
    (Dataset { images: vec![], stored: Some(stored), ..data }, read)
}

fn sets(made: fn(Dataset) -> Dataset) -> Sets {
    // The larger domain is not visited to its end.
    let sets = Sets::new(made(data(1)), Some(made(of_images(15, 2))));
    Sets { target_test: Some(made(data(3))), ..sets }
}

fn trained(training: Training, made: fn(Dataset) -> Dataset, observers: &mut [&mut dyn Observer]) -> Trained {
    training.run(&sets(made), &open, observers).expect("a training")
}

/// Notes whether images were waited for, and stops after so many steps.
struct Witness {
    streams: bool,
    stop_at: u64,
}

impl Observer for Witness {
    fn began(&mut self, state: &State<'_>) -> Result<()> {
        self.streams = state.waited_for_images().is_some();
        Ok(())
    }

    fn should_stop(&mut self, state: &State<'_>) -> bool {
        state.steps_done() >= self.stop_at
    }
}

/// The recipe with windows of a single step, and with some of more than a pass has.
fn windows() -> [Config; 2] {
    [Some(0), None].map(|memory_mib| {
        let mut config = config();
        config.data.memory_mib = memory_mib;
        config
    })
}

#[test]
fn streamed_images_train_to_the_same_bits() {
    let resident = trained(Training::new(config()), |data| data, &mut []);
    for config in windows() {
        let mut witness = Witness { streams: false, stop_at: u64::MAX };
        let made = trained(Training::new(config.clone()), streamed, &mut [&mut witness]);
        assert!(witness.streams);
        assert!(outcome(&made) == outcome(&resident));
        assert_eq!(made.result.report, resident.result.report);
        let predictions =
            |trained: &Trained| trained.history.epochs.last().and_then(|epoch| epoch.predictions);
        assert_eq!(predictions(&made), predictions(&resident));
        // A window is entered in its middle, too.
        let mut witness = Witness { streams: false, stop_at: STEPS - 2 };
        let training = Training::new(config).checkpoint_every(1);
        let stopped = trained(training, streamed, &mut [&mut witness]);
        assert!(!stopped.complete);
        let made = trained(Training::go_on(stopped.checkpoint, stopped.history), streamed, &mut []);
        assert!(outcome(&made) == outcome(&resident));
    }
}

#[test]
fn streamed_images_are_evaluated_to_the_same_bits() {
    let gpu = open().expect("a device");
    let config = config();
    let model = Dann::new(&gpu, &config.model).expect("a model");
    model.initialize(config.training.initialization, 1).expect("values");
    // Two batches, the second of which overlaps the first.
    let logits = |data: &Dataset| {
        let evaluator = Evaluator::new(&model, data, Domain::Target).expect("an evaluator");
        evaluator.logits().expect("logits").into_iter().map(f32::to_bits).collect::<Vec<u32>>()
    };
    assert_eq!(logits(&streamed(of_images(300, 3))), logits(&of_images(300, 3)));
}

/// With layers at the start whose values are kept.
fn frozen(config: &Config) -> Config {
    let frozen = "[{ parameters = \"feature_extractor\", frozen = true }]";
    config.with(&[format!("training.parameter_groups={frozen}")]).expect("a recipe")
}

#[test]
fn what_frozen_layers_give_is_kept_of_streamed_images_too() {
    for config in windows().map(|config| frozen(&config)) {
        let resident = trained(Training::new(config.clone()), |data| data, &mut []);
        let mut witness = Witness { streams: false, stop_at: u64::MAX };
        let made = trained(Training::new(config), streamed, &mut [&mut witness]);
        assert!(witness.streams && outcome(&made) == outcome(&resident));
    }
}

#[test]
fn what_frozen_layers_give_is_computed_while_images_are_read_and_each_of_them_once() {
    let (gpu, config) = (open().expect("a device"), frozen(&config()));
    // Three batches of four, and four, of which the last overlaps the one before.
    let ((labelled, of_source), (unlabelled, of_target)) = (counted(data(1)), counted(of_images(15, 2)));
    let mut stepper = Stepper::new(&gpu, &config, &labelled, Some(&unlabelled)).expect("a training");
    assert_eq!(stepper.waited_for_images(), Some(Duration::ZERO));
    assert!(stepper.prepare().expect("a batch").is_some());
    let read = || (of_source.load(Ordering::SeqCst), of_target.load(Ordering::SeqCst));
    // One batch has been taken, one lies ready, and one is read while nobody asks for it.
    let began = Instant::now();
    while read() != (12, 12) && began.elapsed() < Duration::from_secs(30) {
        std::thread::yield_now();
    }
    assert_eq!(read(), (12, 12));
    while stepper.prepare().expect("a batch").is_some() {}
    assert_eq!(read(), (12, 16));
    assert!(stepper.waited_for_images().is_some_and(|waited| waited > Duration::ZERO));
}
