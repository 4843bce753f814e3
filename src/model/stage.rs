//! What the nodes of a graph become on a device: stages, each of one node or of several that are fused.

use super::parameters::Parameters;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Variant};
use crate::ops::gather_batch::Domain;
use crate::shape::MapShape;

/// Whether dropout drops and batch norm uses the batch's own statistics, and how many rows of the batch, its first ones, are
/// of the source. The others are of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They do.
    Training {
        /// Of the batch.
        source_rows: usize,
    },
    /// As training, but batch norm uses its running statistics and leaves them as they are: for what does not learn.
    Frozen {
        /// Of the batch.
        source_rows: usize,
    },
    /// They do not: nothing is dropped, running statistics are used.
    Evaluation {
        /// Of the batch.
        source_rows: usize,
    },
}

impl Mode {
    /// Evaluation of `rows` rows of one domain.
    pub fn evaluation(domain: Domain, rows: usize) -> Self {
        Self::Evaluation { source_rows: if domain == Domain::Source { rows } else { 0 } }
    }

    /// The same of what does not learn.
    pub(super) fn frozen(self) -> Self {
        match self {
            Self::Training { source_rows } => Self::Frozen { source_rows },
            other => other,
        }
    }

    /// How many rows are of the source.
    pub(super) fn source_rows(self) -> usize {
        let (Self::Training { source_rows }
        | Self::Frozen { source_rows }
        | Self::Evaluation { source_rows }) = self;
        source_rows
    }
}

/// Where a layer is built.
pub(crate) struct Site<'a> {
    /// The device.
    pub gpu: &'a Gpu,
    /// The family whose kernels it has, where a layer's own kernels differ by family.
    pub variant: Variant,
    /// The node's name, which those of its parameters begin with.
    pub name: &'a str,
    /// Where the parameters lie.
    pub parameters: &'a Parameters,
    /// The shapes that go in.
    pub x: &'a [MapShape],
    /// The shape that comes out.
    pub y: MapShape,
    /// Another one for each layer of a model: it tells their dropout masks apart.
    pub salt: u32,
}

/// One node on the device, or several that are fused.
pub(crate) trait Stage: Send + Sync {
    /// Records y from the values that go in; `step` is read by what changes from step to step.
    fn forward(&self, rec: &mut Recording, step: &Tensor, x: &[Tensor], mode: Mode) -> Result<Forward<'_>>;

    /// The names of the parameters that it learns.
    fn learns(&self) -> Vec<String> {
        vec![]
    }

    /// The state that is not trained but belongs to the model, by name.
    fn state(&self) -> Vec<(String, Tensor)> {
        vec![]
    }
}

/// Which gradients are asked for.
#[derive(Clone, Copy)]
pub(crate) struct Wanted<'a> {
    /// For each value that went in, whether the gradient of it is.
    pub inputs: &'a [bool],
    /// Whether those of the parameters are: not of frozen ones.
    pub parameters: bool,
}

impl Wanted<'_> {
    /// Whether the gradient of the first or only value that went in is asked for.
    pub fn input(&self) -> bool {
        self.inputs.first().is_some_and(|&wanted| wanted)
    }
}

/// Gradients of the values that went in, in their order; none where none was asked for.
pub(crate) type InputGradients = Vec<Option<Tensor>>;

/// What records the way back from dy. It owns what the way forward left for it, so that only the stage that left it can
/// take it up.
pub(crate) type Backward<'s> =
    Box<dyn FnOnce(&mut Recording, &Tensor, Wanted<'_>) -> Result<InputGradients> + 's>;

/// The result of a way forward.
pub(crate) struct Forward<'s> {
    /// What comes out.
    pub y: Tensor,
    /// The way back.
    pub backward: Backward<'s>,
}

impl<'s> Forward<'s> {
    /// y, and what records the way back.
    pub fn new(
        y: Tensor,
        backward: impl FnOnce(&mut Recording, &Tensor, Wanted<'_>) -> Result<InputGradients> + 's,
    ) -> Self {
        Self { y, backward: Box::new(backward) }
    }
}

impl Site<'_> {
    /// State that belongs to this node and starts with `value`, unless another network has it already.
    pub fn state(&self, label: &str, dims: &[usize], value: f32) -> Result<Tensor> {
        let name = format!("{}.{label}", self.name);
        match self.parameters.shared(&name) {
            Some(shared) => Ok(shared.clone()),
            None => Tensor::from_slice(self.gpu, &name, dims, &vec![value; dims.iter().product()]),
        }
    }
}

/// Memory for a value of the stage called `name`.
pub(crate) fn allocate(rec: &Recording, name: &str, label: &str, dims: &[usize]) -> Result<Tensor> {
    Tensor::zeros(rec.gpu(), &format!("{name}.{label}"), dims)
}

/// A dense layer's output (N, O) is seen as N maps of O×1×1 by layers that take maps.
pub(crate) fn as_maps(x: &Tensor) -> Tensor {
    let map = x.map();
    x.reshaped(&[x.rows(), map.channels, map.height, map.width])
}

/// A head's outputs as (N, K), whatever dimensions of 1 stand behind them.
pub(crate) fn in_rows(outputs: &Tensor) -> Tensor {
    outputs.reshaped(&[outputs.rows(), outputs.map().len()])
}
