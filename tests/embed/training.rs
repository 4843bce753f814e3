//! Training between frames is the training of the program, bit for bit.

use crate::application::{Application, IMAGES, STEPS, config, data};
use dann::embed::{Gpu, Trainer, TrainerOptions};
use dann::gpu::{self, Options, Variant, choose};
use dann::train::{self, Checkpoint, StepMetrics, argmax, softmax};
use std::collections::BTreeSet;
use std::time::Duration;

/// Of the model alone.
fn bytes(checkpoint: &Checkpoint) -> Vec<u8> {
    let mut model = checkpoint.clone();
    model.resumption = None;
    model.to_bytes().unwrap()
}

/// What the loop on a device of its own gives.
fn by_the_loop(options: Options) -> (Vec<StepMetrics>, Vec<u8>) {
    let gpu = gpu::Gpu::open(&choose(None).unwrap(), options).unwrap();
    let (labelled, unlabelled) = (data(1), data(2));
    let mut trainer = train::Stepper::new(&gpu, &config(), &labelled, Some(&unlabelled)).unwrap();
    let mut all = Vec::new();
    loop {
        let metrics = trainer.advance().unwrap();
        if metrics.is_empty() {
            break;
        }
        all.extend(metrics);
    }
    let done = trainer.steps_done();
    let checkpoint = Checkpoint::of(trainer.model(), &config(), labelled.classes(), done).unwrap();
    (all, bytes(&checkpoint))
}

/// Frames of so many steps each, over and over, until training is done.
fn embedded(app: &Application, mut trainer: Trainer, frames: &[u64]) -> (Vec<StepMetrics>, Vec<u8>) {
    let mut all = Vec::new();
    for &count in frames.iter().cycle() {
        if trainer.steps_encoded() == trainer.total_steps() {
            break;
        }
        all.extend(app.frame(&mut trainer, count));
    }
    let mut encoder = app.encoder();
    trainer.encode_checkpoint(&mut encoder).unwrap();
    app.submit(encoder);
    app.wait();
    trainer.take_metrics().unwrap();
    (all, bytes(trainer.checkpoint().unwrap()))
}

#[test]
fn embedded_training_gives_the_bits_of_the_loop_however_the_frames_fall() {
    let app = Application::new();
    for variant in [None, Some(Variant::Plain), Some(Variant::Workgroup)] {
        let options = Options::default().variant(variant);
        let expected = by_the_loop(options);
        assert_eq!(expected.0.len() as u64, STEPS);
        // Frames within an epoch, across its end, and all at once.
        for frames in [&[1][..], &[4, 1, 5], &[STEPS + 100]] {
            let (labelled, unlabelled) = (data(1), data(2));
            let options = TrainerOptions::new(config(), &labelled, Some(&unlabelled)).gpu(options);
            let trainer = Trainer::new(&app.device, &app.queue, options).unwrap();
            assert_eq!(embedded(&app, trainer, frames), expected, "{variant:?}, frames of {frames:?}");
        }
    }
}

/// Several encoders may be recorded, across the end of an epoch, before the first one is submitted.
#[test]
fn encoders_are_recorded_ahead_of_submissions() {
    let app = Application::new();
    let mut trainer = app.trainer();
    let mut counts = Vec::new();
    let encoders: Vec<_> = (0..4)
        .map(|_| {
            let mut encoder = app.encoder();
            counts.push(trainer.encode_steps(&mut encoder, 5).unwrap());
            encoder
        })
        .collect();
    assert_eq!(counts, [5, 5, 2, 0]);
    for encoder in encoders {
        app.submit(encoder);
    }
    app.wait();
    let metrics = trainer.take_metrics().unwrap();
    assert_eq!(metrics, by_the_loop(Options::default()).0);
}

#[test]
fn many_trainers_share_a_device_and_its_kernels() {
    let app = Application::new();
    let gpu = Gpu::borrow(&app.device, &app.queue, Options::default()).unwrap();
    // Under this name `dann tune` keeps what it found.
    assert_eq!(gpu.name(), choose(None).unwrap().to_string());
    let (labelled, unlabelled) = (data(1), data(2));
    let mut trainers: Vec<Trainer> = (0..3)
        .map(|seed| {
            let mut config = config();
            config.training.seed += seed;
            Trainer::on(&gpu, TrainerOptions::new(config, &labelled, Some(&unlabelled))).unwrap()
        })
        .collect();
    let mut losses = vec![Vec::new(); trainers.len()];
    while losses[0].len() < STEPS as usize {
        // All in one encoder, steps of one between those of another.
        let mut encoder = app.encoder();
        for trainer in &mut trainers {
            trainer.encode_steps(&mut encoder, 2).unwrap();
        }
        app.submit(encoder);
        app.wait();
        for (trainer, losses) in trainers.iter_mut().zip(&mut losses) {
            losses.extend(trainer.take_metrics().unwrap());
        }
    }
    let expected = by_the_loop(Options::default()).0;
    assert_eq!(losses[0], expected, "undisturbed by the others");
    let last: BTreeSet<u32> = losses.iter().map(|m| m[11].label_loss.to_bits()).collect();
    assert_eq!(last.len(), 3, "every seed trains a model of its own");
}

