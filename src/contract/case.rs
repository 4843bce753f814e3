//! One case: an op, its attributes and its input tensors; every access is checked and names what is wrong.

use super::{Array, Arrays, Values};
use crate::error::{Error, Result};
use crate::rng;
use half::f16;
use rand::RngExt;
use rand_distr::{Distribution, StandardNormal};
use serde_json::{Map, Value};

/// The seed of all own cases.
pub const SEED: u64 = 1;

/// One case of an op, drawn here or read from a file.
#[derive(Clone, Debug)]
pub struct Case {
    /// The op.
    pub op: String,
    /// The case's own name.
    pub name: String,
    /// Attributes by name.
    pub attributes: Map<String, Value>,
    /// Input tensors by name.
    pub inputs: Arrays,
    /// The seed of the inputs; none when they came from a file.
    pub seed: Option<u64>,
    /// Whether the twin's gradients can be compared with central differences: not across kinks and ties.
    pub smooth: bool,
}

/// Drawing cases.
impl Case {
    /// A case without attributes and inputs.
    pub fn new(op: &str, name: &str, seed: u64) -> Self {
        Self {
            op: op.into(),
            name: name.into(),
            attributes: Map::new(),
            inputs: Arrays::new(),
            seed: Some(seed),
            smooth: true,
        }
    }

    /// With an attribute.
    pub fn attribute(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// With an input tensor.
    pub fn input(mut self, tensor: &str, array: Array) -> Self {
        self.inputs.insert(tensor.into(), array);
        self
    }

    /// With an input tensor of standard normal values times `scale`.
    pub fn normal(self, tensor: &str, dims: &[usize], scale: f32) -> Self {
        let draw = |x: f32| x * scale;
        let values: Vec<f32> =
            StandardNormal.sample_iter(self.stream(tensor)).map(draw).take(len(dims)).collect();
        self.input(tensor, Array::f32(dims, values))
    }

    /// With an input tensor of whole numbers below `end`, drawn evenly.
    pub fn indices(self, tensor: &str, dims: &[usize], end: u32) -> Self {
        let mut rng = self.stream(tensor);
        let values = (0..len(dims)).map(|_| rng.random_range(0..end)).collect();
        self.input(tensor, Array::u32(dims, values))
    }

    /// With an input tensor of the real numbers 0, 1, … below `count`, drawn evenly: full of ties.
    pub fn levels(self, tensor: &str, dims: &[usize], count: u8) -> Self {
        let mut rng = self.stream(tensor);
        let values = (0..len(dims)).map(|_| f32::from(rng.random_range(0..count))).collect();
        self.input(tensor, Array::f32(dims, values))
    }

    /// With an input tensor of whole numbers from −`most` to `most` as real ones, drawn evenly: their sums are exact.
    pub fn signed_levels(self, tensor: &str, dims: &[usize], most: i8) -> Self {
        let mut rng = self.stream(tensor);
        let values = (0..len(dims)).map(|_| f32::from(rng.random_range(-most..=most))).collect();
        self.input(tensor, Array::f32(dims, values))
    }

    /// Without comparing gradients with central differences.
    pub fn not_smooth(mut self) -> Self {
        self.smooth = false;
        self
    }

    /// With all real inputs that lie in the range of f16 rounded to numbers that it can hold.
    #[must_use]
    pub fn rounded_to_half(&self) -> Self {
        let mut case = self.clone();
        for array in case.inputs.values_mut() {
            if let Values::F32(values) = &mut array.values {
                let rounded = |value: f32| Some(f16::from_f32(value).to_f32()).filter(|v| v.is_finite());
                values.iter_mut().for_each(|value| *value = rounded(*value).unwrap_or(*value));
            }
        }
        case
    }

    /// The random numbers for what `purpose` names.
    pub fn stream(&self, purpose: &str) -> rng::Rng {
        rng::stream(self.seed.unwrap_or_default(), &format!("{}/{}/{purpose}", self.op, self.name))
    }
}

/// Reading cases.
impl Case {
    /// Refuses attributes and tensors that are not among those known, and tensors without values.
    ///
    /// # Errors
    /// [`Error::Input`] naming the first one.
    pub fn expect_known(&self, attributes: &[&str], tensors: &[&str]) -> Result<()> {
        let unknown = |what: &str, name: &str, known: &[&str]| {
            Err(Error::input(
                self.subject(),
                format!("{what}s among {known:?}"),
                format!("{what} \"{name}\""),
            ))
        };
        if let Some(name) = self.attributes.keys().find(|name| !attributes.contains(&name.as_str())) {
            return unknown("attribute", name, attributes);
        }
        for (name, array) in &self.inputs {
            if !tensors.contains(&name.as_str()) {
                return unknown("tensor", name, tensors);
            }
            if array.is_empty() || array.dims.is_empty() {
                let found = format!("shape {:?}", array.dims);
                return Err(Error::input(self.tensor(name), "at least one dimension and one value", found));
            }
        }
        Ok(())
    }

    /// An input tensor.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing.
    pub fn array(&self, tensor: &str) -> Result<&Array> {
        self.inputs.get(tensor).ok_or_else(|| {
            let found = format!("{:?}", self.inputs.keys().collect::<Vec<_>>());
            Error::input(self.subject(), format!("a tensor \"{tensor}\""), found)
        })
    }

    /// The shape of an input tensor of real numbers with R dimensions.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing, holds indices or has another rank.
    pub fn dims<const R: usize>(&self, tensor: &str) -> Result<[usize; R]> {
        let array = self.array(tensor)?;
        self.expect_real(tensor, array)?;
        <[usize; R]>::try_from(array.dims.as_slice()).map_err(|_| {
            Error::input(self.tensor(tensor), format!("{R} dimensions"), format!("shape {:?}", array.dims))
        })
    }

