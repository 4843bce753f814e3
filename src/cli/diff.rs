//! `dann diff`

use super::hint::{Hint as _, LIST_RUNS, is_no_run};
use super::output::{Output, percent, table};
use clap::Args;
use dann::train::{History, RunDirectory, RunResult};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::PathBuf;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann diff runs/demo/source-only runs/demo/dann
  dann diff runs/a runs/b --json")]
pub struct DiffArgs {
    /// One run
    #[arg(value_name = "RUN_DIR")]
    before: PathBuf,
    /// The other
    #[arg(value_name = "RUN_DIR")]
    after: PathBuf,
}

/// What came out of a run.
struct Outcome {
    result: RunResult,
    history: History,
    /// The recipe's keys with their values.
    keys: BTreeMap<String, String>,
}

pub fn run(args: &DiffArgs, out: &Output) -> anyhow::Result<()> {
    let [before, after] = [&args.before, &args.after].map(|path| Outcome::read(path));
    let (before, after) = (before?, after?);
    let differences = differences(&before.keys, &after.keys);
    for (key, [old, new]) in &differences {
        out.json(&json!({ "key": key, "before": old, "after": new }))?;
    }
    let absent = |value: &Option<String>| value.clone().unwrap_or_else(|| "–".into());
    let rows = differences.iter().map(|(key, [old, new])| [key.clone(), absent(old), absent(new)]);
    let names = [args.before.display().to_string(), args.after.display().to_string()];
    if differences.is_empty() {
        out.text("The configurations are the same.")?;
    } else {
        out.text(table(["configuration", &names[0], &names[1]], rows))?;
    }
    let outcome = outcome(&before, &after);
    for (name, [old, new], _) in &outcome {
        let change = old.zip(*new).map(|(old, new)| new - old);
        out.json(&json!({ "outcome": name, "before": old, "after": new, "change": change }))?;
    }
    out.text(table(["outcome", &names[0], &names[1], "change"], outcome.iter().map(row)))
}

/// The keys whose values differ, with both values.
fn differences(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeMap<String, [Option<String>; 2]> {
    let keys = before.keys().chain(after.keys());
    let both = keys.map(|key| (key.clone(), [before.get(key).cloned(), after.get(key).cloned()]));
    both.filter(|(_, [old, new])| old != new).collect()
}

/// How a number is printed.
#[derive(Clone, Copy)]
enum Kind {
    Share,
    Loss,
    Seconds,
    Count,
}

type Row = (&'static str, [Option<f64>; 2], Kind);

fn outcome(before: &Outcome, after: &Outcome) -> Vec<Row> {
    let row = |name, kind, value: fn(&Outcome) -> Option<f64>| (name, [value(before), value(after)], kind);
    vec![
        row("target test accuracy", Kind::Share, |o| o.result.report.target_test_accuracy),
        row("source test accuracy", Kind::Share, |o| o.result.report.source_test_accuracy),
        row("label loss, last epoch", Kind::Loss, |o| Some(o.history.epochs.last()?.mean.label_loss.into())),
        row("domain loss, last epoch", Kind::Loss, |o| {
            Some(o.history.epochs.last()?.mean.domain_loss?.into())
        }),
        row("steps", Kind::Count, |o| Some(o.result.steps as f64)),
        row("time", Kind::Seconds, |o| Some(o.result.seconds)),
    ]
}

fn row(&(name, [old, new], kind): &Row) -> [String; 4] {
    let text = |value: Option<f64>| match (value, kind) {
        (None, _) => "n/a".into(),
        (Some(value), Kind::Share) => percent(value),
        (Some(value), Kind::Loss) => format!("{value:.4}"),
        (Some(value), Kind::Seconds) => format!("{value:.0} s"),
        (Some(value), Kind::Count) => format!("{value:.0}"),
    };
    let change = match (old.zip(new), kind) {
        (None, _) => "n/a".into(),
        (Some((old, new)), Kind::Share) => format!("{:+.2} points", 100.0 * (new - old)),
        (Some((old, new)), Kind::Loss) => format!("{:+.4}", new - old),
        (Some((old, new)), Kind::Seconds) => format!("{:+.0} s", new - old),
        (Some((old, new)), Kind::Count) => format!("{:+.0}", new - old),
    };
    [name.into(), text(old), text(new), change]
}

impl Outcome {
    fn read(path: &std::path::Path) -> anyhow::Result<Self> {
        let config = RunDirectory::config(path).hint_if(is_no_run, LIST_RUNS)?;
        let result = RunDirectory::result(path).hint_if(is_no_run, LIST_RUNS)?;
        let history = RunDirectory::history(path)?;
        let mut keys = BTreeMap::new();
        flatten("", &serde_json::to_value(config)?, &mut keys);
        let sets = [("source", &result.source), ("target", &result.target)];
        keys.extend(sets.map(|(name, path)| (format!("data.{name}"), path.display().to_string())));
        keys.insert("adapter".into(), result.adapter.clone());
        Ok(Self { result, history, keys })
    }
}

/// Takes objects and lists apart until every key has a plain value.
fn flatten(prefix: &str, value: &serde_json::Value, keys: &mut BTreeMap<String, String>) {
    let inner = |key: &str| if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
    match value {
        serde_json::Value::Object(entries) => {
            entries.iter().for_each(|(key, value)| flatten(&inner(key), value, keys));
        }
        serde_json::Value::Array(list) => {
            list.iter()
                .enumerate()
                .for_each(|(index, value)| flatten(&inner(&index.to_string()), value, keys));
        }
        serde_json::Value::String(text) => drop(keys.insert(prefix.into(), text.clone())),
        other => drop(keys.insert(prefix.into(), other.to_string())),
    }
}