#[test]
fn lambda_learning_rate_and_pause_change_between_frames() {
    let app = Application::new();
    let mut trainer = app.trainer();
    let scheduled = app.frame(&mut trainer, 2);
    trainer.set_lambda(Some(0.25)).unwrap();
    trainer.set_learning_rate(Some(0.0)).unwrap();
    let weight = trainer.views().parameters["label_predictor.dense1.weight"].clone();
    let before = app.read(&weight);
    app.frame(&mut trainer, 1);
    // A rate of 0 stops the weights at once: what momentum keeps is multiplied with it, too.
    let set = app.frame(&mut trainer, 1);
    assert_eq!((set[0].lambda, set[0].learning_rate), (0.25, 0.0));
    assert_eq!(app.read(&weight), before);
    trainer.set_paused(true);
    assert!(trainer.is_paused());
    assert!(app.frame(&mut trainer, 3).is_empty());
    assert_eq!(trainer.steps_encoded(), 4);
    trainer.set_paused(false);
    trainer.set_lambda(None).unwrap();
    trainer.set_learning_rate(None).unwrap();
    let again = app.frame(&mut trainer, 1);
    let spec = config().training;
    assert_eq!(again[0].step, 4);
    assert_eq!(again[0].lambda, spec.lambda.at(4, STEPS) as f32);
    assert_eq!(again[0].learning_rate, spec.learning_rate.at(4, STEPS) as f32);
    assert_eq!(scheduled[1].lambda, spec.lambda.at(1, STEPS) as f32);
    assert_ne!(app.read(&weight), before);
    for wrong in [-1.0, f32::NAN, f32::INFINITY] {
        assert!(trainer.set_lambda(Some(wrong)).unwrap_err().to_string().starts_with("λ: expected"));
        let error = trainer.set_learning_rate(Some(wrong)).unwrap_err().to_string();
        assert!(error.starts_with("the learning rate: expected"), "{error}");
    }
}

#[test]
fn views_show_the_batch_and_what_is_made_of_it() {
    let app = Application::new();
    let mut trainer = app.trainer();
    app.frame(&mut trainer, 3);
    let views = trainer.views().clone();
    let (labelled, batch) = (data(1), app.read(&views.batch));
    let labels = app.read_whole(&views.labels);
    for (row, label) in batch.chunks(360).zip(&labels) {
        let bytes: Vec<u8> = row.iter().map(|x| ((x + 1.0) / 2.0 * 255.0).round() as u8).collect();
        let index = (0..IMAGES).find(|&i| labelled.image(i) == bytes).expect("an image of the source");
        assert_eq!(*label, u32::from(labelled.labels().unwrap()[index]));
    }
    let unlabelled = data(2);
    for row in batch.chunks(360).skip(labels.len()) {
        let bytes: Vec<u8> = row.iter().map(|x| ((x + 1.0) / 2.0 * 255.0).round() as u8).collect();
        assert!((0..IMAGES).any(|i| unlabelled.image(i) == bytes), "an image of the target");
    }
    let (logits, probabilities) = (app.read(&views.logits), app.read(&views.probabilities));
    let predictions = app.read_whole(&views.predictions);
    for (row, logits) in logits.chunks(10).enumerate() {
        assert_eq!(predictions[row] as usize, argmax(logits));
        for (k, p) in softmax(logits).into_iter().enumerate() {
            assert!((p - f64::from(probabilities[row * 10 + k])).abs() < 1e-6);
        }
    }
    assert!(logits.iter().any(|&logit| logit != 0.0));
    assert!(app.read(&views.features).iter().any(|&feature| feature != 0.0));
}

