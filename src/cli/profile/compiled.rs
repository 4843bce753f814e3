//! What drivers' compilers made of a shader, for people.

use super::page::Table;
use dann::profile::shader::ShaderReport;
use dann::profile::{Executable, Report, Statistic};
use std::collections::BTreeSet;

/// That nothing is told, and why.
pub fn unknown(reason: &str) -> String {
    format!("Registers, spills and occupancy are unknown, as {reason}")
}

/// In a sentence for each program, with the driver's own names.
pub fn said(report: &ShaderReport) -> Vec<String> {
    if let Some(reason) = &report.executables_reason {
        return vec![unknown(reason)];
    }
    report.executables.iter().map(sentence).collect()
}

/// In the driver's own names.
pub fn sentence(program: &Executable) -> String {
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

/// Which kernels of a step, or dispatches of a pipeline, spill registers; none where nobody was asked.
pub fn of_kernels(report: &Report) -> Option<String> {
    if let Some(reason) = &report.executables_reason {
        return Some(unknown(reason));
    }
    let all = || {
        report.kernels.iter().flat_map(|row| {
            let statistics = row.executables.iter().flat_map(|program| &program.statistics);
            statistics.map(move |it| (&row.kernel, it))
        })
    };
    all().next()?;
    let spills: Vec<_> = all().filter(|(_, it)| it.name.to_lowercase().contains("spill")).collect();
    let some = spills.iter().filter(|(_, it)| it.value.to_string() != "0");
    let some: BTreeSet<String> =
        some.map(|(kernel, it)| format!("{kernel} ({} {})", it.name, it.value)).collect();
    let text = match (spills.is_empty(), some.is_empty()) {
        (true, _) => {
            "The driver's compiler does not tell about spills; what it tells of each kernel is printed by --json"
                .into()
        }
        (false, true) => {
            "No kernel spills registers; what the driver's compiler tells is printed by --json".into()
        }
        (false, false) => format!("Spilled registers: {}", some.into_iter().collect::<Vec<_>>().join(", ")),
    };
    Some(text)
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
    use serde_json::{Value, json};

    /// A report of two kernels whose programs have these statistics.
    fn report(statistics: [&str; 2]) -> Report {
        let us = json!({ "p10": 1.0, "median": 1.0, "p90": 1.0 });
        let kernel = |(place, statistics): (usize, &str)| {
            let statistics: Value = serde_json::from_str(statistics).expect("JSON");
            json!({
                "kernel": format!("kernel{place}"), "variant": "plain", "phase": "other", "shape": "", "workgroup_size": 64,
                "workgroups": [1, 1, 1], "calls": 1, "ms": 1.0, "share": 0.5, "us": us, "gflop": 0.0, "gflops": 0.0,
                "of_peak": 0.0, "gb_s": 0.0, "of_bandwidth": 0.0, "flop_per_byte": 0.0, "bound": "launch", "limit_us": 1.0,
                "executables": [{ "name": "", "subgroup_size": 0, "statistics": statistics }],
            })
        };
        let report = json!({
            "adapter": "", "subject": "", "clock": "wall", "clock_reason": null, "steps": 1,
            "peaks": { "f32_gflops": 1.0, "f16_gflops": null, "copy_gb_s": 1.0, "empty_dispatch_us": 1.0 },
            "kernels": statistics.into_iter().enumerate().map(kernel).collect::<Vec<_>>(), "phases": [],
            "step": { "kernels_ms": us, "profiled_ms": null, "unprofiled_ms": null, "in_kernels": null, "gap_ms": null,
                "perturbation": null },
            "advice": [],
        });
        serde_json::from_value(report).expect("a report")
    }

    #[test]
    fn kernels_that_spill_are_named() {
        let of = |first: &str, second: &str| of_kernels(&report([first, second])).expect("a sentence");
        let spilled =
            |count: u32| format!(r#"[{{"name": "Spilled VGPRs", "description": "", "value": {count}}}]"#);
        assert_eq!(of(&spilled(0), &spilled(7)), "Spilled registers: kernel1 (Spilled VGPRs 7)");
        assert!(of(&spilled(0), &spilled(0)).starts_with("No kernel spills registers; "));
        let registers = r#"[{"name": "Register Count", "description": "", "value": 40}]"#;
        assert!(of(registers, registers).starts_with("The driver's compiler does not tell about spills; "));
        assert_eq!(of_kernels(&report(["[]", "[]"])), None);
        let mut unknown = report(["[]", "[]"]);
        unknown.executables_reason = Some("why".into());
        assert_eq!(of_kernels(&unknown).expect("a sentence"), super::unknown("why"));
    }

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
