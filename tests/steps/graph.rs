//! Networks that are more than chains, the optimisers, and groups of parameters.

use crate::support::{data, gpu};
use dann::gpu::{Gpu, Variant, choose};
use dann::model::{Dann, NamedValues};
use dann::ops::Step;
use dann::train::{Checkpoint, Config, DataSets, Stepper, TrainingStep};

const ROWS: usize = 4;
/// Three steps of rounding, as in tests/steps/variants.rs.
const TOLERANCE: f64 = 1e-4;

const TRAINING: &str = r#"
[training]
epochs = 2
batch = 4
seed = 5
learning_rate = { initial = 0.01, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 1.0, gamma = 10.0 }
"#;

const HEADS: &str = r#"
label_predictor = [{ layer = "dense", outputs = 10 }]
domain_classifier = [{ layer = "dense", outputs = 2 }]
[model.input]
channels = 3
height = 12
width = 10
normalization = { scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }
"#;

/// A block with a shortcut of its own, one without, one within another, and convolutions of every kind.
const RESIDUAL: &str = r#"[
    { layer = "conv2d", outputs = 8, kernel = 3, padding = [0, 1, 0, 1], stride = 2, bias = false },
    { layer = "batch_norm2d" },
    { layer = "relu" },
    { layer = "residual", body = [
        { layer = "conv2d", outputs = 12, kernel = 3, padding = 1, stride = 2 },
        { layer = "relu" },
        { layer = "conv2d", outputs = 12, kernel = 3, padding = 1, groups = 12 },
    ], shortcut = [{ layer = "conv2d", outputs = 12, kernel = 1, stride = 2, bias = false }] },
    { layer = "relu" },
    { layer = "residual", body = [
        { layer = "residual", body = [{ layer = "conv2d", outputs = 12, kernel = 3, padding = 1 }] },
        { layer = "relu" },
        { layer = "conv2d", outputs = 12, kernel = 1 },
    ] },
    { layer = "global_avg_pool2d" },
]"#;

fn config(feature_extractor: &str, optimizer: &str) -> Config {
    let text = format!("{TRAINING}{optimizer}\n[model]\nfeature_extractor = {feature_extractor}\n{HEADS}");
    Config::parse("test", &text).unwrap()
}

const SGD: &str = "optimizer = { kind = \"sgd\", momentum = 0.9, nesterov = true, weight_decay = 0.001 }";
const ADAMW: &str = "optimizer = { kind = \"adamw\", weight_decay = 0.05 }";

fn model(gpu: &Gpu, config: &Config) -> Dann {
    let model = Dann::new(gpu, &config.model).unwrap();
    model.initialize(config.training.initialization, 1).unwrap();
    model
}

/// Everything learned after some steps on made-up images.
fn trained(model: &Dann, config: &Config, steps: u32) -> NamedValues {
    let gpu = model.gpu();
    let objective = config.training.objective().unwrap();
    let optimizer = objective.optimizer;
    let training = TrainingStep::new(model, ROWS, objective, steps as usize).unwrap();
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    let x: Vec<f32> = (0..training.batch.x.len()).map(noise).collect();
    training.batch.x.write(gpu, &x).unwrap();
    training.batch.labels.write(gpu, &[3_u32, 1, 4, 1]).unwrap();
    for index in 0..steps {
        let optimizer = optimizer.optimizer().step_values(u64::from(index) + 1);
        let step = Step { index, lambda: 0.5, learning_rate: 0.01, optimizer, ..Step::default() };
        training.step.write(gpu, &[step]).unwrap();
        training.recording().submit();
    }
    model.read().unwrap()
}

fn assert_close(actual: &NamedValues, expected: &NamedValues, what: &str) {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    assert!(actual.keys().eq(expected.keys()));
    for (name, (_, expected)) in expected {
        let pairs = actual[name].1.iter().zip(expected);
        let error = norm(&mut pairs.map(|(&a, &b)| f64::from(a) - f64::from(b)));
        let size = norm(&mut expected.iter().map(|&b| f64::from(b)));
        assert!(error.is_finite() && error <= TOLERANCE * size, "{what}: {name}: {error:e} of {size:e}");
    }
}

