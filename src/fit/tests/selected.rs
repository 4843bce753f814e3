//! The model that a rule rates best is the one that training ends with, whatever happened on the way.

use super::*;
use crate::model::Domain;
use crate::train::{Evaluator, Length, Rated, Rule, SelectionSpec};
use std::sync::OnceLock;

/// Rated after every step.
fn rating(rule: Rule) -> Config {
    let mut config = config();
    config.training.select = Some(SelectionSpec { every: Some(1), ..SelectionSpec::new(rule) });
    config
}

fn values(ratings: &[Rated]) -> Vec<(u64, Option<u64>)> {
    ratings.iter().map(|rated| (rated.rated_step, rated.value.map(f64::to_bits))).collect()
}

/// A recipe for whose rule the best step of the training is neither the first nor the last one, and that step.
fn telling() -> (Config, u64) {
    static FOUND: OnceLock<(Config, u64)> = OnceLock::new();
    let rules = [Rule::Information, Rule::ProxyDistance, Rule::TargetEntropy];
    let middle = |(seed, rule): (u64, Rule)| {
        let mut config = rating(rule);
        config.training.seed = seed;
        let step = trained(Training::new(config.clone()), &mut []).result.selected?.rated_step;
        (step > 1 && step < STEPS).then_some((config, step))
    };
    let find = || {
        let mut tries = (0..8).flat_map(|seed| rules.map(|rule| (seed, rule)));
        tries.find_map(middle).expect("a rule that takes neither the first nor the last step")
    };
    FOUND.get_or_init(find).clone()
}

/// The same without a choice.
fn unrated(config: &Config) -> Config {
    let mut config = config.clone();
    config.training.select = None;
    config
}

#[test]
fn the_best_model_is_kept_with_its_own_accuracy() {
    let (config, step) = telling();
    let chosen = trained(Training::new(config.clone()), &mut []);
    assert_eq!((chosen.checkpoint.step, chosen.result.steps), (step, STEPS));
    assert_eq!(chosen.history.ratings.len() as u64, STEPS);
    // The model is that of a training as long, whose schedules go by the length of the whole one.
    let mut witness = Witness { stop_at: Some(step), ..Witness::default() };
    let stopped = trained(Training::new(unrated(&config)).checkpoint_every(1), &mut [&mut witness]);
    assert_eq!((stopped.checkpoint.step, stopped.checkpoint.values()), (step, chosen.checkpoint.values()));
    let model = chosen.checkpoint.model(&chosen.gpu).expect("a model");
    let seen = Evaluator::new(&model, &data(3), Domain::Target).and_then(|evaluator| evaluator.evaluate());
    assert_eq!(chosen.result.report.target_test_accuracy, seen.ok().map(|seen| seen.accuracy));
}

#[test]
fn what_looks_harmful_is_judged_by_the_model_that_is_kept() {
    let (config, _) = telling();
    let of_last = |trained: &Trained| trained.history.epochs.last().and_then(|epoch| epoch.predictions);
    let directory = tempfile::tempdir().expect("a directory");
    for training in [Training::new(config.clone()), Training::new(config.clone()).directory(directory.path())]
    {
        let chosen = trained(training, &mut []);
        let model = chosen.checkpoint.model(&chosen.gpu).expect("a model");
        let of_kept = crate::fit::evaluators::predictions(&model, &data(1), &data(2)).expect("predictions");
        assert_eq!(of_last(&chosen), Some(of_kept));
        // The last step's model says something else.
        assert_ne!(of_last(&trained(Training::new(unrated(&config)), &mut [])), Some(of_kept));
    }
}

#[test]
fn ratings_change_no_step_and_a_directory_no_choice() {
    let (config, _) = telling();
    let directory = tempfile::tempdir().expect("a directory");
    let free = trained(Training::new(config.clone()), &mut []);
    let kept = trained(Training::new(config.clone()).directory(directory.path()).keep(1), &mut []);
    assert_eq!(free.history.steps, trained(Training::new(unrated(&config)), &mut []).history.steps);
    assert_eq!(values(&free.history.ratings), values(&kept.history.ratings));
    assert_eq!((free.result.selected, outcome(&free)), (kept.result.selected, outcome(&kept)));
    // The newest one, and that of the model that was chosen.
    assert_eq!(crate::train::checkpoints(directory.path()).expect("checkpoints").len(), 2);
}

