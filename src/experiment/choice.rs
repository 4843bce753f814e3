//! Which method a rule without target labels takes, of each recipe and seed.

use super::record::RunRecord;
use crate::selection::Rule;
use crate::train::Method;
use std::collections::BTreeSet;

/// The method that a rule takes of a recipe and seed, by the models that the runs kept.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Choice {
    /// The recipe's name.
    pub recipe: String,
    /// The runs' seed.
    pub seed: u64,
    /// What is taken.
    pub method: Method,
    /// Of what is taken, for the report alone.
    pub target_test_accuracy: Option<f64>,
    /// How much more the best of the methods has, for the report alone.
    pub below_best: Option<f64>,
}

/// What `rule` takes of each recipe and seed, in the order of `records`. It chooses among methods that need no target label,
/// where there are several and it has rated each; where one of them diverged or is still to be made, there is no choice.
pub fn choices(records: &[RunRecord], rule: Rule) -> Vec<Choice> {
    let mut seen = BTreeSet::new();
    let groups = records.iter().map(|record| (record.recipe.as_str(), record.result.seed));
    let groups: Vec<(&str, u64)> = groups.filter(|group| seen.insert(*group)).collect();
    let runs = |(recipe, seed): (&str, u64)| -> Vec<&RunRecord> {
        let is_one = |record: &&RunRecord| record.recipe == recipe && record.result.seed == seed;
        records.iter().filter(is_one).filter(|record| record.result.method != Method::TargetOnly).collect()
    };
    groups.into_iter().filter_map(|group| choice(&runs(group), rule)).collect()
}

fn choice(runs: &[&RunRecord], rule: Rule) -> Option<Choice> {
    let values: Option<Vec<f64>> = runs.iter().map(|run| run.ratings.get(&rule).copied()).collect();
    let values = values.filter(|values| values.len() > 1)?;
    let RunRecord { recipe, result, .. } = runs[rule.best(values.into_iter().map(Some))?];
    let target_test_accuracy = result.report.target_test_accuracy;
    let accuracies: Option<Vec<f64>> =
        runs.iter().map(|run| run.result.report.target_test_accuracy).collect();
    let best = accuracies.and_then(|accuracies| accuracies.into_iter().reduce(f64::max));
    Some(Choice {
        recipe: recipe.clone(),
        seed: result.seed,
        method: result.method,
        target_test_accuracy,
        below_best: best.zip(target_test_accuracy).map(|(best, accuracy)| best - accuracy),
    })
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::*;

    /// A record whose rating by [`Rule::WeightedRisk`] is `risk`.
    fn rated(method: Method, seed: u64, accuracy: f64, risk: f64) -> RunRecord {
        RunRecord { ratings: [(Rule::WeightedRisk, risk)].into(), ..record(method, seed, accuracy) }
    }

    fn chosen(records: &[RunRecord]) -> Vec<(u64, Method, f64)> {
        let choices = choices(records, Rule::WeightedRisk);
        let hundredths = |share: Option<f64>| (100.0 * share.expect("a share")).round();
        choices.iter().map(|choice| (choice.seed, choice.method, hundredths(choice.below_best))).collect()
    }

    #[test]
    fn of_each_seed_the_method_with_the_better_value_is_taken_and_never_target_only() {
        let records = [
            rated(Method::SourceOnly, 0, 0.5, 0.2),
            rated(Method::Dann, 0, 0.8, 0.1),
            rated(Method::TargetOnly, 0, 0.9, 0.0),
            rated(Method::SourceOnly, 1, 0.5, 0.2),
            rated(Method::Dann, 1, 0.7, 0.3),
        ];
        assert_eq!(chosen(&records), [(0, Method::Dann, 0.0), (1, Method::SourceOnly, 20.0)]);
        assert_eq!(choices(&records, Rule::ProxyDistance), []);
    }

    #[test]
    fn without_a_second_method_or_a_rating_nothing_is_chosen() {
        let lonely = [rated(Method::Dann, 0, 0.8, 0.1), rated(Method::TargetOnly, 0, 0.9, 0.0)];
        assert_eq!(chosen(&lonely), []);
        let unrated = [record(Method::SourceOnly, 0, 0.5), rated(Method::Dann, 0, 0.8, 0.1)];
        assert_eq!(chosen(&unrated), []);
        let another = RunRecord { recipe: "other".into(), ..rated(Method::SourceOnly, 0, 0.5, 0.2) };
        assert_eq!(chosen(&[another, rated(Method::Dann, 0, 0.8, 0.1)]), []);
    }
}
