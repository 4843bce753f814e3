//! Host arrays: what goes into a case and what comes out of it.

use std::collections::BTreeMap;
use std::fmt;

/// A row-major array on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The shape; its product is the number of values.
    pub dims: Vec<usize>,
    /// The values.
    pub values: Values,
}

/// The values of an [`Array`].
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// What the device computes with.
    F32(Vec<f32>),
    /// What the twins compute with.
    F64(Vec<f64>),
    /// Labels, indices and bytes.
    U32(Vec<u32>),
}

/// Arrays by tensor name.
pub type Arrays = BTreeMap<String, Array>;

impl Array {
    /// An array of f32 values.
    pub fn f32(dims: &[usize], values: Vec<f32>) -> Self {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len());
        Self { dims: dims.to_vec(), values: Values::F32(values) }
    }

    /// An array of f64 values.
    pub fn f64(dims: &[usize], values: Vec<f64>) -> Self {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len());
        Self { dims: dims.to_vec(), values: Values::F64(values) }
    }

    /// An array of u32 values.
    pub fn u32(dims: &[usize], values: Vec<u32>) -> Self {
        debug_assert_eq!(dims.iter().product::<usize>(), values.len());
        Self { dims: dims.to_vec(), values: Values::U32(values) }
    }

    /// The number of values.
    pub fn len(&self) -> usize {
        match &self.values {
            Values::F32(values) => values.len(),
            Values::F64(values) => values.len(),
            Values::U32(values) => values.len(),
        }
    }

    /// Whether there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values as f64, exactly; `None` for labels, indices and bytes.
    pub fn reals(&self) -> Option<Vec<f64>> {
        match &self.values {
            Values::F32(values) => Some(values.iter().copied().map(f64::from).collect()),
            Values::F64(values) => Some(values.clone()),
            Values::U32(_) => None,
        }
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.dims.iter().map(ToString::to_string).collect();
        f.write_str(&dims.join("×"))
    }
}
