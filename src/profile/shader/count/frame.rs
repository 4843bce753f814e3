//! What is known while a function runs: of its arguments, its variables and its expressions.

use super::memory::Memory;
use super::range::Range;
use naga::valid::FunctionInfo;
use naga::{Expression, Function, Handle, LocalVariable, Module, ScalarKind, TypeInner};
use std::cell::RefCell;
use std::collections::HashMap;

/// Of each component of a number or vector, between what it lies; nothing where nothing is known.
pub(super) type Value = Vec<Option<Range>>;

/// What a function is given.
#[derive(Clone)]
pub(super) enum Argument {
    Value(Value),
    /// The members of a structure, of built-in values.
    Members(Vec<Value>),
    Place(Place),
}

/// Where a pointer points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub root: Root,
    /// How many bytes behind the start of the variable; `None` where that is not known.
    pub offset: Option<Range>,
    /// The component of a vector, where it points to one.
    pub component: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Global(Handle<naga::GlobalVariable>),
    Local(Handle<LocalVariable>),
    /// A variable of whoever calls.
    Elsewhere,
}

/// A number that a condition may say something of.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Atom {
    Expression(Handle<Expression>, Option<u32>),
    Argument(Vec<u32>),
    /// A variable as it was between two changes of it.
    Local(Handle<LocalVariable>, Option<u32>, u32),
}

/// What holds at a place in the function.
#[derive(Clone, Default)]
pub(super) struct State {
    pub locals: HashMap<Handle<LocalVariable>, Value>,
    pub versions: HashMap<Handle<LocalVariable>, u32>,
    /// What expressions had when they were evaluated.
    pub values: HashMap<Handle<Expression>, Value>,
    /// Which variable, and which version of it, was loaded.
    pub loaded: HashMap<Handle<Expression>, Atom>,
    /// What conditions say.
    pub refined: HashMap<Atom, Range>,
    /// Of truth values in variables: what else holds where they are so.
    pub implied: HashMap<Handle<LocalVariable>, Implied>,
}

/// An expression, and which component of it.
type Number = (Handle<Expression>, Option<u32>);

/// A truth value, and the conditions that are as said where it is.
pub(super) type Implied = (bool, Vec<(Handle<Expression>, bool)>);

/// A call of a function.
pub(super) struct Frame<'a> {
    pub module: &'a Module,
    pub function: &'a Function,
    pub info: &'a FunctionInfo,
    pub memory: &'a Memory<'a>,
    pub arguments: Vec<Argument>,
    pub state: State,
    pub returned: Option<Value>,
    memo: RefCell<HashMap<Number, Option<Range>>>,
}

/// How deep an expression is looked into again, for what conditions say of its parts.
const DEEP: usize = 12;

impl<'a> Frame<'a> {
    pub fn new(
        module: &'a Module,
        (function, info): (&'a Function, &'a FunctionInfo),
        memory: &'a Memory<'a>,
        arguments: Vec<Argument>,
    ) -> Self {
        let (state, memo) = (State::default(), RefCell::default());
        Self { module, function, info, memory, arguments, state, returned: None, memo }
    }

    /// Something has changed that evaluated expressions may depend on.
    pub fn changed(&mut self) {
        self.memo.get_mut().clear();
    }

    pub fn inner(&self, expression: Handle<Expression>) -> &TypeInner {
        self.info[expression].ty.inner_with(&self.module.types)
    }

    /// How many numbers an expression has; none where it is neither number nor vector.
    pub fn components(&self, expression: Handle<Expression>) -> u32 {
        match self.inner(expression) {
            TypeInner::Scalar(_) => 1,
            TypeInner::Vector { size, .. } => *size as u32,
            _ => 0,
        }
    }

    /// Which component of it is meant where that of a vector, or of a number beside vectors, is.
    fn part(&self, expression: Handle<Expression>, component: Option<u32>) -> Option<u32> {
        component.filter(|_| matches!(self.inner(expression), TypeInner::Vector { .. }))
    }

    /// Every component.
    pub fn value(&self, expression: Handle<Expression>) -> Value {
        match self.inner(expression) {
            TypeInner::Scalar(_) => vec![self.number(expression, None)],
            TypeInner::Vector { size, .. } => {
                (0..*size as u32).map(|component| self.number(expression, Some(component))).collect()
            }
            _ => vec![],
        }
    }

