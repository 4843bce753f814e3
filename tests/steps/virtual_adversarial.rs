//! Virtual adversarial training in whole steps, beside what PyTorch says of it (`adaptation.rs`).

use crate::adaptation::{config, labels, run_steps, step_of, trained, trained_with};
use crate::support::{data, gpu, possible};
use dann::gpu::{Gpu, Phase, Variant};
use dann::model::{Dense, NamedValues};
use dann::train::{Checkpoint, Config, DataSets, Stepper};

const BOTH: &str =
    "adaptation = { virtual_adversarial = 0.5, virtual_adversarial_source = 0.25, radius = 2.0 }";
/// So little that nothing comes of it; with 0 target rows would not be predicted at all.
const HARDLY: &str = "adaptation = { entropy = 1e-30 }";

/// As `config`, without what makes a row's prediction depend on the rows around it.
fn of_rows(keys: &str) -> Config {
    let mut config = config(keys);
    for part in [&mut config.model.feature_extractor, &mut config.model.label_predictor] {
        part.retain(|layer| {
            let text = format!("{layer:?}");
            !text.starts_with("BatchNorm2d") && !text.starts_with("Dropout")
        });
    }
    config
}

/// How far values lie from others, as a share of their size.
fn distance(values: &NamedValues, others: &NamedValues) -> f64 {
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    let part = |(name, (_, values)): (&String, &(Vec<usize>, Vec<f32>))| {
        let pairs = values.iter().zip(&others[name].1);
        let off = norm(&mut pairs.map(|(&a, &b)| f64::from(a) - f64::from(b)));
        let size = norm(&mut others[name].1.iter().map(|&b| f64::from(b)));
        if off.is_finite() { off / size.max(1e-3) } else { f64::INFINITY }
    };
    values.iter().map(part).fold(0.0, f64::max)
}

/// Odd batches, whose target rows start where no binding may, and more classes than a workgroup has threads.
#[test]
fn all_families_agree_on_odd_batches_and_many_classes() {
    for make in [config, of_rows] {
        let odd = |keys: &str| {
            let mut config = make(keys);
            let last = config.model.label_predictor.last_mut().unwrap();
            *last = Dense::new(70).into();
            config
        };
        let train = |keys: &str, gpu: &Gpu| trained_with(&odd(keys), gpu, 3);
        let plain = train(BOTH, &gpu(Variant::Plain));
        // Twice as much as any family may differ by, which was 1.1e-3 and in mixed precision 2.6e-2 when it was measured.
        assert!(distance(&plain, &train(HARDLY, &gpu(Variant::Plain))) > 0.12);
        for variant in possible() {
            let gpu = gpu(variant);
            let found = train(BOTH, &gpu);
            let (off, tolerance) = (distance(&found, &plain), if variant.is_mixed() { 0.06 } else { 2e-3 });
            assert!(off < tolerance, "{variant}: {off}");
            assert_eq!(found, train(BOTH, &gpu), "{variant}: another run, other bits");
        }
    }
}

/// What is learned has to show which rows and which weight were meant; directions follow from the step's seed.
#[test]
fn rows_weights_radius_and_seed_all_count() {
    let gpu = gpu(Variant::Register);
    let keys = [
        "virtual_adversarial = 0.5",
        "virtual_adversarial = 0.25",
        "virtual_adversarial_source = 0.5",
        "virtual_adversarial = 0.5, radius = 1.0",
        "virtual_adversarial = 0.5, probe = 1.0",
    ];
    let found: Vec<_> =
        keys.iter().map(|keys| trained(&of_rows(&format!("adaptation = {{ {keys} }}")), &gpu)).collect();
    for (index, one) in found.iter().enumerate() {
        assert!(found[..index].iter().all(|other| other != one), "{}", keys[index]);
    }
    let seeded = |seed: u32| {
        let (model, training) = step_of(&of_rows(BOTH), &gpu, 4);
        run_steps(&training, &gpu, 1, seed);
        model.read().unwrap()
    };
    assert_ne!(seeded(1), seeded(2));
}

#[test]
fn it_adds_its_passes_behind_the_step_and_changes_no_other_kernel() {
    let gpu = gpu(Variant::Plain);
    for make in [config, of_rows] {
        let (without, with) = (labels(&make(HARDLY), &gpu), labels(&make(BOTH), &gpu));
        // Less the entropy and its total.
        let others = |label: &&&str| !label.starts_with("entropy.") && **label != "metrics.total";
        let mut rest = without.iter().filter(others).peekable();
        let mut more = Vec::new();
        for label in &with {
            if rest.next_if(|expected| *expected == label).is_none() {
                more.push(*label);
            }
        }
        assert_eq!(rest.next(), None);
        let count = |wanted: &str| more.iter().filter(|label| **label == wanted).count();
        let clean = if make(BOTH) == of_rows(BOTH) { 0 } else { 1 };
        assert_eq!(count("perturb.at_random"), 2 * (1 + clean));
        assert_eq!(count("conv2d.forward"), 2 * (2 + clean));
        assert_eq!([count("conv2d.backward_input"), count("conv2d.backward_weight")], [2, 2]);
        let own =
            ["perturb.along", "kl_divergence.backward", "kl_divergence.forward_backward", "add.accumulate"];
        assert_eq!(own.map(count), [2; 4]);
    }
    let (_, training) = step_of(&of_rows(BOTH), &gpu, 4);
    let dispatches = training.recording().dispatches();
    let first = dispatches.iter().position(|d| d.kernel.label == "perturb.at_random").unwrap();
    let mut phases: Vec<Phase> = dispatches[first..].iter().map(|d| d.phase).collect();
    phases.dedup();
    let pass = [Phase::Forward, Phase::Loss, Phase::Backward];
    assert_eq!(phases, [&pass.repeat(4)[..], &[Phase::Update]].concat());
}

