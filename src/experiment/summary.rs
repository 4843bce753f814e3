//! The runs of an experiment side by side, as Markdown.

use super::record::{Chosen, Divergence, RunRecord};
use crate::train::Method;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The tables of all runs: by recipe and method over the seeds, the share of the gap that adaptation covers, what rules
/// without target labels choose, every run by itself, and those that diverged.
pub fn summary(title: &str, records: &[RunRecord], divergences: &[Divergence]) -> String {
    let mut text = format!("# {title}\n\n");
    let adapters: BTreeSet<String> =
        records.iter().map(|r| format!("{}, {}", r.result.adapter, r.result.kernels)).collect();
    let adapters: Vec<String> = adapters.into_iter().collect();
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(
        text,
        "Adapter: {}. Accuracies are the last step's; means ± standard deviations over seeds.\n",
        adapters.join("; ")
    );
    methods(&mut text, records);
    gaps(&mut text, records);
    rules(&mut text, records);
    runs(&mut text, records);
    diverged(&mut text, divergences);
    text
}

fn diverged(text: &mut String, divergences: &[Divergence]) {
    if divergences.is_empty() {
        return;
    }
    *text +=
        "\nThese runs diverged, and are in no mean:\n\n| recipe | method | seed | |\n|---|---|---|---|\n";
    for Divergence { recipe, config, diverged } in divergences {
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

fn methods(text: &mut String, records: &[RunRecord]) {
    *text += "| recipe | method | seeds | target test | lowest | source test | proxy A-distance | steps | minutes a run |\n";
    *text += "|---|---|---|---|---|---|---|---|---|\n";
    for recipe in recipes(records) {
        for method in METHODS {
            let runs = of(records, recipe, method);
            let Some(first) = runs.first() else { continue };
            let target = accuracies(&runs, |run| run.result.report.target_test_accuracy);
            let source = accuracies(&runs, |run| run.result.report.source_test_accuracy);
            let distances: Vec<f64> = runs.iter().filter_map(|run| run.proxy_a_distance).collect();
            let minutes: Vec<f64> = runs.iter().map(|run| run.result.seconds / 60.0).collect();
            let lowest = target.iter().copied().reduce(f64::min);
            let _ = writeln!(
                text,
                "| {recipe} | {method} | {} | {} | {} | {} | {} | {} | {} |",
                runs.len(),
                percents(&target),
                percents(lowest.as_slice()),
                percents(&source),
                spread(&distances, 2),
                first.result.steps,
                spread(&minutes, 1),
            );
        }
    }
    *text += "\n";
}

/// (dann − source-only) / (target-only − source-only), of the means.
fn gaps(text: &mut String, records: &[RunRecord]) {
    for recipe in recipes(records) {
        let mean_of = |method| {
            mean(&accuracies(&of(records, recipe, method), |run| run.result.report.target_test_accuracy))
        };
        let [Some(lower), Some(dann), Some(upper)] = METHODS.map(mean_of) else { continue };
        if upper > lower {
            let share = percents(&[(dann - lower) / (upper - lower)]);
            let _ = writeln!(
                text,
                "Recipe {recipe}: adaptation covers {share} of the gap between source-only and target-only."
            );
        }
    }
    *text += "\n";
}

/// Target accuracies at what each rule chose, beside the last step's and the best that there was.
fn rules(text: &mut String, records: &[RunRecord]) {
    let names: BTreeSet<&String> = records.iter().flat_map(|record| record.selected.keys()).collect();
    if names.is_empty() {
        return;
    }
    *text += "Target test accuracy at the checkpoint that a rule without target labels chooses; the best checkpoint is \
              reported and never used.\n\n| recipe | method | last step |";
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
            let last = accuracies(&runs, |run| run.result.report.target_test_accuracy);
            let _ = write!(text, "| {recipe} | {method} | {} |", percents(&last));
            let accuracy = |chosen: Option<&Chosen>| chosen.and_then(|chosen| chosen.target_test_accuracy);
            for name in &names {
                let _ = write!(
                    text,
                    " {} |",
                    percents(&accuracies(&runs, |run| accuracy(run.selected.get(*name))))
                );
            }
            let _ = writeln!(text, " {} |", percents(&accuracies(&runs, |run| accuracy(run.best.as_ref()))));
        }
    }
    *text += "\n";
}