#[test]
fn what_was_stopped_makes_the_same_choice() {
    let (config, step) = telling();
    let whole = trained(Training::new(config.clone()), &mut []);
    for stop_at in [step - 1, step, step + 1] {
        let directory = tempfile::tempdir().expect("a directory");
        let mut witness = Witness { stop_at: Some(stop_at), ..Witness::default() };
        trained(Training::new(config.clone()).directory(directory.path()).keep(1), &mut [&mut witness]);
        let resumed = Training::resume(directory.path()).expect("a run");
        let resumed = trained(resumed.keep(1), &mut []);
        assert_eq!(values(&resumed.history.ratings), values(&whole.history.ratings), "{stop_at}");
        assert_eq!((resumed.result.selected, outcome(&resumed)), (whole.result.selected, outcome(&whole)));
    }
}

#[test]
fn a_lost_device_costs_no_choice() {
    let (config, step) = telling();
    let whole = trained(Training::new(config.clone()), &mut []);
    let mut witness = Witness { destroy_at: Some(step + 1), ..Witness::default() };
    let lost = trained(Training::new(config.clone()), &mut [&mut witness]);
    assert!(witness.told.contains(&"lost".to_owned()), "{:?}", witness.told);
    assert_eq!((lost.result.selected, outcome(&lost)), (whole.result.selected, outcome(&whole)));
}

#[test]
fn without_a_better_one_training_ends_early() {
    let (mut config, step) = telling();
    config.training.select.as_mut().expect("the choice").patience = Some(1);
    let directory = tempfile::tempdir().expect("a directory");
    let ended = trained(Training::new(config).directory(directory.path()), &mut []);
    let best = ended.result.selected.expect("a choice").rated_step;
    assert!(ended.complete && best <= step && ended.result.steps == best + 1, "{:?}", ended.result);
    let epochs = &ended.history.epochs;
    assert_eq!(epochs.last().map(|epoch| epoch.steps), Some(ended.result.steps));
    assert!(crate::train::RunDirectory::is_finished(directory.path()));
}

#[test]
fn what_ended_early_goes_on_where_it_is_made_longer() {
    let (mut config, _) = telling();
    config.training.select.as_mut().expect("the choice").patience = Some(1);
    let directory = tempfile::tempdir().expect("a directory");
    let ended = trained(Training::new(config).directory(directory.path()), &mut []).result;
    let longer = Training::extend(directory.path(), Length::Steps(STEPS)).expect("a run");
    let longer = trained(longer, &mut []);
    assert!(longer.complete && longer.result.steps > ended.steps, "{ended:?}, then {:?}", longer.result);
    let chosen = longer.result.selected.expect("a choice").rated_step;
    assert!(chosen == ended.selected.expect("a choice").rated_step || chosen > ended.steps);
}

#[test]
fn a_rule_that_needs_what_is_not_there_is_refused() {
    let error = Training::new(rating(Rule::DomainRisk)).run(&sets(), &open, &mut []);
    let error = error.expect_err("no source test part").to_string();
    for words in ["training.select.rule", "information", "domain-risk", "test part"] {
        assert!(error.contains(words), "{error}");
    }
    let with_test = Sets { source_test: Some(data(4)), ..sets() };
    let rated = Training::new(rating(Rule::DomainRisk)).run(&with_test, &open, &mut []).expect("a training");
    assert!(rated.history.ratings.iter().all(|rated| rated.value.is_some()));
}

#[test]
fn what_does_not_adapt_is_not_chosen_from() {
    let mut config = rating(Rule::Information);
    config.training.method = Method::SourceOnly;
    let alone = Sets { target_test: Some(data(3)), ..Sets::new(data(1), None) };
    let trained = Training::new(config).run(&alone, &open, &mut []).expect("a training");
    assert!(trained.result.selected.is_none() && trained.history.ratings.is_empty());
}
