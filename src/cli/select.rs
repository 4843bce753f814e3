//! `dann select`

use super::gpu::GpuArgs;
use super::hint::{Hint as _, LIST_RUNS, is_no_data_set, is_no_run};
use super::output::{Bars, Output, percent, share, table};
use clap::Args;
use dann::selection::{Candidates, Images, Outcome, Rating, Rule, Selection, best_runs};
use dann::train::{History, Method, RunDirectory};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// A mean over fewer images tells little.
const FEW_IMAGES: f64 = 30.0;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann select runs/first
  dann select runs/lambda-0.5 runs/lambda-1        also which run to take, by their last steps
  dann select runs/dann-0 runs/source-only-0       whether adaptation was worth it
  dann select runs/first --images 500 --json

Every checkpoint but that of step 0 is rated by source images with labels that were not trained
on (the test part) and by target images without labels (of the training part). Without such a
test part of the source, domain-risk and weighted-risk have no value; training with --validation
sets one aside. * marks what a rule chooses, of equally good ones the last:
  domain-risk     source error + how well a new linear classifier separates the domains'
                  features (0 at chance, 1 wholly): half the proxy-distance; low is good
  target-entropy  mean entropy of the predictions on target images; low is good
  information     entropy of their mean prediction less their mean entropy; high is good
  weighted-risk   source loss, weighted by how much features look like the target's; low is good
  proxy-distance  how well a new linear classifier separates the domains' features (0 to 2); low
                  is good
Accuracies on the target are those that training noted for the report; no rule sees them.
Ratings and choices are written to selection.json in the run's directory. Among several runs a rule
chooses where it has a value for each; those of a run without adaptation compare with the others'.")]
pub struct SelectArgs {
    /// Finished runs with their checkpoints
    #[arg(required = true, value_name = "RUN_DIR")]
    runs: Vec<PathBuf>,
    /// The labelled data set [default: where the runs found it]
    #[arg(long)]
    source: Option<PathBuf>,
    /// The data set adapted to [default: where the runs found it]
    #[arg(long)]
    target: Option<PathBuf>,
    /// Rate by so many images of each kind, or by all if there are fewer
    #[arg(long, value_name = "N", default_value_t = Images::MOST as u32, value_parser = clap::value_parser!(u32).range(2..))]
    images: u32,
    #[command(flatten)]
    gpu: GpuArgs,
}

/// A run's ratings, and its course for the report.
struct Rated {
    selection: Selection,
    history: History,
}

pub fn run(args: &SelectArgs, out: &Output) -> anyhow::Result<()> {
    let mut images = Images::new(args.images as usize, args.source.clone(), args.target.clone());
    let (mut candidates, mut rated) = (Vec::new(), Vec::new());
    for run in &args.runs {
        let of_run = Candidates::of_run(run).hint_if(is_no_run, LIST_RUNS)?;
        let moved = "--source DIR and --target DIR name data sets that have moved";
        let sample = images.of(&of_run).hint_if(is_no_data_set, moved)?;
        candidates.push((of_run, sample, RunDirectory::history(run)?));
    }
    let gpu = args.gpu.open()?;
    for (candidates, sample, history) in candidates {
        let selection = candidates.rate(&gpu, &sample, &Bars::default())?;
        selection.write()?;
        let run = Rated { selection, history };
        run.print_ratings(out)?;
        run.print_outcomes(out)?;
        rated.push(run);
    }
    if rated.len() > 1 { print_best_runs(&rated, out) } else { Ok(()) }
}

/// A cell for each rule; `marked` are the rules that choose this row.
fn cells(rating: &Rating, marked: impl Fn(Rule) -> bool) -> [String; Rule::ALL.len()] {
    let cell = |rule, value| format!("{value:.4}{}", if marked(rule) { " *" } else { "" });
    Rule::ALL.map(|rule| rating.value(rule).map_or("n/a".into(), |value| cell(rule, value)))
}

/// The header of a table with a column for each rule.
fn header(first: &str) -> [&str; 7] {
    let [a, b, c, d, e] = Rule::ALL.map(Rule::name);
    [first, a, b, c, d, e, "target test (report only)"]
}

fn row(first: String, [a, b, c, d, e]: [String; 5], accuracy: Option<f64>) -> [String; 7] {
    [first, a, b, c, d, e, share(accuracy)]
}

impl Rated {
    fn picked(&self, rule: Rule, step: u64) -> bool {
        self.selection.picks.get(&rule) == Some(&step)
    }

    fn accuracy(&self, step: u64) -> Option<f64> {
        self.history.target_accuracy(step)
    }

    fn last_accuracy(&self) -> Option<f64> {
        self.selection.ratings.last().and_then(|rating| self.accuracy(rating.step))
    }

    fn print_ratings(&self, out: &Output) -> anyhow::Result<()> {
        let Selection { run, ratings, images, .. } = &self.selection;
        for rating in ratings {
            let picked_by: Vec<Rule> =
                Rule::ALL.into_iter().filter(|&rule| self.picked(rule, rating.step)).collect();
            let mut line = json!(rating);
            line["run"] = json!(run);
            line["picked_by"] = json!(picked_by);
            line["for_report_only"] = json!({ "target_test_accuracy": self.accuracy(rating.step) });
            out.json(&line)?;
        }
        out.text(format!(
            "{}: rated by {} training and {} validation images of the source and {} unlabelled ones of the target",
            run.display(),
            images.source_training,
            if images.source_validation == 0 { "no".into() } else { images.source_validation.to_string() },
            images.target
        ))?;
        let rows = ratings.iter().map(|rating| {
            let cells = cells(rating, |rule| self.picked(rule, rating.step));
            row(rating.step.to_string(), cells, self.accuracy(rating.step))
        });
        out.text(table(header("step"), rows))?;
        reasons(ratings).try_for_each(|reason| out.text(reason))?;
        let images = images.source_validation;
        ratings.iter().filter_map(|rating| doubt(rating, images)).try_for_each(|doubt| out.text(doubt))
    }

