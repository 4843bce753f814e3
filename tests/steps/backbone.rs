//! Networks with a backbone: what learns, what rests, and where its weights come from.

use crate::skip::skip;
use crate::support::gpu;
use dann::gpu::{Gpu, Variant};
use dann::model::{Dann, NamedValues};
use dann::ops::Step;
use dann::train::{Config, TrainingStep};
use std::path::Path;

const ROWS: usize = 2;

/// A network over images of 32×32, with `keys` in [model] and `groups` of parameters.
fn recipe(keys: &str, groups: &str) -> String {
    format!(
        r#"
[training]
epochs = 1
batch = {ROWS}
optimizer = {{ kind = "sgd", momentum = 0.9, nesterov = true, weight_decay = 0.001 }}
parameter_groups = [{groups}]
learning_rate = {{ initial = 0.01, alpha = 10.0, beta = 0.75 }}
lambda = {{ maximum = 1.0, gamma = 10.0 }}
[model]
{keys}
feature_extractor = [
    {{ layer = "global_avg_pool2d" }},
    {{ layer = "dense", outputs = 8 }},
    {{ layer = "batch_norm2d" }},
    {{ layer = "relu" }},
]
label_predictor = [{{ layer = "dense", outputs = 3 }}]
domain_classifier = [{{ layer = "dense", outputs = 2 }}]
[model.input]
channels = 3
height = 32
width = 32
normalization = {{ scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }}
"#
    )
}

/// The one that is trained here: the strided convolutions of a ResNet take long on software adapters.
const LITE: &str = "backbone = \"efficientnet_lite0\"";

/// Everything learned before and after some steps on made-up images.
fn trained(groups: &str, steps: u32) -> [NamedValues; 2] {
    trained_from(&recipe(LITE, groups), steps, |_, _| ())
}

