//! An application's own frames as images to train on.

use crate::application::{Application, IMAGES, config, data, texels, texture};
use dann::data::Dataset;
use dann::embed::{Frames, Images, Keep, Picture, Trainer, TrainerOptions};
use dann::train::{Checkpoint, Config};
use dann::wgpu::TextureFormat;

const CLASSES: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// The same network, trained without end.
pub fn endless() -> Config {
    let mut config = config();
    (config.training.learning_rate.steps, config.training.lambda.steps) = (Some(50), Some(50));
    config
}

pub fn source(capacity: usize) -> Images<'static> {
    Frames::new(capacity).classes(CLASSES).into()
}

fn trainer_of<'a>(app: &Application, config: Config, source: Images<'a>, target: Images<'a>) -> Trainer {
    let options = TrainerOptions::source(config, source).target(target);
    Trainer::new(&app.device, &app.queue, options).unwrap()
}

pub fn trainer(app: &Application, capacity: usize) -> Trainer {
    trainer_of(app, endless(), source(capacity), Frames::new(capacity).into())
}

/// Image `index` of a data set as a texture of its size.
pub fn picture(app: &Application, data: &Dataset, index: usize) -> Picture {
    let bytes = texels(data, index, 1, |[r, g, b]| vec![r, g, b, 255]);
    Picture::new(&texture(app, TextureFormat::Rgba8Unorm, [10, 12], &bytes))
}

/// Hands over some images of both domains, in a frame of their own.
fn push(app: &Application, trainer: &mut Trainer, images: std::ops::Range<usize>) {
    let (labelled, unlabelled) = (data(1), data(2));
    let mut encoder = app.encoder();
    for index in images {
        let label = labelled.labels().unwrap()[index];
        trainer.push_source(&mut encoder, picture(app, &labelled, index), label).unwrap();
        trainer.push_target(&mut encoder, picture(app, &unlabelled, index)).unwrap();
    }
    app.submit(encoder);
}

/// The batch of the last step as bytes, row by row.
pub fn batch(app: &Application, trainer: &Trainer) -> Vec<Vec<u8>> {
    let bytes = app.read(&trainer.views().batch);
    let byte = |x: &f32| ((x + 1.0) / 2.0 * 255.0).round() as u8;
    bytes.chunks(360).map(|row| row.iter().map(byte).collect()).collect()
}

/// What was learned, as bytes.
fn learned(app: &Application, trainer: &mut Trainer) -> Vec<u8> {
    let mut encoder = app.encoder();
    trainer.encode_checkpoint(&mut encoder).unwrap();
    app.submit(encoder);
    app.wait();
    trainer.take_metrics().unwrap();
    trainer.checkpoint().unwrap().to_bytes().unwrap()
}

#[test]
fn steps_look_at_the_frames_that_were_handed_over_and_at_nothing_else() {
    let app = Application::new();
    let mut trainer = trainer(&app, 8);
    assert!(app.frame(&mut trainer, 3).is_empty(), "there is nothing to train on");
    push(&app, &mut trainer, 0..3);
    assert!(app.frame(&mut trainer, 3).is_empty(), "there is less than a batch");
    push(&app, &mut trainer, 3..5);
    assert_eq!(app.frame(&mut trainer, 3).len(), 3);
    let count = trainer.source_frames().unwrap();
    assert_eq!((count.capacity, count.held, count.pushed, count.lost), (8, 5, 5, 0));
    let labels = app.read_whole(&trainer.views().labels);
    let (labelled, unlabelled) = (data(1), data(2));
    for (row, bytes) in batch(&app, &trainer).iter().enumerate() {
        let data = if row < 4 { &labelled } else { &unlabelled };
        let index = (0..5).find(|&index| data.image(index) == bytes).expect("a frame that was handed over");
        assert!(row >= 4 || labels[row] == u32::from(labelled.labels().unwrap()[index]));
    }
    assert_eq!(trainer.total_steps(), u64::MAX);
    assert!(!trainer.is_finished());
}

