//! Trainings that begin where others have ended.

use super::{STEPS, config, open, outcome, sets, trained};
use crate::error::Error;
use crate::fit::{Sets, Trained, Training};
use crate::model::{Dann, Dense, NamedValues};
use crate::train::{Adopted, Checkpoint, Config, Length, RunDirectory};
use std::path::Path;

/// The recipe for so many epochs, whose schedules go by steps.
fn of_epochs(epochs: u64) -> Config {
    let mut config = config();
    config.training.epochs = epochs;
    config.training.lambda.steps = Some(STEPS);
    config.training.learning_rate.steps = Some(STEPS);
    config
}

fn in_directory(config: Config, path: &Path) -> Trained {
    trained(Training::new(config).directory(path).remark("mine"), &mut [])
}

fn longer(path: &Path, length: Length) -> Trained {
    trained(Training::extend(path, length).expect("a run"), &mut [])
}

#[test]
fn a_finished_run_made_longer_is_one_that_was_so_long_where_schedules_go_by_steps() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path();
    let refused = |found: crate::error::Result<Training>| found.expect_err("no run").to_string();
    in_directory(of_epochs(1), path);
    assert!(refused(Training::resume(path)).contains("found a finished run"));
    let made = longer(path, Length::Epochs(2));
    let whole = trained(Training::new(of_epochs(2)), &mut []);
    assert!(outcome(&made) == outcome(&whole));
    assert_eq!(RunDirectory::config(path).expect("a recipe"), of_epochs(2));
    let result = RunDirectory::result(path).expect("a result");
    assert_eq!(
        (result.steps, RunDirectory::history(path).expect("lines").steps.len()),
        (STEPS, STEPS as usize)
    );
    let text = std::fs::read_to_string(path.join("config.toml")).expect("text");
    let remark = "# mine\n# The first 3 steps were made when it was to take 1 epochs.\n";
    assert!(text.starts_with(remark), "{text}");
    assert!(made.checkpoint.config == of_epochs(2) && Training::resume(path).is_err());
}

#[test]
fn a_run_goes_on_with_settings_that_recipes_may_not_have_any_more() {
    let directory = tempfile::tempdir().expect("a directory");
    let mut before = config();
    before.training.lambda.gamma = 0.0;
    assert!(before.check().is_err());
    in_directory(before, directory.path());
    assert_eq!(longer(directory.path(), Length::Steps(STEPS + 1)).result.steps, STEPS + 1);
}

#[test]
fn steps_to_come_have_the_schedules_of_the_new_length() {
    let directory = tempfile::tempdir().expect("a directory");
    let short = in_directory(config(), directory.path()).history.steps;
    let long = longer(directory.path(), Length::Steps(STEPS + 2)).history.steps;
    assert!(long[..short.len()] == short);
    let (lambda, rate) = (config().training.lambda, config().training.learning_rate);
    for step in &long[short.len()..] {
        assert_eq!(step.lambda, lambda.at(step.step, STEPS + 2) as f32);
        assert_eq!(step.learning_rate, rate.at(step.step, STEPS + 2) as f32);
    }
    assert_eq!(long.len() as u64, STEPS + 2);
}

#[test]
fn a_run_is_not_made_shorter_than_it_is_and_stays_as_it_is_then() {
    let directory = tempfile::tempdir().expect("a directory");
    let whole = in_directory(config(), directory.path());
    for length in [Length::Steps(STEPS - 1), Length::Epochs(2)] {
        let training = Training::extend(directory.path(), length).expect("a run");
        let error = training.run(&sets(), &open, &mut []).expect_err("no step").to_string();
        assert!(error.contains("expected more steps in all than the 6 that the run has made"), "{error}");
    }
    assert!(RunDirectory::result(directory.path()).is_ok_and(|result| result.steps == whole.result.steps));
    assert_eq!(RunDirectory::config(directory.path()).expect("a recipe"), config());
}

/// What a training starts from that makes no step.
fn started(config: Config, from: &Checkpoint, sets: &Sets) -> (Adopted, NamedValues) {
    let gpu = open().expect("a device");
    let model = Dann::new(&gpu, &config.for_data(&sets.labelled).expect("a recipe").model).expect("a model");
    model.initialize(config.training.initialization, 7).expect("drawn");
    let adopted = from.start(&model, &sets.labelled.classes).expect("a start");
    (adopted, model.read().expect("values"))
}

