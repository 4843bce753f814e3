//! Fused and tiled kernels train as the plain ones do.

use crate::support::possible;
use dann::gpu::{Gpu, Options, Recording, ShaderChecks, Tensor, Texels, Variant, choose};
use dann::model::{Dann, Dense, Initialization, Relu};
use dann::ops::register_tiled::{Parameters, dense_chain};
use dann::ops::{Step, relu};
use dann::train::{Config, TrainingStep};
use std::collections::BTreeMap;

const ROWS: usize = 4;
const STEPS: u32 = 3;
/// Three steps of rounding, as a share of what the steps have changed: gradients of biases are sums that nearly cancel, and
/// differ by up to 5e-5 of their size when only the order of the terms does; 6e-6 was seen. A wrong term shows at 1e-2.
const TOLERANCE: f64 = 1e-4;
/// The same of the paper's network (5e-2 was seen) where operands are rounded to f16, which also changes what some ReLUs and
/// windows let through. The mixed network is no measure of it: its batch norms over four rows turn roundings into 600 times as much.
const HALF_TOLERANCE: f64 = 1e-1;

/// Blocks behind one another, at the start, and between layers that no block stands for: a convolution whose outputs
/// do not come in fours, one without ReLU, one with another window; chains of one, two and three dense layers, some
/// of odd sizes. Batch norm comes behind ReLU: right behind a layer its bias would have a gradient of 0, in which only
/// rounding could be compared.
const MIXED: &str = r#"
[training]
epochs = 1
batch = 4
momentum = 0.9
weight_decay = 0.001
learning_rate = { initial = 0.01, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 1.0, gamma = 10.0 }

[model]
feature_extractor = [
    { layer = "conv2d", outputs = 8, kernel = 3, padding = 1 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "conv2d", outputs = 6, kernel = 3, padding = 1 },
    { layer = "relu" },
    { layer = "batch_norm2d" },
    { layer = "conv2d", outputs = 12, kernel = [5, 3], padding = [2, 0] },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "conv2d", outputs = 20, kernel = 2, padding = 1 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2, stride = 2 },
    { layer = "dropout", rate = 0.25 },
    { layer = "conv2d", outputs = 8, kernel = 1 },
    { layer = "leaky_relu", slope = 0.1 },
    { layer = "conv2d", outputs = 16, kernel = 3, padding = 1 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2, stride = 1 },
]
label_predictor = [
    { layer = "dense", outputs = 17 },
    { layer = "leaky_relu" },
    { layer = "batch_norm2d" },
    { layer = "dropout", rate = 0.5 },
    { layer = "dense", outputs = 12 },
    { layer = "relu" },
    { layer = "dense", outputs = 6 },
    { layer = "relu" },
    { layer = "dense", outputs = 10 },
]
domain_classifier = [
    { layer = "conv2d", outputs = 8, kernel = 3, padding = 1 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = [2, 2] },
    { layer = "dense", outputs = 12 },
    { layer = "relu" },
    { layer = "dense", outputs = 2 },
]

[model.input]
channels = 3
height = 23
width = 25
normalization = { scale = [1.0, 1.0, 1.0], shift = [0.0, 0.0, 0.0] }
"#;

fn register() -> Gpu {
    let options = Options::default().variant(Variant::Register);
    Gpu::open(&choose(None).unwrap(), options).unwrap()
}

fn paper() -> Config {
    Config::preset("paper").unwrap()
}

fn mixed() -> Config {
    Config::parse("mixed", MIXED).unwrap()
}

