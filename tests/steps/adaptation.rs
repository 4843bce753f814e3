//! Methods of adaptation beside the gradient reversal: against PyTorch's answers, together, and left out.

use crate::support::{data, gpu, possible};
use dann::check::{CaseResult, Only, run_golden};
use dann::data::Dataset;
use dann::golden_steps;
use dann::gpu::{Gpu, Variant};
use dann::model::{Dann, Dense, Domain, NamedValues};
use dann::ops::Step;
use dann::train::{Checkpoint, Config, DataSets, Inspector, StepMetrics, Stepper, TrainingStep, softmax};
use std::path::Path;

const ROWS: usize = 4;

pub const TRAINING: &str = r#"
[training]
epochs = 2
batch = 4
seed = 5
momentum = 0.9
learning_rate = { initial = 0.01, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 1.0, gamma = 10.0 }
"#;

/// Batch norm and dropout in both parts that target rows go through.
pub const MODEL: &str = r#"
[model]
feature_extractor = [
    { layer = "conv2d", outputs = 8, kernel = 3 },
    { layer = "batch_norm2d" },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "dropout", rate = 0.25 },
]
label_predictor = [
    { layer = "dense", outputs = 12 },
    { layer = "batch_norm2d" },
    { layer = "relu" },
    { layer = "dropout", rate = 0.25 },
    { layer = "dense", outputs = 5 },
]
domain_classifier = [{ layer = "dense", outputs = 8 }, { layer = "relu" }, { layer = "dense", outputs = 2 }]
[model.input]
channels = 3
height = 12
width = 10
normalization = { scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }
"#;

/// Every method at once.
const ALL: &str = r#"
adaptation = { entropy = 0.3, class_confusion = 1.0, temperature = 2.0, pseudo_label = 0.5, threshold = 0.25 }
average = 0.9
entropy_weighting = true
label_smoothing = 0.1"#;

pub fn config(keys: &str) -> Config {
    Config::parse("test", &format!("{TRAINING}{keys}\n{MODEL}")).unwrap()
}

/// The same with a conditional domain classifier.
fn conditional(keys: &str) -> Config {
    let model = MODEL.replace("[model]\n", "[model]\ndomain_input = \"conditional\"\n");
    Config::parse("test", &format!("{TRAINING}{keys}\n{model}")).unwrap()
}

pub fn step_of(config: &Config, gpu: &Gpu, rows: usize) -> (Dann, TrainingStep) {
    let mut model = Dann::new(gpu, &config.model).unwrap();
    model.initialize(config.training.initialization, 1).unwrap();
    if config.training.average.is_some() {
        model.keep_average().unwrap();
    }
    let training = TrainingStep::new(&model, rows, config.training.objective().unwrap(), 3).unwrap();
    (model, training)
}

/// Everything learned after three steps on made-up images.
pub fn trained(config: &Config, gpu: &Gpu) -> NamedValues {
    trained_with(config, gpu, ROWS)
}

/// Some steps on made-up images.
pub fn run_steps(training: &TrainingStep, gpu: &Gpu, steps: u32, seed: u32) {
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    let x: Vec<f32> = (0..training.batch.x.len()).map(noise).collect();
    training.batch.x.write(gpu, &x).unwrap();
    if let Some(plain) = &training.batch.plain {
        plain.write(gpu, &x[..plain.len()]).unwrap();
    }
    training.batch.labels.write(gpu, &[3_u32, 1, 4, 1][..training.batch.labels.rows()]).unwrap();
    for index in 0..steps {
        let values = Step { index, seed: seed + index, lambda: 0.5, learning_rate: 0.01, ..Step::default() };
        training.step.write(gpu, &[Step { adaptation: 0.5, average: 0.75, ..values }]).unwrap();
        training.recording().submit();
    }
}

/// The same with at most four source rows a step.
pub fn trained_with(config: &Config, gpu: &Gpu, rows: usize) -> NamedValues {
    let (model, training) = step_of(config, gpu, rows);
    run_steps(&training, gpu, 3, 7);
    let averages = model.average().map(|average| average.read().unwrap()).unwrap_or_default();
    let averages = averages.into_iter().map(|(name, value)| (format!("average {name}"), value));
    model.read().unwrap().into_iter().chain(averages).collect()
}

/// The kernels of a step, in order.
pub fn labels(config: &Config, gpu: &Gpu) -> Vec<&'static str> {
    let (_, training) = step_of(config, gpu, ROWS);
    training.recording().dispatches().iter().map(|dispatch| dispatch.kernel.label).collect()
}

