//! The bytes of a buffer: values that were given, and seeded ones of its own types.

use super::Shader;
use super::literal::Literal;
use super::reflect::{Kind, Resource};
use super::spec::{Content, Rest, bad};
use crate::error::{Error, Result};
use crate::rng::{self, Rng};
use naga::{ArraySize, Handle, Scalar, ScalarKind, Type, TypeInner, VectorSize};
use rand::RngExt as _;

/// Room for `size` bytes of zeros.
///
/// # Errors
/// [`Error::OutOfMemory`] when there is none.
pub(super) fn zeros(place: &str, size: u64) -> Result<Vec<u8>> {
    let none = || Error::OutOfMemory(format!("no memory on the host for buffer {place} of {size} bytes"));
    let size = usize::try_from(size).map_err(|_| none())?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(|_| none())?;
    bytes.resize(size, 0);
    Ok(bytes)
}

/// The generator of the values of a resource; of a binding array, of the one with that index.
pub(super) fn stream(resource: &Resource, (seed, index): (u64, u32)) -> Rng {
    let place = resource.place();
    match index {
        0 => rng::stream(seed, &place),
        _ => rng::stream(seed, &format!("{place}[{index}]")),
    }
}

/// The bytes of values in front.
///
/// # Errors
/// [`ShaderError::Buffer`](crate::error::ShaderError::Buffer) when the type cannot hold one.
pub(super) fn head(shader: &Shader, resource: &Resource, values: &[Literal]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for value in values {
        let at = shader.scalar_at(resource.ty, bytes.len() as u64);
        bytes.extend(value.bytes(at).ok_or_else(|| {
            let kind = at.map_or("a number".to_owned(), |scalar| format!("{:?}", scalar.kind).to_lowercase());
            let expected = format!("a value that {kind} of {} bytes can be", at.map_or(4, |at| at.width));
            bad(&resource.described(), expected, format!("{value:?} at byte {}", bytes.len()))
        })?);
    }
    Ok(bytes)
}

/// The bytes of a buffer.
pub(super) fn buffer(
    shader: &Shader,
    resource: &Resource,
    content: Option<&Content>,
    size: u64,
    draw: (u64, u32),
) -> Result<Vec<u8>> {
    let (front, is_seeded) = match content {
        None => (vec![], true),
        Some(Content::File(path)) => (std::fs::read(path).map_err(Error::io(path, "read"))?, false),
        Some(Content::Values(values, rest)) => {
            (head(shader, resource, values)?, matches!(rest, Rest::Seeded(_)))
        }
        Some(Content::Texels(_)) => (vec![], false),
    };
    let mut bytes = zeros(&resource.place(), size)?;
    if is_seeded {
        shader.seed(resource.ty, &mut bytes, &mut stream(resource, draw));
    }
    // A file may have grown since it was measured.
    let given = front.len().min(bytes.len());
    bytes[..given].copy_from_slice(&front[..given]);
    Ok(bytes)
}

impl Shader {
    /// The number that stands at that byte of a value of type `ty`; none where nothing does.
    fn scalar_at(&self, ty: Handle<Type>, at: u64) -> Option<Scalar> {
        let aligned = |scalar: Scalar, at: u64| at.is_multiple_of(scalar.width.into()).then_some(scalar);
        match &self.module.types[ty].inner {
            TypeInner::Scalar(scalar) | TypeInner::Atomic(scalar) => aligned(*scalar, at),
            TypeInner::Vector { size, scalar } => {
                aligned(*scalar, at).filter(|_| at < u64::from(*size as u8 * scalar.width))
            }
            TypeInner::Matrix { rows, scalar, .. } => {
                let rows_in_memory = if *rows == VectorSize::Bi { 2 } else { 4 };
                let in_column = at % u64::from(rows_in_memory * scalar.width);
                aligned(*scalar, at).filter(|_| in_column < u64::from(*rows as u8 * scalar.width))
            }
            TypeInner::Array { base, size, stride } => {
                let stride = u64::from((*stride).max(1));
                let is_inside = match size {
                    ArraySize::Constant(count) => at / stride < u64::from(count.get()),
                    _ => true,
                };
                if is_inside { self.scalar_at(*base, at % stride) } else { None }
            }
            TypeInner::Struct { members, .. } => {
                let member = members.iter().rev().find(|member| u64::from(member.offset) <= at)?;
                self.scalar_at(member.ty, at - u64::from(member.offset))
            }
            _ => None,
        }
    }

    /// Fills `bytes` with values of the type; what lies between its values stays 0.
    fn seed(&self, ty: Handle<Type>, bytes: &mut [u8], rng: &mut Rng) {
        match &self.module.types[ty].inner {
            TypeInner::Scalar(scalar) | TypeInner::Atomic(scalar) => seed_scalar(*scalar, bytes, rng),
            TypeInner::Vector { size, scalar } => seed_vector(*size, *scalar, bytes, rng),
            TypeInner::Matrix { rows, scalar, .. } => {
                let rows_in_memory = if *rows == VectorSize::Bi { 2 } else { 4 };
                let column = rows_in_memory * usize::from(scalar.width);
                bytes.chunks_mut(column).for_each(|column| seed_vector(*rows, *scalar, column, rng));
            }
            TypeInner::Array { base, stride, .. } => {
                bytes.chunks_mut(*stride as usize).for_each(|element| self.seed(*base, element, rng));
            }
            TypeInner::Struct { members, .. } => {
                for (index, member) in members.iter().enumerate() {
                    let next = members.get(index + 1).map_or(bytes.len(), |next| next.offset as usize);
                    self.seed(member.ty, &mut bytes[member.offset as usize..next], rng);
                }
            }
            _ => {}
        }
    }
}

fn seed_vector(size: VectorSize, scalar: Scalar, bytes: &mut [u8], rng: &mut Rng) {
    let width = usize::from(scalar.width);
    bytes.chunks_mut(width).take(size as usize).for_each(|bytes| seed_scalar(scalar, bytes, rng));
}

/// A number from −1 to 1, or a whole one from 0 to 255.
pub(super) fn seed_scalar(scalar: Scalar, bytes: &mut [u8], rng: &mut Rng) {
    match (scalar.kind, scalar.width) {
        (ScalarKind::Float, 4) => put(bytes, &rng.random_range(-1.0_f32..1.0).to_le_bytes()),
        (ScalarKind::Float, 8) => put(bytes, &rng.random_range(-1.0_f64..1.0).to_le_bytes()),
        // A sign and an exponent of 0.5 to 1: half a float of 16 bits is enough of one.
        (ScalarKind::Float, _) => put(
            bytes,
            &(rng.random_range(0..0x400_u16) | 0x3800 | (rng.random::<u16>() & 0x8000)).to_le_bytes(),
        ),
        _ => put(bytes, &u64::from(rng.random::<u8>()).to_le_bytes()),
    }
}

/// As much of `value` as it holds.
fn put(bytes: &mut [u8], value: &[u8]) {
    let count = bytes.len().min(value.len());
    bytes[..count].copy_from_slice(&value[..count]);
}

/// The first byte of what is seeded in a uniform block or in immediates; `None` where nothing is.
///
/// # Errors
/// As [`head`].
pub(super) fn seeded_from(
    shader: &Shader,
    resource: &Resource,
    content: Option<&Content>,
) -> Result<Option<usize>> {
    match content {
        _ if !matches!(resource.kind, Kind::Uniform | Kind::Immediate) => Ok(None),
        None => Ok(Some(0)),
        Some(Content::Values(values, Rest::Seeded(_))) => Ok(Some(head(shader, resource, values)?.len())),
        Some(_) => Ok(None),
    }
}
