//! The traits that applications rely on: values that can be printed, moved to another thread and shared between threads,
//! as the resources of engines and of user interfaces must be.

use dann::export::pytorch;
use dann::report::tensorboard;
use dann::train::health;
use dann::{data, embed, error, experiment, fit, gpu, model, profile, selection, shape, train};
use std::collections::BTreeSet;
use std::fmt::Debug;

/// Every public name without the feature `unstable`, held to the sources by `tests/sources/public.rs`.
const NAMES: &str = include_str!("../surface.txt");

/// Public names that are no types whose values are held.
const TRAITS_AND_ALIASES: &[&str] = &[
    "data::Progress",
    "error::Result",
    "experiment::Watcher",
    "fit::Observer",
    "model::NamedValues",
    "train::Communicator",
];

fn assert<T: Send + Sync + Debug>() {}

/// Asserts the traits of types, and gives their names behind those of their modules.
macro_rules! held {
    ($($module:ident { $($name:ident),+ $(,)? })+) => {{
        $($(assert::<$module::$name>();)+)+
        vec![$($(concat!(stringify!($module), "::", stringify!($name))),+),+]
    }};
}

#[test]
fn what_users_build_on_can_be_printed_sent_and_shared() {
    let held = held! {
        data { Backgrounds, Blend, Dataset, Fitted, ImageSize, Labels, MnistM, MnistMSummary, NoProgress, Part, Weights }
        data { LoadOptions, PartSummary, PictureSize, SynDigits, SynDigitsSummary, Validation }
        embed { Classifier, ClassifierOptions, Evaluated, Evaluator, FrameCount, Input, ModelSource, Picture, Staged, Texture, Trainer, TrainerOptions, View, Views }
        error { DatasetError, Error, ShaderError, Unread }
        experiment { Choice, Chosen, Divergence, Ending, Experiment, Job, JobState, PlannedRun, Recipe, RunRecord, Runner, Share, Slurm }
        pytorch { StateDict }
        fit { Sets, State, Trained, Training }
        gpu { Adapter, Element, Gpu, Options, Phase, Recording, ShaderChecks, Variant }
        model { Adaptation, AdaptationSchedule, Backbone, BatchNorm2d, BatchStatistics, Classes, Conv2d, Dann, Dense, Domain, DomainInput, DomainLoss, Dropout, GlobalAvgPool2d, Initialization, InputSpec }
        model { AvgPool2d, LayerSpec, LeakyRelu, MaxPool2d, ModelSpec, Normalization, Padding, Relu, Relu6, Residual, Size2 }
        profile { Advice, Bound, Clock, Comparison, Comparisons, Executable, KernelRow, Peaks, PhaseRow, Ratio, Report, Run, Samples }
        profile { Scopes, Span, Spread, Statistic, StatisticValue, StepTimes, Stopwatch, Verdict }
        tensorboard { Recorder }
        selection { Candidates, Counts, Images, Outcome, Rating, Sample, Selection }
        shape { Fit, Frame, MapShape }
        train { AdamW, Adopted, Augmentation, BatchNormRanks, Checkpoint, ClassCounts, Config, DataSets, DataSpec, Description, EpochRecord, Evaluation, Evaluator, ExchangeTimes, Frames, FrozenPart }
        train { History, Images, Inspection, Inspector, Keep, KeepFrozen, Lambda, LearningRate, Length, Method, OptimizerSpec, ParameterGroup, Predictions, Rated, Report }
        train { Resumed, Resumption, Rule, RunDirectory, RunResult, Sampling, SelectionSpec, Sgd, StepBench, StepMetrics, Stepper, TrainingSpec }
        health { Finding, Level, Warning }
    };
    let is_type = |name: &&str| {
        let last = name.rsplit("::").next().unwrap();
        last.starts_with(char::is_uppercase) && last.contains(char::is_lowercase)
    };
    let named = NAMES.lines().filter(is_type).filter(|name| !TRAITS_AND_ALIASES.contains(name));
    // Behind the name of its own module alone, as `health::Warning`.
    let short = |name: &'static str| name.splitn(name.matches("::").count(), "::").last().unwrap();
    assert_eq!(held.into_iter().collect::<BTreeSet<_>>(), named.map(short).collect::<BTreeSet<_>>());
}

#[test]
fn what_tests_and_benches_hold_can_be_printed_sent_and_shared() {
    assert::<gpu::Tensor>();
    assert::<gpu::Dispatch>();
    assert::<gpu::Readback>();
    assert::<gpu::Staging>();
    assert::<gpu::Upload>();
    assert::<model::Parameters>();
    assert::<model::Batch>();
    assert::<model::MetricsBuffer>();
    assert::<model::StepOutputs>();
    assert::<train::TrainingStep>();
    assert::<train::DeviceData>();
}

#[test]
fn what_holds_much_is_printed_in_few_words() {
    let (shape, images) = (shape::MapShape::new(3, 28, 28), vec![7; 100 * 3 * 28 * 28]);
    let data = data::Dataset::new(shape, images, Some(vec![0; 100]), vec!["zero".into()]).unwrap();
    let gpu = gpu::Gpu::open(&gpu::choose(None).unwrap(), gpu::Options::default()).unwrap();
    let mut config = train::Config::preset("paper").unwrap();
    config.training.batch = 4;
    let trainer = train::Stepper::new(&gpu, &config, &data, Some(&data)).unwrap();
    let evaluator = train::Evaluator::new(trainer.model(), &data, model::Domain::Source).unwrap();
    let checkpoint = train::Checkpoint::of(trainer.model(), &config, &[], 0).unwrap();
    let all: [&dyn Debug; 6] = [&data, &gpu, &trainer, &evaluator, &checkpoint, trainer.model()];
    for printed in all.map(|value| format!("{value:?}")) {
        eprintln!("{printed}");
        assert!(printed.len() < 600, "{} letters: {printed}", printed.len());
    }
}
