//! Evaluating in slices between frames.

use crate::application::{Application, IMAGES, config, data};
use dann::data::Dataset;
use dann::embed::{Evaluated, Evaluator, Staged, Trainer};
use dann::error::Error;
use dann::gpu::{self, Options, choose};
use dann::model::Domain;
use dann::train::{self, Checkpoint};
use dann::wgpu;

fn unlabelled(salt: u32) -> Dataset {
    let labelled = data(salt);
    let images = (0..IMAGES).flat_map(|index| labelled.image(index).to_vec()).collect();
    Dataset::new(labelled.shape(), images, None, vec![]).unwrap()
}

/// What the program says of a model, on a device of its own.
fn by_the_program(checkpoint: &Checkpoint, data: &Dataset) -> (Vec<f32>, train::Evaluation) {
    let gpu = gpu::Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let model = checkpoint.model(&gpu).unwrap();
    let evaluator = train::Evaluator::new(&model, data, Domain::Target).unwrap();
    (evaluator.logits().unwrap(), evaluator.evaluate().unwrap())
}

/// A round of slices, a step of training between each two of them; gives the model at its start, too.
fn round(app: &Application, trainer: &mut Trainer, evaluator: &mut Evaluator) -> (Evaluated, Checkpoint) {
    let mut encoder = app.encoder();
    trainer.encode_checkpoint(&mut encoder).unwrap();
    let mut left = evaluator.encode(&mut encoder, trainer).unwrap();
    loop {
        trainer.encode_steps(&mut encoder, 1).unwrap();
        app.submit(encoder);
        app.wait();
        trainer.take_metrics().unwrap();
        let evaluated = evaluator.take().unwrap();
        assert_eq!((evaluated.is_some(), evaluator.is_under_way()), (left == 0, left > 0));
        if let Some(evaluated) = evaluated {
            return (evaluated, trainer.checkpoint().unwrap().clone());
        }
        encoder = app.encoder();
        left = evaluator.encode(&mut encoder, trainer).unwrap();
    }
}

#[test]
fn a_round_says_what_the_program_says_of_the_model_it_began_with() {
    let app = Application::new();
    let test = data(5);
    let mut averaged = config();
    averaged.training.average = Some(0.75);
    for config in [config(), averaged] {
        let mut trainer = app.trainer_of(config);
        app.frame(&mut trainer, 2);
        // The last of five slices overlaps the one before it.
        let mut evaluator = Evaluator::new(&trainer, &test, Domain::Target, 5).unwrap();
        let mut before = None;
        for step in [2, 7] {
            let (evaluated, checkpoint) = round(&app, &mut trainer, &mut evaluator);
            let (logits, evaluation) = by_the_program(&checkpoint, &test);
            assert_eq!((evaluated.step, checkpoint.step), (step, step));
            assert_eq!(evaluated.logits, logits);
            let classes: Vec<u16> = logits.chunks(10).map(|row| train::argmax(row) as u16).collect();
            assert_eq!(evaluated.predictions, classes);
            assert_eq!(evaluated.evaluation, Some(evaluation));
            assert_ne!(before.replace(logits), Some(evaluated.logits), "the same model");
        }
        assert_eq!(trainer.gpu().traffic().submissions, 0);
    }
}

#[test]
fn an_evaluator_made_in_slices_says_the_same_and_needs_no_labels() {
    let app = Application::new();
    let (mut trainer, test) = (app.trainer(), unlabelled(5));
    app.frame(&mut trainer, 3);
    trainer.set_paused(true);
    let at_once = Evaluator::new(&trainer, &test, Domain::Target, 100).unwrap();
    let sliced = Staged::evaluator(&trainer, &test, Domain::Target, 100).finish().unwrap();
    let [at_once, sliced] =
        [at_once, sliced].map(|mut evaluator| round(&app, &mut trainer, &mut evaluator).0);
    assert_eq!(sliced, at_once);
    assert_eq!((sliced.evaluation, sliced.predictions.len()), (None, IMAGES));
}

#[test]
fn nothing_is_recorded_before_a_round_that_has_ended_is_taken() {
    let app = Application::new();
    let trainer = app.trainer();
    let mut evaluator = Evaluator::new(&trainer, &data(5), Domain::Target, 12).unwrap();
    let mut encoder = app.encoder();
    assert_eq!(evaluator.take().unwrap(), None);
    let left = [0; 4].map(|_| evaluator.encode(&mut encoder, &trainer).unwrap());
    assert_eq!(left, [1, 0, 0, 0]);
    app.submit(encoder);
    // Nobody has asked the device yet.
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(evaluator.take().unwrap(), None, "the library polled the device");
    app.wait();
    assert_eq!(evaluator.take().unwrap().map(|evaluated| evaluated.step), Some(0));
    assert_eq!(evaluator.take().unwrap(), None);
}

#[test]
fn a_dropped_encoder_gives_up_the_round_and_the_next_one_is_whole() {
    let app = Application::new();
    let mut trainer = app.trainer();
    app.frame(&mut trainer, 1);
    let mut evaluator = Evaluator::new(&trainer, &data(5), Domain::Target, 12).unwrap();
    for dropped in [0, 1] {
        for slice in 0..2 {
            let mut encoder = app.encoder();
            evaluator.encode(&mut encoder, &trainer).unwrap();
            if slice != dropped {
                app.submit(encoder);
            }
        }
        app.wait();
        let said = evaluator.take().unwrap_err().to_string();
        assert!(said.contains("the encoder of an evaluation") && said.contains("dropped"), "{said}");
        assert!(!evaluator.is_under_way());
    }
    let (evaluated, checkpoint) = round(&app, &mut trainer, &mut evaluator);
    assert_eq!(evaluated.logits, by_the_program(&checkpoint, &data(5)).0);
}

#[test]
fn the_model_of_another_trainer_is_refused() {
    let app = Application::new();
    let (trainer, elsewhere) = (app.trainer(), Application::new().trainer());
    let mut evaluator = Evaluator::new(&trainer, &data(5), Domain::Target, 12).unwrap();
    let mut encoder = app.encoder();
    let refused = evaluator.encode(&mut encoder, &elsewhere).unwrap_err();
    assert!(matches!(refused, Error::Input { .. }), "{refused}");
    assert!(!evaluator.is_under_way());
    let scope = app.device.push_error_scope(wgpu::ErrorFilter::Validation);
    assert_eq!(evaluator.encode(&mut encoder, &trainer).unwrap(), 1);
    app.submit(encoder);
    assert!(pollster::block_on(scope.pop()).is_none());
}
