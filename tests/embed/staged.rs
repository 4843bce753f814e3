//! What is made in slices is what is made at once.

use crate::application::{Application, IMAGES, config, data, texels, texture};
use dann::data::Dataset;
use dann::embed::{Classifier, ClassifierOptions, Frames, Gpu, Input, Staged, Trainer, TrainerOptions};
use dann::error::Error;
use dann::gpu::Options;
use dann::shape::MapShape;
use dann::train::Config;
use dann::wgpu;
use std::time::Duration;

fn gpu(app: &Application) -> Gpu {
    Gpu::borrow(&app.device, &app.queue, Options::default()).unwrap()
}

/// One slice a call, and the shares that the calls gave.
fn slice_by_slice<T>(mut coming: Staged<'_, T>) -> (T, Vec<f64>) {
    let mut shares = vec![];
    while shares.last() != Some(&1.0) {
        shares.push(coming.advance(Duration::ZERO).unwrap());
    }
    (coming.finish().unwrap(), shares)
}

/// Images whose bytes make no whole number of words, and more than a slice of them.
fn large(salt: u32) -> Dataset {
    let (shape, count) = (MapShape::new(3, 11, 9), 3601);
    let noise = |i: usize| (i as u32 ^ salt).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    let labels = (0..count).map(|i| (i % 10) as u16).collect();
    let classes = (0..10).map(|class| class.to_string()).collect();
    let images: Vec<u8> = (0..count * shape.len()).map(noise).collect();
    assert!(images.len() > 1 << 20 && !images.len().is_multiple_of(4));
    Dataset::new(shape, images, Some(labels), classes).unwrap()
}

fn for_large() -> Config {
    let mut config = config();
    (config.model.input.height, config.model.input.width) = (11, 9);
    config
}

#[test]
fn a_trainer_made_in_slices_takes_the_same_steps() {
    let app = Application::new();
    let (labelled, unlabelled) = (large(1), large(2));
    let options = || TrainerOptions::new(for_large(), &labelled, Some(&unlabelled));
    let mut at_once = Trainer::on(&gpu(&app), options()).unwrap();
    let (mut sliced, shares) = slice_by_slice(Staged::trainer(&gpu(&app), options()));
    // Kernels, and two slices of each data set.
    assert!(shares.len() > 20, "{shares:?}");
    for (index, share) in shares.iter().enumerate() {
        assert_eq!(*share, (index + 1) as f64 / shares.len() as f64, "no slice a call: {shares:?}");
    }
    // All images are looked at, the last ones too.
    for _ in 0..9 {
        let (steps, expected) = (app.frame(&mut sliced, 100), app.frame(&mut at_once, 100));
        assert_eq!((steps.len(), steps), (100, expected));
    }
    let views = |trainer: &Trainer| {
        let named = trainer.views().parameters.iter();
        named.map(|(name, view)| (name.clone(), app.read(view))).collect::<Vec<_>>()
    };
    assert_eq!(views(&sliced), views(&at_once));
}

#[test]
fn kernels_that_another_trainer_has_built_are_no_slices() {
    let app = Application::new();
    let gpu = gpu(&app);
    let (labelled, unlabelled) = (data(1), data(2));
    let options = || TrainerOptions::new(config(), &labelled, Some(&unlabelled));
    let mut first = Trainer::on(&gpu, options()).unwrap();
    let (mut second, shares) = slice_by_slice(Staged::trainer(&gpu, options()));
    // It is set up, and each data set is a slice.
    assert_eq!(shares, [1.0 / 3.0, 2.0 / 3.0, 1.0]);
    assert_eq!(app.frame(&mut second, 3), app.frame(&mut first, 3));
    // Kernels that its device is asked for later on are built at once.
    let mut encoder = app.encoder();
    second.encode_checkpoint(&mut encoder).unwrap();
    app.submit(encoder);
    app.wait();
    second.take_metrics().unwrap();
    let (checkpoint, options) = (second.checkpoint().unwrap(), ClassifierOptions::default());
    let classifier = Classifier::on(second.gpu(), checkpoint, options).unwrap();
    let view = texture(&app, wgpu::TextureFormat::Rgba8Unorm, [1, 1], &[255; 4]);
    let mut encoder = app.encoder();
    classifier.encode(&mut encoder, Input::texture(&view)).unwrap();
    app.submit(encoder);
}