#[test]
fn all_families_agree_with_pytorch() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/adaptation.safetensors");
    for variant in possible() {
        let (gpu, mut failures, mut largest) = (gpu(variant), Vec::new(), 0.0_f64);
        let mut report = |result: &CaseResult| {
            largest = largest.max(result.ratio.unwrap_or(f64::INFINITY));
            if !result.passed() {
                failures.push(result.json());
            }
        };
        let summary = run_golden(&gpu, &file, &Only::all(), &golden_steps::run, &mut report).unwrap();
        eprintln!("{variant}: {}, largest share of bounds {largest:.3}", summary.json());
        assert!(failures.is_empty(), "{variant}:\n{}", failures.join("\n"));
        assert!(summary.cases > 5, "{}", summary.json());
    }
}

#[test]
fn what_is_left_out_leaves_no_trace() {
    for variant in possible() {
        let gpu = gpu(variant);
        let (without, off) = (config(""), config("adaptation = { entropy = 0.0, temperature = 7.0 }"));
        assert_eq!(labels(&off, &gpu), labels(&without, &gpu), "{variant}");
        assert_eq!(trained(&off, &gpu), trained(&without, &gpu), "{variant}");
        // Nobody asks anything of target images where there are none.
        let keys = "method = \"source-only\"\nentropy_weighting = true\nadaptation = { entropy = 0.3 }";
        let source_only = labels(&config("method = \"source-only\""), &gpu);
        assert_eq!(labels(&conditional(keys), &gpu), source_only, "{variant}");
    }
}

#[test]
fn methods_add_their_kernels_and_change_no_others() {
    let gpu = gpu(Variant::Plain);
    let without = labels(&config(""), &gpu);
    let more = |keys: &str| {
        let (mut rest, mut more) = (without.iter().peekable(), Vec::new());
        for label in labels(&config(keys), &gpu) {
            if rest.next_if(|expected| **expected == label).is_none() {
                more.push(label);
            }
        }
        assert_eq!(rest.next(), None, "{keys}");
        more
    };
    assert_eq!(more("adaptation = { entropy = 0.1 }"), ["entropy.forward_backward", "metrics.total"]);
    let confusion = ["class_confusion.predict", "class_confusion.confuse", "class_confusion.backward"];
    let confusion = [&confusion[..], &["metrics.total"]].concat();
    assert_eq!(more("adaptation = { class_confusion = 0.1 }"), confusion);
    let passes =
        ["conv2d.forward", "batch_norm2d.forward", "relu.forward", "max_pool2d.forward", "dense.forward"];
    let passes = [&passes[..], &["batch_norm2d.forward", "relu.forward", "dense.forward"]].concat();
    let losses = ["pseudo_label.forward_backward", "metrics.total", "metrics.total"];
    assert_eq!(more("adaptation = { pseudo_label = 0.1 }"), [&passes[..], &losses].concat());
    // The parameters at once, and the running statistics of two batch norms.
    assert_eq!(more("average = 0.9"), ["average.update"; 5]);
}

#[test]
fn a_repeated_run_gives_the_same_bits() {
    for variant in possible() {
        let gpu = gpu(variant);
        let (all, without) = (trained(&conditional(ALL), &gpu), trained(&config(""), &gpu));
        assert_eq!(all, trained(&conditional(ALL), &gpu), "{variant}");
        for part in ["feature_extractor.conv1.weight", "label_predictor.dense1.weight"] {
            assert_ne!(all[part], without[part], "{variant}: nothing was asked of {part}");
        }
    }
}

#[test]
fn an_interrupted_training_goes_on_bit_for_bit_and_reports_its_losses() {
    let (gpu, config, data) = (gpu(Variant::Plain), conditional(ALL), data(5));
    let trainer = || Stepper::new(&gpu, &config, &data, Some(&data)).unwrap();
    let mut whole = trainer();
    let metrics = run(&mut whole, 12);
    for step in &metrics {
        let (entropy, confusion) = (step.target_entropy.unwrap(), step.class_confusion.unwrap());
        assert!(entropy > 0.0 && f64::from(entropy) <= 5.0_f64.ln() + 1e-6, "{step:?}");
        assert!(confusion > 0.0 && confusion < 1.0, "{step:?}");
        let (loss, share) = (step.pseudo_label.unwrap(), step.pseudo_labelled.unwrap());
        assert!(
            loss.is_finite() && (0.0..=1.0).contains(&share) && (share > 0.0) == (loss > 0.0),
            "{step:?}"
        );
    }
    let mut first = trainer();
    first.rest_every(5);
    run(&mut first, 5);
    let checkpoint = kept(&first, &config, &data);
    let mut second = trainer();
    second.resume(&checkpoint).unwrap();
    assert_eq!(run(&mut second, 12), metrics[5..]);
    assert_eq!(second.model().read().unwrap(), whole.model().read().unwrap());
    let average = |trainer: &Stepper| trainer.model().average().unwrap().read().unwrap();
    assert_eq!(average(&second), average(&whole));
}

