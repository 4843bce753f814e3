//! Where pointers point.

use super::frame::{Argument, Frame, Place, Root};
use super::range::Range;
use naga::{ArraySize, Expression, Handle, Type, TypeInner};

impl Place {
    /// So many bytes further on.
    pub fn moved(self, by: Option<Range>) -> Self {
        let offset = self.offset.zip(by);
        let offset = offset.map(|(at, by)| Range::new(at.lo + by.lo, at.hi + by.hi));
        Self { offset, ..self }
    }
}

impl Frame<'_> {
    /// Where a pointer, or what is bound without one, is.
    pub fn place(&self, pointer: Handle<Expression>) -> Place {
        let start = |root| Place { root, offset: Some(Range::exact(0)), component: None };
        match &self.function.expressions[pointer] {
            Expression::GlobalVariable(variable) => start(Root::Global(*variable)),
            Expression::LocalVariable(variable) => start(Root::Local(*variable)),
            Expression::FunctionArgument(argument) => match self.arguments.get(*argument as usize) {
                Some(Argument::Place(place)) => match place.root {
                    Root::Local(_) => Place { root: Root::Elsewhere, ..*place },
                    _ => *place,
                },
                _ => start(Root::Elsewhere),
            },
            Expression::AccessIndex { base, index } => {
                let offset = self.pointee(*base).and_then(|inner| self.member(inner, *index));
                let place = self.place(*base).moved(offset.map(|(offset, _)| Range::exact(offset)));
                let is_vector = matches!(self.pointee(*base), Some(TypeInner::Vector { .. }));
                if is_vector { Place { component: Some(*index), ..place } } else { place }
            }
            Expression::Access { base, index } => self.place(*base).moved(self.step(*base, *index)),
            _ => start(Root::Elsewhere),
        }
    }

    /// What a pointer points to; of a binding array, one of it.
    fn pointee(&self, pointer: Handle<Expression>) -> Option<&TypeInner> {
        match self.inner(pointer) {
            TypeInner::Pointer { base, .. } => Some(self.type_of(*base)),
            _ => None,
        }
    }

    fn type_of(&self, ty: Handle<Type>) -> &TypeInner {
        &self.module.types[ty].inner
    }

    /// Where a member of a structure, or an element of anything else, begins, and what it is.
    pub fn member<'a>(&'a self, inner: &'a TypeInner, index: u32) -> Option<(i128, &'a TypeInner)> {
        let index_of = i128::from(index);
        match inner {
            TypeInner::Struct { members, .. } => {
                let member = members.get(index as usize)?;
                Some((member.offset.into(), self.type_of(member.ty)))
            }
            TypeInner::Array { base, stride, .. } => {
                Some((index_of * i128::from(*stride), self.type_of(*base)))
            }
            TypeInner::Vector { scalar, .. } => Some((index_of * i128::from(scalar.width), inner)),
            TypeInner::Matrix { rows, scalar, .. } => Some((index_of * column(*rows, scalar.width), inner)),
            // Which of them it is makes no difference: each is as large.
            TypeInner::BindingArray { base, .. } => Some((0, self.type_of(*base))),
            _ => None,
        }
    }

    /// How far an index that is not known beforehand may lead: within the array, as beyond it nothing is touched.
    fn step(&self, base: Handle<Expression>, index: Handle<Expression>) -> Option<Range> {
        let index = self.number(index, None)?;
        let is_anything = index.hi >= i128::from(i32::MAX);
        let of = |stride: i128, count: Option<u32>| {
            let index = match count {
                Some(count) => index.within(Range::new(0, i128::from(count.max(1)) - 1)),
                None => index.within(Range::new(0, i128::from(u32::MAX))),
            };
            Range::new(index.lo * stride, index.hi * stride)
        };
        match self.pointee(base)? {
            TypeInner::Array { size, stride, .. } => {
                let count = match size {
                    ArraySize::Constant(count) => Some(count.get()),
                    _ if is_anything => return None,
                    _ => None,
                };
                Some(of((*stride).into(), count))
            }
            TypeInner::Vector { size, scalar } => Some(of(scalar.width.into(), Some(*size as u32))),
            TypeInner::Matrix { columns, rows, scalar } => {
                Some(of(column(*rows, scalar.width), Some(*columns as u32)))
            }
            TypeInner::BindingArray { .. } => Some(Range::exact(0)),
            _ => None,
        }
    }

    /// How many elements the array has that is at the end of what is bound there.
    pub fn array_length(&self, pointer: Handle<Expression>) -> Option<Range> {
        let TypeInner::Array { stride, .. } = self.pointee(pointer)? else { return None };
        let place = self.place(pointer);
        let Root::Global(variable) = place.root else { return None };
        let behind = i128::from(self.memory.bytes(variable)?) - place.offset?.only()?;
        Some(Range::exact(behind / i128::from((*stride).max(1))))
    }
}

/// The bytes from one column of a matrix to the next.
fn column(rows: naga::VectorSize, width: u8) -> i128 {
    let rows = if rows == naga::VectorSize::Bi { 2 } else { 4 };
    i128::from(width) * rows
}
