//! What drivers' compilers make of a shader that is not run.

use super::super::super::output::Output;
use super::super::ProfileArgs;
use super::super::compiled::{sentence, unknown};
use super::subject::{Stage, Subject};
use std::path::Path;

/// Has every adapter's driver compile a shader that is not run.
pub fn run(path: &Path, subject: &Subject, args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
    let plan = subject.plan(&args.shader.buffer)?;
    // Drivers trust that what they are given keeps to their limits.
    let stage = Stage::new(path, args, |adapter| subject.check(&plan, adapter))?;
    let job = subject.job(&[]);
    for adapter in stage.adapters() {
        let told = job.compile(adapter, args.gpu.checks());
        out.json(&serde_json::json!({
            "shader": path.display().to_string(),
            "entry": subject.shader.entry(),
            "adapter": adapter.to_string(),
            "executables": told.as_deref().unwrap_or_default(),
            "executables_reason": told.as_ref().err(),
        }))?;
        match told {
            Ok(programs) => {
                programs.iter().try_for_each(|it| out.text(format!("{adapter}: {}", sentence(it))))?;
            }
            Err(reason) => out.text(format!("{adapter}: {}", unknown(&reason)))?,
        }
    }
    stage.end()
}
