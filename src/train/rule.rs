//! The rules that choose.

use serde::{Deserialize, Serialize};

/// A number for a model that needs no target label, and which of two such numbers is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Rule {
    /// The source's validation error plus how well a fresh linear classifier separates the domains' features: 2 b - 1
    /// for its balanced accuracy b on images that it has not learned from, at least 0, which is half the proxy
    /// A-distance. Low is good: what can be measured of the bound of Ben-David et al. (2007). The model's own domain
    /// classifier has no part in it, so that models with one and without compare.
    DomainRisk,
    /// The mean entropy of p(y|x) on target images, in nats. Low is good (Grandvalet & Bengio 2004 train for it).
    TargetEntropy,
    /// The entropy of the mean of p(y|x) on target images, less the mean entropy, in nats. High is good: sure answers
    /// that are not all the same (information maximisation, Shi & Sha 2012).
    Information,
    /// The source's validation loss, its images weighted by how much their features look like the target's. Low is good
    /// (importance-weighted validation, Sugiyama, Krauledat & Müller 2007; with the control variate of You et al. 2019).
    WeightedRisk,
    /// How well a fresh linear classifier tells the domains' features apart. Low is good (Ben-David et al. 2007).
    ProxyDistance,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::DomainRisk, Self::TargetEntropy, Self::Information, Self::WeightedRisk, Self::ProxyDistance];

    /// As tables and JSON call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DomainRisk => "domain-risk",
            Self::TargetEntropy => "target-entropy",
            Self::Information => "information",
            Self::WeightedRisk => "weighted-risk",
            Self::ProxyDistance => "proxy-distance",
        }
    }

    /// Whether the rule looks at labelled images of the source that were not trained on.
    pub fn needs_source_validation(self) -> bool {
        matches!(self, Self::DomainRisk | Self::WeightedRisk)
    }

    /// The place of the best of `values`, of equally good ones the last; `None` if there is no value.
    pub fn best(self, values: impl IntoIterator<Item = Option<f64>>) -> Option<usize> {
        let cost = |value: f64| if self == Self::Information { -value } else { value };
        let costs = values.into_iter().enumerate().filter_map(|(place, value)| Some((place, cost(value?))));
        let best = costs.reduce(|best, next| if next.1 <= best.1 { next } else { best });
        best.map(|(place, _)| place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_in_json() {
        for rule in Rule::ALL {
            assert_eq!(serde_json::json!(rule), rule.name());
        }
    }

    #[test]
    fn low_values_are_good_but_those_of_information() {
        let values = [Some(2.0), None, Some(1.0), Some(3.0)];
        for rule in Rule::ALL {
            let place = if rule == Rule::Information { 3 } else { 2 };
            assert_eq!(rule.best(values), Some(place), "{rule:?}");
        }
    }

    #[test]
    fn of_equal_values_the_last_is_chosen_and_of_none_none() {
        for rule in Rule::ALL {
            assert_eq!(rule.best([Some(1.0), Some(1.0), None]), Some(1), "{rule:?}");
            assert_eq!(rule.best([None, None]), None);
        }
    }
}
