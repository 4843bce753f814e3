//! What a binding holds: seeded values of its own types, values from the command line, or a file.

use super::{Resource, Shader, Space};
use crate::error::{Error, Result};
use crate::rng::{self, Rng};
use naga::{Handle, Scalar, ScalarKind, Type, TypeInner, VectorSize};
use rand::RngExt as _;
use std::path::PathBuf;
use std::str::FromStr;

/// Bytes of an array of any length that nothing is said of.
const DEFAULT_BYTES: u64 = 16 << 20;

/// What one binding shall hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BufferSpec {
    /// The number behind `@group`.
    pub group: u32,
    /// The number behind `@binding`.
    pub binding: u32,
    /// What it holds.
    pub content: Content,
}

/// What a binding holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// So many bytes of seeded values.
    Seeded(u64),
    /// These bytes, and zeros behind them as far as its fixed size goes.
    Bytes(Vec<u8>),
    /// The bytes of a file.
    File(PathBuf),
}

const EXPECTED: &str = "[GROUP:]BINDING=SIZE (4096, 64K, 16M), =VALUES (1024u,-1i,0.5f) or =@FILE";

impl FromStr for BufferSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || bad("", EXPECTED, format!("{text:?}"));
        let (place, content) = text.split_once('=').ok_or_else(wrong)?;
        let (group, binding) = place.split_once(':').unwrap_or(("0", place));
        let number = |text: &str| text.trim().parse().ok();
        let (group, binding) = number(group).zip(number(binding)).ok_or_else(wrong)?;
        let content = content_of(content.trim()).ok_or_else(wrong)?;
        Ok(Self { group, binding, content })
    }
}

fn bad(place: &str, expected: impl ToString, found: impl ToString) -> Error {
    Error::BadBuffer { place: place.to_owned(), expected: expected.to_string(), found: found.to_string() }
}

fn content_of(text: &str) -> Option<Content> {
    if let Some(path) = text.strip_prefix('@') {
        return (!path.is_empty()).then(|| Content::File(path.into()));
    }
    if let Some(size) = size_of(text) {
        return Some(Content::Seeded(size));
    }
    let values: Option<Vec<[u8; 4]>> = text.split(',').map(|value| word(value.trim())).collect();
    values.map(|values| Content::Bytes(values.concat()))
}

/// `64K` as 65,536; not 0.
fn size_of(text: &str) -> Option<u64> {
    let (digits, factor) = match text.char_indices().last()? {
        (end, 'K' | 'k') => (&text[..end], 1 << 10),
        (end, 'M' | 'm') => (&text[..end], 1 << 20),
        (end, 'G' | 'g') => (&text[..end], 1 << 30),
        _ => (text, 1_u64),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor).filter(|&size| size > 0)
}

/// A literal as WGSL writes it: `3u`, `-1i`, `0.5f`.
fn word(text: &str) -> Option<[u8; 4]> {
    let (end, suffix) = text.char_indices().last()?;
    let digits = &text[..end];
    match suffix {
        'u' => digits.parse().ok().map(u32::to_le_bytes),
        'i' => digits.parse().ok().map(i32::to_le_bytes),
        'f' => digits.parse().ok().map(f32::to_le_bytes),
        _ => None,
    }
}

impl Shader {
    /// The bytes of each resource as `specs` and `seed` have them: floating-point numbers from −1 to 1, whole numbers
    /// from 0 to 255.
    ///
    /// # Errors
    /// [`Error::BadBuffer`] when a spec names no resource or another size than its type has, [`Error::Io`] when a file
    /// cannot be read.
    pub fn contents(&self, resources: &[Resource], specs: &[BufferSpec], seed: u64) -> Result<Vec<Vec<u8>>> {
        let names = |spec: &BufferSpec, r: &Resource| (spec.group, spec.binding) == (r.group, r.binding);
        if let Some(spec) = specs.iter().find(|spec| !resources.iter().any(|r| names(spec, r))) {
            let all: Vec<String> =
                resources.iter().map(|r| format!("{}:{} {}", r.group, r.binding, r.name)).collect();
            let place = format!("{}:{}", spec.group, spec.binding);
            return Err(bad(&place, format!("one of {}", all.join(", ")), "a binding not in use"));
        }
        let of = |resource: &Resource| {
            let spec = specs.iter().find(|spec| names(spec, resource));
            self.content(resource, spec.map(|spec| &spec.content), seed)
        };
        resources.iter().map(of).collect()
    }

    fn content(&self, resource: &Resource, content: Option<&Content>, seed: u64) -> Result<Vec<u8>> {
        let given = match content {
            Some(Content::Bytes(bytes)) => Some(bytes.clone()),
            Some(Content::File(path)) => Some(std::fs::read(path).map_err(Error::io(path, "read"))?),
            _ => None,
        };
        let wanted = match (&given, content) {
            (Some(bytes), _) => bytes.len() as u64,
            (None, Some(Content::Seeded(size))) => *size,
            _ => resource.fixed + resource.stride.map_or(0, |stride| DEFAULT_BYTES.next_multiple_of(stride)),
        };
        let size = resource.sized(wanted, given.is_some())?;
        let mut bytes = given.unwrap_or_default();
        if bytes.is_empty() {
            bytes = vec![0; size];
            let mut rng = rng::stream(seed, &format!("{}:{}", resource.group, resource.binding));
            self.seed(resource.ty, &mut bytes, &mut rng);
        }
        bytes.resize(size, 0);
        Ok(bytes)
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

fn seed_scalar(scalar: Scalar, bytes: &mut [u8], rng: &mut Rng) {
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

impl Resource {
    /// The size in bytes for `wanted` ones; fewer `given` ones than a fixed size are filled up.
    fn sized(&self, wanted: u64, given: bool) -> Result<usize> {
        let whole = match self.stride {
            Some(stride) => wanted > self.fixed && (wanted - self.fixed).is_multiple_of(stride),
            None => wanted == self.fixed || (given && wanted < self.fixed),
        };
        if !whole {
            let expected = match self.stride {
                Some(stride) => format!("{} bytes and elements of {stride} bytes behind them", self.fixed),
                None => format!("{} bytes", self.fixed),
            };
            let what = if self.space == Space::Uniform { "uniform" } else { "storage" };
            let place = format!("{}:{} ({what} {})", self.group, self.binding, self.name);
            return Err(bad(&place, expected, wanted));
        }
        Ok(wanted.max(if self.stride.is_none() { self.fixed } else { 0 }) as usize)
    }
}
