//! Steps of several batches: their updates are those of larger batches, whatever happens on the way.

use super::*;

/// Without layers that look at other images of their batch or draw random numbers.
pub(super) fn plain(batch: usize, accumulate: usize) -> Config {
    let text = CONFIG
        .replace("    { layer = \"batch_norm2d\" },\n", "")
        .replace("{ layer = \"dropout\", rate = 0.25 }, ", "");
    let mut config = Config::parse("test", &text).expect("a recipe");
    (config.training.batch, config.training.accumulate) = (batch, accumulate);
    config
}

/// With such layers.
fn random(accumulate: usize) -> Config {
    let mut config = config();
    (config.training.batch, config.training.accumulate) = (2, accumulate);
    config
}

pub(super) fn values(trained: &Trained) -> Vec<f32> {
    trained.checkpoint.values().values().flat_map(|(_, values)| values.clone()).collect()
}

#[test]
fn batches_whose_gradients_are_averaged_are_a_large_batch() {
    for clip_norm in [None, Some(0.1)] {
        let [whole, halves, quarters] = [(4, 1), (2, 2), (1, 4)].map(|(batch, accumulate)| {
            let mut config = plain(batch, accumulate);
            config.training.clip_norm = clip_norm;
            trained(Training::new(config), &mut [])
        });
        for parts in [&halves, &quarters] {
            assert_eq!(parts.history.steps.len(), whole.history.steps.len());
            for (part, whole) in values(parts).iter().zip(values(&whole)) {
                assert!((part - whole).abs() <= 1e-5 * whole.abs().max(1.0), "{part} is not {whole}");
            }
            for (part, whole) in parts.history.steps.iter().zip(&whole.history.steps) {
                assert_eq!(
                    (part.step, part.lambda, part.label_accuracy),
                    (whole.step, whole.lambda, whole.label_accuracy)
                );
                assert!((part.label_loss - whole.label_loss).abs() < 1e-5, "{part:?} is not {whole:?}");
                let [part, whole] = [part, whole].map(|step| step.domain_loss.expect("a domain loss"));
                assert!((part - whole).abs() < 1e-5, "{part} is not {whole}");
            }
        }
        assert_ne!(values(&whole), values(&trained(Training::new(plain(2, 1)), &mut [])));
    }
}

#[test]
fn each_batch_draws_its_own_random_numbers() {
    let [one, two] = [1, 2].map(|accumulate| trained(Training::new(random(accumulate)), &mut []));
    assert_eq!((one.history.steps.len(), two.history.steps.len()), (12, 6));
    assert_ne!(values(&one), values(&two));
}

#[test]
fn what_was_stopped_goes_on_to_the_same_bits() {
    let whole = trained(Training::new(random(2)), &mut []);
    for stop_at in [1, 4] {
        let directory = tempfile::tempdir().expect("a directory");
        let mut witness = Witness { stop_at: Some(stop_at), ..Witness::default() };
        let training = Training::new(random(2)).directory(directory.path()).checkpoint_every(1);
        trained(training, &mut [&mut witness]);
        let resumed = trained(Training::resume(directory.path()).expect("a run"), &mut []);
        assert!(resumed.complete && outcome(&resumed) == outcome(&whole), "{stop_at}");
    }
}

#[test]
fn more_images_than_there_are_are_refused() {
    let mut config = random(7);
    let error = Training::new(config.clone()).run(&sets(), &open, &mut []).expect_err("12 images");
    assert!(error.to_string().contains("the 14 images of 7 batches"), "{error}");
    config.training.accumulate = 0;
    let error = config.check().expect_err("no batch").to_string();
    assert!(error.contains("training.accumulate"), "{error}");
}
