//! A convolution of 5×5 kernels in Winograd's domain: 64 products of matrices where tiles of 4×4 values take 400.

use super::super::expect;
use super::pooled::Pooled;
use super::texels::Layout;
use super::winograd_gemm as product;
use super::winograd_gradient as gradient;
use super::winograd_result as result;
use super::winograd_transform as transform;
use super::winograd_weight as filter;
use super::{Parameters, conv2d_weight, groups, paired_groups};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Texels};
use crate::shape::MapShape;

use super::winograd_domain::{Spectrum, Upstream, Winograd};

impl Winograd {
    /// Records maps of y, the shape behind ReLU and pooling, over a batch of `rows`, and which values they are; gives the
    /// spectrum of x.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit each other or the device,
    /// [`crate::error::Error::Gpu`] when there is no memory.
    pub fn forward_pooled(
        &self,
        rec: &mut Recording,
        x: (&Layout, &Texels),
        parameters: Parameters<'_>,
        (rows, y): (usize, MapShape),
        to: &Pooled<'_>,
    ) -> Result<Spectrum> {
        let (gpu, maps) = (rec.gpu().clone(), self.maps(rows));
        let input = Spectrum::new(&gpu, "spectrum of x", maps, groups(self.convolution.x.channels))?;
        transform::input(rec, self, x, &input)?;
        let map = Spectrum::new(&gpu, "spectrum of y", maps, paired_groups(self.convolution.outputs))?;
        let weight = filter::forward(rec, self, parameters.weight, (input.groups, map.groups))?;
        product::sum_channels(rec, self, &input, &weight, &map)?;
        result::pooled(rec, self, &map, parameters.bias, y, to)?;
        Ok(input)
    }

    /// Records the gradients of the parameters and of x, those that are wanted; `input` is the spectrum of x.
    ///
    /// # Errors
    /// As [`Winograd::forward_pooled`].
    pub fn backward(
        &self,
        rec: &mut Recording,
        input: &Spectrum,
        weight: &Tensor,
        upstream: &Upstream<'_>,
        gradients: Option<Parameters<'_>>,
        dx: Option<gradient::Destination<'_>>,
    ) -> Result<()> {
        let gpu = rec.gpu().clone();
        let (d_layout, d) = upstream.d;
        let map = Spectrum::new(&gpu, "spectrum of dy", input.maps, d_layout.groups)?;
        transform::gradient(rec, self, upstream, &map)?;
        let rows = self.rows(input.maps);
        if let Some(gradients) = gradients {
            let dweight = product::sum_tiles(rec, self, input, &map)?;
            expect("winograd", "dweight", gradients.weight, &self.convolution.weight_dims())?;
            filter::gradient(rec, self, &dweight, map.groups, gradients.weight)?;
            conv2d_weight::bias(rec, (rows, upstream.map), (d_layout, d), gradients.bias)?;
        }
        let Some(dx) = dx else { return Ok(()) };
        let weight = filter::rotated(rec, self, weight, (map.groups, input.groups))?;
        let spectrum = Spectrum::new(&gpu, "spectrum of dx", input.maps, input.groups)?;
        product::sum_channels(rec, self, &map, &weight, &spectrum)?;
        gradient::input(rec, self, rows, &spectrum, dx)
    }
}