    /// Refuses an input tensor unless it holds real numbers in that shape.
    ///
    /// # Errors
    /// [`Error::Input`] saying what is wrong.
    pub fn expect_reals(&self, tensor: &str, dims: &[usize]) -> Result<()> {
        let array = self.array(tensor)?;
        self.expect_real(tensor, array)?;
        self.expect_dims(tensor, array, dims)
    }

    /// Refuses an input tensor unless it holds whole numbers below `end` in that shape.
    ///
    /// # Errors
    /// [`Error::Input`] saying what is wrong.
    pub fn expect_indices(&self, tensor: &str, dims: &[usize], end: usize) -> Result<()> {
        self.expect_dims(tensor, self.array(tensor)?, dims)?;
        match self.whole(tensor)?.iter().find(|&&value| value as usize >= end) {
            Some(value) => Err(Error::input(self.tensor(tensor), format!("values below {end}"), value)),
            None => Ok(()),
        }
    }

    /// The values of an input tensor of real numbers.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing or holds indices.
    pub fn reals(&self, tensor: &str) -> Result<Vec<f64>> {
        self.array(tensor)?.reals().ok_or_else(|| self.not_real(tensor))
    }

    /// The values of an input tensor of whole numbers.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing or holds real numbers.
    pub fn whole(&self, tensor: &str) -> Result<&[u32]> {
        match &self.array(tensor)?.values {
            Values::U32(values) => Ok(values),
            _ => Err(Error::input(self.tensor(tensor), "whole numbers (I32)", "real numbers")),
        }
    }

    /// An attribute that is a real number, as the device holds it.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing or no number.
    pub fn real(&self, attribute: &str) -> Result<f32> {
        let value = self.value(attribute)?;
        let real = value.as_f64().map(|x| x as f32).filter(|x| x.is_finite());
        real.ok_or_else(|| Error::input(self.attribute_of(attribute), "a finite number", value))
    }

    /// An attribute that is a size.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing or no whole number from 0 to 2³² − 1.
    pub fn size(&self, attribute: &str) -> Result<usize> {
        let value = self.value(attribute)?;
        size_of_value(value).ok_or_else(|| Error::input(self.attribute_of(attribute), "a size", value))
    }

    /// An attribute that is a size for both directions or a list [height, width].
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing or neither.
    pub fn pair(&self, attribute: &str) -> Result<(usize, usize)> {
        let value = self.value(attribute)?;
        let pair = match value.as_array().map(Vec::as_slice) {
            Some([h, w]) => size_of_value(h).zip(size_of_value(w)),
            Some(_) => None,
            None => size_of_value(value).map(|size| (size, size)),
        };
        pair.ok_or_else(|| Error::input(self.attribute_of(attribute), "a size or [height, width]", value))
    }

    /// An attribute that is a list of N sizes; none where it is anything else.
    pub fn sizes<const N: usize>(&self, attribute: &str) -> Option<[usize; N]> {
        let list = self.attributes.get(attribute)?.as_array()?;
        let sizes: Option<Vec<usize>> = list.iter().map(size_of_value).collect();
        sizes?.try_into().ok()
    }

    /// An attribute that is true or false; `default` where it is missing.
    ///
    /// # Errors
    /// [`Error::Input`] when it is neither.
    pub fn flag(&self, attribute: &str, default: bool) -> Result<bool> {
        let Some(value) = self.attributes.get(attribute) else {
            return Ok(default);
        };
        value.as_bool().ok_or_else(|| Error::input(self.attribute_of(attribute), "true or false", value))
    }

    /// How an error names an attribute.
    pub fn attribute_of(&self, attribute: &str) -> String {
        format!("{}, attribute \"{attribute}\"", self.subject())
    }

    /// The shapes of all inputs and the attributes, for people.
    pub fn shapes(&self) -> String {
        let tensors = self.inputs.iter().map(|(name, array)| format!("{name} {array}"));
        let attributes = self.attributes.iter().map(|(name, value)| format!("{name}={value}"));
        tensors.chain(attributes).collect::<Vec<_>>().join(", ")
    }

    fn subject(&self) -> String {
        format!("{} case \"{}\"", self.op, self.name)
    }

    fn tensor(&self, tensor: &str) -> String {
        format!("{}, tensor \"{tensor}\"", self.subject())
    }

    fn value(&self, attribute: &str) -> Result<&Value> {
        let missing = || Error::input(self.subject(), format!("an attribute \"{attribute}\""), "none");
        self.attributes.get(attribute).ok_or_else(missing)
    }

    fn expect_real(&self, tensor: &str, array: &Array) -> Result<()> {
        if matches!(array.values, Values::U32(_)) { Err(self.not_real(tensor)) } else { Ok(()) }
    }

    fn not_real(&self, tensor: &str) -> Error {
        Error::input(self.tensor(tensor), "real numbers (F32)", "whole numbers")
    }

    fn expect_dims(&self, tensor: &str, array: &Array, dims: &[usize]) -> Result<()> {
        if array.dims == dims {
            return Ok(());
        }
        Err(Error::input(self.tensor(tensor), format!("shape {dims:?}"), format!("{:?}", array.dims)))
    }
}

fn len(dims: &[usize]) -> usize {
    dims.iter().product()
}

fn size_of_value(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|size| u32::try_from(size).ok()).map(|size| size as usize)
}
