//! Through the statements of a function, and of those that it calls.

use super::LoopCount;
use super::arithmetic::operations;
use super::frame::{Argument, Frame, Place, Root, State};
use super::memory::Memory;
use super::range::Range;
use super::tally::{Kind, Tally, name_of, space_of};
use super::touch::Touched;
use super::turns::{self, Turns};
use naga::valid::ModuleInfo;
use naga::{Block, Expression, GlobalVariable, Handle, Module, Statement, TypeInner};
use std::collections::HashMap;

/// Statements that are looked at, at most: functions are looked at anew at each call.
const MOST: usize = 200_000;

/// How often something happens in a thread.
#[derive(Clone, Copy)]
pub(super) struct Times {
    pub each: f64,
    /// Whether it can be more.
    pub is_known: bool,
}

pub(super) struct Walker<'a> {
    pub module: &'a Module,
    pub info: &'a ModuleInfo,
    pub memory: &'a Memory<'a>,
    pub source: &'a str,
    /// Of each variable, what is read and what is written.
    pub touched: HashMap<Handle<GlobalVariable>, [Touched; 2]>,
    pub loops: Vec<LoopCount>,
    /// Whether every thread does all that is counted.
    pub is_exact: bool,
    pub looked_at: usize,
}

impl<'a> Walker<'a> {
    /// Whether there is more to look at than anyone waits for.
    pub fn is_exhausted(&self) -> bool {
        self.looked_at > MOST
    }

    /// Looks at a block; whether it ends what it lies in.
    pub fn block(
        &mut self,
        frame: &mut Frame<'a>,
        block: &'a Block,
        times: Times,
        tally: &mut Tally,
    ) -> bool {
        for (statement, span) in block.span_iter() {
            self.looked_at += 1;
            if self.is_exhausted() {
                return false;
            }
            let ends = match statement {
                Statement::Block(block) => self.block(frame, block, times, tally),
                Statement::If { condition, accept, reject } => {
                    self.branch(frame, *condition, [accept, reject], times, tally)
                }
                Statement::Switch { cases, .. } => {
                    let cases: Vec<&'a Block> = cases.iter().map(|case| &case.body).collect();
                    self.cases(frame, &cases, times, tally);
                    false
                }
                Statement::Loop { body, continuing, .. } => {
                    let line = span.location(self.source).line_number;
                    self.turns(frame, [body, continuing], line, times, tally);
                    false
                }
                Statement::Break | Statement::Continue | Statement::Kill => true,
                Statement::Return { value } => {
                    let value = value.map(|value| frame.value(value)).unwrap_or_default();
                    let known = frame.returned.take();
                    frame.returned = Some(known.map_or(value.clone(), |known| hull(&known, &value)));
                    true
                }
                other => {
                    self.simple(frame, other, times, tally);
                    false
                }
            };
            if ends {
                return true;
            }
        }
        false
    }

    /// Both ways of a condition; what holds behind it.
    fn branch(
        &mut self,
        frame: &mut Frame<'a>,
        condition: Handle<Expression>,
        [accept, reject]: [&'a Block; 2],
        times: Times,
        tally: &mut Tally,
    ) -> bool {
        match frame.number(condition, None).and_then(Range::only) {
            Some(1) => return self.block(frame, accept, times, tally),
            Some(0) => return self.block(frame, reject, times, tally),
            _ => {}
        }
        let before = frame.state.clone();
        let mut way = |walker: &mut Self, block, truth| {
            frame.state.clone_from(&before);
            frame.changed();
            frame.assume(condition, truth);
            let mut tally = Tally::default();
            let ends = walker.block(frame, block, times, &mut tally);
            (std::mem::take(&mut frame.state), tally, ends)
        };
        let (if_true, tally_true, ends_true) = way(self, accept, true);
        let (if_false, tally_false, ends_false) = way(self, reject, false);
        // A thread that ends early does less of what follows, too.
        self.is_exact &= tally_true == tally_false && !ends_true && !ends_false;
        tally.add_all(&tally_true.most(&tally_false));
        frame.state = match (ends_true, ends_false) {
            (true, false) => if_false,
            (false, true) => if_true,
            _ => joined(before, if_true, if_false),
        };
        if let Some((variable, facts)) = frame.short_circuit(condition, accept, reject) {
            frame.state.implied.insert(variable, facts);
        }
        frame.changed();
        ends_true && ends_false
    }

    fn cases(&mut self, frame: &mut Frame<'a>, cases: &[&'a Block], times: Times, tally: &mut Tally) {
        let before = frame.state.clone();
        let (mut state, mut most) = (before.clone(), Tally::default());
        for block in cases {
            frame.state.clone_from(&before);
            frame.changed();
            let mut own = Tally::default();
            self.block(frame, block, times, &mut own);
            most = most.most(&own);
            let after = std::mem::take(&mut frame.state);
            state = joined(before.clone(), state, after);
        }
        // What a break behind a condition leaves behind was not followed.
        let mut changes = Vec::new();
        cases.iter().filter(|block| has_inner_break(block)).for_each(|block| {
            turns::changes(frame, block, false, &mut changes);
        });
        changes.iter().for_each(|change| forget(&mut state, change.variable));
        self.is_exact = false;
        tally.add_all(&most);
        frame.state = state;
        frame.changed();
    }