#[test]
fn all_that_is_left_can_be_done_at_once() {
    let app = Application::new();
    let (labelled, unlabelled) = (data(1), data(2));
    let options = || TrainerOptions::new(config(), &labelled, Some(&unlabelled));
    let mut coming = Staged::trainer(&gpu(&app), options());
    assert!(coming.advance(Duration::ZERO).unwrap() < 1.0);
    let mut trainer = coming.finish().unwrap();
    assert_eq!(app.frame(&mut trainer, 3), app.frame(&mut app.trainer(), 3));
    let mut coming = Staged::trainer(&gpu(&app), options());
    assert_eq!(coming.advance(Duration::from_secs(600)).unwrap(), 1.0);
}

#[test]
fn a_classifier_made_in_slices_gives_the_same_probabilities() {
    let app = Application::new();
    let mut trainer = app.trainer();
    let mut encoder = app.encoder();
    trainer.encode_steps(&mut encoder, 2).unwrap();
    trainer.encode_checkpoint(&mut encoder).unwrap();
    app.submit(encoder);
    app.wait();
    trainer.take_metrics().unwrap();
    let checkpoint = trainer.checkpoint().unwrap();
    let at_once = Classifier::on(&gpu(&app), checkpoint, ClassifierOptions::default()).unwrap();
    let coming = Staged::classifier(&gpu(&app), checkpoint, ClassifierOptions::default());
    let (sliced, shares) = slice_by_slice(coming);
    assert!(shares.len() > 5, "{shares:?}");
    let bytes = texels(&data(3), 5, 2, |[r, g, b]| vec![r, g, b, 255]);
    let view = texture(&app, wgpu::TextureFormat::Rgba8Unorm, [20, 24], &bytes);
    let probabilities = |classifier: &Classifier| {
        let mut encoder = app.encoder();
        classifier.encode(&mut encoder, Input::texture(&view)).unwrap();
        app.submit(encoder);
        app.read(classifier.probabilities())
    };
    assert_eq!(probabilities(&sliced), probabilities(&at_once));
}

#[test]
fn a_trainer_of_frames_made_in_slices_takes_frames() {
    let app = Application::new();
    let mut config = config();
    config.training.learning_rate.steps = Some(12);
    config.training.lambda.steps = Some(12);
    let source = Frames::new(IMAGES).classes((0..10).map(|class| class.to_string()));
    let options = TrainerOptions::source(config, source).target(Frames::new(IMAGES));
    let (mut trainer, _) = slice_by_slice(Staged::trainer(&gpu(&app), options));
    let bytes = texels(&data(3), 5, 1, |[r, g, b]| vec![r, g, b, 255]);
    let view = texture(&app, wgpu::TextureFormat::Rgba8Unorm, [10, 12], &bytes);
    let mut encoder = app.encoder();
    for label in 0..4 {
        trainer.push_source(&mut encoder, &view, label).unwrap();
        trainer.push_target(&mut encoder, &view).unwrap();
    }
    trainer.encode_steps(&mut encoder, 1).unwrap();
    app.submit(encoder);
    app.wait();
    assert_eq!(trainer.take_metrics().unwrap().len(), 1);
}

#[test]
fn what_does_not_fit_is_told_by_the_first_slice_and_by_the_end() {
    let app = Application::new();
    let labelled = data(1);
    let mut coming = Staged::trainer(&gpu(&app), TrainerOptions::new(config(), &labelled, None));
    assert!(matches!(coming.advance(Duration::ZERO), Err(Error::NoTargetImages)));
    assert!(matches!(coming.advance(Duration::ZERO), Err(Error::Input { .. })), "no share of what failed");
    assert!(matches!(coming.finish(), Err(Error::Input { .. })));
}
