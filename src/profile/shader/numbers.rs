//! What buffers and textures hold, number by number.

use super::Shader;
use super::plan::Shape;
use super::reflect::Resource;
use super::texels::{self, Channel};
use half::f16;
use naga::{ArraySize, Handle, Scalar, ScalarKind, Type, TypeInner, VectorSize};
use wgpu::TextureFormat;

/// A number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Whole(i128),
    Real(f64),
}

impl Number {
    /// Of its bytes.
    fn of(scalar: Scalar, bytes: &[u8]) -> Self {
        let mut word = [0; 8];
        let count = bytes.len().min(8);
        word[..count].copy_from_slice(&bytes[..count]);
        let bits = u64::from_le_bytes(word);
        match (scalar.kind, scalar.width) {
            (ScalarKind::Float, 2) => Self::Real(f16::from_bits(bits as u16).into()),
            (ScalarKind::Float, 4) => Self::Real(f32::from_bits(bits as u32).into()),
            (ScalarKind::Float, _) => Self::Real(f64::from_bits(bits)),
            (ScalarKind::Sint, 4) => Self::Whole((bits as u32 as i32).into()),
            (ScalarKind::Sint, _) => Self::Whole((bits as i64).into()),
            _ => Self::Whole(bits.into()),
        }
    }

    /// Its value, rounded if need be.
    pub fn value(self) -> f64 {
        match self {
            Self::Whole(value) => value as f64,
            Self::Real(value) => value,
        }
    }
}

impl Shader {
    /// Calls `each` with the byte and the value of every number in one object of a resource; of two byte strings, those of
    /// both.
    pub(super) fn each_number(
        &self,
        resource: &Resource,
        shape: Shape,
        both: [&[u8]; 2],
        each: &mut dyn FnMut(usize, [Number; 2]),
    ) {
        let end = both[0].len().min(both[1].len());
        let mut at = |start: usize, scalar: Scalar| {
            let place = start..start + usize::from(scalar.width);
            if place.end <= end {
                each(start, both.map(|bytes| Number::of(scalar, &bytes[place.clone()])));
            }
        };
        match shape {
            Shape::Bytes(_) => self.scalars(resource.ty, 0, end, &mut at),
            Shape::Texels { format, .. } => {
                let (channel, size) = texels::channel(format);
                for start in (0..end / size).map(|index| index * size) {
                    let of = |bytes: &[u8]| texel(format, channel, &bytes[start..start + size]);
                    each(start, both.map(of));
                }
            }
            Shape::Sampler => {}
        }
    }

    /// Calls `each` with the first byte and the type of every number of a value that lies from `start` to `end`.
    fn scalars(&self, ty: Handle<Type>, start: usize, end: usize, each: &mut dyn FnMut(usize, Scalar)) {
        let mut vector = |start: usize, size: VectorSize, scalar: Scalar| {
            (0..size as usize).for_each(|i| each(start + i * usize::from(scalar.width), scalar));
        };
        match &self.module.types[ty].inner {
            TypeInner::Scalar(scalar) | TypeInner::Atomic(scalar) => each(start, *scalar),
            TypeInner::Vector { size, scalar } => vector(start, *size, *scalar),
            TypeInner::Matrix { columns, rows, scalar } => {
                let column = column(*rows, *scalar);
                (0..*columns as usize).for_each(|i| vector(start + i * column, *rows, *scalar));
            }
            TypeInner::Array { base, size, stride } => {
                let stride = (*stride as usize).max(1);
                let count = match size {
                    ArraySize::Constant(count) => count.get() as usize,
                    _ => end.saturating_sub(start) / stride,
                };
                for start in (0..count).map(|i| start + i * stride).take_while(|&start| start < end) {
                    self.scalars(*base, start, start + stride, each);
                }
            }
            TypeInner::Struct { members, .. } => {
                for member in members {
                    self.scalars(member.ty, start + member.offset as usize, end, each);
                }
            }
            _ => {}
        }
    }

    /// What stands at byte `at` of one object of a resource, as WGSL writes it: `y[3].position.x`, `photo(4, 7).g`.
    pub(super) fn place_of(&self, resource: &Resource, shape: Shape, at: usize) -> String {
        let name = &resource.name;
        let Shape::Texels { extent: [width, height, depth], format } = shape else {
            return format!("{name}{}", self.path_in(resource.ty, at));
        };
        let (_, size) = texels::channel(format);
        let bytes = texels::bytes_of(format).max(1) as usize;
        let texel = at / bytes;
        let (x, y) = (texel % width as usize, texel / width as usize);
        let channel = ["r", "g", "b", "a"][(at % bytes / size.max(1)).min(3)];
        match (height, depth) {
            (1, 1) => format!("{name}({x}).{channel}"),
            (_, 1) => format!("{name}({x}, {y}).{channel}"),
            _ => format!("{name}({x}, {}, {}).{channel}", y % height as usize, y / height as usize),
        }
    }

    fn path_in(&self, ty: Handle<Type>, at: usize) -> String {
        let component = |at: usize, scalar: &Scalar| {
            let names = [".x", ".y", ".z", ".w"];
            names[(at / usize::from(scalar.width)).min(3)].to_owned()
        };
        match &self.module.types[ty].inner {
            TypeInner::Vector { scalar, .. } => component(at, scalar),
            TypeInner::Matrix { rows, scalar, .. } => {
                let column = column(*rows, *scalar);
                format!("[{}]{}", at / column, component(at % column, scalar))
            }
            TypeInner::Array { base, stride, .. } => {
                let stride = (*stride as usize).max(1);
                format!("[{}]{}", at / stride, self.path_in(*base, at % stride))
            }
            TypeInner::Struct { members, .. } => {
                let member = members.iter().rev().find(|member| member.offset as usize <= at);
                member.map_or(String::new(), |member| {
                    let name = member.name.as_deref().unwrap_or_default();
                    format!(".{name}{}", self.path_in(member.ty, at - member.offset as usize))
                })
            }
            _ => String::new(),
        }
    }
}

/// The bytes from one column of a matrix to the next.
fn column(rows: VectorSize, scalar: Scalar) -> usize {
    usize::from(scalar.width) * if rows == VectorSize::Bi { 2 } else { 4 }
}

/// A channel of a texel: shares of one as such.
fn texel(format: TextureFormat, channel: Channel, bytes: &[u8]) -> Number {
    let of = |kind| Number::of(Scalar { kind, width: bytes.len() as u8 }, bytes);
    let is_signed = matches!(
        format,
        TextureFormat::R8Snorm
            | TextureFormat::Rg8Snorm
            | TextureFormat::Rgba8Snorm
            | TextureFormat::R16Snorm
            | TextureFormat::Rg16Snorm
            | TextureFormat::Rgba16Snorm
    ) || format.sample_type(None, None) == Some(wgpu::TextureSampleType::Sint);
    let whole = match (is_signed, bytes) {
        (true, [byte]) => i128::from(*byte as i8),
        (true, [low, high]) => i128::from(i16::from_le_bytes([*low, *high])),
        (true, _) => return of(ScalarKind::Sint),
        (false, _) => match of(ScalarKind::Uint) {
            Number::Whole(value) => value,
            Number::Real(_) => 0,
        },
    };
    match channel {
        Channel::Real => of(ScalarKind::Float),
        Channel::Whole | Channel::Packed => Number::Whole(whole),
        Channel::Normalized => {
            let bits = 8 * bytes.len() as u32 - u32::from(is_signed);
            Number::Real(whole as f64 / ((1_u64 << bits) - 1) as f64)
        }
    }
}