/// Of the way back to the images, nothing but their gradient is computed, in whatever family. Frozen parameters too have none.
#[test]
fn gradients_of_parameters_that_nobody_asks_for_are_left_out() {
    // For each layer's weight one of these computes the gradient, or ends it.
    let of_weights = [
        "conv2d.backward_weight",
        "dense.backward_weight",
        "conv2d_weight.reduce",
        "winograd_gemm.sum_tiles",
        "dense_tile.backward_parameters",
        "workgroup_gemm.backward_weight",
        "gemm_reduce.gradients",
    ];
    let paper = |keys: &str| {
        let mut config = Config::preset("paper").unwrap();
        config.training = of_rows(keys).training;
        config
    };
    for variant in possible().filter(|variant| !variant.is_mixed()) {
        let gpu = gpu(variant);
        let count =
            |config: &Config| labels(config, &gpu).iter().filter(|label| of_weights.contains(label)).count();
        let once = count(&of_rows(HARDLY)) - 2;
        // The domain classifier's two dense layers learn in the step alone.
        assert!(once > 0, "{variant}");
        assert_eq!(count(&of_rows(BOTH)), 3 * once + 2, "{variant}");
        let without = count(&paper(HARDLY));
        assert_eq!(count(&paper(BOTH)) - without, 2 * (without - 2), "{variant}");
        let frozen = "parameter_groups = [{ parameters = \"label_predictor\", frozen = true }]\n";
        assert!(count(&of_rows(&format!("{frozen}{HARDLY}"))) < count(&of_rows(HARDLY)), "{variant}");
    }
}

/// Running statistics are those of the images as they are.
#[test]
fn perturbed_images_leave_running_statistics_alone() {
    for variant in possible() {
        let gpu = gpu(variant);
        let statistics = |keys: &str| {
            let (model, training) = step_of(&config(keys), &gpu, 4);
            run_steps(&training, &gpu, 1, 7);
            model
                .state()
                .into_iter()
                .map(|(name, value)| (name, value.read(&gpu).unwrap()))
                .collect::<Vec<(String, Vec<f32>)>>()
        };
        let found = statistics(BOTH);
        assert_eq!(found.len(), 4, "{variant}");
        assert_eq!(found, statistics(HARDLY), "{variant}");
    }
}

/// Nobody asks anything of target images where there are none, nor of source images by themselves.
#[test]
fn methods_without_target_images_leave_it_out() {
    let gpu = gpu(Variant::Plain);
    let keys = format!("method = \"source-only\"\n{BOTH}");
    assert_eq!(labels(&config(&keys), &gpu), labels(&config("method = \"source-only\""), &gpu));
}

#[test]
fn an_interrupted_training_goes_on_bit_for_bit_and_reports_its_losses() {
    let (gpu, config, data) = (gpu(Variant::Register), config(BOTH), data(5));
    let trainer = || Stepper::new(&gpu, &config, &data, Some(&data)).unwrap();
    let run = |trainer: &mut Stepper, until: u64| {
        let mut metrics = Vec::new();
        while trainer.steps_done() < until {
            metrics.extend(trainer.advance().unwrap());
        }
        metrics
    };
    let mut whole = trainer();
    let metrics = run(&mut whole, 12);
    for step in &metrics {
        let names: Vec<_> = step.adaptation().map(|(name, _)| name).collect();
        assert_eq!(names, ["virtual adversarial", "virtual adversarial source"]);
        // Rounding may take a divergence of 0 below it.
        assert!(step.adaptation().all(|(_, loss)| loss > -1e-6 && loss < 20.0), "{step:?}");
        assert!(step.virtual_adversarial > Some(1e-5), "{step:?}");
    }
    let mut first = trainer();
    first.rest_every(5);
    run(&mut first, 5);
    let sets = DataSets::new("a".into(), "b".into(), &data, Some(&data));
    let state = (first.model(), first.optimizer());
    let checkpoint =
        Checkpoint::of_training(state, &config, data.classes(), first.steps_done(), &sets).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    checkpoint.write(file.path()).unwrap();
    let mut second = trainer();
    second.resume(&Checkpoint::read(file.path()).unwrap()).unwrap();
    assert_eq!(run(&mut second, 12), metrics[5..]);
    assert_eq!(second.model().read().unwrap(), whole.model().read().unwrap());
}
