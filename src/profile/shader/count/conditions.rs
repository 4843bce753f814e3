//! Under which conditions a loop goes on.

use super::assume::opposite;
use naga::{
    BinaryOperator, Block, Expression, Function, Handle, Literal, LocalVariable, Statement, UnaryOperator,
};

/// Two sides and how they compare.
pub(super) type Comparison = (BinaryOperator, Handle<Expression>, Handle<Expression>);

/// What holds while a loop goes on.
#[derive(Default)]
pub(super) struct Conditions {
    /// These, and maybe more.
    pub comparisons: Vec<Comparison>,
    /// Whether there is but one condition, so that the loop does not end before that ends it.
    pub is_one: bool,
}

/// `a && b` as naga has it, which looks at `b` only where `a` holds: a variable that is `b` then, and false otherwise.
struct Both {
    variable: Handle<LocalVariable>,
    sides: [Handle<Expression>; 2],
}

/// The conditions at the start of a turn of a loop with that body.
pub(super) fn of(function: &Function, body: &Block) -> Option<Conditions> {
    let mut reader = Reader { function, both: vec![], count: 0, comparisons: vec![] };
    let (condition, truth) = reader.guard(body)?;
    reader.conjuncts(condition, truth);
    Some(Conditions { is_one: reader.count == 1, comparisons: reader.comparisons })
}

struct Reader<'a> {
    function: &'a Function,
    both: Vec<Both>,
    /// Conditions of any kind.
    count: usize,
    comparisons: Vec<Comparison>,
}

impl Reader<'_> {
    /// The condition that ends the loop at the start of a turn, and whether it is true while it goes on.
    fn guard(&mut self, body: &Block) -> Option<(Handle<Expression>, bool)> {
        let ends = |block: &Block| matches!(block.first(), Some(Statement::Break)) && block.len() == 1;
        for statement in body {
            match statement {
                Statement::Emit(_) => {}
                Statement::If { condition, accept, reject } if ends(reject) && accept.is_empty() => {
                    return Some((*condition, true));
                }
                Statement::If { condition, accept, reject } if ends(accept) && reject.is_empty() => {
                    return Some((*condition, false));
                }
                Statement::If { condition, accept, reject } => {
                    let both = self.both(*condition, accept, reject)?;
                    self.both.push(both);
                }
                Statement::Block(block) => return self.guard(block),
                _ => return None,
            }
        }
        None
    }

    fn both(&self, left: Handle<Expression>, accept: &Block, reject: &Block) -> Option<Both> {
        let (variable, right) = self.stored(accept.last()?)?;
        let (other, otherwise) = self.stored(reject.last()?)?;
        let is_false =
            matches!(self.function.expressions[otherwise], Expression::Literal(Literal::Bool(false)));
        (variable == other && reject.len() == 1 && is_false)
            .then_some(Both { variable, sides: [left, right] })
    }

    fn stored(&self, statement: &Statement) -> Option<(Handle<LocalVariable>, Handle<Expression>)> {
        let Statement::Store { pointer, value } = *statement else { return None };
        let Expression::LocalVariable(variable) = self.function.expressions[pointer] else { return None };
        Some((variable, value))
    }

    /// The comparisons that all hold while a loop goes on.
    fn conjuncts(&mut self, condition: Handle<Expression>, truth: bool) {
        match (&self.function.expressions[condition], truth) {
            (Expression::Unary { op: UnaryOperator::LogicalNot, expr }, _) => self.conjuncts(*expr, !truth),
            (Expression::Binary { op: BinaryOperator::LogicalAnd, left, right }, true)
            | (Expression::Binary { op: BinaryOperator::LogicalOr, left, right }, false) => {
                self.conjuncts(*left, truth);
                self.conjuncts(*right, truth);
            }
            (Expression::Binary { op, left, right }, _) => {
                let op = if truth { *op } else { opposite(*op) };
                self.count += 1;
                self.comparisons.push((op, *left, *right));
            }
            (Expression::Load { pointer }, true) => match self.sides(*pointer) {
                Some(sides) => sides.into_iter().for_each(|side| self.conjuncts(side, true)),
                None => self.count += 1,
            },
            _ => self.count += 1,
        }
    }

    fn sides(&self, pointer: Handle<Expression>) -> Option<[Handle<Expression>; 2]> {
        let Expression::LocalVariable(variable) = self.function.expressions[pointer] else { return None };
        self.both.iter().find(|both| both.variable == variable).map(|both| both.sides)
    }
}
