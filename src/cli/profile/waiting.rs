//! How long a training waits for its images.

use super::super::output::{Output, percent};
use dann::fit::Sets;
use dann::gpu::Gpu;
use dann::train::{Config, Stepper};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// Trains for `steps` steps on the data sets in the directories `source` and `target`, and tells.
pub fn tell(
    gpu: &Gpu,
    config: &Config,
    (source, target): (&Path, &Path),
    steps: u64,
    out: &Output,
) -> anyhow::Result<()> {
    let sets = Sets::read(source, target, config)?;
    let mut config = config.for_data(&sets.labelled)?;
    config.training.steps = Some(steps);
    let mut trainer = Stepper::new(gpu, &config, &sets.labelled, sets.unlabelled.as_ref())?;
    while trainer.prepare()?.is_some() {}
    let began = Instant::now();
    while !trainer.advance()?.is_empty() {}
    let took = began.elapsed().as_secs_f64();
    let waited = trainer.waited_for_images().map(|waited| waited.as_secs_f64());
    let a_step = |seconds: f64| 1e3 * seconds / steps as f64;
    out.json(&json!({
        "source": source,
        "target": target,
        "steps": steps,
        "ms_a_step": a_step(took),
        "waiting_ms_a_step": waited.map(a_step),
    }))?;
    let (source, target) = (source.display(), target.display());
    let waiting = match waited {
        None => "none of it waiting for images, which are in memory".to_owned(),
        Some(waited) => format!(
            "{:.3} ms of it ({}) waiting for images, which are streamed",
            a_step(waited),
            percent(waited / took)
        ),
    };
    out.text(format!("{steps} steps on {source} and {target}: {:.3} ms each, {waiting}", a_step(took)))
}
