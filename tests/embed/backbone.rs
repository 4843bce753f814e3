//! A network for photographs inside an application.

use crate::application::Application;
use dann::data::Dataset;
use dann::embed::{Trainer, TrainerOptions};
use dann::shape::MapShape;
use dann::train::Config;

/// The backbone rests, and what stands on it learns; images of one class count thrice.
const RECIPE: &str = r#"
[training]
epochs = 1
batch = 2
momentum = 0.9
parameter_groups = [{ parameters = "backbone", frozen = true }]
class_weights = [1.0, 3.0]
learning_rate = { initial = 0.01, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 1.0, gamma = 10.0 }
[model]
backbone = "efficientnet_lite0"
feature_extractor = [{ layer = "global_avg_pool2d" }, { layer = "dense", outputs = 8 }, { layer = "relu" }]
label_predictor = [{ layer = "dense", outputs = 2 }]
domain_classifier = [{ layer = "dense", outputs = 2 }]
[model.input]
channels = 3
height = 32
width = 32
normalization = { scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }
"#;

fn images(salt: u32) -> Dataset {
    let shape = MapShape::new(3, 32, 32);
    let noise = |i: usize| (i as u32 ^ salt).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    let bytes = (0..4 * shape.len()).map(noise).collect();
    Dataset::new(shape, bytes, Some(vec![0, 1, 0, 1]), vec!["a".into(), "b".into()]).unwrap()
}

#[test]
fn what_stands_on_a_frozen_backbone_is_trained_between_frames() {
    let app = Application::new();
    let (source, target) = (images(1), images(2));
    let options = TrainerOptions::new(Config::parse("test", RECIPE).unwrap(), &source, Some(&target));
    let mut trainer = Trainer::new(&app.device, &app.queue, options).unwrap();
    let views = trainer.views().clone();
    let backbone =
        views.parameters.keys().find(|name| name.starts_with("backbone.") && name.ends_with("weight"));
    let backbone = &views.parameters[backbone.expect("a weight of the backbone")];
    let head = &views.parameters["label_predictor.dense1.weight"];
    let before = [backbone, head].map(|view| app.read(view));
    let metrics = app.frame(&mut trainer, 2);
    assert_eq!(metrics.len(), 2);
    assert!(metrics.iter().all(|m| m.label_loss.is_finite() && m.domain_loss.is_some_and(f32::is_finite)));
    assert_eq!(app.read(backbone), before[0]);
    assert_ne!(app.read(head), before[1]);
}
