//! Statistics over the rows of several ranks (`torch.nn.SyncBatchNorm`), of which each has as many.

use super::Statistics;
use crate::gpu::{AcrossRanks, Tensor};

/// A batch's statistics, and the running ones that have moved towards them.
#[derive(Debug)]
pub struct JointStatistics {
    /// Of this rank's rows.
    pub batch: Statistics,
    /// Which follow them.
    pub running: Statistics,
    /// By what share.
    pub momentum: f32,
    /// Values that each of a channel's statistics is of, one number a domain.
    pub counts: Vec<usize>,
}

/// What means over rows become over all ranks' rows: the means of the means.
#[derive(Debug)]
pub struct JointMean(pub Tensor);

/// Mean and variance of each channel, which become those of all ranks.
#[derive(Debug)]
pub struct Joint<'a> {
    /// Of each channel.
    pub mean: &'a mut [f32],
    /// Biased, of each channel.
    pub variance: &'a mut [f32],
}

impl Joint<'_> {
    /// Joins them, and moves `running` means and, behind them, unbiased variances by the share `momentum` of what they lack then;
    /// `count` gives how many values of a channel this rank has.
    pub fn over(
        self,
        ranks: usize,
        count: impl Fn(usize) -> usize,
        over_ranks: &mut dyn FnMut(&mut [f32]),
        (running, momentum): (&mut [f32], f32),
    ) {
        let Self { mean, variance } = self;
        let own: Vec<[f32; 2]> = mean.iter().zip(&*variance).map(|(mean, var)| [*mean, *var]).collect();
        over_ranks(mean);
        for (var, (mean, [own_mean, _])) in variance.iter_mut().zip(mean.iter().zip(&own)) {
            *var += (own_mean - mean) * (own_mean - mean);
        }
        over_ranks(variance);
        let unbiased =
            |var: f32, count: usize| (f64::from(var) * count as f64 / (count as f64 - 1.0).max(1.0)) as f32;
        let (running_mean, running_var) = running.split_at_mut(own.len());
        for (channel, [own_mean, own_var]) in own.into_iter().enumerate() {
            let count = count(channel);
            let lacking = unbiased(variance[channel], count * ranks) - unbiased(own_var, count);
            running_mean[channel] += momentum * (mean[channel] - own_mean);
            running_var[channel] += momentum * lacking;
        }
    }
}

impl AcrossRanks for JointStatistics {
    fn tensors(&self) -> Vec<Tensor> {
        let Self { batch, running, .. } = self;
        [&batch.mean, &batch.variance, &running.mean, &running.variance].map(Tensor::clone).to_vec()
    }

    fn join(&self, values: &mut [f32], ranks: usize, over_ranks: &mut dyn FnMut(&mut [f32])) {
        let all = self.batch.mean.len();
        let channels = all / self.counts.len();
        let (batch, running) = values.split_at_mut(2 * all);
        let (mean, variance) = batch.split_at_mut(all);
        let count = |place| self.counts[place / channels];
        Joint { mean, variance }.over(ranks, count, over_ranks, (running, self.momentum));
    }
}

impl AcrossRanks for JointMean {
    fn tensors(&self) -> Vec<Tensor> {
        vec![self.0.clone()]
    }

    fn join(&self, values: &mut [f32], _: usize, over_ranks: &mut dyn FnMut(&mut [f32])) {
        over_ranks(values);
    }
}