#[test]
fn the_oldest_frames_make_room_for_new_ones() {
    let app = Application::new();
    let mut trainer = trainer(&app, 4);
    push(&app, &mut trainer, 0..11);
    app.frame(&mut trainer, 1);
    let mut rows = batch(&app, &trainer);
    let mut expected: Vec<Vec<u8>> = (7..11).map(|index| data(1).image(index).to_vec()).collect();
    rows.truncate(4);
    rows.sort_unstable();
    expected.sort_unstable();
    assert_eq!(rows, expected);
}

#[test]
fn the_same_frames_and_seed_give_the_same_bits() {
    let app = Application::new();
    let trained = |seed: u64, keep: Keep, budgets: &[u64]| {
        let mut config = endless();
        config.training.seed = seed;
        let frames = |classes: &[&str]| Frames::new(6).classes(classes.iter().copied()).keep(keep);
        let (source, target) = (frames(&CLASSES), frames(&[]));
        let mut trainer = trainer_of(&app, config, source.into(), target.into());
        // More steps than the orders have rows for.
        for (turn, steps) in (0..).step_by(4).zip([40, 40]) {
            push(&app, &mut trainer, turn..turn + 6);
            let mut left = steps;
            for budget in budgets.iter().cycle() {
                left -= app.frame(&mut trainer, left.min(*budget)).len() as u64;
                if left == 0 {
                    break;
                }
            }
        }
        learned(&app, &mut trainer)
    };
    let first = trained(5, Keep::Newest, &[40]);
    assert!(first == trained(5, Keep::Newest, &[7, 1, 13]), "however steps are spread over frames");
    assert!(first != trained(6, Keep::Newest, &[40]));
    assert!(first != trained(5, Keep::Sample, &[40]));
}

#[test]
fn frames_and_data_sets_are_mixed() {
    let app = Application::new();
    let (labelled, unlabelled) = (data(1), data(2));
    let mut trainer = trainer_of(&app, endless(), source(8), Images::Set(&unlabelled));
    assert_eq!((trainer.source_frames().map(|c| c.held), trainer.target_frames()), (Some(0), None));
    let mut encoder = app.encoder();
    let error = trainer.push_target(&mut encoder, picture(&app, &labelled, 0)).unwrap_err().to_string();
    assert!(error.ends_with("found a data set in their place"), "{error}");
    (0..6).for_each(|i| trainer.push_source(&mut encoder, picture(&app, &labelled, i), 1).unwrap());
    app.submit(encoder);
    assert_eq!(app.frame(&mut trainer, 8).len(), 8);
    let rows = batch(&app, &trainer);
    assert!(rows[..4].iter().all(|row| (0..6).any(|i| labelled.image(i) == row)));
    assert!(rows[4..].iter().all(|row| (0..IMAGES).any(|i| unlabelled.image(i) == row)));

    let mut trainer = trainer_of(&app, endless(), Images::Set(&labelled), Frames::new(8).into());
    let mut encoder = app.encoder();
    let pictures: Vec<_> = (0..6).map(|index| picture(&app, &unlabelled, index)).collect();
    trainer.push_targets(&mut encoder, &pictures).unwrap();
    app.submit(encoder);
    assert_eq!(app.frame(&mut trainer, 8).len(), 8);
    let rows = batch(&app, &trainer);
    assert!(rows[4..].iter().all(|row| (0..6).any(|i| unlabelled.image(i) == row)));
}

#[test]
fn frames_of_a_dropped_encoder_are_told_and_never_trained_on() {
    let app = Application::new();
    let mut trainer = trainer(&app, 8);
    push(&app, &mut trainer, 0..4);
    let mut encoder = app.encoder();
    (4..7).for_each(|i| trainer.push_source(&mut encoder, picture(&app, &data(1), i), 1).unwrap());
    assert_eq!(trainer.source_frames().unwrap().held, 7);
    drop(encoder);
    let metrics = app.frame(&mut trainer, 5);
    assert_eq!(metrics.len(), 5);
    assert!(metrics.iter().all(|m| m.label_loss.is_finite()));
    let rows = batch(&app, &trainer);
    assert!(rows[..4].iter().all(|row| (0..4).any(|i| data(1).image(i) == row)));
    let count = trainer.source_frames().unwrap();
    assert_eq!((count.held, count.pushed, count.lost), (4, 7, 3));
    let error = trainer.take_metrics().unwrap_err().to_string();
    assert!(error.ends_with("to be submitted, found it was dropped with 3 frames"), "{error}");
    assert!(trainer.take_metrics().unwrap().is_empty(), "once");
}

