//! How long a training waits for its images.

use super::super::output::{Output, percent};
use dann::fit::Sets;
use dann::gpu::Gpu;
use dann::train::{Config, Stepper};
use serde_json::json;
use std::path::Path;
use std::time::Instant;

/// How long something took, and how much of that images were waited for; `None` where all are in memory. In seconds.
struct Took {
    all: f64,
    waited: Option<f64>,
}

impl Took {
    /// How long `work` takes with `trainer`.
    fn of<T>(
        trainer: &mut Stepper,
        work: impl FnOnce(&mut Stepper) -> dann::error::Result<T>,
    ) -> dann::error::Result<(T, Self)> {
        let waited = |trainer: &Stepper| trainer.waited_for_images().map(|waited| waited.as_secs_f64());
        let (before, began) = (waited(trainer), Instant::now());
        let done = work(trainer)?;
        let all = began.elapsed().as_secs_f64();
        let waited = waited(trainer).map(|after| after - before.unwrap_or_default());
        Ok((done, Self { all, waited }))
    }
}

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
    let (is_kept, before) = Took::of(&mut trainer, |trainer| {
        let mut parts = 0;
        while trainer.prepare()?.is_some() {
            parts += 1;
        }
        Ok(parts > 0)
    })?;
    let before = is_kept.then_some(before);
    let ((), took) = Took::of(&mut trainer, |trainer| {
        while !trainer.advance()?.is_empty() {}
        Ok(())
    })?;
    let a_step = |seconds: f64| 1e3 * seconds / steps as f64;
    out.json(&json!({
        "source": source,
        "target": target,
        "steps": steps,
        "ms_a_step": a_step(took.all),
        "waiting_ms_a_step": took.waited.map(a_step),
        "frozen_layers_ms": before.as_ref().map(|before| 1e3 * before.all),
        "waiting_frozen_layers_ms": before.as_ref().and_then(|before| before.waited).map(|waited| 1e3 * waited),
    }))?;
    let (source, target) = (source.display(), target.display());
    let waiting = match (took.waited, &before) {
        (None, _) => "none of it waiting for images, which are in memory".to_owned(),
        (Some(_), Some(Took { all, waited })) => format!(
            "none of it waiting for images, as what frozen layers give of them is kept; computing that took {all:.3} s before \
             the first step, {} of it waiting for images, which are streamed",
            percent(waited.unwrap_or_default() / all)
        ),
        (Some(waited), None) => format!(
            "{:.3} ms of it ({}) waiting for images, which are streamed",
            a_step(waited),
            percent(waited / took.all)
        ),
    };
    out.text(format!("{steps} steps on {source} and {target}: {:.3} ms each, {waiting}", a_step(took.all)))
}
