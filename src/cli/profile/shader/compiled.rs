//! What drivers' compilers made of a shader, for people.

use super::super::super::output::Output;
use super::super::ProfileArgs;
use super::super::page::Table;
use super::subject::{Stage, Subject};
use dann::profile::shader::{Executable, ShaderReport, Statistic};
use std::path::Path;

/// Has every adapter's driver compile a shader that is not run.
pub fn print(path: &Path, subject: &Subject, args: &ProfileArgs, out: &Output) -> anyhow::Result<()> {
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

fn unknown(reason: &str) -> String {
    format!("Registers, spills and occupancy are unknown, as {reason}")
}

/// In a sentence for each program, with the driver's own names.
pub fn said(report: &ShaderReport) -> Vec<String> {
    if let Some(reason) = &report.executables_reason {
        return vec![unknown(reason)];
    }
    report.executables.iter().map(sentence).collect()
}

fn sentence(program: &Executable) -> String {
    // What a driver tells a program by means nothing to people.
    let is_hash = |it: &&Statistic| it.name.to_lowercase().split(' ').any(|word| word == "hash");
    let all = program.statistics.iter().filter(|it| !is_hash(it));
    let all = all.map(|it| format!("{} {}", it.name, it.value));
    let all = all.collect::<Vec<_>>().join(", ");
    format!("The driver's compiler tells{}: {all}", subgroups(program))
}

fn subgroups(program: &Executable) -> String {
    match program.subgroup_size {
        0 => String::new(),
        size => format!(", for subgroups of {size}"),
    }
}

/// With the driver's explanations; none where no driver tells anything.
pub fn table(reports: &[ShaderReport]) -> Option<Table> {
    let mut rows = Vec::new();
    for report in reports {
        for program in &report.executables {
            let by = format!("{}{}", report.adapter, subgroups(program));
            rows.extend(
                program
                    .statistics
                    .iter()
                    .map(|it| [by.clone(), it.name.clone(), it.value.to_string(), it.description.clone()]),
            );
        }
    }
    (!rows.is_empty()).then(|| Table::new(["compiled by", "statistic", "value", "what it is"], rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_told_with_its_drivers_names() {
        let text = r#"{"name": "Compute Shader", "subgroup_size": 64, "statistics": [
            {"name": "VGPRs", "description": "", "value": 16}, {"name": "Offset", "description": "", "value": -2},
            {"name": "Hash", "description": "", "value": 16644320339784503949},
            {"name": "Cycles", "description": "", "value": 1.0}, {"name": "Is Split", "description": "", "value": true}]}"#;
        let program: Executable = serde_json::from_str(text).expect("a program");
        assert_eq!(
            sentence(&program),
            "The driver's compiler tells, for subgroups of 64: VGPRs 16, Offset -2, Cycles 1, Is Split true"
        );
        let again: Executable =
            serde_json::from_str(&serde_json::to_string(&program).expect("JSON")).expect("a program");
        assert_eq!(again, program);
        let silent = Executable { subgroup_size: 0, ..program };
        assert!(sentence(&silent).starts_with("The driver's compiler tells: VGPRs 16, "));
    }
}
