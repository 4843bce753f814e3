//! Batch normalisation; twin: `twin.rs`.

#[cfg(feature = "check")]
mod domains;
#[cfg(feature = "check")]
pub(crate) mod frozen;
#[cfg(feature = "check")]
pub(crate) mod proof;
mod ranks;
#[cfg(feature = "check")]
pub(crate) mod twin;

use super::kernels::{batch_norm2d as wgsl, rows_norm};
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor, Variant, Work, by, nested};

pub use ranks::{Joint, JointMean, JointStatistics};

const OP: &str = "batch_norm2d";

/// Mean and (biased) variance of each channel: (C) each for all rows together, (2, C) for those of each domain apart.
#[derive(Clone, Debug)]
pub struct Statistics {
    /// (C) or (2, C)
    pub mean: Tensor,
    /// (C) or (2, C)
    pub variance: Tensor,
}

/// The rows that are normalised, those of the source first.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    /// (N, C, H, W)
    pub x: &'a Tensor,
    /// Of these rows. It matters where statistics are apart.
    pub source: usize,
}

impl Rows<'_> {
    /// The parameters of kernels over these rows, under `statistics` and with a value per channel in other tensors.
    fn params(
        &self,
        statistics: &[&Tensor],
        per_channel: &[&Tensor],
        eps: f32,
        momentum: f32,
    ) -> Result<wgsl::Params> {
        let (rows, map) = (self.x.rows(), self.x.map());
        for tensor in per_channel {
            expect(OP, "a value per channel", tensor, &[map.channels])?;
        }
        let apart = statistics.iter().all(|tensor| are_apart(tensor));
        let dims = [2, map.channels];
        for tensor in statistics {
            expect(OP, "statistics", tensor, if apart { &dims[..] } else { &dims[1..] })?;
        }
        if self.source > rows {
            return Err(Error::input(
                "batch_norm2d: rows of the source",
                format!("at most {rows}"),
                self.source,
            ));
        }
        Ok(wgsl::Params {
            rows: u32_of(OP, rows)?,
            source_rows: u32_of(OP, if apart { self.source } else { rows })?,
            channels: u32_of(OP, map.channels)?,
            plane: u32_of(OP, map.height * map.width)?,
            eps,
            momentum,
        })
    }

    /// `flops` operations on each value.
    fn work(&self, flops: usize) -> Work {
        Work::new(flops * self.x.len(), by(self.x.dims()))
    }

    /// The same for kernels of which a thread takes a channel: of maps of one pixel, on software adapters, which are slow to
    /// add up what the threads of a workgroup have.
    fn rows_params(&self, gpu: &Gpu, params: &wgsl::Params) -> Option<rows_norm::Params> {
        let wgsl::Params { rows, source_rows, channels, plane, eps, momentum, .. } = *params;
        let fits = gpu.variant() == Variant::Register && plane == 1 && source_rows == rows;
        fits.then_some(rows_norm::Params { rows, channels, eps, momentum })
    }

    /// The values that each of a channel's `statistics` is of, one number a domain that they are of.
    pub fn counts(&self, statistics: &Tensor) -> Vec<usize> {
        let (map, rows) = (self.x.map(), self.x.rows());
        let plane = map.height * map.width;
        match (are_apart(statistics), rows - self.source) {
            (false, _) => vec![rows * plane],
            // Where all rows are of the source, they stand for the target too.
            (true, 0) => vec![rows * plane; 2],
            (true, target) => vec![self.source * plane, target * plane],
        }
    }

    /// The fewest rows that share statistics.
    fn fewest(&self, params: &wgsl::Params) -> usize {
        let (rows, source) = (params.rows as usize, params.source_rows as usize);
        if source == rows { rows } else { source.min(rows - source) }
    }
}

/// Turns that a thread takes over the values of a channel, of which 32 threads look at an image's and two images lie side by side.
fn turns(x: &Tensor) -> usize {
    let map = x.map();
    nested([x.rows().div_ceil(2), (map.height * map.width).div_ceil(32)])
}

/// Whether statistics are those of each domain.
fn are_apart(statistics: &Tensor) -> bool {
    statistics.dims().len() == 2
}

/// The statistics of x into `batch`; `running` moves towards them by the share `momentum`. Where they are apart and all
/// rows are of the source, they stand for the target too.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit or a channel has a single value, whose variance is undefined.
pub fn statistics(
    rec: &mut Recording,
    rows: Rows<'_>,
    batch: &Statistics,
    running: &Statistics,
    momentum: f32,
) -> Result<()> {
    let (x, map) = (rows.x, rows.x.map());
    let outs = [&batch.mean, &batch.variance, &running.mean, &running.variance];
    let params = rows.params(&outs, &[], 0.0, momentum)?;
    if rows.fewest(&params) * map.height * map.width < 2 {
        let found = format!("shape {:?}, {} rows of the source", x.dims(), params.source_rows);
        return Err(Error::input("batch_norm2d: x", "two or more values a channel", found));
    }
    let [mean, variance, running_mean, running_var] = outs;
    if let Some(params) = &rows.rows_params(rec.gpu(), &params).filter(|_| !are_apart(mean)) {
        let invocation =
            rows_norm::Statistics { params, x, mean_out: mean, var_out: variance, running_mean, running_var };
        return rec.dispatch(invocation, mean.len(), rows.work(4));
    }
    let invocation =
        wgsl::Statistics { params: &params, x, mean_out: mean, var_out: variance, running_mean, running_var };
    // The running statistics are read too.
    let work = rows.work(4).moving(4 * (x.len() + 6 * mean.len())).turns(2 * turns(x));
    rec.dispatch_workgroups(invocation, mean.len(), work)
}

