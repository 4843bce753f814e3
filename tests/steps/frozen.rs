//! Frozen layers at the start of a network: what they give of the images is computed once, and no bit of a step changes.

use crate::support::{data, gpu, possible};
use dann::data::Dataset;
use dann::gpu::{Gpu, Variant};
use dann::model::NamedValues;
use dann::shape::MapShape;
use dann::train::{Checkpoint, Config, DataSets, FrozenPart, KeepFrozen, Method, StepMetrics, Stepper};

/// Two epochs of four steps on the smaller domain.
fn config(training: &str, model: &str) -> Config {
    sized(training, model, (12, 10))
}

/// The same for images of another size.
fn sized(training: &str, model: &str, (height, width): (usize, usize)) -> Config {
    let text = format!(
        r#"
[training]
epochs = 2
batch = 4
seed = 5
optimizer = {{ kind = "sgd", momentum = 0.9, weight_decay = 0.001 }}
learning_rate = {{ initial = 0.01, alpha = 10.0, beta = 0.75 }}
lambda = {{ maximum = 1.0, gamma = 10.0 }}
{training}
[model]
{model}
label_predictor = [{{ layer = "dropout", rate = 0.5 }}, {{ layer = "dense", outputs = 3 }}]
domain_classifier = [{{ layer = "dense", outputs = 2 }}]
[model.input]
channels = 3
height = {height}
width = {width}
normalization = {{ scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }}
"#
    );
    Config::parse("test", &text).unwrap()
}

/// Three convolutions, the last one behind batch norm.
const CONVOLUTIONS: &str = r#"feature_extractor = [
    { layer = "conv2d", outputs = 4, kernel = 3 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "conv2d", outputs = 8, kernel = 3, padding = 1 },
    { layer = "relu" },
    { layer = "batch_norm2d" },
    { layer = "conv2d", outputs = 5, kernel = 3, padding = 1 },
]"#;
const FIRST: &str = "{ parameters = \"feature_extractor.conv1\", frozen = true }";
const ALL: &str = "{ parameters = \"feature_extractor\", frozen = true }";
const PSEUDO_LABELS: &str = "adaptation = { pseudo_label = 1.0, threshold = 0.3, schedule = \"constant\" }";

fn groups(groups: &str) -> String {
    format!("parameter_groups = [{groups}]")
}

/// A smaller target.
fn target(source: &Dataset) -> Dataset {
    source.only((0..18).map(|image| (7 * image + 3) % source.len()))
}

struct Outcome {
    steps: Vec<StepMetrics>,
    learned: NamedValues,
    /// What is evaluated: the average over training, where one is kept.
    evaluated: NamedValues,
    frozen: Option<FrozenPart>,
    dispatches: usize,
}

fn stepper(gpu: &Gpu, config: &Config, source: &Dataset) -> Stepper {
    Stepper::new(gpu, config, source, Some(&target(source))).unwrap()
}

fn ended(mut stepper: Stepper) -> Outcome {
    let mut steps = Vec::new();
    loop {
        let more = stepper.advance().unwrap();
        if more.is_empty() {
            break;
        }
        steps.extend(more);
    }
    let dispatches = stepper.recordings().iter().map(|recording| recording.dispatches().len()).sum();
    let (learned, frozen) = (stepper.model().read().unwrap(), stepper.frozen().cloned());
    let evaluated = stepper.model().evaluated().read().unwrap();
    Outcome { steps, learned, evaluated, frozen, dispatches }
}

/// The training with what frozen layers give kept, and computed in every step.
fn both_ways(gpu: &Gpu, config: &Config, source: &Dataset) -> [Outcome; 2] {
    [KeepFrozen::Auto, KeepFrozen::Never].map(|keep| {
        let mut config = config.clone();
        config.training.keep_frozen = keep;
        ended(stepper(gpu, &config, source))
    })
}

fn assert_same_bits([kept, anew]: &[Outcome; 2], what: &str) {
    assert!(kept.frozen.as_ref().is_some_and(|part| part.kept_bytes.is_some()), "{what}: {:?}", kept.frozen);
    assert!(anew.frozen.as_ref().is_some_and(|part| part.kept_bytes.is_none()), "{what}: {:?}", anew.frozen);
    assert!(kept.dispatches < anew.dispatches, "{what}: {} dispatches", kept.dispatches);
    assert!(kept.steps == anew.steps && kept.learned == anew.learned, "{what}");
    assert!(kept.evaluated == anew.evaluated, "{what}");
    assert!(kept.steps.len() > 2 && kept.steps[0] != kept.steps[1], "{what}");
}

