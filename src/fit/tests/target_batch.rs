//! Batches with more rows of the target than of the source, or fewer.

use super::accumulated::{plain, values};
use super::*;
use crate::model::DomainLoss;

/// Twelve source images, and so many of the target that are all alike.
fn of_one_target_image(count: usize) -> Sets {
    let one = of_images(1, 2);
    let images = one.images().repeat(count);
    let target = Dataset::new(one.shape, images, None, vec![]).expect("a data set");
    Sets::new(data(1), Some(target))
}

fn recipe(target_batch: Option<usize>, loss: DomainLoss, entropy_weighting: bool) -> Config {
    let mut config = plain(2, 1);
    let training = &mut config.training;
    (training.target_batch, training.domain_loss) = (target_batch, loss);
    training.entropy_weighting = entropy_weighting;
    config
}

#[test]
fn a_domain_counts_alike_in_the_sum_whatever_its_rows_are() {
    let run = |config: &Config, sets: &Sets| {
        Training::new(config.clone()).run(sets, &open, &mut []).expect("a training")
    };
    let far = |a: &Trained, b: &Trained| {
        values(a).iter().zip(values(b)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    };
    for entropy_weighting in [false, true] {
        let sum = |rows| recipe(rows, DomainLoss::Sum, entropy_weighting);
        let two = run(&sum(None), &of_one_target_image(12));
        assert_eq!(outcome(&two), outcome(&run(&sum(Some(2)), &of_one_target_image(12))));
        for rows in [1, 4] {
            let others = run(&sum(Some(rows)), &of_one_target_image(6 * rows));
            assert_eq!(others.history.steps.len(), two.history.steps.len());
            assert!(far(&others, &two) < 1e-5, "{rows} rows: {}", far(&others, &two));
            for (others, two) in others.history.steps.iter().zip(&two.history.steps) {
                let [others, two] = [others, two].map(|step| step.domain_loss.expect("a domain loss"));
                assert!((others - two).abs() < 1e-5, "{others} is not {two}");
            }
        }
    }
    let mean = |rows| run(&recipe(rows, DomainLoss::Mean, false), &of_one_target_image(24));
    assert!(far(&mean(Some(4)), &mean(None)) > 1e-4, "the mean of all rows counts each alike");
}

#[test]
fn an_epoch_is_as_long_as_every_domain_has_images_for() {
    let steps = |rows| {
        let trained = trained(Training::new(recipe(Some(rows), DomainLoss::Sum, false)), &mut []);
        trained.history.steps.len()
    };
    // Two epochs on twelve images of each domain, two of the source a step.
    assert_eq!([steps(1), steps(2), steps(4), steps(5)], [12, 12, 6, 4]);
    let error = Training::new(recipe(Some(13), DomainLoss::Sum, false)).run(&sets(), &open, &mut []);
    let error = error.expect_err("twelve images").to_string();
    assert!(error.contains("at least a batch of 13 images"), "{error}");
    let mut config = recipe(Some(0), DomainLoss::Sum, false);
    config.training.method = Method::Dann;
    let error = config.check().expect_err("no rows").to_string();
    assert!(error.contains("training.target_batch"), "{error}");
}
