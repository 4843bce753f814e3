//! Between what expressions lie.

use super::frame::{Argument, Frame, Place, Root};
use super::range::Range;
use naga::{
    Expression, Handle, ImageQuery, Literal, MathFunction, RelationalFunction, ScalarKind, TypeInner,
    UnaryOperator,
};

impl Frame<'_> {
    /// From what its parts lie between.
    pub fn evaluated(
        &self,
        expression: Handle<Expression>,
        component: Option<u32>,
        depth: usize,
    ) -> Option<Range> {
        let look = |part: &Handle<Expression>| self.look(*part, component, depth);
        match &self.function.expressions[expression] {
            Expression::Literal(literal) => of_literal(*literal),
            Expression::ZeroValue(_) => Some(Range::exact(0)),
            Expression::Constant(constant) => {
                self.of_global(self.module.constants[*constant].init, component)
            }
            Expression::Load { pointer } => self.lies(*pointer, self.inner(expression), component),
            Expression::Compose { components, .. } => self.composed(components, component?, depth),
            Expression::Splat { value, .. } => self.look(*value, None, depth),
            Expression::Swizzle { vector, pattern, .. } => {
                self.look(*vector, Some(pattern[component? as usize] as u32), depth)
            }
            Expression::FunctionArgument(argument) => match self.arguments.get(*argument as usize)? {
                Argument::Value(value) => *value.get(component.unwrap_or(0) as usize)?,
                _ => None,
            },
            Expression::AccessIndex { base, index } => self.accessed(*base, *index, component, depth),
            Expression::Access { base, .. } => {
                let parts = (0..self.components(*base)).map(|part| self.look(*base, Some(part), depth));
                let parts: Option<Vec<Range>> = parts.collect();
                parts?.into_iter().reduce(Range::hull)
            }
            Expression::Binary { op, left, right } => Range::binary(*op, look(left)?, look(right)?),
            Expression::Unary { op, expr } => match op {
                UnaryOperator::Negate => look(expr).map(|range| Range::new(-range.hi, -range.lo)),
                UnaryOperator::LogicalNot => look(expr).map(|range| Range::new(1 - range.hi, 1 - range.lo)),
                UnaryOperator::BitwiseNot => None,
            },
            Expression::Select { condition, accept, reject } => match look(condition)?.only() {
                Some(1) => look(accept),
                Some(0) => look(reject),
                _ => Some(look(accept)?.hull(look(reject)?)),
            },
            Expression::Math { fun, arg, arg1, arg2, .. } => {
                let [second, third] = [arg1, arg2].map(|arg| arg.as_ref().and_then(look));
                of_math(*fun, look(arg)?, second, third)
            }
            Expression::As { expr, kind, convert: Some(_) } if *kind != ScalarKind::Float => {
                self.inner(*expr).scalar().filter(|scalar| scalar.kind != ScalarKind::Float)?;
                look(expr)
            }
            Expression::Relational { fun, argument } => self.of_all(*fun, *argument, depth),
            Expression::ArrayLength(pointer) => self.array_length(*pointer),
            Expression::ImageQuery { image, query: ImageQuery::Size { level: None } } => {
                self.extent_of(*image, component)
            }
            Expression::ImageQuery { image, query: ImageQuery::Size { level: Some(level) } } => {
                // There is but one level.
                self.look(*level, None, depth).filter(|level| *level == Range::exact(0))?;
                self.extent_of(*image, component)
            }
            _ => None,
        }
    }

    fn extent_of(&self, image: Handle<Expression>, component: Option<u32>) -> Option<Range> {
        let Place { root: Root::Global(variable), .. } = self.place(image) else { return None };
        let side = self.memory.extent(variable)?[component.unwrap_or(0) as usize % 3];
        Some(Range::exact(side.into()))
    }

    fn composed(&self, parts: &[Handle<Expression>], component: u32, depth: usize) -> Option<Range> {
        let mut left = component;
        for &part in parts {
            let count = self.components(part);
            if left < count {
                return self.look(part, Some(left), depth);
            }
            left -= count;
        }
        None
    }

    fn accessed(
        &self,
        base: Handle<Expression>,
        index: u32,
        component: Option<u32>,
        depth: usize,
    ) -> Option<Range> {
        match (self.inner(base), &self.function.expressions[base]) {
            (TypeInner::Vector { .. }, _) => self.look(base, Some(index), depth),
            (TypeInner::Struct { .. }, Expression::FunctionArgument(argument)) => {
                match self.arguments.get(*argument as usize)? {
                    Argument::Members(members) => {
                        *members.get(index as usize)?.get(component.unwrap_or(0) as usize)?
                    }
                    _ => None,
                }
            }
            _ => {
                let (place, inner) = self.part_of_load(base, index)?;
                self.in_memory(place, inner, component)
            }
        }
    }

    /// Where the part of a value was that was loaded whole.
    fn part_of_load(&self, base: Handle<Expression>, index: u32) -> Option<(Place, &TypeInner)> {
        let (place, inner) = match &self.function.expressions[base] {
            Expression::Load { pointer } => (self.place(*pointer), self.inner(base)),
            Expression::AccessIndex { base, index } => self.part_of_load(*base, *index)?,
            _ => return None,
        };
        let (offset, part) = self.member(inner, index)?;
        Some((place.moved(Some(Range::exact(offset))), part))
    }

    /// What lies now where a pointer points.
    pub fn lies(
        &self,
        pointer: Handle<Expression>,
        inner: &TypeInner,
        component: Option<u32>,
    ) -> Option<Range> {
        let place = self.place(pointer);
        match place.root {
            Root::Local(variable) => {
                let part = place.component.or(component).unwrap_or(0) as usize;
                *self.state.locals.get(&variable)?.get(part).filter(|_| place.offset.is_some())?
            }
            _ => self.in_memory(place, inner, component),
        }
    }

    fn in_memory(&self, place: Place, inner: &TypeInner, component: Option<u32>) -> Option<Range> {
        let Root::Global(variable) = place.root else { return None };
        let scalar = inner.scalar()?;
        let step = i128::from(component.unwrap_or(0)) * i128::from(scalar.width);
        let at = place.offset?;
        self.memory.number(variable, Range::new(at.lo + step, at.hi + step), scalar)
    }

    /// Whether all components are true, or any is.
    fn of_all(&self, fun: RelationalFunction, argument: Handle<Expression>, depth: usize) -> Option<Range> {
        let parts = (0..self.components(argument)).map(|part| self.look(argument, Some(part), depth));
        let parts: Option<Vec<Range>> = parts.collect();
        let parts = parts?;
        match fun {
            RelationalFunction::All => {
                parts.into_iter().reduce(|a, b| Range::new(a.lo.min(b.lo), a.hi.min(b.hi)))
            }
            RelationalFunction::Any => {
                parts.into_iter().reduce(|a, b| Range::new(a.lo.max(b.lo), a.hi.max(b.hi)))
            }
            _ => None,
        }
    }

    /// A constant of the module.
    fn of_global(&self, expression: Handle<Expression>, component: Option<u32>) -> Option<Range> {
        match &self.module.global_expressions[expression] {
            Expression::Literal(literal) => of_literal(*literal),
            Expression::ZeroValue(_) => Some(Range::exact(0)),
            Expression::Splat { value, .. } => self.of_global(*value, None),
            Expression::Constant(constant) => {
                self.of_global(self.module.constants[*constant].init, component)
            }
            // Of numbers alone: parts that are vectors have components of their own.
            Expression::Compose { components, ty } => {
                let TypeInner::Vector { size, .. } = self.module.types[*ty].inner else { return None };
                let part = components.get(component? as usize).filter(|_| components.len() == size as usize);
                self.of_global(*part?, None)
            }
            _ => None,
        }
    }
}

