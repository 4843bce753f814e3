//! The runs of an experiment side by side, as Markdown.

use super::choice::{Choice, choices};
use super::figures::{mean, percents, spread};
use super::record::{Chosen, Divergence, RunRecord};
use crate::selection::Rule;
use crate::train::{Method, RunResult};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The tables of all runs: by recipe and method over the seeds, with the method that `rule` takes without target labels,
/// the share of the gap that adaptation covers, what rules choose among checkpoints, every run by itself, and those that
/// diverged.
pub fn summary(title: &str, rule: Rule, records: &[RunRecord], divergences: &[Divergence]) -> String {
    let mut text = format!("# {title}\n\n");
    let sources = told(records, |result| result.source.display().to_string());
    let targets = told(records, |result| result.target.display().to_string());
    let adapters = told(records, |result| format!("{}, {}", result.adapter, result.kernels));
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "Source: {sources}. Target: {targets}. Adapter: {adapters}. Accuracies are of the model \
         that was kept: that of the last step, unless a rule chose another; means ± standard deviations over seeds.\n",
    );
    let taken = choices(records, rule);
    methods(&mut text, records, rule, &taken);
    gaps(&mut text, records);
    costs(&mut text, rule, &taken);
    rules(&mut text, records);
    runs(&mut text, records, rule, &taken);
    diverged(&mut text, divergences);
    text
}

/// What results say of something, each answer once.
fn told(records: &[RunRecord], of: impl Fn(&RunResult) -> String) -> String {
    let told: BTreeSet<String> = records.iter().map(|record| of(&record.result)).collect();
    Vec::from_iter(told).join("; ")
}

fn diverged(text: &mut String, divergences: &[Divergence]) {
    if divergences.is_empty() {
        return;
    }
    *text +=
        "\nThese runs diverged, and are in no mean:\n\n| recipe | method | seed | |\n|---|---|---|---|\n";
    for Divergence { recipe, config, diverged, .. } in divergences {
        let _ = writeln!(
            text,
            "| {recipe} | {} | {} | {diverged} |",
            config.training.method, config.training.seed
        );
    }
}

fn recipes(records: &[RunRecord]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for record in records {
        if !names.contains(&record.recipe.as_str()) {
            names.push(&record.recipe);
        }
    }
    names
}

fn of<'a>(records: &'a [RunRecord], recipe: &str, method: Method) -> Vec<&'a RunRecord> {
    records.iter().filter(|record| record.recipe == recipe && record.result.method == method).collect()
}

const METHODS: [Method; 3] = [Method::SourceOnly, Method::Dann, Method::TargetOnly];

fn methods(text: &mut String, records: &[RunRecord], rule: Rule, taken: &[Choice]) {
    let taken_by = rule.name();
    *text += &format!(
        "| recipe | method | seeds | target test | lowest | taken by {taken_by} | target test of those taken | source test | \
         proxy A-distance | steps | minutes a run |\n"
    );
    *text += "|---|---|---|---|---|---|---|---|---|---|---|\n";
    for recipe in recipes(records) {
        for method in METHODS {
            let runs = of(records, recipe, method);
            let Some(steps) = steps(&runs) else { continue };
            let target = accuracies(&runs, |run| run.result.report.target_test_accuracy);
            let source = accuracies(&runs, |run| run.result.report.source_test_accuracy);
            let distances: Vec<f64> = runs.iter().filter_map(|run| run.proxy_a_distance).collect();
            let minutes: Vec<f64> = runs.iter().map(|run| run.result.seconds / 60.0).collect();
            let lowest = target.iter().copied().reduce(f64::min);
            let [number, accuracy] = beside(recipe, method, taken);
            let _ = writeln!(
                text,
                "| {recipe} | {method} | {} | {} | {} | {number} | {accuracy} | {} | {} | {} | {} |",
                runs.len(),
                percents(&target),
                percents(lowest.as_slice()),
                percents(&source),
                spread(&distances, 2),
                steps,
                spread(&minutes, 1),
            );
        }
    }
    *text += "\n";
}

/// Of all runs, from the fewest to the most: training may end early.
fn steps(runs: &[&RunRecord]) -> Option<String> {
    let steps = || runs.iter().map(|run| run.result.steps);
    let (fewest, most) = (steps().min()?, steps().max()?);
    Some(if fewest == most { most.to_string() } else { format!("{fewest}–{most}") })
}

fn of_recipe<'a>(taken: &'a [Choice], recipe: &str) -> Vec<&'a Choice> {
    taken.iter().filter(|choice| choice.recipe == recipe).collect()
}