    fn print_outcomes(&self, out: &Output) -> anyhow::Result<()> {
        let outcomes = self.selection.outcomes(&self.history);
        let best = self.selection.best(&self.history);
        let run = &self.selection.run;
        for Outcome { rule, step, target_test_accuracy, below_best, .. } in &outcomes {
            let accuracies =
                json!({ "target_test_accuracy": target_test_accuracy, "below_best": below_best });
            let chosen_by = chosen_by(*rule);
            out.json(
                &json!({ "run": run, "chosen_by": chosen_by, "step": step, "for_report_only": accuracies }),
            )?;
        }
        let best_step = best.map(|(step, _)| step);
        let accuracies = json!({ "best_step": best_step, "target_test_accuracy": best.map(|best| best.1) });
        out.json(&json!({ "run": run, "for_report_only": accuracies }))?;
        let rows = outcomes.iter().map(|outcome| {
            let step = outcome.step.map_or("n/a".into(), |step| step.to_string());
            let below =
                outcome.below_best.map_or("n/a".into(), |below| format!("{:.2} points", 100.0 * below));
            [chosen_by(outcome.rule).into(), step, share(outcome.target_test_accuracy), below]
        });
        out.text(table(["chosen by", "step", "target test (report only)", "below the best"], rows))?;
        match best {
            None => Ok(()),
            Some((step, accuracy)) => out.text(format!(
                "For report only, as only target labels tell: the best checkpoint of those measured is that of step {step}, with {}.",
                percent(accuracy)
            )),
        }
    }
}

/// Why rules have no value, each reason once.
fn reasons(ratings: &[Rating]) -> impl Iterator<Item = String> {
    let mut rules: BTreeMap<&str, BTreeSet<Rule>> = BTreeMap::new();
    for (rule, reason) in ratings.iter().flat_map(|rating| &rating.missing) {
        rules.entry(reason).or_default().insert(*rule);
    }
    rules.into_iter().map(|(reason, rules)| {
        let names: Vec<&str> = rules.into_iter().map(Rule::name).collect();
        format!("n/a under {}: {reason}", names.join(", "))
    })
}

/// What is doubtful about a weighted risk, whose weights may leave next to nothing of the `images` weighted.
fn doubt(rating: &Rating, images: usize) -> Option<String> {
    let effective = rating.effective_images.filter(|&effective| effective < FEW_IMAGES)?;
    let (rule, step) = (Rule::WeightedRisk.name(), rating.step);
    Some(format!("{rule} at step {step} rests on as much as {effective:.1} of {images} images would tell"))
}

fn chosen_by(rule: Option<Rule>) -> &'static str {
    rule.map_or("last step", Rule::name)
}

/// Which run each rule takes.
fn print_best_runs(rated: &[Rated], out: &Output) -> anyhow::Result<()> {
    let selections: Vec<Selection> = rated.iter().map(|run| run.selection.clone()).collect();
    let best = match best_runs(&selections) {
        Ok(best) => best,
        Err(e) => {
            log::warn!("no run is chosen, as their values do not compare: {e}");
            return Ok(());
        }
    };
    for (rule, &place) in &best {
        let accuracy = rated[place].last_accuracy();
        out.json(&json!({
            "chosen_by": rule,
            "chosen_run": selections[place].run,
            "chosen_method": selections[place].method,
            "for_report_only": { "target_test_accuracy": accuracy },
        }))?;
    }
    let rows = rated.iter().enumerate().filter_map(|(place, run)| {
        let cells = cells(run.selection.ratings.last()?, |rule| best.get(&rule) == Some(&place));
        Some(row(run.selection.run.display().to_string(), cells, run.last_accuracy()))
    });
    out.text(table(header("run, by its last step"), rows))?;
    unadapted(&selections, &best).try_for_each(|words| out.text(words))
}

/// Says which rules take a run without adaptation although there are some with it.
fn unadapted<'a>(
    runs: &'a [Selection],
    best: &'a BTreeMap<Rule, usize>,
) -> impl Iterator<Item = String> + 'a {
    let adapts = |run: &Selection| run.method == Method::Dann;
    let places = (0..runs.len()).filter(move |&place| runs.iter().any(adapts) && !adapts(&runs[place]));
    places.filter_map(|place| {
        let rules: Vec<&str> =
            best.iter().filter(|(_, chosen)| **chosen == place).map(|(rule, _)| rule.name()).collect();
        let (verb, these) = if rules.len() == 1 { ("takes", "this rule") } else { ("take", "these rules") };
        let (rules, Selection { run, method, .. }) = (rules.join(", "), &runs[place]);
        (!rules.is_empty()).then(|| {
            let run = run.display();
            format!("{rules} {verb} {run} ({method}): adaptation is not worth it here by {these}.")
        })
    })
}