#[test]
fn a_new_run_starts_from_what_another_has_learned() {
    let other = trained(Training::new(config()), &mut []).checkpoint;
    let (adopted, values) = started(config(), &other, &sets());
    assert_eq!(adopted, Adopted::default());
    assert!(values == *other.values());
    // Other classes of the same number: the last layer alone begins anew.
    let mut named = sets();
    named.labelled.classes[3] = "another".into();
    let (adopted, values) = started(config(), &other, &named);
    assert_eq!((adopted.anew, adopted.unused), (vec!["label_predictor.dense1".to_owned()], vec![]));
    assert!(values["label_predictor.dense1.weight"] != other.values()["label_predictor.dense1.weight"]);
    assert!(values["feature_extractor.conv1.weight"] == other.values()["feature_extractor.conv1.weight"]);
    // Another domain classifier.
    let mut deeper = config();
    deeper.model.domain_classifier.insert(0, Dense::new(7).into());
    let (adopted, _) = started(deeper.clone(), &other, &sets());
    assert_eq!(adopted.anew, ["domain_classifier.dense1", "domain_classifier.dense2"]);
    let deep = trained(Training::new(deeper).start_from(other.clone()), &mut []).checkpoint;
    let (adopted, _) = started(config(), &deep, &sets());
    assert_eq!(adopted.unused, ["domain_classifier.dense2"]);
    // The start makes a difference to the training.
    let again = trained(Training::new(config()).start_from(other.clone()), &mut []);
    assert!(again.checkpoint.values() != other.values());
}

#[test]
fn what_differs_in_front_of_the_heads_is_named() {
    let other = trained(Training::new(config()), &mut []).checkpoint;
    let mut wider = config();
    let text = toml::to_string(&wider).expect("TOML").replacen("outputs = 4", "outputs = 5", 1);
    wider = Config::parse("test", &text).expect("a recipe");
    let error = Training::new(wider).start_from(other).run(&sets(), &open, &mut []).expect_err("another");
    let words = "others at feature_extractor.batch_norm1, feature_extractor.conv1";
    assert!(error.to_string().contains(words), "{error}");
}

#[test]
fn going_on_and_starting_from_a_model_need_no_file_of_weights() {
    let mut of_photos = config();
    of_photos.model.backbone = Some(crate::model::Backbone::EfficientnetLite0);
    of_photos.model.feature_extractor = vec![crate::model::GlobalAvgPool2d {}.into()];
    (of_photos.model.input.height, of_photos.model.input.width) = (32, 32);
    (of_photos.training.batch, of_photos.training.steps) = (2, Some(1));
    let shape = of_photos.model.input.shape();
    let images = |salt: usize| (0..4 * shape.len()).map(|i| (i * salt % 251) as u8).collect();
    let classes = (0..10).map(|class| class.to_string()).collect::<Vec<_>>();
    let set = |salt| {
        crate::data::Dataset::new(shape, images(salt), Some(vec![0, 1, 2, 3]), classes.clone())
            .expect("images")
    };
    let sets = Sets::new(set(7), Some(set(11)));
    let mut without = of_photos.clone();
    without.model.weights = Some("nowhere.safetensors".into());
    let error = Training::new(without.clone()).run(&sets, &open, &mut []).expect_err("no file");
    assert!(matches!(error, Error::Io { .. }), "{error}");
    struct Stop;
    impl crate::fit::Observer for Stop {
        fn should_stop(&mut self, _: &crate::fit::State<'_>) -> bool {
            true
        }
    }
    let mut begun = Training::new(of_photos).run(&sets, &open, &mut [&mut Stop]).expect("a start");
    begun.checkpoint.config = without.clone();
    let gone_on = Training::go_on(begun.checkpoint.clone(), begun.history).run(&sets, &open, &mut []);
    assert_eq!(gone_on.expect("a training").checkpoint.config, without);
    Training::new(without).start_from(begun.checkpoint).run(&sets, &open, &mut []).expect("a training");
}