/// For how many seeds of the recipe the method was taken, and the accuracy of what was taken for each seed.
fn beside(recipe: &str, method: Method, taken: &[Choice]) -> [String; 2] {
    let taken = of_recipe(taken, recipe);
    if method == Method::TargetOnly {
        return ["–", "–"].map(Into::into);
    }
    if taken.is_empty() {
        return ["n/a", "n/a"].map(Into::into);
    }
    let of_method = taken.iter().filter(|choice| choice.method == method).count();
    let accuracies: Vec<f64> = taken.iter().filter_map(|choice| choice.target_test_accuracy).collect();
    [format!("{of_method} of {}", taken.len()), percents(&accuracies)]
}

/// What it costs not to see target labels.
fn costs(text: &mut String, rule: Rule, taken: &[Choice]) {
    let recipes: BTreeSet<&str> = taken.iter().map(|choice| choice.recipe.as_str()).collect();
    for recipe in &recipes {
        let below: Vec<f64> =
            of_recipe(taken, recipe).iter().filter_map(|choice| choice.below_best).collect();
        let Some(below) = mean(&below) else { continue };
        let _ = writeln!(
            text,
            "Recipe {recipe}: what {} takes without target labels is {:.2} points below the best method of each seed.",
            rule.name(),
            100.0 * below
        );
    }
    if !recipes.is_empty() {
        *text += "\n";
    }
}

/// (dann − source-only) / (target-only − source-only), of the means over the seeds that have all three.
fn gaps(text: &mut String, records: &[RunRecord]) {
    for recipe in recipes(records) {
        let of_methods = METHODS.map(|method| target_accuracies(records, recipe, method));
        let has_all = |seed: &&u64| of_methods.iter().all(|of_method| of_method.contains_key(*seed));
        let seeds: Vec<u64> = of_methods[0].keys().filter(has_all).copied().collect();
        let mean_of = |of_method: &BTreeMap<u64, f64>| {
            mean(&seeds.iter().map(|seed| of_method[seed]).collect::<Vec<_>>())
        };
        let [Some(lower), Some(dann), Some(upper)] = of_methods.each_ref().map(mean_of) else { continue };
        if upper > lower {
            let share = percents(&[(dann - lower) / (upper - lower)]);
            let lacking = of_methods.iter().any(|of_method| of_method.len() > seeds.len());
            let by = if lacking { by_seeds(&seeds) } else { String::new() };
            let _ = writeln!(
                text,
                "Recipe {recipe}: adaptation covers {share} of the gap between source-only and target-only{by}."
            );
        }
    }
    *text += "\n";
}

/// By seed; those without one are left out.
fn target_accuracies(records: &[RunRecord], recipe: &str, method: Method) -> BTreeMap<u64, f64> {
    let runs = of(records, recipe, method).into_iter();
    runs.filter_map(|run| Some((run.result.seed, run.result.report.target_test_accuracy?))).collect()
}

/// Which seeds have runs by all methods, where others do not.
fn by_seeds(seeds: &[u64]) -> String {
    let numbers: Vec<String> = seeds.iter().map(u64::to_string).collect();
    let word = if seeds.len() == 1 { "seed" } else { "seeds" };
    format!(" (by {word} {}, which all three methods have)", numbers.join(", "))
}

/// Target accuracies at what each rule chose, beside those of the models that were kept and the best that there was.
fn rules(text: &mut String, records: &[RunRecord]) {
    let names: BTreeSet<&String> = records.iter().flat_map(|record| record.selected.keys()).collect();
    if names.is_empty() {
        return;
    }
    *text += "Target test accuracy at the checkpoint that a rule without target labels chooses; the best checkpoint is \
              reported and never used.\n\n| recipe | method | model kept |";
    names.iter().for_each(|name| *text += &format!(" {name} |"));
    *text += " best |\n|---|---|---|---|";
    names.iter().for_each(|_| *text += "---|");
    *text += "\n";
    for recipe in recipes(records) {
        for method in METHODS {
            let mut runs = of(records, recipe, method);
            runs.retain(|run| !run.selected.is_empty());
            if runs.is_empty() {
                continue;
            }
            let last = counted(&runs, |run| run.result.report.target_test_accuracy);
            let _ = write!(text, "| {recipe} | {method} | {last} |");
            let accuracy = |chosen: Option<&Chosen>| chosen.and_then(|chosen| chosen.target_test_accuracy);
            for name in &names {
                let _ = write!(text, " {} |", counted(&runs, |run| accuracy(run.selected.get(*name))));
            }
            let _ = writeln!(text, " {} |", counted(&runs, |run| accuracy(run.best.as_ref())));
        }
    }
    *text += "\n";
}

