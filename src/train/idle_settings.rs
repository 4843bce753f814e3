//! Settings that would do nothing, or hide others, without a word: refused in recipes. Runs that were made with them are read as
//! ever.

use super::training_spec::TrainingSpec;
use crate::error::{Error, Result};
use crate::ops::optimizers::OptimizerSpec;

impl TrainingSpec {
    /// Refuses settings without effect.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key.
    pub(super) fn check_effects(&self) -> Result<()> {
        if let OptimizerSpec::Sgd(sgd) = self.optimizer()? {
            sgd.check_nesterov("training.optimizer")?;
        }
        self.check_groups_differ()?;
        self.lambda.check_rise()
    }

    /// Refuses two groups of the same parameters, of which one would be nobody's.
    fn check_groups_differ(&self) -> Result<()> {
        let names: Vec<&str> = self.parameter_groups.iter().map(|group| group.parameters.as_str()).collect();
        for (index, name) in names.iter().enumerate() {
            if let Some(first) = names[..index].iter().position(|earlier| earlier == name) {
                let key = format!("training.parameter_groups.{index}.parameters");
                let expected =
                    format!("other parameters than those of group {first}; one group holds all settings");
                return Err(Error::input(key, expected, format!("\"{name}\" again")));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::ops::sgd::Sgd;
    use crate::train::{Config, Lambda, LearningRate, OptimizerSpec, ParameterGroup, TrainingSpec};

    fn spec() -> TrainingSpec {
        TrainingSpec::new(1, 1, LearningRate::new(0.01, 10.0, 0.75), Lambda::new(1.0, 10.0))
    }

    fn refused(spec: &TrainingSpec, words: &str) {
        let error = spec.check_effects().expect_err(words).to_string();
        assert!(error.contains(words), "{error}");
    }

    #[test]
    fn two_groups_of_the_same_parameters_are_refused() {
        let groups = ["backbone", "backbone.layer1", "backbone"].map(ParameterGroup::new);
        let of = |count: usize| TrainingSpec { parameter_groups: groups[..count].to_vec(), ..spec() };
        assert!(of(2).check_effects().is_ok(), "a part of another group");
        refused(
            &of(3),
            "training.parameter_groups.2.parameters: expected other parameters than those of group 0",
        );
    }

    #[test]
    fn looking_ahead_along_no_momentum_is_refused() {
        let of = |momentum| {
            let sgd = Sgd { nesterov: true, ..Sgd::new(momentum) };
            TrainingSpec { optimizer: Some(OptimizerSpec::Sgd(sgd)), ..spec() }
        };
        assert!(spec().check_effects().is_ok() && of(0.5).check_effects().is_ok());
        refused(&of(0.0), "training.optimizer.nesterov: expected a momentum above 0 beside it");
    }

    #[test]
    fn a_lambda_that_never_rises_is_refused_and_one_that_is_off_is_not() {
        let of = |maximum, gamma| TrainingSpec { lambda: Lambda::new(maximum, gamma), ..spec() };
        assert!(of(0.0, 10.0).check_effects().is_ok());
        refused(&of(1.0, 0.0), "training.lambda.gamma: expected above 0");
    }

    #[test]
    fn recipes_are_refused_and_runs_are_read() {
        let config = Config::preset("demo").expect("a preset");
        assert!(config.check().is_ok());
        let text = config.to_toml().expect("TOML").replace("gamma = 10.0", "gamma = 0.0");
        assert!(text.contains("gamma = 0.0"), "{text}");
        let error = Config::parse("a recipe", &text).expect_err("no rise").to_string();
        assert!(error.contains("a recipe: training.lambda.gamma"), "{error}");
        let run = Config::recorded("a run", &text).expect("a run of before");
        assert!(run.check().is_err());
    }
}
