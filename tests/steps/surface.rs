//! The traits that applications rely on: values that can be printed, moved to another thread and shared between threads,
//! as the resources of engines and of user interfaces must be.

use dann::{data, embed, error, gpu, model, profile, train};
use std::fmt::Debug;

fn assert<T: Send + Sync + Debug>() {}

#[test]
fn what_users_build_on_can_be_printed_sent_and_shared() {
    assert::<error::Error>();
    assert::<data::Dataset>();

    assert::<gpu::Adapter>();
    assert::<gpu::Gpu>();
    assert::<gpu::Options>();
    assert::<gpu::Tensor>();
    assert::<gpu::Recording>();
    assert::<gpu::Dispatch>();
    assert::<gpu::Readback>();
    assert::<gpu::Staging>();
    assert::<gpu::Upload>();

    assert::<model::Dann>();
    assert::<model::ModelSpec>();
    assert::<model::LayerSpec>();
    assert::<model::Parameters>();
    assert::<model::Batch>();
    assert::<model::MetricsBuffer>();
    assert::<model::StepOutputs>();

    assert::<train::Config>();
    assert::<train::TrainingSpec>();
    assert::<train::Checkpoint>();
    assert::<train::Description>();
    assert::<train::Stepper>();
    assert::<train::TrainingStep>();
    assert::<train::StepMetrics>();
    assert::<train::StepBench>();
    assert::<train::DeviceData>();
    assert::<train::Evaluator>();
    assert::<train::Evaluation>();
    assert::<train::Inspector>();
    assert::<train::Inspection>();
    assert::<train::History>();
    assert::<train::RunDirectory>();
    assert::<train::RunResult>();

    assert::<embed::Trainer>();
    assert::<embed::TrainerOptions<'_>>();
    assert::<embed::Classifier>();
    assert::<embed::ClassifierOptions>();
    assert::<embed::ModelSource<'_>>();
    assert::<embed::Input<'_>>();
    assert::<embed::View>();
    assert::<embed::Views>();

    assert::<profile::Stopwatch>();
    assert::<profile::Samples>();
    assert::<profile::Scopes>();
}

#[test]
fn what_holds_much_is_printed_in_few_words() {
    let (shape, images) = (dann::shape::MapShape::new(3, 28, 28), vec![7; 100 * 3 * 28 * 28]);
    let data = data::Dataset::new(shape, images, Some(vec![0; 100]), vec!["zero".into()]).unwrap();
    let gpu = gpu::Gpu::open(&gpu::choose(None).unwrap(), gpu::Options::default()).unwrap();
    let mut config = train::Config::preset("paper").unwrap();
    config.training.batch = 4;
    let trainer = train::Stepper::new(&gpu, &config, &data, Some(&data)).unwrap();
    let evaluator = train::Evaluator::new(trainer.model(), &data, &config.model.input.normalization).unwrap();
    let checkpoint = train::Checkpoint::of(trainer.model(), &config, &[], 0).unwrap();
    let all: [&dyn Debug; 6] = [&data, &gpu, &trainer, &evaluator, &checkpoint, trainer.model()];
    for printed in all.map(|value| format!("{value:?}")) {
        eprintln!("{printed}");
        assert!(printed.len() < 600, "{} letters: {printed}", printed.len());
    }
}
