//! What a shader does, counted in naga's representation of it: arithmetic, memory, and how often loops turn.
//!
//! Whole numbers are followed through the shader as ranges: built-in values from the dispatch, uniform blocks and other
//! memory that is only read from what it holds, loop counters from the first to the last of their values. So it is known how
//! many turns loops take, and which bytes an index can lead to. What depends on a condition counts as if it were done, so that
//! all counts are upper bounds; of a loop without a known end, one turn is counted, and it is said to be there.

mod arithmetic;
mod assume;
mod conditions;
mod evaluate;
mod frame;
mod memory;
mod place;
mod range;
mod simple;
mod tally;
mod touch;
mod turns;
mod walk;

pub use tally::Kind as Counted;

use super::job::Job;
use super::reflect::{Kind, Resource};
use crate::profile::limit::Operations;
use frame::{Argument, Frame, Value};
use memory::Memory;
use naga::{Binding, BuiltIn, FunctionArgument, TypeInner};
use range::Range;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use tally::Tally;
use touch::Touched;
use walk::{Times, Walker};

/// A loop of a shader.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoopCount {
    /// The line where it begins.
    pub line: u32,
    /// How many turns it takes at most; unknown where data decide.
    pub turns: Option<f64>,
    /// The same of all times together that a thread comes to it, as to a loop within another one.
    #[serde(default)]
    pub of_thread: Option<f64>,
}

impl LoopCount {
    /// One of that many turns, if they are known; in all its turns a thread does what it holds that often.
    fn new(line: u32, turns: Option<i128>, within: Times) -> Self {
        let turns = turns.map(|turns| turns as f64);
        Self { line, turns, of_thread: within.is_known.then_some(within.each) }
    }
}

/// What is read and written of a resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traffic {
    /// Bytes that can be read; unknown where neither indices nor accesses can be counted.
    pub read: Option<u64>,
    /// Bytes that can be written.
    pub written: Option<u64>,
}

/// What a dispatch does, at most.
#[derive(Clone, Debug, PartialEq)]
pub struct Counts {
    /// Of a thread, by kind.
    pub thread: BTreeMap<Counted, f64>,
    /// Threads of the dispatch.
    pub threads: f64,
    /// The loops in it, in order; a loop in a function that is called twice counts twice.
    pub loops: Vec<LoopCount>,
    /// Of each resource.
    pub traffic: Vec<Traffic>,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u64,
    /// Whether every thread does exactly this.
    pub is_exact: bool,
}

impl Counts {
    /// Operations on numbers of any kind of floating point, of all threads; unknown with loops that have no known end.
    pub fn flops(&self) -> Option<f64> {
        let of = |(kind, count): (&Counted, &f64)| match kind {
            Counted::Arithmetic("f16" | "f32" | "f64") => *count,
            _ => 0.0,
        };
        let is_known = self.loops.iter().all(|turns| turns.turns.is_some());
        is_known.then(|| self.threads * self.thread.iter().map(of).sum::<f64>())
    }

    /// Operations of all threads by the type of their numbers; unknown with loops that have no known end.
    pub(in super::super) fn operations(&self) -> Option<Operations> {
        self.flops()?;
        let of = |types: &[&str]| {
            let counted = |(kind, count): (&Counted, &f64)| match kind {
                Counted::Arithmetic(ty) if types.contains(ty) => *count,
                _ => 0.0,
            };
            self.threads * self.thread.iter().map(counted).sum::<f64>()
        };
        Some(Operations {
            f16: of(&["f16"]),
            f32: of(&["f32"]),
            f64: of(&["f64"]),
            whole: of(&["i32", "u32", "bool"]),
            long: of(&["i64", "u64"]),
        })
    }

    /// Bytes read and written of all resources, if they are known.
    pub fn bytes(&self) -> Option<u64> {
        self.traffic.iter().map(|traffic| Some(traffic.read? + traffic.written?)).sum()
    }

    /// The most turns of a loop; unknown if any loop's are.
    pub fn most_turns(&self) -> Option<f64> {
        self.loops.iter().try_fold(0.0_f64, |most, turns| Some(most.max(turns.turns?)))
    }
}