/// The same by any recipe, from what `change` makes of the model; of the average over training, where the recipe keeps one.
fn trained_from(recipe: &str, steps: u32, change: impl Fn(&Gpu, &Dann)) -> [NamedValues; 2] {
    let gpu = gpu(Variant::Register);
    let config = Config::parse("test", recipe).unwrap();
    let mut model = Dann::new(&gpu, &config.model).unwrap();
    model.initialize(config.training.initialization, 1).unwrap();
    change(&gpu, &model);
    if config.training.average.is_some() {
        model.keep_average().unwrap();
    }
    let started = model.read().unwrap();
    let training = TrainingStep::new(&model, ROWS, config.training.objective().unwrap(), 2).unwrap();
    assert!(steps <= 2);
    let noise = |i: usize| (i as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    let x: Vec<f32> = (0..training.batch.x.len()).map(noise).collect();
    training.batch.x.write(&gpu, &x).unwrap();
    training.batch.labels.write(&gpu, &[2_u32, 0]).unwrap();
    for index in 0..steps {
        let step = Step { index, lambda: 0.5, learning_rate: 0.01, adaptation: 1.0, ..Step::default() };
        training.step.write(&gpu, &[Step { average: 0.15, ..step }]).unwrap();
        training.recording().submit();
    }
    [started, model.evaluated().read().unwrap()]
}

#[test]
fn frozen_parts_of_a_backbone_rest_with_their_statistics() {
    let frozen = "{ parameters = \"backbone\", frozen = true }";
    let but_the_end = format!("{frozen}, {{ parameters = \"backbone._blocks.15\", learning_rate = 0.1 }}");
    let [started, ended] = trained(&but_the_end, 2);
    for (name, values) in ended.iter().filter(|(name, _)| name.starts_with("backbone.")) {
        let rests = !name.starts_with("backbone._blocks.15.");
        assert_eq!(*values == started[name], rests, "{name}");
    }
}

#[test]
fn the_average_over_training_keeps_what_rests_to_the_bit() {
    let text = recipe(LITE, "{ parameters = \"backbone\", frozen = true }");
    let text = text.replace("epochs = 1", "epochs = 1\naverage = 0.15");
    let [started, ended] = trained_from(&text, 2, |gpu, model| {
        // Of these values and themselves, means are others.
        for (name, tensor) in model.tensors().iter().filter(|(name, _)| name.contains("running_")) {
            let values: Vec<f32> = (0..tensor.len()).map(|i| 0.1 + 0.013 * i as f32).collect();
            assert!(name.ends_with("_mean") || name.ends_with("_var"), "{name}");
            tensor.write(gpu, &values).unwrap();
        }
    });
    for (name, values) in ended.iter().filter(|(name, _)| name.starts_with("backbone.")) {
        assert!(*values == started[name], "{name}");
    }
    for name in ["label_predictor.dense1.weight", "feature_extractor.batch_norm1.running_mean"] {
        assert!(ended[name] != started[name], "{name}");
    }
}

#[test]
fn a_frozen_domain_classifier_rests_with_its_statistics() {
    let layers = "{ layer = \"dense\", outputs = 4 }, { layer = \"batch_norm2d\" }, { layer = \"dense\", outputs = 2 }";
    let text = |groups: &str| {
        let plain = "domain_classifier = [{ layer = \"dense\", outputs = 2 }]";
        let text = recipe(LITE, groups);
        assert!(text.contains(plain), "{text}");
        text.replace(plain, &format!("domain_classifier = [{layers}]"))
    };
    let moved = |groups: &str| -> Vec<String> {
        let [started, ended] = trained_from(&text(groups), 1, |_, _| ());
        let names = ended.keys().filter(|name| name.starts_with("domain_classifier."));
        names.filter(|name| ended[*name] != started[*name]).cloned().collect()
    };
    let statistics = "domain_classifier.batch_norm1.running_mean".to_owned();
    assert_eq!(moved("{ parameters = \"domain_classifier\", frozen = true }"), Vec::<String>::new());
    assert!(moved("{ parameters = \"domain_classifier.dense1\", frozen = true }").contains(&statistics));
}

/// With `target-only` all rows are the target's: frozen layers have its statistics, as where it is evaluated.
#[test]
fn target_rows_alone_meet_the_targets_statistics_in_frozen_parts() {
    let groups =
        "{ parameters = \"feature_extractor\", frozen = true }, { parameters = \"backbone\", frozen = true }";
    let learned = |method: &str, means: [f32; 2]| {
        let text = recipe(LITE, groups)
            .replace("epochs = 1", &format!("epochs = 1\nmethod = \"{method}\""))
            .replace(
                "{ layer = \"batch_norm2d\" }",
                "{ layer = \"batch_norm2d\", statistics = \"per_domain\" }",
            );
        assert!(text.contains("per_domain") && text.contains(method), "{text}");
        let [_, ended] = trained_from(&text, 1, |gpu, model| {
            let running = &model.tensors()["feature_extractor.batch_norm1.running_mean"];
            let values: Vec<f32> = means.iter().flat_map(|mean| vec![*mean; running.len() / 2]).collect();
            running.write(gpu, &values).unwrap();
        });
        ended["label_predictor.dense1.weight"].clone()
    };
    let far = -5.0;
    for (method, [own, others]) in
        [("source-only", [[far, 0.0], [0.0, far]]), ("target-only", [[0.0, far], [far, 0.0]])]
    {
        let near = learned(method, [0.0; 2]);
        assert!(learned(method, own) != near, "{method}: its own statistics change nothing");
        assert!(learned(method, others) == near, "{method}: the other domain's statistics");
    }
}

/// Where the first batch norm of the backbone divides by so much that all images look alike, no change of one matters.
#[test]
fn virtual_adversarial_images_meet_the_statistics_of_frozen_parts() {
    let learned = |weight: f32, variance: f32| {
        let adaptation = format!("adaptation = {{ virtual_adversarial = {weight}, radius = 2.0 }}\n[model]");
        let frozen = "{ parameters = \"backbone._bn0\", frozen = true }";
        let text = recipe(LITE, frozen).replace("[model]", &adaptation);
        let [_, ended] = trained_from(&text, 1, |gpu, model| {
            let running = &model.tensors()["backbone._bn0.running_var"];
            running.write(gpu, &vec![variance; running.len()]).unwrap();
        });
        ended
    };
    assert!(learned(1.0, 1.0) != learned(1e-30, 1.0), "virtual adversarial training changes nothing");
    assert!(learned(1.0, f32::INFINITY) == learned(1e-30, f32::INFINITY), "images look different to it");
}

#[test]
fn a_backbone_learns_by_its_share_of_the_learning_rate() {
    let [started, slow] = trained("{ parameters = \"backbone\", learning_rate = 0.1 }", 1);
    let [_, fast] = trained("", 1);
    let way = |ended: &NamedValues, name: &str| -> f64 {
        let pairs = ended[name].1.iter().zip(&started[name].1);
        pairs.map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
    };
    for name in ["_conv_stem.weight", "_blocks.5._project_conv.weight", "_blocks.15._bn2.bias"] {
        let name = format!("backbone.{name}");
        let share = way(&slow, &name) / way(&fast, &name);
        // Small steps are rounded to what values of their weights' size can hold.
        assert!((0.09..0.11).contains(&share), "{name}: {share}");
    }
    let rests = started.keys().find(|name| name.starts_with("backbone.") && started[*name] == slow[*name]);
    assert_eq!(rests, None, "has learned nothing");
}

#[test]
fn on_software_adapters_all_convolutions_have_fast_kernels() {
    let gpu = gpu(Variant::Register);
    let info = gpu.device().adapter_info();
    if (info.subgroup_min_size, info.subgroup_max_size) != (8, 8) {
        skip(format_args!("{} has no subgroups of eight lanes", gpu.name()));
        return;
    }
    for (backbone, side, slow) in
        [("efficientnet_lite0", 128, &["conv2d.", "conv2d_tile."][..]), ("resnet18", 96, &["conv2d."][..])]
    {
        let size = format!("height = {side}\nwidth = {side}");
        let keys = format!("backbone = \"{backbone}\"");
        let text = recipe(&keys, "").replace("height = 32\nwidth = 32", &size);
        let config = Config::parse("test", &text).unwrap();
        let model = Dann::new(&gpu, &config.model).unwrap();
        let training = TrainingStep::new(&model, ROWS, config.training.objective().unwrap(), 1).unwrap();
        let labels: Vec<_> = training.recording().dispatches().iter().map(|d| d.kernel.label).collect();
        let found: Vec<_> = labels.iter().filter(|l| slow.iter().any(|slow| l.starts_with(slow))).collect();
        assert!(found.is_empty(), "{backbone}: {found:?}");
        assert!(labels.iter().any(|label| label.starts_with("subgroup_pointwise.")), "{backbone}");
    }
}

#[test]
fn what_cannot_be_built_or_read_is_refused_by_name() {
    for (keys, words) in [
        ("weights = \"x.safetensors\"", "model.weights: expected model.backbone, whose weights they are"),
        ("backbone = \"resnet19\"", "unknown variant `resnet19`, expected one of `resnet18`"),
    ] {
        let error = Config::parse("test", &recipe(keys, "")).expect_err(words).to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
    let grey = recipe(LITE, "")
        .replace("channels = 3", "channels = 1")
        .replace("scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0]", "scale = [2.0], shift = [-1.0]");
    let error = Config::parse("test", &grey).expect_err("one channel").to_string();
    assert!(error.contains("model.input.channels: expected 3, which a backbone takes"), "{error}");
    let keys = format!("{LITE}\nweights = \"/nowhere/x.safetensors\"");
    let config = Config::parse("test", &recipe(&keys, "")).unwrap();
    let model = Dann::new(&gpu(Variant::Plain), &config.model).unwrap();
    let error = model.initialize(config.training.initialization, 1).expect_err("no file").to_string();
    assert!(error.contains("/nowhere/x.safetensors"), "{error}");
}

#[test]
fn weights_of_another_network_are_refused_and_the_right_ones_read() {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/weights/efficientnet_lite0.safetensors");
    if !file.exists() {
        skip(format_args!("no {}", file.display()));
        return;
    }
    let gpu = gpu(Variant::Plain);
    let model = |backbone: &str| {
        let keys = format!("backbone = \"{backbone}\"\nweights = {:?}", file.display().to_string());
        Dann::new(&gpu, &Config::parse("test", &recipe(&keys, "")).unwrap().model).unwrap()
    };
    let error = model("resnet18").initialize(Default::default(), 1).expect_err("others' weights").to_string();
    assert!(error.contains("missing: backbone.bn1.bias") && error.contains("unknown: _blocks."), "{error}");
    let model = model("efficientnet_lite0");
    model.initialize(Default::default(), 1).unwrap();
    // Where batch norm starts, had nothing been read.
    let read = model.read().unwrap();
    let at_start = |name: &String, value: f32| read[name].1.iter().all(|&v| v == value);
    for name in read.keys().filter(|name| name.starts_with("backbone.")) {
        assert!(!at_start(name, 0.0) && !at_start(name, 1.0), "{name}");
    }
}
