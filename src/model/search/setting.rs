//! A group of layers by itself, as the search runs it.

use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, Variant};
use crate::model::Initialization;
use crate::model::graph::Node;
use crate::model::network::Network;
use crate::model::parameters::Parameters;
use crate::model::stage::Mode;
use crate::ops::Step;

/// A group with everything that its candidates share.
pub(super) struct Setting<'a> {
    group: &'a [Node],
    parameters: Parameters,
    step: Tensor,
    x: Tensor,
    dy: Vec<f32>,
    wants_dx: bool,
}

impl<'a> Setting<'a> {
    /// Of a batch of `rows`; whether dx is computed, too.
    pub fn new(gpu: &Gpu, group: &'a [Node], rows: usize, wants_dx: bool) -> Result<Self> {
        let parameters = Parameters::new(gpu, group.iter().flat_map(Node::learned))?;
        let initial = parameters.initial(Initialization::HeNormal, 0);
        parameters.write(gpu, &parameters.values, &initial)?;
        let first = group[0].x[0];
        let dims = [rows, first.channels, first.height, first.width];
        let x = Tensor::from_slice(gpu, "x", &dims, &noise(1, dims.iter().product()))?;
        let last = group[group.len() - 1].y;
        let step = Step::table(gpu, "step", 1)?;
        Ok(Self { group, parameters, step, x, dy: noise(2, rows * last.len()), wants_dx })
    }

    /// Forward and backward, with the kernels of `variant`: the recording, and where y and dx lie.
    pub fn record(&self, gpu: &Gpu, variant: Variant) -> Result<(Recording, Vec<Tensor>)> {
        let network = Network::of_group(gpu, variant, self.group, &self.parameters)?;
        let mut rec = Recording::new(gpu);
        let mode = Mode::Training { source_rows: self.x.rows() };
        let trace = network.forward(&mut rec, &self.step, &self.x, mode)?;
        let mut results = vec![trace.y.clone()];
        let dy = Tensor::from_slice(gpu, "dy", trace.y.dims(), &self.dy)?;
        if self.wants_dx {
            results.push(trace.backward(&mut rec, dy, &|_| false)?);
        } else {
            trace.backward_to_parameters(&mut rec, dy, &|_| false)?;
        }
        Ok((rec, results))
    }

    /// y, dx and every gradient, as the last run left them.
    pub fn results(&self, gpu: &Gpu, tensors: &[Tensor]) -> Result<Vec<Vec<f32>>> {
        let gradients = self.parameters.read(gpu, &self.parameters.grads)?;
        let mut results: Vec<_> = gradients.into_values().collect();
        for tensor in tensors {
            results.push(tensor.read(gpu)?);
        }
        Ok(results)
    }
}

/// `count` values in [−0.5, 0.5), others for each seed.
fn noise(seed: u32, count: usize) -> Vec<f32> {
    let value =
        |i: u32| (i ^ seed << 28).wrapping_mul(2_654_435_761).rotate_left(13).wrapping_mul(2_246_822_519);
    (0..count as u32).map(|i| value(i) as f32 / u32::MAX as f32 - 0.5).collect()
}
