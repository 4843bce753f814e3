//! How many classes a network tells apart.

use super::layers::LayerSpec;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// How many classes a network tells apart: `"auto"` or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Text", into = "Text")]
#[non_exhaustive]
pub enum Classes {
    /// As many as the data that are trained on; until these are known, as many as the label predictor has outputs.
    #[default]
    Auto,
    /// So many, whatever number of outputs the label predictor's last layer names.
    Count(usize),
}

/// What a recipe says.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected \"auto\" or a number of classes")]
enum Text {
    Count(usize),
    Word(String),
}

const AUTO: &str = "auto";

impl TryFrom<Text> for Classes {
    type Error = String;

    fn try_from(text: Text) -> std::result::Result<Self, String> {
        match text {
            Text::Count(count) => Ok(Self::Count(count)),
            Text::Word(word) if word == AUTO => Ok(Self::Auto),
            Text::Word(word) => Err(format!("expected \"auto\" or a number of classes, found {word:?}")),
        }
    }
}

impl From<Classes> for Text {
    fn from(classes: Classes) -> Self {
        match classes {
            Classes::Auto => Self::Word(AUTO.into()),
            Classes::Count(count) => Self::Count(count),
        }
    }
}

impl Classes {
    /// Whether the data decide.
    pub(super) fn is_auto(&self) -> bool {
        *self == Self::Auto
    }

    /// The layers of a label predictor for data of `count` classes.
    pub(super) fn fit(self, layers: &[LayerSpec], count: usize) -> Vec<LayerSpec> {
        with_outputs(layers, if let Self::Count(count) = self { count } else { count })
    }

    /// The layers of a label predictor, with as many outputs as the recipe says there are classes.
    ///
    /// # Errors
    /// [`Error::Input`] where the last layer cannot have them.
    pub(super) fn of_recipe(self, layers: &[LayerSpec]) -> Result<Vec<LayerSpec>> {
        match (self, layers.last()) {
            (Self::Auto, _) => Ok(layers.to_vec()),
            (Self::Count(count), Some(LayerSpec::Dense(_))) => Ok(with_outputs(layers, count)),
            (Self::Count(_), _) => {
                let expected = "a dense layer at the end of label_predictor, to have that many outputs";
                Err(Error::input("model.classes", expected, "another layer"))
            }
        }
    }
}

/// The layers, the last of which has `outputs` outputs if it is a dense one.
fn with_outputs(layers: &[LayerSpec], outputs: usize) -> Vec<LayerSpec> {
    let mut layers = layers.to_vec();
    if let Some(LayerSpec::Dense(last)) = layers.last_mut() {
        last.outputs = outputs;
    }
    layers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Dense, InputSpec, ModelSpec, Normalization, Relu};
    use crate::shape::MapShape;

    fn spec(classes: Classes, predictor: Vec<LayerSpec>) -> ModelSpec {
        let normalization = Normalization { scale: vec![1.0], shift: vec![0.0] };
        let input = InputSpec::new(MapShape::new(1, 2, 2), normalization);
        let mut spec = ModelSpec::new(input, vec![], predictor, vec![Dense::new(2).into()]);
        spec.classes = classes;
        spec
    }

    fn read(text: &str) -> std::result::Result<Classes, String> {
        let table: std::result::Result<std::collections::BTreeMap<String, Classes>, _> =
            toml::from_str(&format!("classes = {text}"));
        table.map(|table| table["classes"]).map_err(|e| e.to_string())
    }

    #[test]
    fn a_recipe_says_auto_or_a_number() {
        assert_eq!((read("\"auto\""), read("7")), (Ok(Classes::Auto), Ok(Classes::Count(7))));
        for wrong in ["\"automatic\"", "-1", "1.5"] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.contains("expected \"auto\" or a number of classes"), "{error}");
        }
        for classes in [Classes::Auto, Classes::Count(300)] {
            let text = toml::to_string(&std::collections::BTreeMap::from([("classes", classes)]));
            assert_eq!(read(text.expect("TOML").trim().trim_start_matches("classes = ")), Ok(classes));
        }
    }

    #[test]
    fn the_data_decide_unless_the_recipe_does() {
        let predictor = || vec![Dense::new(5).into(), Relu::default().into(), Dense::new(10).into()];
        let auto = spec(Classes::Auto, predictor());
        assert_eq!(auto.classes().ok(), Some(10));
        assert_eq!(auto.for_classes(3).classes().ok(), Some(3));
        assert_eq!(auto.for_classes(10), auto);
        let LayerSpec::Dense(first) = &auto.for_classes(3).label_predictor[0] else { panic!("dense") };
        assert_eq!(first.outputs, 5);
        let twelve = spec(Classes::Count(12), predictor());
        assert_eq!((twelve.classes().ok(), twelve.for_classes(3).classes().ok()), (Some(12), Some(12)));
        let LayerSpec::Dense(last) = &twelve.for_classes(3).label_predictor[2] else { panic!("dense") };
        assert_eq!(last.outputs, 12);
    }

    #[test]
    fn a_number_needs_a_layer_that_can_have_it() {
        let other = spec(Classes::Count(3), vec![Dense::new(3).into(), Relu::default().into()]);
        let error = other.check().expect_err("a last layer without outputs").to_string();
        assert!(error.contains("model.classes: expected a dense layer at the end"), "{error}");
        assert!(spec(Classes::Count(1), vec![Dense::new(3).into()]).check().is_err());
    }
}