    /// Between what a number, or a component of a vector, lies.
    pub fn number(&self, expression: Handle<Expression>, component: Option<u32>) -> Option<Range> {
        self.look(expression, component, DEEP)
    }

    pub fn look(
        &self,
        expression: Handle<Expression>,
        component: Option<u32>,
        depth: usize,
    ) -> Option<Range> {
        let component = self.part(expression, component);
        if let Some(&known) = self.memo.borrow().get(&(expression, component)) {
            return known;
        }
        let then = self.state.values.get(&expression);
        let then = then.and_then(|value| *value.get(component.unwrap_or(0) as usize)?);
        // What was loaded stays what it was, whatever has become of the variable since.
        let is_loaded = self.state.values.contains_key(&expression)
            && matches!(self.function.expressions[expression], Expression::Load { .. });
        let now =
            if depth == 0 || is_loaded { None } else { self.evaluated(expression, component, depth - 1) };
        let scalar = self.inner(expression).scalar();
        let all = scalar.filter(|scalar| scalar.kind != ScalarKind::Float).and_then(Range::of);
        // What wraps around may be anything.
        let now = now.filter(|now| all.is_none_or(|all| all.contains(*now)));
        let known = [now, then, self.refinement(expression, component)].into_iter().flatten();
        let range = known.fold(all, |range, known| Some(range.map_or(known, |range| range.within(known))));
        if depth == DEEP {
            self.memo.borrow_mut().insert((expression, component), range);
        }
        range
    }

    fn refinement(&self, expression: Handle<Expression>, component: Option<u32>) -> Option<Range> {
        if self.state.refined.is_empty() {
            return None;
        }
        let own = Atom::Expression(expression, component);
        let atom = self.atom(expression, component);
        let all = [Some(&own), Some(&atom).filter(|atom| **atom != own)];
        let known = all.into_iter().flatten().filter_map(|atom| self.state.refined.get(atom).copied());
        known.reduce(Range::within)
    }

    /// What stands behind casts, components and loads.
    pub fn atom(&self, expression: Handle<Expression>, component: Option<u32>) -> Atom {
        let component = self.part(expression, component);
        match &self.function.expressions[expression] {
            Expression::Swizzle { vector, pattern, .. } => {
                let component = component.map(|component| pattern[component as usize] as u32);
                self.atom(*vector, component)
            }
            Expression::Splat { value, .. } => self.atom(*value, None),
            Expression::AccessIndex { base, index } => match self.inner(*base) {
                TypeInner::Vector { .. } => self.atom(*base, Some(*index)),
                TypeInner::Struct { .. } => match &self.function.expressions[*base] {
                    Expression::FunctionArgument(argument) => {
                        Atom::Argument([*argument, *index].into_iter().chain(component).collect())
                    }
                    _ => Atom::Expression(expression, component),
                },
                _ => Atom::Expression(expression, component),
            },
            Expression::FunctionArgument(argument) => {
                Atom::Argument([*argument].into_iter().chain(component).collect())
            }
            Expression::Load { .. } => match self.state.loaded.get(&expression) {
                Some(Atom::Local(local, None, version)) => Atom::Local(*local, component, *version),
                Some(other) => other.clone(),
                None => Atom::Expression(expression, component),
            },
            // Whole numbers of one type that are those of the other, too.
            Expression::As { expr, kind: ScalarKind::Sint | ScalarKind::Uint, convert: Some(4) } => {
                let fits = self
                    .then(*expr, component)
                    .is_some_and(|range| Range::new(0, (1 << 31) - 1).contains(range));
                if fits { self.atom(*expr, component) } else { Atom::Expression(expression, component) }
            }
            _ => Atom::Expression(expression, component),
        }
    }

    /// What it had when it was evaluated.
    fn then(&self, expression: Handle<Expression>, component: Option<u32>) -> Option<Range> {
        let component = self.part(expression, component);
        match self.state.values.get(&expression) {
            Some(value) => *value.get(component.unwrap_or(0) as usize)?,
            None => self.evaluated(expression, component, 1),
        }
    }
}