fn run(trainer: &mut Stepper, until: u64) -> Vec<StepMetrics> {
    let mut metrics = Vec::new();
    while trainer.steps_done() < until {
        metrics.extend(trainer.advance().unwrap());
    }
    metrics
}

/// What a checkpoint brings to the disk and back.
fn kept(trainer: &Stepper, config: &Config, data: &Dataset) -> Checkpoint {
    let sets = DataSets::new("a".into(), "b".into(), data, Some(data));
    let (state, step) = ((trainer.model(), trainer.optimizer()), trainer.steps_done());
    let checkpoint = Checkpoint::of_training(state, config, data.classes(), step, &sets).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    checkpoint.write(file.path()).unwrap();
    Checkpoint::read(file.path()).unwrap()
}

/// The average is the mean of all models so far until its decay is reached, running statistics too, and it is what is kept.
#[test]
fn the_average_of_the_model_is_evaluated_and_kept() {
    let (gpu, config, data) = (gpu(Variant::Plain), config("average = 0.75"), data(5));
    let mut trainer = Stepper::new(&gpu, &config, &data, Some(&data)).unwrap();
    trainer.rest_every(1);
    let mut expected = trainer.model().read().unwrap();
    for stays in [0.5, 2.0 / 3.0, 0.75, 0.75, 0.75] {
        let next = trainer.steps_done() + 1;
        run(&mut trainer, next);
        for (name, (_, values)) in trainer.model().read().unwrap() {
            let average = expected.get_mut(&name).unwrap();
            for (average, value) in average.1.iter_mut().zip(values) {
                *average = stays * *average + (1.0 - stays) * value;
            }
        }
    }
    let (evaluated, checkpoint) =
        (trainer.model().evaluated().read().unwrap(), kept(&trainer, &config, &data));
    assert_eq!(*checkpoint.values(), evaluated);
    assert_eq!(checkpoint.model(&gpu).unwrap().read().unwrap(), evaluated);
    for (name, (_, expected)) in &expected {
        let differs = |(a, b): (&f32, &f32)| (a - b).abs() > 1e-6 * b.abs().max(1.0);
        assert!(!evaluated[name].1.iter().zip(expected).any(differs), "{name}");
        assert_ne!(evaluated[name], trainer.model().read().unwrap()[name], "{name} is no average");
    }
    // A model alone and a file of a training without an average hold nothing more than before.
    let alone = Checkpoint::of(trainer.model(), &config, &[], 5).unwrap();
    assert_eq!(*alone.values(), evaluated);
}

/// What the domain classifier says of an image, from its features and probabilities and by hand.
#[test]
fn a_conditional_domain_classifier_looks_at_features_times_probabilities() {
    let gpu = gpu(Variant::Plain);
    let mut config = conditional("");
    config.model.domain_classifier = vec![Dense::new(2).into()];
    let (model, _) = step_of(&config, &gpu, ROWS);
    let (weight, bias) = {
        let mut values = model.read().unwrap();
        let mut of = |suffix| values.remove(&format!("domain_classifier.dense1.{suffix}")).unwrap();
        (of("weight"), of("bias"))
    };
    let features = 8 * 5 * 4;
    assert_eq!(weight.0, [2, 5 * features]);
    let images: Vec<u8> = data(5).image(3).iter().chain(data(5).image(7)).copied().collect();
    let inspector = Inspector::new(&model, 3, Domain::Source).unwrap();
    let found = inspector.inspect(&images).unwrap();
    for row in 0..2 {
        let p = softmax(&found.logits[row * 5..][..5]);
        let x = &found.features[row * features..][..features];
        for domain in 0..2 {
            let of_class = |k: usize| -> f64 {
                let weights = &weight.1[(domain * 5 + k) * features..][..features];
                p[k] * weights.iter().zip(x).map(|(w, x)| f64::from(w * x)).sum::<f64>()
            };
            let expected = (0..5).map(of_class).sum::<f64>() + f64::from(bias.1[domain]);
            let found = f64::from(found.domains[row * 2 + domain]);
            assert!((found - expected).abs() < 1e-4 * expected.abs().max(1.0), "{found} {expected}");
        }
    }
}
