//! What looks amiss in an embedded training is what the program says of it.

use crate::application::{Application, config, data};
use dann::embed::{Evaluator, Gpu, Trainer, TrainerOptions};
use dann::error::Result;
use dann::fit::{Observer, Sets, State, Training};
use dann::gpu::{self, Options, choose};
use dann::model::Domain;
use dann::train::{Config, EpochRecord, health::Warning};

/// The warnings of each epoch.
#[derive(Default)]
struct Heard(Vec<Vec<Warning>>);

impl Observer for Heard {
    fn epoch_ended(&mut self, _: &State<'_>, _: &EpochRecord, warnings: &[Warning]) -> Result<()> {
        self.0.push(warnings.to_vec());
        Ok(())
    }
}

fn by_the_program(config: &Config) -> Vec<Vec<Warning>> {
    let mut heard = Heard::default();
    let open = || gpu::Gpu::open(&choose(None)?, Options::default());
    let sets = Sets::new(data(1), Some(data(2)));
    Training::new(config.clone()).run(&sets, &open, &mut [&mut heard]).unwrap();
    heard.0
}

/// Four epochs that go wrong in several ways: all images are black to the network, so that no feature differs between them.
fn spoilt() -> Config {
    let mut config = config();
    config.training.epochs = 4;
    config.training.momentum = Some(0.0);
    config.model.input.normalization.scale = vec![0.0; 3];
    config
}

fn trainer(app: &Application, config: Config) -> Trainer {
    let gpu = Gpu::borrow(&app.device, &app.queue, Options::default()).unwrap();
    Trainer::on(&gpu, TrainerOptions::new(config, &data(1), Some(&data(2)))).unwrap()
}

#[test]
fn warnings_are_those_of_the_program_however_the_frames_fall() {
    let app = Application::new();
    let expected = by_the_program(&spoilt());
    assert!(expected.concat().len() > 2, "little looks amiss: {expected:?}");
    assert_eq!(expected[0].first(), Some(&Warning::DeadFeatures(0.0)));
    for frames in [1, 4, 6, 100] {
        let mut trainer = trainer(&app, spoilt());
        let mut heard = vec![];
        while !trainer.is_finished() {
            app.frame(&mut trainer, frames);
            heard.extend(trainer.take_warnings());
        }
        let evaluated = |data, domain| {
            let mut evaluator = Evaluator::new(&trainer, &data, domain, 100).unwrap();
            let mut encoder = app.encoder();
            assert_eq!(evaluator.encode(&mut encoder, &trainer).unwrap(), 0);
            app.submit(encoder);
            app.wait();
            evaluator.take().unwrap().unwrap()
        };
        let seen = [evaluated(data(1), Domain::Source), evaluated(data(2), Domain::Target)];
        let harm = trainer.harm_warnings(&seen[0], &seen[1]).unwrap();
        assert!(harm.iter().all(Warning::looks_harmful) && !harm.is_empty(), "{harm:?}");
        heard.extend(harm);
        assert_eq!(heard, expected.concat(), "frames of {frames}");
        assert_eq!(trainer.harm_warnings(&seen[0], &seen[1]).unwrap(), [], "told twice");
        assert_eq!(trainer.take_warnings(), [], "told twice");
    }
}

#[test]
fn epochs_that_nobody_asks_about_take_no_memory() {
    let app = Application::new();
    let mut config = config();
    config.training.epochs = 20;
    let mut trainer = trainer(&app, config);
    let mut allocations = vec![];
    while !trainer.is_finished() {
        app.frame(&mut trainer, 6);
        allocations.push(trainer.gpu().traffic().allocations);
    }
    assert_eq!(allocations[4], allocations[19], "{allocations:?}");
}

#[test]
fn warnings_do_not_wait_and_an_epoch_that_was_lost_is_passed_over() {
    let app = Application::new();
    let mut trainer = trainer(&app, spoilt());
    let mut encoder = app.encoder();
    trainer.encode_steps(&mut encoder, 6).unwrap();
    app.submit(encoder);
    assert_eq!((trainer.take_metrics().unwrap().len(), trainer.take_warnings().len()), (0, 0));
    app.wait();
    assert_eq!(trainer.take_warnings(), [], "of steps that nobody has taken in");
    trainer.take_metrics().unwrap();
    let first = trainer.take_warnings();
    assert_eq!(first, by_the_program(&spoilt())[0]);
    let mut lost = app.encoder();
    trainer.encode_steps(&mut lost, 6).unwrap();
    drop(lost);
    trainer.take_metrics().unwrap_err();
    assert_eq!(trainer.take_warnings(), []);
    app.frame(&mut trainer, 12);
    trainer.take_warnings();
    assert!(trainer.is_finished());
}
