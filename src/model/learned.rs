//! What layers learn and keep.

/// A tensor that belongs to a layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Learned {
    /// What its name ends in: `weight`, `bias`, `running_mean`.
    pub suffix: &'static str,
    /// Its shape.
    pub dims: Vec<usize>,
    /// How it starts.
    pub start: Start,
}

/// How a tensor starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Start {
    /// Drawn, as [`Initialization`](super::Initialization) says.
    Drawn,
    /// One value throughout.
    Constant(f32),
}

impl Learned {
    pub fn new(suffix: &'static str, dims: &[usize], start: Start) -> Self {
        Self { suffix, dims: dims.to_vec(), start }
    }

    /// A weight that is drawn and a bias of zeros.
    pub fn weight_and_bias(weight: &[usize]) -> Vec<Self> {
        vec![Self::new("weight", weight, Start::Drawn), Self::new("bias", &weight[..1], Start::Constant(0.0))]
    }
}