    /// A loop: how many turns it takes, and what a turn does.
    fn turns(
        &mut self,
        frame: &mut Frame<'a>,
        [body, continuing]: [&'a Block; 2],
        line: u32,
        times: Times,
        tally: &mut Tally,
    ) {
        let mut changes = Vec::new();
        turns::changes(frame, body, true, &mut changes);
        turns::changes(frame, continuing, true, &mut changes);
        let first = frame.state.locals.clone();
        for change in &changes {
            forget(&mut frame.state, change.variable);
        }
        frame.changed();
        let known = turns::of(frame, body, &changes, &first);
        if let Some(Turns { variable, range, .. }) = known {
            frame.state.locals.insert(variable, vec![Some(range)]);
        }
        let most = known.map(|turns| turns.count.hi);
        if let Some(most) = most {
            turns::follow(frame, &changes, &first, known.map(|turns| turns.variable), most);
        }
        frame.changed();
        self.is_exact &= known.is_some_and(|turns| turns.count.only().is_some());
        let each = times.each * most.map_or(1.0, |most| most as f64);
        let times = Times { each, is_known: times.is_known && most.is_some() };
        self.loops.push(LoopCount::new(line, most, times));
        let refined = frame.state.refined.clone();
        if most != Some(0) {
            self.block(frame, body, times, tally);
            self.block(frame, continuing, times, tally);
        }
        frame.state.refined = refined;
        for change in &changes {
            forget(&mut frame.state, change.variable);
        }
        frame.changed();
    }

    /// A call: the function is looked at with what it is given.
    pub fn call(
        &mut self,
        frame: &mut Frame<'a>,
        function: Handle<naga::Function>,
        arguments: &[Handle<Expression>],
        times: Times,
        tally: &mut Tally,
    ) -> Option<Vec<Option<Range>>> {
        let given = arguments.iter().map(|&argument| match frame.inner(argument) {
            TypeInner::Scalar(_) | TypeInner::Vector { .. } => Argument::Value(frame.value(argument)),
            _ => Argument::Place(frame.place(argument)),
        });
        let given: Vec<Argument> = given.collect();
        let called = (&self.module.functions[function], &self.info[function]);
        let mut inner = Frame::new(self.module, called, self.memory, given);
        self.start(&mut inner);
        self.block(&mut inner, &called.0.body, times, tally);
        for &argument in arguments {
            if let Root::Local(variable) = frame.place(argument).root
                && matches!(frame.inner(argument), TypeInner::Pointer { .. } | TypeInner::ValuePointer { .. })
            {
                forget(&mut frame.state, variable);
            }
        }
        frame.changed();
        inner.returned
    }

    /// Variables begin as they are declared.
    pub fn start(&self, frame: &mut Frame<'a>) {
        let locals = frame.function.local_variables.iter();
        let values = locals.map(|(handle, variable)| {
            let count = match self.module.types[variable.ty].inner {
                TypeInner::Scalar(_) => 1,
                TypeInner::Vector { size, .. } => size as usize,
                _ => 0,
            };
            let value = match variable.init {
                Some(init) => frame.value(init),
                None => vec![Some(Range::exact(0)); count],
            };
            (handle, value)
        });
        frame.state.locals = values.collect();
    }

    pub fn touch(&mut self, place: &Place, is_written: bool, size: u64, times: Times) {
        let Root::Global(variable) = place.root else { return };
        let touched = self.touched.entry(variable).or_insert([Touched::nothing(); 2]);
        let all = times.is_known.then(|| times.each * self.memory.threads());
        touched[usize::from(is_written)].add(place, size, all);
    }

    /// Counts what an expression takes.
    pub fn arithmetic(
        &self,
        frame: &Frame<'a>,
        expression: Handle<Expression>,
        times: Times,
        tally: &mut Tally,
    ) {
        if let Some((scalar, count)) = operations(self.module, frame.function, frame.info, expression) {
            tally.add(Kind::Arithmetic(name_of(scalar)), count * times.each);
        }
    }

    /// Where the memory behind a pointer is, if it is no register.
    pub fn space(&self, frame: &Frame<'a>, pointer: Handle<Expression>) -> Option<&'static str> {
        frame.inner(pointer).pointer_space().and_then(space_of)
    }
}

/// Between what either lies.
pub(super) fn hull(a: &[Option<Range>], b: &[Option<Range>]) -> Vec<Option<Range>> {
    a.iter().zip(b).map(|(a, b)| Some(a.as_ref()?.hull(*b.as_ref()?))).collect()
}

/// What holds behind two ways that start with `before`.
fn joined(before: State, a: State, b: State) -> State {
    let mut state = before;
    for (variable, value) in &a.locals {
        match b.locals.get(variable) {
            Some(other) => state.locals.insert(*variable, hull(value, other)),
            None => state.locals.remove(variable),
        };
    }
    state.locals.retain(|variable, _| a.locals.contains_key(variable) && b.locals.contains_key(variable));
    for (variable, version) in a.versions.iter().chain(&b.versions) {
        let known = state.versions.entry(*variable).or_default();
        if *known != *version {
            *known = (*known).max(*version) + 1;
            state.implied.remove(variable);
        }
    }
    for other in [a, b] {
        state.values.extend(other.values);
        state.loaded.extend(other.loaded);
    }
    state
}

/// Nothing is known any more of a variable.
pub(super) fn forget(state: &mut State, variable: Handle<naga::LocalVariable>) {
    state.locals.remove(&variable);
    state.implied.remove(&variable);
    *state.versions.entry(variable).or_default() += 1;
}

/// Whether a case of a switch can end in the middle.
fn has_inner_break(block: &Block) -> bool {
    let ends = |block: &Block| {
        block.iter().any(|statement| matches!(statement, Statement::Break)) || has_inner_break(block)
    };
    block.iter().any(|statement| match statement {
        Statement::Block(block) => ends(block),
        Statement::If { accept, reject, .. } => ends(accept) || ends(reject),
        _ => false,
    })
}
