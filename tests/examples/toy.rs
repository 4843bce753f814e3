//! The examples' made-up digits: a small training adapts to them.

use crate::scene::toy as made;
use dann::gpu::{Gpu, Options, choose};
use dann::model::Domain;
use dann::train::{Evaluator, Stepper};

/// As the viewer trains without a GPU, in fewer steps: there at least 12 of 16 target digits are to be right at its end.
#[test]
fn made_up_digits_are_adapted_to() {
    let gpu = choose(None).and_then(|adapter| Gpu::open(&adapter, Options::default())).expect("a device");
    let mut config = made::config(0).unwrap();
    (config.training.batch, config.training.steps) = (16, Some(700));
    let (source, target) = (made::source(2400, 0), made::target(2400, 0));
    let mut trainer = Stepper::new(&gpu, &config, &source, Some(&target)).unwrap();
    let unseen = made::target(400, 7);
    let right = |trainer: &Stepper| {
        let evaluator = Evaluator::new(trainer.model(), &unseen, Domain::Target).unwrap();
        evaluator.evaluate().unwrap().accuracy
    };
    let before = right(&trainer);
    while !trainer.advance().unwrap().is_empty() {}
    let after = right(&trainer);
    assert!(before < 0.3 && after > 0.75, "{before} right before, {after} after");
}
