//! `dann tune`

use super::gpu::GpuArgs;
use super::output::{Output, table};
use super::recipe::RecipeArgs;
use clap::{Args, value_parser};
use dann::gpu::{Gpu, Variant};
use dann::model::{Domain, Found, Search};
use dann::ops::tuning::{Choice, Tuning};
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Args)]
#[command(after_help = "\
Examples:
  dann tune                        the layers of the paper's network, 64 + 64 images
  dann tune --config my.toml --batch 256
  dann tune --show                 what has been found for the adapter
  dann tune --reset                forget it

Every family of kernels that the adapter can run is tried on each group of layers, forward and
backward: its results are compared with the plain kernels', then it is timed. The fastest is kept
in the user's cache directory for this adapter, its driver and these shaders, and used by every
command unless --variant asks for a family. A group whose turn has not come after --seconds keeps
what it has. Nothing else depends on it; but as families add up in another order, the same seed
gives other bits after tuning than before.")]
pub struct TuneArgs {
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Source rows a step, and as many target rows [default: the recipe's, of each]
    #[arg(long, value_parser = value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// After which time no further group is begun
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..))]
    seconds: u32,
    /// Print what has been found, and try nothing
    #[arg(long, conflicts_with_all = ["reset", "config", "batch"])]
    show: bool,
    /// Forget what has been found, and try nothing
    #[arg(long, conflicts_with_all = ["config", "batch"])]
    reset: bool,
    #[command(flatten)]
    gpu: GpuArgs,
}

pub fn run(args: &TuneArgs, out: &Output) -> anyhow::Result<()> {
    let (adapter, gpu) = args.gpu.open_with_adapter()?;
    if args.reset {
        let reset = Tuning::reset(&gpu)?;
        out.json(&serde_json::json!({ "reset": reset }))?;
        return out.text(if reset { "forgotten" } else { "there was nothing to forget" });
    }
    if args.show {
        return show(&Tuning::of(&gpu), &gpu, out);
    }
    let mut config = args.recipe.config()?;
    args.batch.into_iter().for_each(|rows| config.training.set_batch(rows as usize));
    let [source_rows, target_rows] =
        [Domain::Source, Domain::Target].map(|domain| config.training.rows_of(domain));
    let possible = |variant: &Variant| adapter.variant_obstacle(*variant).is_none();
    let variants: Vec<Variant> = Variant::ALL.into_iter().filter(possible).collect();
    let budget = Duration::from_secs(args.seconds.into());
    let mut tuning = Tuning::of(&gpu);
    let mut late = Vec::new();
    let search = Search { gpu: &gpu, variants: &variants, source_rows, target_rows, budget };
    search.run(&config.model, &mut |found| {
        note_wrong(&found);
        match choice(&found) {
            Some(choice) => drop(tuning.choices.insert(found.group, choice)),
            None => late.push(found.layer),
        }
        Ok(())
    })?;
    let file = tuning.save(&gpu)?;
    show(&tuning, &gpu, out)?;
    if !late.is_empty() {
        log::warn!("no time was left for {}: --seconds gives more", late.join(", "));
    }
    out.text(format!("kept in {}", file.display()))
}

/// Says which families were refused.
fn note_wrong(found: &Found) {
    for wrong in found.candidates.iter().filter(|candidate| !candidate.is_right()) {
        let (variant, difference) = (wrong.variant, wrong.difference);
        log::error!(
            "{}: {variant} kernels are wrong on this adapter by {difference:.1e}, not used",
            found.group
        );
    }
}

fn choice(found: &Found) -> Option<Choice> {
    let candidates = found.candidates.iter().filter(|candidate| candidate.is_right());
    let milliseconds: BTreeMap<_, _> = candidates.map(|c| (c.variant, c.milliseconds)).collect();
    Some(Choice {
        layer: found.layer.clone(),
        variant: found.best()?.variant,
        rows: found.rows,
        milliseconds,
    })
}

fn show(tuning: &Tuning, gpu: &Gpu, out: &Output) -> anyhow::Result<()> {
    let row = |choice: &Choice| {
        let ms = |v| choice.milliseconds.get(&v).map_or("n/a".into(), |ms| format!("{ms:.3}"));
        let [plain, register, workgroup, subgroup] = Variant::ALL.map(ms);
        [
            choice.layer.clone(),
            choice.rows.to_string(),
            plain,
            register,
            workgroup,
            subgroup,
            choice.variant.to_string(),
        ]
    };
    for (group, choice) in &tuning.choices {
        out.json(&serde_json::json!({
            "adapter": tuning.adapter,
            "layer": choice.layer,
            "group": group,
            "rows": choice.rows,
            "milliseconds": choice.milliseconds,
            "variant": choice.variant,
        }))?;
    }
    if tuning.choices.is_empty() {
        return out.text(format!("nothing has been found yet for {}", gpu.name()));
    }
    let header = ["first layer", "rows", "plain", "register", "workgroup", "subgroup", "chosen"];
    out.text(table(header, tuning.choices.values().map(row)))?;
    out.text(format!("milliseconds, forward and backward on {}", gpu.name()))
}
