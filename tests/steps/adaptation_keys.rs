//! What the keys of the methods beside the reversal mean, and what they refuse.

use crate::adaptation::{MODEL, TRAINING, config};
use crate::support::{data, gpu};
use dann::gpu::Variant;
use dann::train::{Config, Stepper};

/// The first step has λ = 0: weights that rise with it are 0 then too.
#[test]
fn weights_rise_with_lambda_or_stay() {
    let (gpu, data) = (gpu(Variant::Plain), data(5));
    let after_one_step = |keys: &str| {
        let mut trainer = Stepper::new(&gpu, &config(keys), &data, Some(&data)).unwrap();
        trainer.rest_every(1);
        trainer.advance().unwrap();
        trainer.model().read().unwrap()["label_predictor.dense2.weight"].clone()
    };
    let weights = |schedule: &str| format!("adaptation = {{ entropy = 1.0, schedule = \"{schedule}\" }}");
    // With a weight of 0 kernels for target rows would be left out, and batch norm would look at source rows alone.
    let hardly = after_one_step("adaptation = { entropy = 1e-30, schedule = \"constant\" }");
    assert_eq!(after_one_step(&weights("lambda")), hardly);
    assert_ne!(after_one_step(&weights("constant")), hardly);
}

#[test]
fn senseless_settings_are_refused_by_name() {
    let refused = |keys: &str, words: &str| {
        let keys = if keys.contains('\n') { keys.into() } else { format!("adaptation = {{ {keys} }}") };
        let text = format!("{TRAINING}{keys}\n{MODEL}");
        let error = Config::parse("test", &text).unwrap_err().to_string();
        assert!(error.contains(words), "{keys}: {error}");
    };
    refused("entropy = -1.0", "training.adaptation.entropy: expected a weight of at least 0");
    refused("class_confusion = nan", "training.adaptation.class_confusion: expected a weight of at least 0");
    refused(
        "virtual_adversarial = -0.1",
        "training.adaptation.virtual_adversarial: expected a weight of at least 0",
    );
    refused("virtual_adversarial_source = inf", "adaptation.virtual_adversarial_source: expected a weight");
    refused("radius = 0.0", "training.adaptation.radius: expected above 0");
    refused("radius = -1.0", "training.adaptation.radius: expected above 0");
    refused("probe = 0.0", "training.adaptation.probe: expected above 0");
    refused("temperature = 0.0", "training.adaptation.temperature: expected above 0");
    refused("pseudo_label = -1.0", "training.adaptation.pseudo_label: expected a weight of at least 0");
    refused("threshold = 0.0", "training.adaptation.threshold: expected a probability above 0, up to 1");
    refused("threshold = 1.5", "training.adaptation.threshold: expected a probability above 0, up to 1");
    refused("threshold = nan", "training.adaptation.threshold: expected a probability above 0, up to 1");
    refused("entropie = 1.0", "unknown field `entropie`");
    refused("schedule = \"linear\"", "unknown variant `linear`");
    refused("average = 1.0\n", "training.average: expected at least 0 and below 1");
    refused("label_smoothing = 1.0\n", "training.label_smoothing: expected at least 0 and below 1");
    let model = MODEL.replace("[model]\n", "[model]\ndomain_input = \"predictions\"\n");
    let error = Config::parse("test", &format!("{TRAINING}{model}")).unwrap_err().to_string();
    assert!(error.contains("unknown variant `predictions`"), "{error}");
}