/// By how much everything learned has changed after a few steps on made-up images.
fn trained(config: &Config, checks: ShaderChecks, variant: Variant) -> BTreeMap<String, Vec<f32>> {
    let gpu = Gpu::open(&choose(None).unwrap(), Options::default().checks(checks).variant(variant)).unwrap();
    let model = Dann::new(&gpu, &config.model).unwrap();
    model.initialize(Initialization::HeNormal, 1).unwrap();
    let started = model.read().unwrap();
    let training =
        TrainingStep::new(&model, ROWS, config.training.objective().unwrap(), STEPS as usize).unwrap();
    // Numbers with which no winner hangs on rounding: with those from 0 on one does, and biases differ by 3e-3 then. Rounding
    // to f16 decides some with most numbers.
    let noise = |i: usize| (700_000 + i as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    let x: Vec<f32> = (0..training.batch.x.len()).map(noise).collect();
    training.batch.x.write(&gpu, &x).unwrap();
    training.batch.labels.write(&gpu, &[3_u32, 1, 4, 1]).unwrap();
    for index in 0..STEPS {
        let step = Step { index, lambda: 0.5, learning_rate: 0.01, ..Step::default() };
        training.step.write(&gpu, &[step]).unwrap();
        training.recording().submit();
    }
    let way = |(name, (_, ended)): (String, (Vec<usize>, Vec<f32>))| {
        let way = ended.iter().zip(&started[&name].1).map(|(ended, started)| ended - started).collect();
        (name, way)
    };
    model.read().unwrap().into_iter().map(way).collect()
}

fn assert_close(
    actual: &BTreeMap<String, Vec<f32>>,
    expected: &BTreeMap<String, Vec<f32>>,
    variant: Variant,
) {
    let tolerance = if variant.is_mixed() { HALF_TOLERANCE } else { TOLERANCE };
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    assert!(actual.keys().eq(expected.keys()));
    for (name, expected) in expected {
        let pairs = actual[name].iter().zip(expected);
        let error = norm(&mut pairs.map(|(&a, &b)| f64::from(a) - f64::from(b)));
        let size = norm(&mut expected.iter().map(|&b| f64::from(b)));
        assert!(size > 0.0, "{name} has not changed");
        assert!(error.is_finite() && error <= tolerance * size, "{variant}: {name}: {error:e} of {size:e}");
    }
}

fn assert_variants_agree(config: &Config, variants: impl Iterator<Item = Variant>) {
    let plain = trained(config, ShaderChecks::Checked, Variant::Plain);
    for variant in variants.filter(|&variant| variant != Variant::Plain) {
        for checks in [ShaderChecks::Checked, ShaderChecks::Trusted] {
            assert_close(&trained(config, checks, variant), &plain, variant);
        }
    }
}

#[test]
fn all_families_train_the_paper_network_alike() {
    assert_variants_agree(&paper(), possible());
}

#[test]
fn all_families_train_a_mixed_network_alike() {
    assert_variants_agree(&mixed(), possible().filter(|variant| !variant.is_mixed()));
}

#[test]
fn the_mixed_network_is_made_of_both() {
    let gpu = register();
    let config = mixed();
    let model = Dann::new(&gpu, &config.model).unwrap();
    let training = TrainingStep::new(&model, ROWS, config.training.objective().unwrap(), 1).unwrap();
    let count = |label: &str| {
        training.recording().dispatches().iter().filter(|dispatch| dispatch.kernel.label == label).count()
    };
    assert_eq!(["conv2d_tile.pooled", "conv2d_weight.plain_sums"].map(count), [4, 3]);
    assert_eq!(["dense_tile.forward", "dense_tile.forward_relu", "dense.forward"].map(count), [3, 3, 0]);
    assert_eq!(["dense_tile.backward_input", "dense_tile.backward_input_relu"].map(count), [3, 3]);
    assert_eq!(["dense_tile.backward_parameters", "dense.backward_bias"].map(count), [6, 0]);
    // Two leaky ones and two that no block takes.
    assert_eq!(["relu.forward", "relu.backward"].map(count), [4, 4]);
}

#[test]
fn a_dense_layer_too_large_for_a_texture_has_plain_kernels() {
    let gpu = register();
    let mut config = mixed();
    let dense =
        |outputs| vec![Dense::new(outputs).into(), Relu::default().into(), Dense::new(outputs).into()];
    config.model.feature_extractor = vec![Relu::default().into()];
    (config.model.label_predictor, config.model.domain_classifier) = (dense(3), dense(2));
    (config.model.input.height, config.model.input.width) = (210, 210);
    let model = Dann::new(&gpu, &config.model).unwrap();
    let training = TrainingStep::new(&model, 1, config.training.objective().unwrap(), 1).unwrap();
    let labels: Vec<_> = training.recording().dispatches().iter().map(|d| d.kernel.label).collect();
    let plain = labels.iter().filter(|label| label.starts_with("dense.forward")).count();
    let too_large = 3 * 210 * 210 / 4 > Texels::most(&gpu);
    assert_eq!(plain, if too_large { 2 } else { 0 });
    assert!(labels.contains(&"dense_tile.forward"));
}

/// A poisoned value must reach the loss, and its gradient the parameters.
#[test]
fn nan_passes_relu_alone_and_in_chains() {
    let gpu = Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let tensor = |dims: &[usize], values: &[f32]| Tensor::from_slice(&gpu, "tensor", dims, values).unwrap();
    let room = |dims: &[usize]| Tensor::zeros(&gpu, "result", dims).unwrap();
    const X: [f32; 4] = [f32::NAN, 2.0, -3.0, 0.0];
    let (x, ones) = (tensor(&[1, 4], &X), tensor(&[1, 4], &[1.0; 4]));
    // A first layer that gives the same values.
    let (x1, weight1, bias1) = (tensor(&[1, 1], &[1.0]), tensor(&[4, 1], &X), tensor(&[4], &[0.0; 4]));
    let (weight2, bias2, dy2) = (ones.clone(), tensor(&[1], &[0.0]), tensor(&[1, 1], &[1.0]));
    let (y, dx) = (room(&[1, 4]), room(&[1, 4]));
    let (y2, dweight1, dbias1) = (room(&[1, 1]), room(&[4, 1]), room(&[4]));
    let (dweight2, dbias2) = (room(&[1, 4]), room(&[1]));
    let mut rec = Recording::new(&gpu);
    relu::forward(&mut rec, &x, &y, 0.0).unwrap();
    relu::backward(&mut rec, &x, &ones, &dx, 0.0).unwrap();
    let layers =
        [Parameters { weight: &weight1, bias: &bias1 }, Parameters { weight: &weight2, bias: &bias2 }];
    let gradients =
        [Parameters { weight: &dweight1, bias: &dbias1 }, Parameters { weight: &dweight2, bias: &dbias2 }];
    let saved = dense_chain::forward(&mut rec, &x1, &layers, &y2).unwrap();
    dense_chain::backward(&mut rec, &saved, &dy2, Some(&gradients), None).unwrap();
    rec.submit();
    let read = |tensor: &Tensor| tensor.read::<f32>(&gpu).unwrap();
    assert!(read(&y)[0].is_nan() && read(&y)[1..] == [2.0, 0.0, 0.0]);
    assert_eq!(read(&dx), [1.0, 1.0, 0.0, 0.0]);
    assert!(read(&y2)[0].is_nan());
    assert!(read(&dweight2)[0].is_nan() && read(&dweight2)[1..] == [2.0, 0.0, 0.0]);
    assert_eq!(read(&dbias1), [1.0, 1.0, 0.0, 0.0]);
}

#[test]
fn a_repeated_run_gives_the_same_bits() {
    for (config, variant) in [paper(), mixed()].iter().flat_map(|config| possible().map(move |v| (config, v)))
    {
        let run = || trained(config, ShaderChecks::Trusted, variant);
        assert_eq!(run(), run(), "{variant}");
    }
}