/// y = (x - mean) / √(variance + eps) · weight + bias; y as x, weight and bias (C).
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn forward(
    rec: &mut Recording,
    rows: Rows<'_>,
    statistics: &Statistics,
    weight: &Tensor,
    bias: &Tensor,
    y: &Tensor,
    eps: f32,
) -> Result<()> {
    let (x, Statistics { mean, variance }) = (rows.x, statistics);
    let params = rows.params(&[mean, variance], &[weight, bias], eps, 0.0)?;
    expect(OP, "y", y, x.dims())?;
    let invocation = wgsl::Forward { params: &params, x, mean, variance, weight, bias, y };
    rec.dispatch(invocation, x.len(), rows.work(4))
}

/// The gradients of weight and bias.
#[derive(Debug)]
pub struct ParameterGradients<'a> {
    /// (C)
    pub dweight: &'a Tensor,
    /// (C)
    pub dbias: &'a Tensor,
    /// (D, C, 2): what each of the D domains that have statistics adds to both.
    pub shares: &'a Tensor,
}

/// The gradients of weight and bias from x and dy (N, C, H, W), under the batch's own statistics.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_parameters(
    rec: &mut Recording,
    rows: Rows<'_>,
    statistics: &Statistics,
    dy: &Tensor,
    gradients: &ParameterGradients<'_>,
    eps: f32,
) -> Result<()> {
    let (x, Statistics { mean, variance }) = (rows.x, statistics);
    let ParameterGradients { dweight, dbias, shares } = *gradients;
    let params = rows.params(&[mean, variance], &[dweight, dbias], eps, 0.0)?;
    expect(OP, "dy", dy, x.dims())?;
    expect(OP, "shares", shares, &shares_of(mean))?;
    if let Some(params) = &rows.rows_params(rec.gpu(), &params).filter(|_| !are_apart(mean)) {
        let invocation = rows_norm::BackwardParameters {
            params,
            x,
            mean,
            variance,
            dy,
            dweight_out: dweight,
            dbias_out: dbias,
            shares_out: shares,
        };
        return rec.dispatch(invocation, dbias.len(), rows.work(5));
    }
    let invocation = wgsl::BackwardParameters {
        params: &params,
        x,
        mean,
        variance,
        dy,
        dweight_out: dweight,
        dbias_out: dbias,
        shares_out: shares,
    };
    rec.dispatch_workgroups(invocation, dbias.len(), rows.work(5).turns(turns(x)))
}

/// The shape of [`ParameterGradients::shares`] beside statistics like `mean`.
pub fn shares_of(mean: &Tensor) -> [usize; 3] {
    let domains = if are_apart(mean) { 2 } else { 1 };
    [domains, mean.len() / domains, 2]
}

/// dx (N, C, H, W), through the batch's mean and variance too; `shares` (D, C, 2) as [`backward_parameters`] leaves them.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
#[allow(clippy::too_many_arguments)] // one tensor an argument, as in the formula
pub fn backward_input(
    rec: &mut Recording,
    rows: Rows<'_>,
    statistics: &Statistics,
    weight: &Tensor,
    dy: &Tensor,
    shares: &Tensor,
    dx: &Tensor,
    eps: f32,
) -> Result<()> {
    let (x, Statistics { mean, variance }) = (rows.x, statistics);
    let params = rows.params(&[mean, variance], &[weight], eps, 0.0)?;
    for (name, tensor) in [("dy", dy), ("dx", dx)] {
        expect(OP, name, tensor, x.dims())?;
    }
    expect(OP, "shares", shares, &shares_of(mean))?;
    let invocation = wgsl::BackwardInput { params: &params, x, mean, variance, weight, dy, shares, dx };
    rec.dispatch(invocation, x.len(), rows.work(6))
}

/// dx as x from dy, under statistics that do not depend on x: running ones.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn backward_input_frozen(
    rec: &mut Recording,
    dy: Rows<'_>,
    variance: &Tensor,
    weight: &Tensor,
    dx: &Tensor,
    eps: f32,
) -> Result<()> {
    let params = dy.params(&[variance], &[weight], eps, 0.0)?;
    expect(OP, "dx", dx, dy.x.dims())?;
    let invocation = wgsl::BackwardInputFrozen { params: &params, variance, weight, dy: dy.x, dx };
    rec.dispatch(invocation, dx.len(), dy.work(4))
}
