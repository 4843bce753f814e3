//! Trainings on made-up images: whatever happens on the way, the result is the same to the bit.

mod accumulated;
mod longer;
mod ranks;
mod selected;
mod streamed;
mod target_batch;

use super::{Observer, Sets, State, Trained, Training};
use crate::data::Dataset;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Options, choose};
use crate::train::health::Warning;
use crate::train::{Checkpoint, Config, EpochRecord, Length, Method, RunResult, StepMetrics};

const CONFIG: &str = include_str!("tiny.toml");
/// Three an epoch.
const STEPS: u64 = 6;

fn config() -> Config {
    Config::parse("test", CONFIG).expect("a recipe")
}

fn data(salt: u32) -> Dataset {
    of_images(12, salt)
}

fn of_images(count: usize, salt: u32) -> Dataset {
    let shape = config().model.input.shape();
    let noise = |i: usize| (i as u32 ^ salt).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    let images = (0..count * shape.len()).map(noise).collect();
    let labels = (0..count).map(|i| (i % 10) as u16).collect();
    let classes = (0..10).map(|class| class.to_string()).collect();
    Dataset::new(shape, images, Some(labels), classes).expect("a data set")
}

fn sets() -> Sets {
    let sets = Sets::new(data(1), Some(data(2)));
    Sets { target_test: Some(data(3)), ..sets }
}

fn open() -> Result<Gpu> {
    Gpu::open(&choose(None)?, Options::default())
}

fn trained(training: Training, observers: &mut [&mut dyn Observer]) -> Trained {
    training.run(&sets(), &open, observers).expect("a training")
}

/// What must not depend on what happened on the way.
fn outcome(trained: &Trained) -> (Vec<StepMetrics>, Vec<(u64, StepMetrics)>, Vec<u32>) {
    let epochs = trained.history.epochs.iter().map(|epoch| (epoch.steps, epoch.mean)).collect();
    let values = trained.checkpoint.values().values().flat_map(|(_, values)| values);
    (trained.history.steps.clone(), epochs, values.map(|value| value.to_bits()).collect())
}

/// Notes what it is told, stops after some steps, and destroys the device after some.
#[derive(Default)]
struct Witness {
    told: Vec<String>,
    harm: Vec<Warning>,
    stop_at: Option<u64>,
    destroy_at: Option<u64>,
    destroy_first: bool,
}

impl Observer for Witness {
    fn began(&mut self, state: &State<'_>) -> Result<()> {
        if std::mem::take(&mut self.destroy_first) {
            state.model().gpu().device().destroy();
        }
        self.told.push(format!("began {}", state.steps_done()));
        Ok(())
    }

    fn should_stop(&mut self, state: &State<'_>) -> bool {
        if self.destroy_at.take_if(|at| *at <= state.steps_done()).is_some() {
            state.model().gpu().device().destroy();
        }
        self.stop_at.is_some_and(|at| at <= state.steps_done())
    }

    fn epoch_ended(&mut self, _: &State<'_>, epoch: &EpochRecord, warnings: &[Warning]) -> Result<()> {
        self.told.push(format!("epoch {}", epoch.epoch));
        self.harm.extend(warnings.iter().filter(|warning| warning.looks_harmful()));
        Ok(())
    }

    fn checkpoint_kept(&mut self, _: &State<'_>, checkpoint: &Checkpoint) -> Result<()> {
        self.told.push(format!("kept {}", checkpoint.step));
        Ok(())
    }

    fn device_lost(&mut self, _: &Error) -> Result<()> {
        self.told.push("lost".into());
        Ok(())
    }

    fn stopped(&mut self, state: &State<'_>) -> Result<()> {
        self.told.push(format!("stopped {}", state.steps_done()));
        Ok(())
    }

    fn finished(&mut self, _: &State<'_>, result: &RunResult) -> Result<()> {
        self.told.push(format!("finished {}", result.steps));
        Ok(())
    }
}

#[test]
fn a_directory_changes_nothing_and_observers_are_told_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut witness = Witness::default();
    let kept = trained(Training::new(config()).directory(directory.path()), &mut [&mut witness]);
    assert_eq!(witness.told, ["began 0", "kept 0", "kept 3", "epoch 1", "kept 6", "epoch 2", "finished 6"]);
    let free = trained(Training::new(config()), &mut []);
    assert!(kept.complete && free.complete && outcome(&kept) == outcome(&free));
    assert_eq!((free.result.steps, free.result.directory.as_os_str().len()), (STEPS, 0));
    let report = free.result.report;
    assert!(report.source_test_accuracy.is_none() && report.target_test_accuracy.is_some());
}

#[test]
fn what_was_stopped_goes_on_from_memory_to_the_same_bits() {
    let whole = trained(Training::new(config()), &mut []);
    let mut witness = Witness { stop_at: Some(1), ..Witness::default() };
    let half = trained(Training::new(config()).checkpoint_every(1), &mut [&mut witness]);
    assert!(!half.complete && half.checkpoint.resumption.is_some());
    assert_eq!(witness.told.last().map(String::as_str), Some("stopped 1"));
    let rest = trained(Training::go_on(half.checkpoint, half.history), &mut []);
    assert!(rest.complete && outcome(&rest) == outcome(&whole));
}