#[test]
fn training_goes_on_from_a_checkpoint() {
    let app = Application::new();
    let (labelled, unlabelled) = (data(1), data(2));
    let (_, trained) = embedded(&app, app.trainer(), &[6]);
    let start = Checkpoint::parse("trained".as_ref(), &trained).unwrap();
    assert_eq!(start.step, STEPS);
    let options = TrainerOptions::new(config(), &labelled, Some(&unlabelled)).start(&start);
    let mut trainer = Trainer::new(&app.device, &app.queue, options).unwrap();
    let mut encoder = app.encoder();
    trainer.encode_checkpoint(&mut encoder).unwrap();
    app.submit(encoder);
    app.wait();
    assert!(trainer.take_metrics().unwrap().is_empty());
    let again = bytes(trainer.checkpoint().unwrap());
    // The files differ in nothing but the count of steps in front of the values.
    let values = |file: &[u8]| file[file.len() - 1000..].to_vec();
    assert_eq!(values(&again), values(&trained));
    let first = app.frame(&mut trainer, 1)[0];
    let untrained = app.frame(&mut app.trainer(), 1)[0];
    assert!(first.label_loss < untrained.label_loss, "{first:?}, from the start {untrained:?}");
}

#[test]
fn a_budget_holds_the_steps_that_fit() {
    let app = Application::new();
    let mut trainer = app.trainer();
    assert_eq!(trainer.step_budget(Duration::from_secs(1)), 1, "nothing is known yet");
    app.frame(&mut trainer, 2);
    let wide = trainer.step_budget(Duration::from_secs(10));
    assert!(wide > 1, "{wide} steps in ten seconds");
    assert_eq!(trainer.step_budget(Duration::from_nanos(1)), 1, "one step at least");
    if app.device.features().contains(dann::wgpu::Features::TIMESTAMP_QUERY) {
        let time = trainer.gpu_time().expect("timestamps");
        assert!(time > Duration::ZERO && time < Duration::from_secs(5), "{time:?}");
    }
}

#[test]
fn training_goes_on_exactly_from_an_applications_own_bytes() {
    let app = Application::new();
    let (labelled, unlabelled) = (data(1), data(2));
    let mut averaged = config();
    averaged.training.average = Some(0.75);
    // In the middle of an epoch, at its end, and with an average of what is trained.
    for (config, step) in [(config(), 4), (config(), 6), (averaged, 4)] {
        let trainer = || app.trainer_of(config.clone());
        let whole = embedded(&app, trainer(), &[5]);
        let mut first = trainer();
        let mut all = app.frame(&mut first, step);
        let mut encoder = app.encoder();
        first.encode_checkpoint(&mut encoder).unwrap();
        app.submit(encoder);
        app.wait();
        first.take_metrics().unwrap();
        let kept = first.checkpoint().expect("a checkpoint").to_bytes().unwrap();
        drop(first);
        let kept = Checkpoint::parse("kept".as_ref(), &kept).unwrap();
        let options = TrainerOptions::new(config.clone(), &labelled, Some(&unlabelled)).resume(&kept);
        let again = Trainer::new(&app.device, &app.queue, options).unwrap();
        assert_eq!((again.steps_done(), again.steps_encoded()), (step, step));
        let (rest, model) = embedded(&app, again, &[5]);
        all.extend(rest);
        assert_eq!((all, model), whole, "from step {step}");
    }
}

#[test]
fn what_training_cannot_go_on_from_is_refused() {
    let app = Application::new();
    let (labelled, unlabelled) = (data(1), data(2));
    let model = Checkpoint::parse("trained".as_ref(), &embedded(&app, app.trainer(), &[6]).1).unwrap();
    let options = TrainerOptions::new(config(), &labelled, Some(&unlabelled)).resume(&model);
    let error = Trainer::new(&app.device, &app.queue, options).unwrap_err().to_string();
    assert!(error.ends_with("with its optimiser's state, found a model alone"), "{error}");
}

#[test]
fn gradients_are_what_the_parameters_moved_by() {
    let app = Application::new();
    let mut plain = config();
    plain.training.momentum = Some(0.0);
    let mut trainer = app.trainer_of(plain);
    let name = "domain_classifier.dense1.weight";
    app.frame(&mut trainer, 2);
    let views = trainer.views().clone();
    assert_eq!(views.gradients[name].shape, views.parameters[name].shape);
    let before = app.read(&views.parameters[name]);
    trainer.set_learning_rate(Some(0.5)).unwrap();
    app.frame(&mut trainer, 1);
    let (after, gradients) = (app.read(&views.parameters[name]), app.read(&views.gradients[name]));
    assert!(gradients.iter().any(|gradient| gradient.abs() > 1e-4), "{gradients:?}");
    for ((before, after), gradient) in before.iter().zip(&after).zip(&gradients) {
        assert!((before - 0.5 * gradient - after).abs() < 1e-6, "{before} - 0.5 * {gradient} is not {after}");
    }
}