fn runs(text: &mut String, records: &[RunRecord]) {
    *text += "| recipe | method | seed | target test | source test | minutes |\n|---|---|---|---|---|---|\n";
    for record in records {
        let (recipe, result) = (&record.recipe, &record.result);
        let _ = writeln!(
            text,
            "| {recipe} | {} | {} | {} | {} | {:.1} |",
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

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

fn percents(shares: &[f64]) -> String {
    let hundreds: Vec<f64> = shares.iter().map(|share| 100.0 * share).collect();
    match spread(&hundreds, 2) {
        text if shares.is_empty() => text,
        text => text + " %",
    }
}

/// Mean ± standard deviation (of a sample: divided by the values less one); one value stands alone.
fn spread(values: &[f64], digits: usize) -> String {
    let Some(mean) = mean(values) else { return "n/a".into() };
    if values.len() == 1 {
        return format!("{mean:.digits$}");
    }
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    format!("{mean:.digits$} ± {:.digits$}", (squares / (values.len() - 1) as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::{Config, Report, RunResult};

    fn record(method: Method, seed: u64, accuracy: f64) -> RunRecord {
        let chosen = Chosen { step: 10, target_test_accuracy: Some(accuracy - 0.01) };
        RunRecord {
            recipe: "paper".into(),
            config: Config::preset("paper").expect("a preset"),
            result: RunResult {
                method,
                seed,
                steps: 20,
                batch: 4,
                version: "0".into(),
                adapter: "an adapter".into(),
                kernels: "plain kernels".into(),
                source: "s".into(),
                target: "t".into(),
                directory: "d".into(),
                seconds: 90.0,
                report: Report { source_test_accuracy: Some(0.99), target_test_accuracy: Some(accuracy) },
            },
            proxy_a_distance: Some(1.0),
            selected: [("entropy".to_owned(), chosen)].into(),
            best: Some(Chosen { step: 15, target_test_accuracy: Some(accuracy + 0.01) }),
        }
    }

    #[test]
    fn seeds_are_summed_up_and_the_gap_is_told() {
        let records = [
            record(Method::SourceOnly, 0, 0.5),
            record(Method::Dann, 0, 0.8),
            record(Method::TargetOnly, 0, 0.9),
            record(Method::Dann, 1, 0.7),
        ];
        let config = Config::preset("paper").expect("a preset");
        let diverged = Divergence { recipe: "paper".into(), config, diverged: "diverged at step 7".into() };
        let text = summary("Title", &records, &[diverged]);
        // The standard deviation of 80 and 70 is 7.07, by hand.
        for line in [
            "# Title",
            "| paper | dann | 2 | 75.00 ± 7.07 % | 70.00 % | 99.00 ± 0.00 % | 1.00 ± 0.00 | 20 | 1.5 ± 0.0 |",
            "| paper | source-only | 1 | 50.00 % | 50.00 % | 99.00 % | 1.00 | 20 | 1.5 |",
            "Recipe paper: adaptation covers 62.50 % of the gap between source-only and target-only.",
            "| recipe | method | last step | entropy | best |",
            "| paper | dann | 75.00 ± 7.07 % | 74.00 ± 7.07 % | 76.00 ± 7.07 % |",
            "| paper | dann | 1 | 70.00 % | 99.00 % | 1.5 |",
            "| paper | dann | 0 | diverged at step 7 |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("record.json");
        let record = record(Method::Dann, 3, 0.75);
        record.write(&file).expect("written");
        assert_eq!(RunRecord::read(&file).expect("read"), record);
    }
}
