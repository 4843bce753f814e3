//! Steps on labelled images alone: the domain classifier takes no part in them.

use crate::adaptation::{MODEL, TRAINING, config, step_of, trained};
use crate::support::{data, gpu};
use dann::gpu::Variant;
use dann::model::{Dann, NamedValues};
use dann::train::{Checkpoint, Config, DataSets, Method, StepBench, Stepper, TrainingStep};

const ADAMW: &str = "{ kind = \"adamw\", eps = 0.0, weight_decay = 0.1 }";
const SGD: &str = "{ kind = \"sgd\", momentum = 0.9, weight_decay = 0.1 }";

/// With an optimiser that shrinks weights.
fn recipe(method: &str, optimizer: &str) -> Config {
    let short = "momentum = 0.9";
    assert!(TRAINING.contains(short));
    let training = TRAINING.replace(short, &format!("method = \"{method}\"\noptimizer = {optimizer}"));
    Config::parse("test", &format!("{training}average = 0.9\nclip_norm = 0.5\n{MODEL}")).unwrap()
}

fn of_classifier(values: &NamedValues) -> impl Iterator<Item = &String> {
    values.keys().filter(|name| name.contains("domain_classifier."))
}

#[test]
fn nothing_moves_the_domain_classifier_nor_its_average() {
    let gpu = gpu(Variant::Plain);
    for (method, optimizer) in [("source-only", SGD), ("source-only", ADAMW), ("target-only", SGD)] {
        let config = recipe(method, optimizer);
        let started = step_of(&config, &gpu, 4).0.read().unwrap();
        let ended = trained(&config, &gpu);
        assert_eq!(of_classifier(&ended).count(), 8, "four tensors and their averages");
        for name in of_classifier(&ended) {
            let first = &started[name.trim_start_matches("average ")];
            assert!(ended[name] == *first, "{method} {optimizer}: {name}");
        }
    }
    let config = recipe("dann", SGD);
    let (started, ended) = (step_of(&config, &gpu, 4).0.read().unwrap(), trained(&config, &gpu));
    let moved = of_classifier(&started).all(|name| ended[name] != started[name]);
    assert!(moved, "adversarial steps move it");
}

#[test]
fn something_has_to_learn_beside_the_domain_classifier() {
    let mut config = config(
        "parameter_groups = [{ parameters = \"feature_extractor\", frozen = true }, \
                             { parameters = \"label_predictor\", frozen = true }]",
    );
    let model = Dann::new(&gpu(Variant::Plain), &config.model).unwrap();
    let step = |config: &Config| TrainingStep::new(&model, 4, config.training.objective().unwrap(), 1);
    assert!(step(&config).is_ok());
    config.training.method = Method::SourceOnly;
    let error = step(&config).expect_err("nothing learns").to_string();
    let words =
        "training.parameter_groups: expected a parameter that is not frozen, beside the domain classifier";
    assert!(error.contains(words), "{error}");
}

/// Checkpoints hold the optimiser's state of every parameter, and those of before have one of the domain classifier that is
/// not 0.
#[test]
fn training_goes_on_from_a_checkpoint_with_the_optimisers_state_of_the_domain_classifier() {
    let (gpu, source) = (gpu(Variant::Plain), data(5));
    let adversarial = recipe("dann", SGD);
    let mut first = Stepper::new(&gpu, &adversarial, &source, Some(&source)).unwrap();
    first.rest_every(3);
    while first.steps_done() < 3 {
        first.advance().unwrap();
    }
    let sets = DataSets::new("a".into(), "b".into(), &source, None);
    let state = (first.model(), first.optimizer());
    let checkpoint = Checkpoint::of_training(state, &adversarial, source.classes(), 3, &sets).unwrap();
    let mut second = Stepper::new(&gpu, &recipe("source-only", SGD), &source, None).unwrap();
    second.resume(&checkpoint).unwrap();
    while !second.advance().unwrap().is_empty() {}
    let (before, after) = (first.model().read().unwrap(), second.model().read().unwrap());
    for (name, values) in &after {
        assert!(*values == before[name] || !name.starts_with("domain_classifier."), "{name}");
        assert!(values.1.iter().all(|value| value.is_finite()), "{name}");
    }
    assert!(after["label_predictor.dense2.weight"] != before["label_predictor.dense2.weight"]);
}

#[test]
fn the_rows_of_a_domain_that_is_not_trained_on_may_be_any_number() {
    let (gpu, source) = (gpu(Variant::Plain), data(5));
    let mut config = config("method = \"source-only\"");
    config.training.target_batch = Some(usize::MAX / 2);
    let mut stepper = Stepper::new(&gpu, &config, &source, None).unwrap();
    while !stepper.advance().unwrap().is_empty() {}
    assert_eq!(stepper.steps_done(), 12);
    assert!(StepBench::new(&gpu, &config).is_ok());
}

#[test]
fn more_batches_a_step_than_can_be_counted_are_refused() {
    let mut config = config("");
    config.training.accumulate = usize::MAX;
    let error = StepBench::new(&gpu(Variant::Plain), &config).expect_err("too many").to_string();
    assert!(error.contains("training.accumulate: expected at most"), "{error}");
}
