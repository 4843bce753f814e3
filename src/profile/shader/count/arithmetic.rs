//! Operations that an expression takes.

use naga::valid::FunctionInfo;
use naga::{
    Expression, Function, Handle, MathFunction, Module, RelationalFunction, Scalar, TypeInner, VectorSize,
};

/// How many operations, on numbers of which type; none where it is no arithmetic.
pub(super) fn operations(
    module: &Module,
    function: &Function,
    info: &FunctionInfo,
    expression: Handle<Expression>,
) -> Option<(Scalar, f64)> {
    let ty = |handle: Handle<Expression>| info[handle].ty.inner_with(&module.types);
    match &function.expressions[expression] {
        Expression::Unary { expr, .. } => counted(ty(*expr), 1.0),
        Expression::Binary { op, left, right } => match (op, ty(*left), ty(*right)) {
            (naga::BinaryOperator::Multiply, left, right) => product(left, right),
            // Comparisons are operations on what is compared.
            (_, left, right) => counted(if lanes(left) < lanes(right) { right } else { left }, 1.0),
        },
        Expression::Select { accept, .. } => counted(ty(*accept), 1.0),
        Expression::Relational { fun: RelationalFunction::IsNan | RelationalFunction::IsInf, argument } => {
            counted(ty(*argument), 1.0)
        }
        Expression::Math { fun, arg, .. } => math(*fun, ty(*arg)),
        Expression::As { convert: Some(_), expr, .. } => counted(ty(*expr), 1.0),
        Expression::CooperativeMultiplyAdd { a, b, .. } => cooperative(ty(*a), ty(*b)),
        _ => None,
    }
}

/// The numbers of a value, and their type.
fn shape(inner: &TypeInner) -> Option<(Scalar, f64)> {
    match inner {
        TypeInner::Scalar(scalar) => Some((*scalar, 1.0)),
        TypeInner::Vector { size, scalar } => Some((*scalar, f64::from(*size as u8))),
        TypeInner::Matrix { columns, rows, scalar } => {
            Some((*scalar, f64::from(*columns as u8) * f64::from(*rows as u8)))
        }
        _ => None,
    }
}

fn lanes(inner: &TypeInner) -> f64 {
    shape(inner).map_or(0.0, |(_, lanes)| lanes)
}

fn counted(inner: &TypeInner, each: f64) -> Option<(Scalar, f64)> {
    shape(inner).map(|(scalar, lanes)| (scalar, each * lanes))
}

/// A sum of products has one addition less than products.
fn dots(count: f64, length: VectorSize) -> f64 {
    count * (2.0 * f64::from(length as u8) - 1.0)
}

fn product(left: &TypeInner, right: &TypeInner) -> Option<(Scalar, f64)> {
    let side = |size: &VectorSize| f64::from(*size as u8);
    match (left, right) {
        (TypeInner::Matrix { columns, rows, scalar }, TypeInner::Matrix { columns: across, .. }) => {
            Some((*scalar, dots(side(rows) * side(across), *columns)))
        }
        (TypeInner::Matrix { columns, rows, scalar }, TypeInner::Vector { .. }) => {
            Some((*scalar, dots(side(rows), *columns)))
        }
        (TypeInner::Vector { .. }, TypeInner::Matrix { columns, rows, scalar }) => {
            Some((*scalar, dots(side(columns), *rows)))
        }
        _ => counted(if lanes(left) < lanes(right) { right } else { left }, 1.0),
    }
}

/// A function of numbers is one operation for each, unless it is made of several.
fn math(fun: MathFunction, arg: &TypeInner) -> Option<(Scalar, f64)> {
    use MathFunction as M;
    let (scalar, lanes) = shape(arg)?;
    let operations = match fun {
        M::Fma | M::Saturate | M::Clamp => 2.0 * lanes,
        M::Mix | M::SmoothStep => 3.0 * lanes,
        M::Dot => 2.0 * lanes - 1.0,
        M::Dot4I8Packed | M::Dot4U8Packed => 7.0,
        M::Cross => 9.0,
        M::Length => 2.0 * lanes,
        M::Distance => 3.0 * lanes,
        M::Normalize => 3.0 * lanes,
        M::Reflect => 4.0 * lanes,
        M::Transpose => return None,
        _ => lanes,
    };
    Some((scalar, operations))
}

/// Of a whole subgroup; each of its threads has a share.
fn cooperative(a: &TypeInner, b: &TypeInner) -> Option<(Scalar, f64)> {
    let TypeInner::CooperativeMatrix { columns: k, rows, scalar, .. } = a else { return None };
    let TypeInner::CooperativeMatrix { columns, .. } = b else { return None };
    const LANES: f64 = 32.0;
    Some((*scalar, 2.0 * f64::from(*rows as u8) * f64::from(*columns as u8) * f64::from(*k as u8) / LANES))
}