#[test]
fn residual_networks_train_alike_in_all_families() {
    let (config, adapter) = (config(RESIDUAL, SGD), choose(None).unwrap());
    let plain = gpu(Variant::Plain);
    let started = model(&plain, &config).read().unwrap();
    let expected = trained(&model(&plain, &config), &config, 3);
    for (name, (_, values)) in &expected {
        assert!(*values != started[name].1, "{name} has learned nothing");
    }
    for variant in Variant::ALL.into_iter().filter(|&v| adapter.variant_obstacle(v).is_none()) {
        let gpu = gpu(variant);
        let found = trained(&model(&gpu, &config), &config, 3);
        assert_close(&found, &expected, variant.name());
        assert_eq!(found, trained(&model(&gpu, &config), &config, 3), "{variant}: the same bits again");
    }
}

/// x + x, whose gradient is added up from two sides, against weights behind it that are twice as large: powers of two lose
/// no bits, so that everything in front of it moves alike to the last one.
#[test]
fn gradients_are_added_up_where_a_value_is_used_twice() {
    let conv = "{ layer = \"conv2d\", outputs = 8, kernel = 3 }";
    let plain_sgd = "optimizer = { kind = \"sgd\", momentum = 0.0 }";
    let single = config(&format!("[{conv}]"), plain_sgd);
    let doubled = config(&format!("[{conv}, {{ layer = \"residual\", body = [] }}]"), plain_sgd);
    let gpu = gpu(Variant::Plain);
    let (single_model, doubled_model) = (model(&gpu, &single), model(&gpu, &doubled));
    let values: std::collections::BTreeMap<String, Vec<f32>> =
        doubled_model.read().unwrap().into_iter().map(|(name, (_, values))| (name, values)).collect();
    let mut twice = values.clone();
    for (name, values) in &mut twice {
        if name.ends_with("dense1.weight") {
            values.iter_mut().for_each(|value| *value *= 2.0);
        }
    }
    single_model.write(&twice).unwrap();
    let (of_single, of_doubled) = (trained(&single_model, &single, 1), trained(&doubled_model, &doubled, 1));
    for suffix in ["weight", "bias"] {
        let name = format!("feature_extractor.conv1.{suffix}");
        assert_eq!(of_single[&name], of_doubled[&name], "{name}");
        assert_ne!(of_single[&name].1, values[&name], "{name} has learned nothing");
    }
}

#[test]
fn frozen_parameters_stay_and_factors_scale_the_learning_rate() {
    let group = |group: &str| format!("{SGD}\nclip_norm = 0.5\nparameter_groups = [{group}]");
    let frozen = "{ parameters = \"feature_extractor\", frozen = true }";
    let not_its_block =
        format!("{frozen}, {{ parameters = \"feature_extractor.residual2\", learning_rate = 1.0 }}");
    let at_rest = "{ parameters = \"feature_extractor.conv1\", learning_rate = 0.0 }";
    let gpu = gpu(Variant::Plain);
    let moved = |groups: &str| {
        let config = config(RESIDUAL, &group(groups));
        let model = model(&gpu, &config);
        let started = model.read().unwrap();
        let trained = trained(&model, &config, 2);
        let learned = trained.into_iter().filter(|(name, values)| started[name] != *values);
        learned.map(|(name, _)| name).filter(|name| !name.contains("running")).collect::<Vec<_>>()
    };
    assert!(moved(frozen).iter().all(|name| !name.starts_with("feature_extractor")));
    assert!(moved(frozen).contains(&"label_predictor.dense1.weight".to_owned()));
    let of_block = moved(&not_its_block);
    assert!(of_block.contains(&"feature_extractor.residual2.body.conv1.weight".to_owned()), "{of_block:?}");
    assert!(!of_block.contains(&"feature_extractor.residual1.body.conv1.weight".to_owned()), "{of_block:?}");
    let rest = moved(at_rest);
    assert!(!rest.contains(&"feature_extractor.conv1.weight".to_owned()), "{rest:?}");
    assert!(rest.contains(&"feature_extractor.batch_norm1.weight".to_owned()), "{rest:?}");

    let config = config(RESIDUAL, &group("{ parameters = \"backbone\" }"));
    let model = model(&gpu, &config);
    let refused = TrainingStep::new(&model, ROWS, config.training.objective().unwrap(), 1).err().unwrap();
    assert!(refused.to_string().contains("found backbone"), "{refused}");
}