#[test]
fn steps_have_the_same_bits_with_what_is_kept() {
    for variant in possible() {
        let averaged = format!("{PSEUDO_LABELS}\naverage = 0.15");
        for (group, keys) in [(FIRST, ""), (ALL, ""), (FIRST, PSEUDO_LABELS), (FIRST, &averaged)] {
            let config = config(&format!("{}\n{keys}", groups(group)), CONVOLUTIONS);
            assert_same_bits(&both_ways(&gpu(variant), &config, &data(3)), &format!("{variant} {group}"));
        }
    }
}

#[test]
fn the_average_over_training_keeps_the_bits_of_what_is_frozen() {
    let config = config(&format!("{}\naverage = 0.15", groups(FIRST)), CONVOLUTIONS);
    let stepper = stepper(&gpu(Variant::Plain), &config, &data(3));
    let started = stepper.model().read().unwrap();
    let Outcome { learned, evaluated, .. } = ended(stepper);
    for (name, values) in &evaluated {
        let frozen = name.starts_with("feature_extractor.conv1.");
        assert_eq!(*values == started[name], frozen, "{name}");
        assert_eq!(*values == learned[name], frozen, "{name}");
    }
}

/// 24 images of 32×32 in three classes.
fn pictures() -> Dataset {
    let shape = MapShape::new(3, 32, 32);
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    let images = (0..24 * shape.len()).map(noise).collect();
    let names = ["a", "b", "c"].map(String::from).to_vec();
    Dataset::new(shape, images, Some([0, 1, 2].repeat(8)), names).unwrap()
}

#[test]
fn what_is_kept_of_target_rows_alone_is_under_the_targets_statistics() {
    let model = "backbone = \"efficientnet_lite0\"\nfeature_extractor = [{ layer = \"global_avg_pool2d\" }, \
                 { layer = \"dense\", outputs = 8 }, { layer = \"batch_norm2d\", statistics = \"per_domain\" }, \
                 { layer = \"relu\" }]";
    let frozen = format!("{{ parameters = \"backbone\", frozen = true }}, {ALL}");
    let mut config = sized(&groups(&frozen), model, (32, 32));
    (config.training.steps, config.training.method) = (Some(3), Method::TargetOnly);
    let (gpu, source) = (gpu(Variant::Register), pictures());
    let run = |keep: KeepFrozen, means: [f32; 2]| {
        let mut config = config.clone();
        config.training.keep_frozen = keep;
        let stepper = stepper(&gpu, &config, &source);
        let running = &stepper.model().tensors()["feature_extractor.batch_norm1.running_mean"];
        let values: Vec<f32> = means.iter().flat_map(|mean| vec![*mean; running.len() / 2]).collect();
        running.write(&gpu, &values).unwrap();
        ended(stepper)
    };
    let outcomes = [KeepFrozen::Auto, KeepFrozen::Never].map(|keep| run(keep, [-5.0, 0.0]));
    assert_same_bits(&outcomes, "target-only");
    assert!(outcomes[0].steps == run(KeepFrozen::Auto, [0.0; 2]).steps, "the source's statistics");
    assert!(outcomes[0].steps != run(KeepFrozen::Auto, [0.0, -5.0]).steps, "not the target's statistics");
}

#[test]
fn the_frozen_backbone_of_photographs_is_kept_up_to_the_first_layer_that_learns() {
    let source = pictures();
    let model = "backbone = \"efficientnet_lite0\"\nfeature_extractor = [{ layer = \"global_avg_pool2d\" }, \
                 { layer = \"dense\", outputs = 8 }, { layer = \"batch_norm2d\" }, { layer = \"relu\" }]";
    let frozen = groups("{ parameters = \"backbone\", frozen = true }");
    let mut config = sized(&format!("{frozen}\n{PSEUDO_LABELS}"), model, (32, 32));
    config.training.steps = Some(3);
    let gpu = gpu(Variant::Register);
    let outcomes = both_ways(&gpu, &config, &source);
    assert_same_bits(&outcomes, "efficientnet_lite0");
    let part = outcomes[0].frozen.as_ref().unwrap();
    assert_eq!((part.last_layer.as_str(), part.images), ("feature_extractor.global_avg_pool1", 42));
    assert_eq!(part.kept_bytes, Some(42 * 4 * 1280));
    let words = "frozen up to feature_extractor.global_avg_pool1: what it gives of 42 images is computed once and kept in 1 MiB";
    assert_eq!(part.to_string(), words);
}

/// The last layer of the frozen part.
fn last_layer(groups_: &str, model: &str) -> Option<String> {
    let config = config(&groups(groups_), model);
    let stepper = stepper(&gpu(Variant::Plain), &config, &data(3));
    stepper.frozen().map(|part| part.last_layer.clone())
}

