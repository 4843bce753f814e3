//! Fused and tiled kernels train as the plain ones do.

use dann::gpu::{Gpu, Options, ShaderChecks, Variant, choose};
use dann::model::{Dann, Initialization};
use dann::ops::Step;
use dann::train::{Config, TrainingStep};
use std::collections::BTreeMap;

const ROWS: usize = 4;
const STEPS: u32 = 3;
/// Three steps of rounding; a wrong term shows at 1e-2.
const TOLERANCE: f64 = 2e-5;

/// The parameters after a few steps on made-up images.
fn trained(checks: ShaderChecks, variant: Variant) -> BTreeMap<String, Vec<f32>> {
    let gpu = Gpu::open(&choose(None).unwrap(), Options { checks, variant }).unwrap();
    let config = Config::preset("paper").unwrap();
    let model = Dann::new(&gpu, &config.model).unwrap();
    model.initialize(Initialization::HeNormal, 1).unwrap();
    let training = TrainingStep::new(&model, ROWS, config.training.objective(), STEPS as usize).unwrap();
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    let x: Vec<f32> = (0..training.batch.x.len()).map(noise).collect();
    training.batch.x.write(&gpu, &x).unwrap();
    training.batch.labels.write(&gpu, &[3_u32, 1, 4, 1]).unwrap();
    for index in 0..STEPS {
        let step = Step { index, lambda: 0.5, learning_rate: 0.01, ..Step::default() };
        training.step.write(&gpu, &[step]).unwrap();
        training.recording().submit();
    }
    model.parameters.read(&gpu, &model.parameters.values).unwrap()
}

fn assert_close(actual: &BTreeMap<String, Vec<f32>>, expected: &BTreeMap<String, Vec<f32>>) {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    assert!(actual.keys().eq(expected.keys()));
    for (name, expected) in expected {
        let pairs = actual[name].iter().zip(expected);
        let error = norm(&mut pairs.map(|(&a, &b)| f64::from(a) - f64::from(b)));
        let size = norm(&mut expected.iter().map(|&b| f64::from(b)));
        assert!(error.is_finite() && error <= TOLERANCE * size, "{name}: {error:e} of {size:e}");
    }
}

#[test]
fn plain_and_tuned_kernels_train_alike_with_and_without_checks() {
    let plain = trained(ShaderChecks::Checked, Variant::Plain);
    let conv1 = &plain["feature_extractor.conv1.weight"];
    assert!(conv1.iter().any(|&value| value != 0.0), "something was trained");
    assert_close(&trained(ShaderChecks::Checked, Variant::Tuned), &plain);
    assert_close(&trained(ShaderChecks::Trusted, Variant::Tuned), &plain);
}

#[test]
fn a_repeated_run_gives_the_same_bits() {
    let run = || trained(ShaderChecks::Trusted, Variant::Tuned);
    assert_eq!(run(), run());
}
