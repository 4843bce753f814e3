//! How many turns a loop takes.

use super::conditions::{self, Comparison};
use super::frame::{Frame, Root, Value};
use super::range::Range;
use naga::{BinaryOperator, Block, Expression, Handle, LocalVariable, Statement};
use std::collections::HashMap;

/// A variable that a loop changes.
pub(super) struct Change {
    pub variable: Handle<LocalVariable>,
    /// What it becomes; none where it is handed to a function.
    value: Option<Handle<Expression>>,
    /// Whether it happens in every turn.
    is_always: bool,
}

/// What a variable is in a loop's turns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Turns {
    /// Their number.
    pub count: Range,
    /// The variable that counts them.
    pub variable: Handle<LocalVariable>,
    /// What that is in them.
    pub range: Range,
}

/// The turns of a loop with that body, whose variables had the values `first` before it and are unknown now.
pub(super) fn of(
    frame: &Frame<'_>,
    body: &Block,
    changes: &[Change],
    first: &HashMap<Handle<LocalVariable>, Value>,
) -> Option<Turns> {
    let parts = conditions::of(frame.function, body)?;
    let of_part = |&(op, left, right): &Comparison| {
        let with = |variable: Handle<LocalVariable>, op, bound: Handle<Expression>| {
            let first = (*first.get(&variable)?.first()?)?;
            counted(variable, op, first, frame.number(bound, None)?, step(frame, changes, variable)?)
        };
        changes.iter().find_map(|Change { variable, .. }| {
            if is_load_of(frame, left, *variable) {
                with(*variable, op, right)
            } else if is_load_of(frame, right, *variable) {
                with(*variable, mirrored(op), left)
            } else {
                None
            }
        })
    };
    let mut turns = parts.comparisons.iter().filter_map(of_part).min_by_key(|turns| turns.count.hi)?;
    if !parts.is_one {
        turns.count.lo = 0;
    }
    Some(turns)
}

/// Variables that change by the same in every turn lie between the first and the last of their values.
pub(super) fn follow(
    frame: &mut Frame<'_>,
    changes: &[Change],
    first: &HashMap<Handle<LocalVariable>, Value>,
    counter: Option<Handle<LocalVariable>>,
    most: i128,
) {
    for Change { variable, .. } in changes {
        let Some(Step::Add(by)) = step(frame, changes, *variable) else { continue };
        let Some(Some(first)) = first.get(variable).and_then(|value| value.first()) else { continue };
        let Some(way) = by.checked_mul(most).filter(|_| Some(*variable) != counter) else { continue };
        let range = Range::new(first.lo + way.min(0), first.hi + way.max(0));
        frame.state.locals.insert(*variable, vec![Some(range)]);
    }
}

/// The comparison with its sides exchanged.
fn mirrored(op: BinaryOperator) -> BinaryOperator {
    use BinaryOperator as Op;
    match op {
        Op::Less => Op::Greater,
        Op::LessEqual => Op::GreaterEqual,
        Op::Greater => Op::Less,
        Op::GreaterEqual => Op::LessEqual,
        other => other,
    }
}

/// The changes that blocks make, nested ones included.
pub(super) fn changes(frame: &Frame<'_>, block: &Block, is_always: bool, found: &mut Vec<Change>) {
    for statement in block {
        match statement {
            Statement::Store { pointer, value } => {
                let place = frame.place(*pointer);
                if let Root::Local(variable) = place.root {
                    let whole = matches!(frame.function.expressions[*pointer], Expression::LocalVariable(_));
                    found.push(Change { variable, value: Some(*value).filter(|_| whole), is_always });
                }
            }
            Statement::Call { arguments, .. } => {
                for argument in arguments {
                    if let Root::Local(variable) = frame.place(*argument).root {
                        found.push(Change { variable, value: None, is_always });
                    }
                }
            }
            Statement::Block(block) => changes(frame, block, is_always, found),
            Statement::If { accept, reject, .. } => {
                [accept, reject].into_iter().for_each(|block| changes(frame, block, false, found));
            }
            Statement::Switch { cases, .. } => {
                cases.iter().for_each(|case| changes(frame, &case.body, false, found));
            }
            Statement::Loop { body, continuing, .. } => {
                [body, continuing].into_iter().for_each(|block| changes(frame, block, false, found));
            }
            _ => {}
        }
    }
}

/// How a variable changes in a turn.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Step {
    /// By adding this.
    Add(i128),
    /// By multiplying with this.
    Times(i128),
    /// By dividing by this.
    Over(i128),
}

