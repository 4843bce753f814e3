//! Batch norm with statistics of each domain.

use crate::adaptation::{MODEL, config};
use crate::support::{gpu, possible};
use dann::gpu::{Gpu, Recording, Tensor, Variant};
use dann::model::{Dann, Domain};
use dann::ops::Step;
use dann::train::{Config, TrainingStep};

const ROWS: usize = 4;

/// The same with the key `statistics` in every batch norm.
fn with(statistics: &str) -> Config {
    let layer = "{ layer = \"batch_norm2d\" }";
    let said =
        MODEL.replace(layer, &format!("{{ layer = \"batch_norm2d\", statistics = \"{statistics}\" }}"));
    let text = format!("{}{said}", crate::adaptation::TRAINING);
    assert_eq!(text.matches(statistics).count(), 2);
    Config::parse("test", &text).unwrap()
}

/// The model after three steps on made-up images, those of the target brighter.
fn trained(config: &Config, gpu: &Gpu) -> Dann {
    let model = Dann::new(gpu, &config.model).unwrap();
    model.initialize(config.training.initialization, 1).unwrap();
    let training = TrainingStep::new(&model, ROWS, config.training.objective().unwrap(), 3).unwrap();
    let x = images(training.batch.x.len());
    training.batch.x.write(gpu, &x).unwrap();
    training.batch.labels.write(gpu, &[3_u32, 1, 4, 1]).unwrap();
    for index in 0..3 {
        let values = Step { index, seed: 7 + index, lambda: 0.5, learning_rate: 0.01, ..Step::default() };
        training.step.write(gpu, &[values]).unwrap();
        training.recording().submit();
    }
    model
}

fn images(count: usize) -> Vec<f32> {
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    (0..count).map(|i| noise(i) + if i < count / 2 { 0.0 } else { 0.75 }).collect()
}

#[test]
fn statistics_of_all_rows_are_what_a_recipe_that_says_nothing_has() {
    for variant in possible() {
        let gpu = gpu(variant);
        let [nothing, shared, apart] = [config(""), with("shared"), with("per_domain")]
            .map(|config| trained(&config, &gpu).read().unwrap());
        assert_eq!(nothing, shared, "{variant}");
        assert_ne!(nothing, apart, "{variant}");
    }
    assert!(!with("shared").to_toml().unwrap().contains("statistics"));
    assert_eq!(with("per_domain").to_toml().unwrap().matches("statistics = \"per_domain\"").count(), 2);
}

#[test]
fn evaluation_asks_for_the_domain_of_each_row() {
    let gpu = gpu(Variant::Plain);
    let model = trained(&with("per_domain"), &gpu);
    let x = Tensor::from_slice(&gpu, "x", &[ROWS, 3, 12, 10], &images(ROWS * 360)).unwrap();
    let mut rec = Recording::new(&gpu);
    let [source, target] =
        [Domain::Source, Domain::Target].map(|domain| model.record_inference(&mut rec, &x, domain).unwrap());
    let logits = model.record_logits(&mut rec, &x, Domain::Target).unwrap();
    // The label predictor alone, over features of one row of the source and three of the target.
    let [of_source, of_target, mixed] =
        [ROWS, 0, 1].map(|rows| model.record_logits_of_features(&mut rec, &source.features, rows).unwrap());
    rec.submit();
    let read = |tensor: &Tensor| tensor.read::<f32>(&gpu).unwrap();
    assert_ne!(read(&source.features), read(&target.features));
    assert_eq!(read(&logits), read(&target.logits));
    assert_eq!(read(&of_source), read(&source.logits));
    // Steps without predictions of target rows move both alike in the label predictor.
    assert_eq!(read(&of_source), read(&of_target));
    assert_eq!(read(&mixed), read(&of_target));
}

#[test]
fn where_target_rows_are_predicted_the_label_predictor_tells_them_apart() {
    let gpu = gpu(Variant::Plain);
    let mut config = with("per_domain");
    config.training.adaptation.entropy = 0.5;
    let model = trained(&config, &gpu);
    let x = Tensor::from_slice(&gpu, "x", &[ROWS, 3, 12, 10], &images(ROWS * 360)).unwrap();
    let mut rec = Recording::new(&gpu);
    let features = model.record_inference(&mut rec, &x, Domain::Source).unwrap().features;
    let all = [ROWS, 0, 1].map(|rows| model.record_logits_of_features(&mut rec, &features, rows).unwrap());
    rec.submit();
    let [of_source, of_target, mixed] = all.map(|logits| logits.read::<f32>(&gpu).unwrap());
    let (first, rest) = mixed.split_at(5);
    assert_eq!((first, rest), (&of_source[..5], &of_target[5..]));
    assert!(of_source.iter().zip(&of_target).all(|(a, b)| a != b));
}