#[test]
fn training_goes_on_exactly_once_the_frames_are_handed_over_again() {
    let app = Application::new();
    let mut whole = trainer(&app, 8);
    push(&app, &mut whole, 0..6);
    app.frame(&mut whole, 3);
    let kept = Checkpoint::parse("kept".as_ref(), &learned(&app, &mut whole)).unwrap();
    app.frame(&mut whole, 4);
    let target = Frames::new(8);
    let options = TrainerOptions::source(endless(), source(8)).target(target).resume(&kept);
    let mut again = Trainer::new(&app.device, &app.queue, options).unwrap();
    assert!(app.frame(&mut again, 1).is_empty(), "frames are not part of a checkpoint");
    push(&app, &mut again, 0..6);
    assert_eq!(app.frame(&mut again, 4)[0].step, 3);
    assert!(learned(&app, &mut again) == learned(&app, &mut whole));
}

#[test]
fn what_cannot_be_a_frame_is_refused() {
    let app = Application::new();
    let refused =
        |options: TrainerOptions<'_>| Trainer::new(&app.device, &app.queue, options).unwrap_err().to_string();
    let error = refused(TrainerOptions::source(config(), source(8)).target(Frames::new(8)));
    assert!(
        error.starts_with("training.learning_rate.steps: expected the steps in which it falls"),
        "{error}"
    );
    let mut half = endless();
    half.training.lambda.steps = None;
    let error = refused(TrainerOptions::source(half, source(8)).target(Frames::new(8)));
    assert!(error.starts_with("training.lambda.steps: expected"), "{error}");
    let error = refused(TrainerOptions::source(endless(), Frames::new(8)).target(Frames::new(8)));
    assert!(error.contains("expected 10 names, one for each output"), "{error}");
    let error = refused(TrainerOptions::source(endless(), source(8)).target(Frames::new(3)));
    assert!(error.contains("expected at least a batch of 4 images, found 3"), "{error}");
    assert!(refused(TrainerOptions::source(endless(), source(8))).contains("target"));

    let mut trainer = trainer(&app, 8);
    let mut encoder = app.encoder();
    let good = picture(&app, &data(1), 0);
    let whole = Picture::new(&texture(&app, TextureFormat::Rgba8Uint, [1, 1], &[0; 4]));
    let mut error = |picture: &Picture, label| {
        trainer.push_source(&mut encoder, picture.clone(), label).unwrap_err().to_string()
    };
    assert_eq!(error(&good, 10), "the label of a frame: expected a class below 10, found 10");
    assert!(error(&whole, 0).starts_with("a picture: expected float or normalised values"));
    for (left, width) in [(1.0, 10.0), (-1.0, 5.0), (0.0, 0.0), (f32::NAN, 5.0)] {
        let error = error(&good.clone().crop(left, 0.0, width, 12.0), 0);
        assert!(error.starts_with("a picture: expected a crop within its 10×12 texels, found"), "{error}");
    }
    // All of them, or none.
    trainer.push_sources(&mut encoder, &[(good.clone(), 0), (whole, 0)]).unwrap_err();
    assert_eq!(trainer.source_frames().unwrap().held, 0);
    // An end that a recipe states is one.
    let mut six = config();
    six.training.steps = Some(6);
    let mut ending = trainer_of(&app, six, source(8), Frames::new(8).into());
    push(&app, &mut ending, 0..4);
    assert_eq!(app.frame(&mut ending, 100).len(), 6);
    assert!(ending.is_finished());
}
