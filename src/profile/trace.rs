//! The dispatches on a timeline, in the Trace Event Format that Perfetto and chrome://tracing open.

use super::report::Report;
use super::samples::{Facts, Samples};
use super::scopes::Span;
use serde_json::{Value, json};

/// The process and its two lines.
const PROCESS: u32 = 1;
const STEPS: u32 = 1;
const KERNELS: u32 = 2;

impl Samples {
    /// Every dispatch of every run as a complete event, and every run as one around them.
    pub fn trace(&self, report: &Report) -> Value {
        let first = self.runs.iter().flatten().map(|span| span.begin).min().unwrap_or(0);
        let mut events = vec![
            name("process_name", 0, &format!("dann on {}", report.adapter)),
            name("thread_name", STEPS, "steps"),
            name("thread_name", KERNELS, "kernels"),
        ];
        for (index, spans) in self.runs.iter().enumerate() {
            let begin = spans.iter().map(|span| span.begin).min().unwrap_or(first);
            let end = spans.iter().map(|span| span.end).max().unwrap_or(first);
            let wall = self.walls.get(index);
            let args = json!({ "wall_ms": wall });
            events.push(complete(&format!("step {index}"), "step", STEPS, Span { begin, end }, first, args));
            events
                .extend(spans.iter().zip(&self.facts).map(|(span, facts)| of_dispatch(*span, facts, first)));
        }
        json!({
            "displayTimeUnit": "ns",
            "otherData": { "subject": report.subject, "adapter": report.adapter, "clock": report.clock },
            "traceEvents": events,
        })
    }
}

fn of_dispatch(span: Span, facts: &Facts, first: u64) -> Value {
    let args = json!({
        "shape": facts.work.shape,
        "variant": facts.variant,
        "workgroup_size": facts.workgroup_size,
        "workgroups": facts.workgroups,
        "flops": facts.work.flops,
        "bytes": facts.work.bytes,
    });
    complete(&facts.kernel, facts.phase.name(), KERNELS, span, first, args)
}

fn complete(name: &str, category: &str, thread: u32, span: Span, first: u64, args: Value) -> Value {
    json!({
        "ph": "X",
        "name": name,
        "cat": category,
        "pid": PROCESS,
        "tid": thread,
        "ts": microseconds(span.begin - first),
        "dur": microseconds(span.ns()),
        "args": args,
    })
}

fn name(kind: &str, thread: u32, name: &str) -> Value {
    json!({ "ph": "M", "name": kind, "pid": PROCESS, "tid": thread, "args": { "name": name } })
}

fn microseconds(ns: u64) -> f64 {
    ns as f64 / 1e3
}
