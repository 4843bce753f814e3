//! What a condition says of the numbers in it.

use super::frame::{Atom, Frame, Implied, Root};
use super::range::Range;
use naga::{
    BinaryOperator, Block, Expression, Handle, Literal, LocalVariable, RelationalFunction, Statement,
    UnaryOperator,
};

/// Further than any number.
const FAR: i128 = 1 << 100;

impl Frame<'_> {
    /// From here on, `condition` is known to be `truth`.
    pub fn assume(&mut self, condition: Handle<Expression>, truth: bool) {
        let function = self.function;
        match &function.expressions[condition] {
            Expression::Unary { op: UnaryOperator::LogicalNot, expr } => self.assume(*expr, !truth),
            Expression::Binary { op: BinaryOperator::LogicalAnd, left, right } if truth => {
                self.assume(*left, true);
                self.assume(*right, true);
            }
            Expression::Binary { op: BinaryOperator::LogicalOr, left, right } if !truth => {
                self.assume(*left, false);
                self.assume(*right, false);
            }
            Expression::Binary { op, left, right } => self.assume_compared(*op, *left, *right, None, truth),
            Expression::Relational { fun, argument } => {
                let is_of_each = match fun {
                    RelationalFunction::All => truth,
                    RelationalFunction::Any => !truth,
                    _ => false,
                };
                if let (true, Expression::Binary { op, left, right }) =
                    (is_of_each, &function.expressions[*argument])
                {
                    for component in 0..self.components(*argument) {
                        self.assume_compared(*op, *left, *right, Some(component), truth);
                    }
                }
            }
            Expression::Load { pointer } => {
                let Root::Local(variable) = self.place(*pointer).root else { return };
                if let Some((when, facts)) = self.state.implied.get(&variable).cloned()
                    && when == truth
                {
                    facts.into_iter().for_each(|(condition, truth)| self.assume(condition, truth));
                }
            }
            _ => {}
        }
    }

    /// Which truth value in a variable says something of the two conditions that it was made of: naga has a branch for
    /// `a && b` and `a || b`, so that `b` is evaluated only if need be.
    pub fn short_circuit(
        &self,
        condition: Handle<Expression>,
        accept: &Block,
        reject: &Block,
    ) -> Option<(Handle<LocalVariable>, Implied)> {
        let last = |block: &Block| match *block.last()? {
            Statement::Store { pointer, value } => match self.function.expressions[pointer] {
                Expression::LocalVariable(variable) => Some((variable, value)),
                _ => None,
            },
            _ => None,
        };
        let literal = |value: Handle<Expression>| match self.function.expressions[value] {
            Expression::Literal(Literal::Bool(truth)) => Some(truth),
            _ => None,
        };
        let ((variable, if_true), (other, if_false)) = (last(accept)?, last(reject)?);
        // Where it is not what one way always gives, the other way was taken, and gave it.
        let implied = match (literal(if_true), literal(if_false)) {
            (_, Some(never)) => (!never, vec![(condition, true), (if_true, !never)]),
            (Some(never), _) => (!never, vec![(condition, false), (if_false, !never)]),
            _ => return None,
        };
        (variable == other).then_some((variable, implied))
    }

    fn assume_compared(
        &mut self,
        op: BinaryOperator,
        left: Handle<Expression>,
        right: Handle<Expression>,
        component: Option<u32>,
        truth: bool,
    ) {
        use BinaryOperator as Op;
        let [a, b] = [left, right].map(|side| self.number(side, component));
        let (Some(a), Some(b)) = (a, b) else { return };
        let op = if truth { op } else { opposite(op) };
        let (of_left, of_right) = match op {
            Op::Less => (Range::new(-FAR, b.hi - 1), Range::new(a.lo + 1, FAR)),
            Op::LessEqual => (Range::new(-FAR, b.hi), Range::new(a.lo, FAR)),
            Op::Greater => (Range::new(b.lo + 1, FAR), Range::new(-FAR, a.hi - 1)),
            Op::GreaterEqual => (Range::new(b.lo, FAR), Range::new(-FAR, a.hi)),
            Op::Equal => (b, a),
            _ => return,
        };
        self.refine(left, component, of_left);
        self.refine(right, component, of_right);
    }

    /// A number is known to lie in `range`.
    fn refine(&mut self, expression: Handle<Expression>, component: Option<u32>, range: Range) {
        let own = Atom::Expression(expression, component);
        let atom = self.atom(expression, component);
        if let Atom::Local(variable, part, version) = &atom
            && self.state.versions.get(variable).copied().unwrap_or(0) == *version
            && let Some(value) = self.state.locals.get_mut(variable)
            && let Some(Some(number)) = value.get_mut(part.unwrap_or(0) as usize)
        {
            *number = number.within(range);
        }
        for atom in [own, atom] {
            let known = self.state.refined.get(&atom).map_or(range, |known| known.within(range));
            self.state.refined.insert(atom, known);
        }
        self.changed();
        // Of a sum with a constant, the other part.
        if let Expression::Binary { op, left, right } = self.function.expressions[expression] {
            let other = self.number(right, component).and_then(Range::only);
            match (op, other) {
                (BinaryOperator::Add, Some(by)) => {
                    self.refine(left, component, Range::new(range.lo - by, range.hi - by));
                }
                (BinaryOperator::Subtract, Some(by)) => {
                    self.refine(left, component, Range::new(range.lo + by, range.hi + by));
                }
                _ => {}
            }
        }
    }
}

/// What holds where the comparison does not.
pub(super) fn opposite(op: BinaryOperator) -> BinaryOperator {
    use BinaryOperator as Op;
    match op {
        Op::Less => Op::GreaterEqual,
        Op::LessEqual => Op::Greater,
        Op::Greater => Op::LessEqual,
        Op::GreaterEqual => Op::Less,
        Op::Equal => Op::NotEqual,
        Op::NotEqual => Op::Equal,
        other => other,
    }
}