#[test]
fn an_optimiser_is_set_up_in_one_place() {
    let refused = |lines: &str, words: &str| {
        let text = format!("{TRAINING}{lines}\n[model]\nfeature_extractor = []\n{HEADS}");
        let error = Config::parse("test", &text).unwrap_err().to_string();
        assert!(error.contains(words), "{lines}: {error}");
    };
    refused("", "training.optimizer: expected an optimiser");
    refused(&format!("{ADAMW}\nmomentum = 0.9"), "settings of the optimiser in one place");
    refused(
        "optimizer = { kind = \"sgd\", momentum = 1.0 }",
        "training.optimizer.momentum: expected at least 0",
    );
    refused("optimizer = { kind = \"adamw\", betas = [0.9, 1.5] }", "training.optimizer.betas");
    refused("optimizer = { kind = \"adam\" }", "unknown variant `adam`");
    refused("optimizer = { kind = \"adamw\", momentum = 0.9 }", "unknown field `momentum`");
}

/// What both optimisers keep is in the checkpoint.
#[test]
fn every_optimiser_goes_on_bit_for_bit() {
    let gpu = gpu(Variant::Plain);
    for optimizer in [SGD, ADAMW] {
        let (config, data) = (config(RESIDUAL, optimizer), data(10));
        let trainer = || Stepper::new(&gpu, &config, &data, Some(&data)).unwrap();
        let run = |trainer: &mut Stepper, until: u64| {
            while trainer.steps_done() < until && !trainer.advance().unwrap().is_empty() {}
        };
        let mut whole = trainer();
        run(&mut whole, 12);
        let mut first = trainer();
        first.rest_every(5);
        run(&mut first, 5);
        let sets = DataSets::new("a".into(), "b".into(), &data, Some(&data));
        let state = (first.model(), first.optimizer());
        let checkpoint = Checkpoint::of_training(state, &config, data.classes(), 5, &sets).unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        checkpoint.write(file.path()).unwrap();
        let mut second = trainer();
        second.resume(&Checkpoint::read(file.path()).unwrap()).unwrap();
        run(&mut second, 12);
        assert_eq!(second.steps_done(), whole.steps_done(), "{optimizer}");
        assert_eq!(second.model().read().unwrap(), whole.model().read().unwrap(), "{optimizer}");
    }
}

/// Two poolings of other strides are two groups: the first version's name of a group left the stride out.
#[test]
fn choices_are_kept_under_every_attribute() {
    use dann::model::{Found, Search};
    let pool = |stride: usize| {
        format!(
            "[{{ layer = \"conv2d\", outputs = 4, kernel = 3 }}, {{ layer = \"relu\" }}, \
                 {{ layer = \"max_pool2d\", kernel = 2, stride = {stride} }}]"
        )
    };
    let gpu = gpu(Variant::Plain);
    let variants = [Variant::Plain];
    let search = Search {
        gpu: &gpu,
        variants: &variants,
        source_rows: 1,
        target_rows: 1,
        budget: std::time::Duration::ZERO,
    };
    let keys = [2, 1].map(|stride| {
        let mut keys = Vec::new();
        let mut note = |found: Found| {
            keys.push(found.group);
            Ok(())
        };
        search.run(&config(&pool(stride), SGD).model, &mut note).unwrap();
        keys[0].clone()
    });
    assert!(keys[0].contains("stride"), "{}", keys[0]);
    assert_ne!(keys[0], keys[1]);
}