#[test]
fn the_frozen_part_ends_where_something_learns_draws_or_is_taken_besides() {
    let last = |groups: &str, model: &str| last_layer(groups, model);
    assert_eq!(last("", CONVOLUTIONS), None);
    assert_eq!(last(FIRST, CONVOLUTIONS).as_deref(), Some("feature_extractor.max_pool1"));
    // Without a backbone, batch norm of frozen parts goes on taking statistics of the batch.
    assert_eq!(last(ALL, CONVOLUTIONS).as_deref(), Some("feature_extractor.relu2"));
    let second = "{ parameters = \"feature_extractor.conv2\", frozen = true }";
    assert_eq!(last(second, CONVOLUTIONS), None);
    let dropped = CONVOLUTIONS.replacen(
        "{ layer = \"relu\" },",
        "{ layer = \"relu\" }, { layer = \"dropout\", rate = 0.5 },",
        1,
    );
    assert_eq!(last(ALL, &dropped).as_deref(), Some("feature_extractor.relu1"));
    // What the first convolution gives is taken by the body and by the sum: the part ends in front of the fork or behind it.
    let residual = r#"feature_extractor = [
        { layer = "conv2d", outputs = 4, kernel = 3 },
        { layer = "residual", body = [{ layer = "conv2d", outputs = 4, kernel = 3, padding = 1 },
            { layer = "relu" }, { layer = "conv2d", outputs = 4, kernel = 3, padding = 1 }] },
        { layer = "conv2d", outputs = 4, kernel = 3 },
    ]"#;
    assert_eq!(last(FIRST, residual).as_deref(), Some("feature_extractor.conv1"));
    let body = "{ parameters = \"feature_extractor.residual1.body.conv1\", frozen = true }";
    assert_eq!(last(&format!("{FIRST}, {body}"), residual).as_deref(), Some("feature_extractor.conv1"));
    let block = "{ parameters = \"feature_extractor.residual1\", frozen = true }";
    assert_eq!(last(&format!("{FIRST}, {block}"), residual).as_deref(), Some("feature_extractor.residual1"));
    assert_eq!(last(ALL, residual).as_deref(), Some("feature_extractor.conv2"));
}

#[test]
fn what_cannot_be_kept_is_computed_in_every_step_and_said_why() {
    let obstacle = |keys: &str| {
        let config = config(&format!("{}\n{keys}", groups(ALL)), CONVOLUTIONS);
        let stepper = stepper(&gpu(Variant::Plain), &config, &data(3));
        let part = stepper.frozen().unwrap();
        assert_eq!(part.kept_bytes, None, "{keys}");
        part.to_string()
    };
    for (keys, words) in [
        ("keep_frozen = false", "in every step, as training.keep_frozen is false"),
        ("augmentation = { flip = 0.5 }", "in every step, as training.augmentation draws"),
        ("augmentation = { invert = 0.5 }", "in every step, as training.augmentation draws"),
        ("adaptation = { virtual_adversarial = 0.1 }", "virtual adversarial training changes the images"),
        ("keep_frozen = 0", "would take 1 MiB, and training.keep_frozen lets it take 0"),
    ] {
        let found = obstacle(keys);
        assert!(found.contains(words), "{keys}: {found}");
    }
}

#[test]
fn what_a_method_does_not_do_keeps_nothing_from_being_kept() {
    for keys in ["adaptation = { virtual_adversarial = 0.1 }", "target_batch = 2"] {
        let mut config = config(&format!("{}\n{keys}", groups(ALL)), CONVOLUTIONS);
        let kept = |config: &Config| {
            stepper(&gpu(Variant::Plain), config, &data(3)).frozen().unwrap().kept_bytes.is_some()
        };
        assert!(!kept(&config), "{keys}");
        config.training.method = Method::SourceOnly;
        assert!(kept(&config), "{keys}");
    }
}

#[test]
fn a_training_that_goes_on_keeps_what_its_checkpoint_gives() {
    let (gpu, config, source) = (gpu(Variant::Plain), config(&groups(FIRST), CONVOLUTIONS), data(3));
    let whole = ended(stepper(&gpu, &config, &source));
    let mut first = stepper(&gpu, &config, &source);
    first.rest_every(3);
    while first.steps_done() < 3 {
        first.advance().unwrap();
    }
    let sets = DataSets::new("a".into(), "b".into(), &source, Some(&target(&source)));
    let state = (first.model(), first.optimizer());
    let checkpoint = Checkpoint::of_training(state, &config, source.classes(), 3, &sets).unwrap();
    // Begun from other weights, as where those that the run began from are no longer there.
    let mut other = config.clone();
    other.training.seed = 6;
    let refused = first.resume(&checkpoint).expect_err("too late").to_string();
    assert!(refused.contains("expected a training that has not begun"), "{refused}");
    let mut second = stepper(&gpu, &config, &source);
    stepper(&gpu, &other, &source).model().read().unwrap().iter().for_each(|(name, (_, values))| {
        second.model().tensors()[name].write(&gpu, values).unwrap();
    });
    second.resume(&checkpoint).unwrap();
    let rest = ended(second);
    assert!(rest.steps == whole.steps[3..] && rest.learned == whole.learned);
}
