//! The table of several ranks' rows, of which each has as many.

use super::Norm;
use crate::gpu::{AcrossRanks, Tensor};
use crate::ops::batch_norm2d::Joint;

/// A batch's table, and the running statistics that have moved towards it.
#[derive(Debug)]
pub struct JointTable {
    table: Tensor,
    running: [Tensor; 2],
    eps: f32,
    momentum: f32,
    /// Values of a channel.
    count: usize,
}

impl JointTable {
    /// What [`Norm::statistics`] has left of x in `table`.
    pub fn new(norm: &Norm<'_>, x: &Tensor, table: &Tensor) -> Self {
        let running = [norm.running_mean.clone(), norm.running_var.clone()];
        let count = x.len() / norm.weight.len();
        Self { table: table.clone(), running, eps: norm.eps, momentum: norm.momentum, count }
    }
}

impl AcrossRanks for JointTable {
    fn tensors(&self) -> Vec<Tensor> {
        let [mean, variance] = &self.running;
        vec![self.table.clone(), mean.clone(), variance.clone()]
    }

    fn join(&self, values: &mut [f32], ranks: usize, over_ranks: &mut dyn FnMut(&mut [f32])) {
        let (table, running) = values.split_at_mut(self.table.len());
        // Each channel has mean, scale, bias and 1 / √(var + eps).
        let entries = || table.chunks(4);
        let mut mean: Vec<f32> = entries().map(|entry| entry[0]).collect();
        let of =
            |inverse: f32| (1.0 / (f64::from(inverse) * f64::from(inverse)) - f64::from(self.eps)) as f32;
        let mut variance: Vec<f32> = entries().map(|entry| of(entry[3]).max(0.0)).collect();
        let joint = Joint { mean: &mut mean, variance: &mut variance };
        joint.over(ranks, |_| self.count, over_ranks, (running, self.momentum));
        for ((entry, mean), variance) in table.chunks_mut(4).zip(mean).zip(variance) {
            let inverse = 1.0 / (variance + self.eps).sqrt();
            (entry[0], entry[1], entry[3]) = (mean, entry[1] * (inverse / entry[3]), inverse);
        }
    }
}