impl Job<'_> {
    /// Counts what the dispatch does.
    pub fn counts(&self) -> Counts {
        let shader = self.shader;
        let (module, info) = (&shader.module, &shader.info);
        let memory = Memory::new(self.resources, self.contents, self.workgroups, shader.workgroup_size());
        let entry = &module.entry_points[shader.entry];
        let given = entry.function.arguments.iter().map(|argument| given(module, argument, &memory));
        let called = (&entry.function, info.get_entry_point(shader.entry));
        let mut frame = Frame::new(module, called, &memory, given.collect());
        let mut walker = Walker {
            module,
            info,
            memory: &memory,
            source: &shader.source,
            touched: HashMap::new(),
            loops: vec![],
            is_exact: true,
            looked_at: 0,
        };
        let mut tally = Tally::default();
        walker.start(&mut frame);
        walker.block(&mut frame, &entry.function.body, Times { each: 1.0, is_known: true }, &mut tally);
        let is_exhausted = walker.is_exhausted();
        let traffic =
            self.resources.iter().map(|resource| traffic(&walker, resource, is_exhausted)).collect();
        if is_exhausted {
            walker.loops.push(LoopCount { line: 0, turns: None, of_thread: None });
        }
        Counts {
            thread: tally.0,
            threads: memory.threads(),
            traffic,
            workgroup_bytes: self.shader.workgroup_bytes(),
            is_exact: walker.is_exact && !is_exhausted,
            loops: walker.loops,
        }
    }
}

fn traffic(walker: &Walker<'_>, resource: &Resource, is_exhausted: bool) -> Traffic {
    if is_exhausted {
        return Traffic::default();
    }
    let all = walker.memory.bytes(resource.variable).unwrap_or(0);
    let all = all.saturating_mul(resource.count.unwrap_or(1).into());
    let nothing = [Touched::nothing(); 2];
    let [read, written] = walker.touched.get(&resource.variable).unwrap_or(&nothing);
    match resource.kind {
        Kind::Sampler { .. } => Traffic { read: Some(0), written: Some(0) },
        _ => Traffic { read: read.bytes(all), written: written.bytes(all) },
    }
}

/// What an argument of an entry point is.
fn given(module: &naga::Module, argument: &FunctionArgument, memory: &Memory<'_>) -> Argument {
    match &argument.binding {
        Some(Binding::BuiltIn(built_in)) => Argument::Value(built_in_value(*built_in, memory)),
        _ => match &module.types[argument.ty].inner {
            TypeInner::Struct { members, .. } => {
                let member = |member: &naga::StructMember| match member.binding {
                    Some(Binding::BuiltIn(built_in)) => built_in_value(built_in, memory),
                    _ => vec![],
                };
                Argument::Members(members.iter().map(member).collect())
            }
            _ => Argument::Value(vec![]),
        },
    }
}

fn built_in_value(built_in: BuiltIn, memory: &Memory<'_>) -> Value {
    let each = |of: fn(u32, u32) -> (u64, u64)| {
        let part = |axis: usize| {
            let (lo, hi) = of(memory.workgroups[axis], memory.workgroup_size[axis]);
            Some(Range::new(lo.into(), hi.into()))
        };
        [0, 1, 2].map(part).to_vec()
    };
    let below = |count: u64| count.saturating_sub(1);
    match built_in {
        BuiltIn::GlobalInvocationId => {
            each(|count, size| (0, (u64::from(count) * u64::from(size)).saturating_sub(1)))
        }
        BuiltIn::LocalInvocationId => each(|_, size| (0, u64::from(size).saturating_sub(1))),
        BuiltIn::WorkGroupId => each(|count, _| (0, u64::from(count).saturating_sub(1))),
        BuiltIn::NumWorkGroups => each(|count, _| (count.into(), count.into())),
        BuiltIn::WorkGroupSize => each(|_, size| (size.into(), size.into())),
        BuiltIn::LocalInvocationIndex => {
            let all = memory.workgroup_size.iter().map(|&size| u64::from(size)).product();
            vec![Some(Range::new(0, below(all).into()))]
        }
        BuiltIn::SubgroupSize => vec![Some(Range::new(1, 128))],
        BuiltIn::SubgroupInvocationId => vec![Some(Range::new(0, 127))],
        _ => vec![],
    }
}