pub(super) fn of_literal(literal: Literal) -> Option<Range> {
    Some(Range::exact(match literal {
        Literal::U32(value) => value.into(),
        Literal::I32(value) => value.into(),
        Literal::U64(value) => value.into(),
        Literal::I64(value) | Literal::AbstractInt(value) => value.into(),
        Literal::Bool(value) => value.into(),
        _ => return None,
    }))
}

fn of_math(fun: MathFunction, a: Range, b: Option<Range>, c: Option<Range>) -> Option<Range> {
    let least = |a: Range, b: Range| Range::new(a.lo.min(b.lo), a.hi.min(b.hi));
    let most = |a: Range, b: Range| Range::new(a.lo.max(b.lo), a.hi.max(b.hi));
    match fun {
        MathFunction::Min => Some(least(a, b?)),
        MathFunction::Max => Some(most(a, b?)),
        MathFunction::Clamp => Some(least(most(a, b?), c?)),
        MathFunction::Abs if a.lo >= 0 => Some(a),
        MathFunction::Abs => Some(Range::new(0, a.hi.max(-a.lo))),
        MathFunction::CountOneBits | MathFunction::CountLeadingZeros | MathFunction::CountTrailingZeros => {
            Some(Range::new(0, 64))
        }
        _ => None,
    }
}
