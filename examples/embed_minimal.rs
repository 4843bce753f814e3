//! The least that an application does to train between its frames: a device, two data sets, a loop, and a look at the result.
use dann::data::Dataset;
use dann::embed::{Classifier, Trainer, TrainerOptions, optional_features, required_limits};
use dann::shape::MapShape;
use dann::train::Config;
use dann::wgpu;
use std::time::Duration;

const RECIPE: &str = r#"
training = { epochs = 20, batch = 16, momentum = 0.9, learning_rate = { initial = 0.05, alpha = 10.0, beta = 0.75 }, lambda = { maximum = 1.0, gamma = 10.0 } }
[model]
feature_extractor = [{ layer = "dense", outputs = 16 }, { layer = "relu" }]
label_predictor = [{ layer = "dense", outputs = 2 }]
domain_classifier = [{ layer = "dense", outputs = 2 }]
input = { channels = 1, height = 4, width = 4, normalization = { scale = [2.0], shift = [-1.0] } }
"#;

/// Bright images of class 1 and dark ones of class 0, all of them brighter by `light`.
fn images(light: u8) -> dann::error::Result<Dataset> {
    let labels: Vec<u16> = (0..64).map(|i| i % 2).collect();
    let shades = (0..64).map(|i| 120 * (i % 2) + light + i / 2);
    let bytes = shades.flat_map(|shade| [shade; 16]).collect();
    Dataset::new(MapShape::new(1, 4, 4), bytes, Some(labels), vec!["dark".into(), "bright".into()])
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let adapter = pollster::block_on(instance.request_adapter(&Default::default()))?;
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        required_features: optional_features(&adapter),
        required_limits: required_limits(&adapter),
        ..Default::default()
    }))?;
    let (source, target) = (images(0)?, images(60)?);
    let options = TrainerOptions::new(Config::parse("the recipe", RECIPE)?, &source, Some(&target));
    let mut trainer = Trainer::new(&device, &queue, options)?;
    while !trainer.is_finished() {
        let mut encoder = device.create_command_encoder(&Default::default());
        trainer.encode_steps(&mut encoder, trainer.step_budget(Duration::from_millis(8)))?;
        // … the application's own passes, which may read `trainer.views()` …
        trainer.encode_checkpoint(&mut encoder)?;
        queue.submit([encoder.finish()]);
        // A window's next frame would come by itself.
        device.poll(wgpu::PollType::wait_indefinitely())?;
        for metrics in trainer.take_metrics()? {
            println!("step {}: label loss {:.3}", metrics.step + 1, metrics.label_loss);
        }
    }
    let model = trainer.checkpoint().ok_or("no checkpoint arrived")?;
    let classifier = Classifier::load(&device, &queue, model)?;
    println!("a model of the classes {:?}, for any texture", classifier.classes());
    Ok(())
}
