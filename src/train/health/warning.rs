//! What is said when the adversarial game is being lost, or adaptation looks harmful.

use std::fmt;

/// A game that is being lost.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// (share of live features) The features are the same whatever goes in.
    DeadFeatures(f64),
    /// (loss, chance) The classes are not learned.
    UnlearnedClasses(f64, f64),
    /// (loss, lowest before) The label loss rises.
    RisingLabelLoss(f64, f64),
    /// (loss, chance) The domain classifier has never told the domains apart, or says one half of everything by now.
    DeadDomainClassifier(f64, f64),
    /// (loss, chance) The features mislead the domain classifier faster than it learns.
    MisledDomainClassifier(f64, f64),
    /// (loss, chance) The domain classifier tells the domains apart although the reversal is at its strongest.
    UnbeatenDomainClassifier(f64, f64),
    /// (share) So many of the labelled images trained on are classified wrongly after the last step of an adaptation.
    LostSourceClasses(f64),
    /// (classes of target images, of source images) Target images are taken for few classes, in effect.
    CollapsedTargetClasses(f64, f64),
}

impl Warning {
    /// Whether adaptation looks as if it did harm, so that the same recipe is worth a training without it.
    pub fn looks_harmful(&self) -> bool {
        matches!(self, Self::LostSourceClasses(_) | Self::CollapsedTargetClasses(..))
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::DeadFeatures(share) => write!(
                f,
                "the feature extractor has died: {:.1} % of its features differ from image to image; \
                 lower training.learning_rate.initial, or set training.clip_norm",
                100.0 * share
            ),
            Self::UnlearnedClasses(loss, chance) => write!(
                f,
                "the classes are not learned: the label loss is {loss:.3} (chance is {chance:.3}); \
                 lower training.lambda.maximum or training.learning_rate.initial"
            ),
            Self::RisingLabelLoss(loss, lowest) => write!(
                f,
                "the label loss rises: {loss:.3} after {lowest:.3}; the reversal or the learning rate is too strong: \
                 lower training.lambda.maximum or training.learning_rate.initial"
            ),
            Self::DeadDomainClassifier(loss, chance) => write!(
                f,
                "the domain classifier has collapsed: its loss is {loss:.3}, which is chance ({chance:.3}), so nothing \
                 adapts; scale inputs to [-1, 1], or set training.domain_loss to mean"
            ),
            Self::MisledDomainClassifier(loss, chance) => write!(
                f,
                "the reversal is too strong: the domain loss is {loss:.3}, above chance ({chance:.3}), so the features \
                 mislead the domain classifier faster than it learns; lower training.lambda.maximum"
            ),
            Self::UnbeatenDomainClassifier(loss, chance) => write!(
                f,
                "the domain classifier wins: its loss is {loss:.3} (chance is {chance:.3}) with λ at its strongest, so \
                 the features give the domains away; raise training.lambda.maximum or widen the feature extractor"
            ),
            Self::LostSourceClasses(share) => write!(
                f,
                "adaptation looks harmful: after the last step {:.1} % of the labelled images trained on are classified \
                 wrongly, so it takes from the features what tells the classes apart; lower training.lambda.maximum, or \
                 train longer, and compare with training.method = \"source-only\"",
                100.0 * share
            ),
            Self::CollapsedTargetClasses(target, source) => write!(
                f,
                "adaptation looks harmful: target images are taken for {target:.1} classes in effect, source images for \
                 {source:.1}, so those of different classes have fallen together, unless the target lacks classes; lower \
                 training.lambda.maximum or the weights in training.adaptation, and compare with training.method = \
                 \"source-only\""
            ),
        }
    }
}
