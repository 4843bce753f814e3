//! Single keys of a configuration, set from outside.

use super::config::Config;
use crate::error::{Error, Result};
use toml::{Table, Value};

impl Config {
    /// The configuration with `assignments` like `training.momentum=0.8` carried out in order; a part of a key may
    /// be the number of a list's entry, as in `model.feature_extractor.0.outputs=16`.
    ///
    /// # Errors
    /// [`Error::BadOverride`] naming the assignment and what is wrong with it; [`Error::Input`] naming a key whose
    /// value cannot work.
    pub fn with(&self, assignments: &[String]) -> Result<Self> {
        if assignments.is_empty() {
            return Ok(self.clone());
        }
        let table = Table::try_from(self);
        let mut root = table
            .map(Value::Table)
            .map_err(|e| Error::input("configuration", "values that TOML holds", e))?;
        for assignment in assignments {
            assign(&mut root, assignment)?;
        }
        let config: Self = root.try_into().map_err(|e: toml::de::Error| Error::BadOverride {
            assignment: assignments.join(" "),
            expected: "keys and values of a configuration".into(),
            found: e.to_string().trim().to_owned(),
        })?;
        config.check()?;
        Ok(config)
    }
}

fn assign(root: &mut Value, assignment: &str) -> Result<()> {
    let wrong = |expected: &str, found: &str| Error::BadOverride {
        assignment: assignment.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    let Some((key, text)) = assignment.split_once('=') else {
        return Err(wrong("KEY=VALUE", "no ="));
    };
    let (key, text) = (key.trim(), text.trim());
    let mut place = root;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        place = match place {
            Value::Table(table) if parts.peek().is_none() => {
                table.insert(part.into(), value(text));
                return Ok(());
            }
            // What a recipe leaves out may be a table; what is none is refused as an unknown key.
            Value::Table(table) => Some(table.entry(part).or_insert_with(|| Value::Table(Table::new()))),
            Value::Array(list) => part.parse().ok().and_then(|index: usize| list.get_mut(index)),
            _ => None,
        }
        .ok_or_else(|| wrong("a key of the configuration", &format!("nothing at {part:?}")))?;
    }
    *place = value(text);
    Ok(())
}

/// `text` as TOML has it; what is no TOML value is meant as a string, so that names need no quotes.
fn value(text: &str) -> Value {
    let parsed: std::result::Result<Table, _> = toml::from_str(&format!("value = {text}"));
    parsed.ok().and_then(|mut table| table.remove("value")).unwrap_or_else(|| Value::String(text.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DomainLoss, LayerSpec};

    fn set(assignments: &[&str]) -> Result<Config> {
        let owned: Vec<String> = assignments.iter().map(|&a| a.into()).collect();
        Config::preset("demo").expect("a preset").with(&owned)
    }

    #[test]
    fn keys_of_every_depth_are_set() {
        let config = set(&[
            "training.steps=7",
            "training.domain_loss=sum",
            "training.lambda.maximum = 0.5",
            "training.lambda.start = 0.2",
            "training.learning_rate.warmup = 0.1",
            "training.adaptation.entropy = 0.25",
            "model.feature_extractor.0.outputs=16",
            "model.input.normalization={ scale = [1.0, 1.0, 1.0], shift = [0.0, 0.0, 0.0] }",
        ])
        .expect("a configuration");
        assert_eq!(config.training.steps, Some(7));
        assert_eq!(config.training.domain_loss, DomainLoss::Sum);
        assert_eq!((config.training.lambda.maximum, config.training.lambda.start), (0.5, 0.2));
        assert_eq!(
            (config.training.learning_rate.warmup, config.training.learning_rate.cooldown),
            (0.1, 0.0)
        );
        assert_eq!(config.training.adaptation.entropy, 0.25);
        let LayerSpec::Conv2d(conv) = &config.model.feature_extractor[0] else { panic!("no convolution") };
        assert_eq!(conv.outputs, 16);
        assert_eq!(config.model.input.normalization.scale, [1.0; 3]);
    }

    #[test]
    fn nothing_else_changes() {
        let config = set(&["training.seed=3"]).expect("a configuration");
        let mut expected = Config::preset("demo").expect("a preset");
        expected.training.seed = 3;
        assert_eq!(config, expected);
    }

    #[test]
    fn what_is_no_key_or_does_not_fit_is_refused() {
        for (assignment, words) in [
            ("training.speed=3", "unknown field `speed`"),
            ("training.epochs=many", "invalid type"),
            ("training.epochs", "expected KEY=VALUE"),
            ("nowhere.epochs=1", "unknown field `nowhere`"),
            ("training.seed.epochs=1", "nothing at \"epochs\""),
            ("model.feature_extractor.9.outputs=1", "nothing at \"9\""),
            ("training.momentum=2", "training.momentum: expected at least 0 and below 1"),
        ] {
            let error = set(&[assignment]).expect_err(assignment).to_string();
            assert!(error.contains(words), "{assignment}: {error}");
        }
    }
}