#[test]
fn a_lost_device_is_opened_again_with_everything_in_memory() {
    let whole = trained(Training::new(config()), &mut []);
    for at in [0, 3] {
        let mut witness = Witness { destroy_at: Some(at), ..Witness::default() };
        let survived = trained(Training::new(config()), &mut [&mut witness]);
        assert!(outcome(&survived) == outcome(&whole), "lost after step {at}");
        let lost = witness.told.iter().position(|told| told == "lost").expect("lost");
        assert_eq!(witness.told[lost + 1], format!("began {at}"));
    }
}

#[test]
fn a_device_that_is_lost_before_the_first_checkpoint_loses_nothing() {
    let whole = trained(Training::new(config()), &mut []);
    let directory = tempfile::tempdir().expect("a directory");
    let mut witness = Witness { destroy_first: true, ..Witness::default() };
    let survived = trained(Training::new(config()).directory(directory.path()), &mut [&mut witness]);
    assert_eq!(witness.told[..4], ["began 0", "lost", "began 0", "kept 0"]);
    assert!(outcome(&survived) == outcome(&whole));
    // What goes on is not told by its directory that it has come to its end before that was opened again.
    let is_lost = std::cell::Cell::new(true);
    let once_lost = || {
        let gpu = open()?;
        if is_lost.take() {
            gpu.device().destroy();
        }
        Ok(gpu)
    };
    let longer = Training::extend(directory.path(), Length::Epochs(3)).expect("a run");
    let longer = longer.run(&sets(), &once_lost, &mut []).expect("a training");
    assert_eq!((longer.result.steps, is_lost.get()), (STEPS / 2 * 3, false));
}

#[test]
fn causes_are_told_apart() {
    let refused = |training: Training, sets: &Sets| training.run(sets, &open, &mut []).expect_err("an error");
    let without = Sets::new(data(1), None);
    assert!(matches!(refused(Training::new(config()), &without), Error::NoTargetImages));
    let mut large = config();
    large.training.batch = 17;
    let error = refused(Training::new(large), &sets());
    assert!(matches!(error, Error::BatchTooLarge { fits: 8, .. }), "{error}");
    let taken = tempfile::tempdir().expect("a directory");
    std::fs::write(taken.path().join("mine"), "").expect("a file");
    let error = refused(Training::new(config()).directory(taken.path()), &sets());
    assert!(matches!(error, Error::Taken { .. }), "{error}");
    let mut witness = Witness { stop_at: Some(0), ..Witness::default() };
    let half = trained(Training::new(config()), &mut [&mut witness]);
    let fewer = Sets::new(of_images(4, 1), Some(data(2)));
    let error = refused(Training::go_on(half.checkpoint, half.history), &fewer);
    assert!(matches!(error, Error::CannotResume { .. }), "{error}");
}

#[test]
fn what_was_learned_of_other_classes_does_not_go_on() {
    let mut witness = Witness { stop_at: Some(1), ..Witness::default() };
    let half = trained(Training::new(config()).checkpoint_every(1), &mut [&mut witness]);
    let on = |classes: Vec<String>| {
        let sets = Sets { labelled: Dataset { classes, ..data(1) }, ..sets() };
        Training::go_on(half.checkpoint.clone(), half.history.clone()).run(&sets, &open, &mut [])
    };
    let mut classes = data(1).classes;
    classes.swap(3, 9);
    let error = on(classes).expect_err("other classes");
    assert!(matches!(error, Error::CannotResume { .. }), "{error}");
    let words = "going on: expected the classes that the run was trained on (0, 1, 2, 3, 4, 5, 6, 7, …), found \
                 others (0, 1, 2, 9, 4, 5, 6, 7, …), the first of them 9 in place of 3";
    assert_eq!(error.to_string(), words);
    // The names of numbers that no label has do not matter.
    on((0..12).map(|class| class.to_string()).collect()).expect("a training");
}

#[test]
fn what_looks_harmful_is_told_after_the_last_epoch_of_an_adaptation_alone() {
    let after = |method| {
        let mut config = config();
        config.training.method = method;
        let mut witness = Witness::default();
        let epochs = trained(Training::new(config), &mut [&mut witness]).history.epochs;
        (epochs.iter().map(|epoch| epoch.predictions).collect::<Vec<_>>(), witness.harm)
    };
    // Noise cannot be learned in six steps.
    let (seen, harm) = after(Method::Dann);
    let [None, Some(last)] = seen[..] else { panic!("{seen:?}") };
    assert!(
        (1.0..=10.0).contains(&last.source_classes) && (1.0..=10.0).contains(&last.target_classes),
        "{last:?}"
    );
    assert_eq!(harm.first(), Some(&Warning::LostSourceClasses(last.source_error)));
    assert_eq!(after(Method::SourceOnly), (vec![None, None], vec![]));
}

#[test]
fn target_labels_have_no_part_in_what_looks_harmful() {
    let seen = |labels: Option<Vec<u16>>| {
        let sets = Sets::new(data(1), Some(Dataset { labels, ..data(2) }));
        let trained = Training::new(config()).run(&sets, &open, &mut []).expect("a training");
        trained.history.epochs[1].predictions.expect("predictions")
    };
    assert_eq!(seen(None), seen(Some(vec![3; 12])));
}