fn runs(text: &mut String, records: &[RunRecord], rule: Rule, taken: &[Choice]) {
    let rated = format!("{} (* taken)", rule.name());
    let _ = writeln!(
        text,
        "| recipe | method | seed | target test | source test | {rated} | minutes |\n|---|---|---|---|---|---|---|"
    );
    for record in records {
        let (recipe, result) = (&record.recipe, &record.result);
        let is_taken = of_recipe(taken, recipe)
            .iter()
            .any(|choice| (choice.method, choice.seed) == (result.method, result.seed));
        let mark = if is_taken { " *" } else { "" };
        let rating = record.ratings.get(&rule).map_or("n/a".into(), |value| format!("{value:.4}{mark}"));
        let _ = writeln!(
            text,
            "| {recipe} | {} | {} | {} | {} | {rating} | {:.1} |",
            result.method,
            result.seed,
            percents(result.report.target_test_accuracy.as_slice()),
            percents(result.report.source_test_accuracy.as_slice()),
            result.seconds / 60.0,
        );
    }
}

fn accuracies(runs: &[&RunRecord], accuracy: impl Fn(&RunRecord) -> Option<f64>) -> Vec<f64> {
    runs.iter().filter_map(|run| accuracy(run)).collect()
}

/// The accuracies of runs, and how many runs they are of where some have none, as such a mean does not compare with others.
fn counted(runs: &[&RunRecord], accuracy: impl Fn(&RunRecord) -> Option<f64>) -> String {
    let values = accuracies(runs, accuracy);
    match values.len() {
        0 => percents(&values),
        some if some < runs.len() => format!("{} ({some} of {} runs)", percents(&values), runs.len()),
        _ => percents(&values),
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::record;
    use super::super::spec::PlannedRun;
    use super::*;
    use crate::train::Config;

    #[test]
    fn seeds_are_summed_up_and_the_gap_is_told() {
        let rated = |method, seed, accuracy, risk| RunRecord {
            ratings: [(Rule::WeightedRisk, risk)].into(),
            ..record(method, seed, accuracy)
        };
        let mut records = [
            rated(Method::SourceOnly, 0, 0.5, 0.2),
            rated(Method::Dann, 0, 0.8, 0.3),
            record(Method::TargetOnly, 0, 0.9),
            rated(Method::Dann, 1, 0.7, 0.1),
        ];
        // What was chosen of this one was not measured.
        records[3].selected.values_mut().for_each(|chosen| chosen.target_test_accuracy = None);
        records[3].result.steps = 15;
        let config = Config::preset("paper").expect("a preset");
        let run = PlannedRun { recipe: "paper".into(), config };
        let diverged = Divergence::new(&run, "diverged at step 7");
        let text = summary("Title", Rule::WeightedRisk, &records, &[diverged]);
        // The standard deviation of 80 and 70 is 7.07, by hand.
        for line in [
            "# Title",
            "Source: s. Target: t. Adapter: an adapter, plain kernels. ",
            "| recipe | method | seeds | target test | lowest | taken by weighted-risk | target test of those taken |",
            "| paper | dann | 2 | 75.00 ± 7.07 % | 70.00 % | 0 of 1 | 50.00 % | 99.00 ± 0.00 % | 1.00 ± 0.00 | 15–20 | 1.5 ± 0.0 |",
            "| paper | source-only | 1 | 50.00 % | 50.00 % | 1 of 1 | 50.00 % | 99.00 % | 1.00 | 20 | 1.5 |",
            "| paper | target-only | 1 | 90.00 % | 90.00 % | – | – | 99.00 % |",
            "Recipe paper: what weighted-risk takes without target labels is 30.00 points below the best method of each seed.",
            "Recipe paper: adaptation covers 75.00 % of the gap between source-only and target-only (by seed 0, which all three methods have).",
            "| recipe | method | model kept | entropy | best |",
            "| paper | dann | 75.00 ± 7.07 % | 79.00 % (1 of 2 runs) | 76.00 ± 7.07 % |",
            "| paper | source-only | 0 | 50.00 % | 99.00 % | 0.2000 * | 1.5 |",
            "| paper | target-only | 0 | 90.00 % | 99.00 % | n/a | 1.5 |",
            "| paper | dann | 1 | 70.00 % | 99.00 % | 0.1000 | 1.5 |",
            "| paper | dann | 0 | diverged at step 7 |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
