//! Whether adaptation looks as if it did harm, by what a trained model says of images that it was trained on.

use super::warning::Warning;
use crate::train::{Method, Predictions, TrainingSpec};

/// A network learns nearly all of its own labelled images; where adaptation leaves more of them wrong than this share, it
/// takes from the features what tells the classes apart. Measured on digits only: docs/src/health.md has the figures.
const MOST_WRONG: f64 = 0.05;
/// Target images that are taken for fewer classes than this share of those that source images are taken for have fallen
/// together.
const FEW_CLASSES: f64 = 0.5;

/// What looks harmful in what a model trained by `spec` says.
pub(super) fn symptoms(spec: &TrainingSpec, seen: &Predictions) -> Vec<Warning> {
    let Predictions { source_error, source_classes, target_classes } = *seen;
    if spec.method != Method::Dann || (spec.lambda.maximum == 0.0 && spec.adaptation.is_off()) {
        return vec![];
    }
    let lost = (source_error > MOST_WRONG).then_some(Warning::LostSourceClasses(source_error));
    let few = target_classes < FEW_CLASSES * source_classes;
    let collapsed = few.then_some(Warning::CollapsedTargetClasses(target_classes, source_classes));
    lost.into_iter().chain(collapsed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::Config;

    fn seen(source_error: f64, source_classes: f64, target_classes: f64) -> Predictions {
        Predictions { source_error, source_classes, target_classes }
    }

    #[test]
    fn lost_and_collapsed_classes_look_harmful_and_small_losses_do_not() {
        let mut spec = Config::preset("demo").expect("a preset").training;
        assert_eq!(symptoms(&spec, &seen(0.04, 9.9, 8.0)), []);
        assert_eq!(symptoms(&spec, &seen(0.12, 9.9, 9.0)), [Warning::LostSourceClasses(0.12)]);
        assert_eq!(symptoms(&spec, &seen(0.04, 9.9, 2.0)), [Warning::CollapsedTargetClasses(2.0, 9.9)]);
        assert_eq!(symptoms(&spec, &seen(0.9, 9.0, 1.0)).len(), 2);
        // Without adaptation, it cannot be what does harm.
        spec.lambda.maximum = 0.0;
        assert_eq!(symptoms(&spec, &seen(0.9, 9.0, 1.0)), []);
        (spec.lambda.maximum, spec.method) = (1.0, Method::SourceOnly);
        assert_eq!(symptoms(&spec, &seen(0.9, 9.0, 1.0)), []);
    }
}