/// How the variable changes, if it does so in every turn, in one way, once.
fn step(frame: &Frame<'_>, all: &[Change], variable: Handle<LocalVariable>) -> Option<Step> {
    let mut own = all.iter().filter(|change| change.variable == variable);
    let (change, None) = (own.next()?, own.next()) else { return None };
    let value = change.value.filter(|_| change.is_always)?;
    let Expression::Binary { op, left, right } = frame.function.expressions[value] else { return None };
    let is_it = |side: Handle<Expression>| is_load_of(frame, side, variable);
    let (by, is_left) = match (is_it(left), is_it(right)) {
        (true, false) => (right, true),
        (false, true) => (left, false),
        _ => return None,
    };
    // Emitted in the loop, which has not been walked yet; so only constants and what was there before.
    let by = frame.number(by, None).and_then(Range::only)?;
    use BinaryOperator as Op;
    match op {
        Op::Add => Some(Step::Add(by)),
        Op::Subtract if is_left => Some(Step::Add(-by)),
        Op::Multiply if by > 1 => Some(Step::Times(by)),
        Op::ShiftLeft if is_left && (1..32).contains(&by) => Some(Step::Times(1 << by)),
        Op::Divide if is_left && by > 1 => Some(Step::Over(by)),
        Op::ShiftRight if is_left && (1..32).contains(&by) => Some(Step::Over(1 << by)),
        _ => None,
    }
}

fn is_load_of(frame: &Frame<'_>, expression: Handle<Expression>, variable: Handle<LocalVariable>) -> bool {
    match frame.function.expressions[expression] {
        Expression::Load { pointer } => {
            matches!(frame.function.expressions[pointer], Expression::LocalVariable(v) if v == variable)
        }
        Expression::As { expr, convert: Some(_), .. } => is_load_of(frame, expr, variable),
        _ => false,
    }
}

/// A number so large is any number of its type.
const ANY: i128 = i32::MAX as i128;

/// The turns of a loop that goes on while `variable op bound`, begins with `first` and changes by `step`.
fn counted(
    variable: Handle<LocalVariable>,
    op: BinaryOperator,
    first: Range,
    bound: Range,
    step: Step,
) -> Option<Turns> {
    use BinaryOperator as Op;
    // Up to a number that is not reached, or down to one.
    let (end, is_up) = match op {
        Op::Less => (bound, true),
        Op::LessEqual => (Range::new(bound.lo + 1, bound.hi + 1), true),
        Op::Greater => (bound, false),
        Op::GreaterEqual => (Range::new(bound.lo - 1, bound.hi - 1), false),
        Op::NotEqual if step == Step::Add(1) && first.hi <= bound.lo => (bound, true),
        Op::NotEqual if step == Step::Add(-1) && first.lo >= bound.hi => (bound, false),
        Op::NotEqual if matches!(step, Step::Over(_)) && bound == Range::exact(0) => (bound, false),
        _ => return None,
    };
    if (is_up && end.hi >= ANY) || (!is_up && first.hi >= ANY) || first.lo <= -ANY || end.lo <= -ANY {
        return None;
    }
    let range = if is_up { Range::new(first.lo, end.hi - 1) } else { Range::new(end.lo + 1, first.hi) };
    let count = |least: i128, most: i128| Range::new(least.max(0), most.max(0));
    let counted = |count: Range| Some(Turns { count, variable, range: ordered(range) });
    match (step, is_up) {
        (Step::Add(by), true) if by > 0 => {
            let steps = |distance: i128| (distance + by - 1).div_euclid(by);
            counted(count(steps(end.lo - first.hi), steps(end.hi - first.lo)))
        }
        (Step::Add(by), false) if by < 0 => {
            let steps = |distance: i128| (distance - by - 1).div_euclid(-by);
            counted(count(steps(first.lo - end.hi), steps(first.hi - end.lo)))
        }
        (Step::Times(by), true) if first.lo > 0 => {
            counted(count(powers(first.hi, end.lo, by), powers(first.lo, end.hi, by)))
        }
        (Step::Over(by), false) if end.lo >= 0 => {
            counted(count(quotients(first.lo, end.hi, by), quotients(first.hi, end.lo, by)))
        }
        _ => None,
    }
}

/// Of a loop without a turn the variable may be anything that it begins with.
fn ordered(range: Range) -> Range {
    if range.lo <= range.hi { range } else { Range::exact(range.lo) }
}

/// How often `value` is multiplied until it has reached `end`.
fn powers(mut value: i128, end: i128, by: i128) -> i128 {
    let mut count = 0;
    while value < end {
        value *= by;
        count += 1;
    }
    count
}

/// How often `value` is divided until it is no more than `end`.
fn quotients(mut value: i128, end: i128, by: i128) -> i128 {
    let mut count = 0;
    while value > end {
        value /= by;
        count += 1;
    }
    count
}
