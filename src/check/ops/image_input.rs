//! image_texture and image_values: an image as the network takes it, from a texture and from values.

use super::*;
use crate::check::contract::real_output;
use crate::ops::image_input as kernels;
use crate::reference::image_input::{self as reference, ImageShape};

pub struct ImageInput {
    pub texture: bool,
}

/// Of a texture (SH, SW, 4) that becomes (1, C, H, W).
fn image_shape(case: &Case) -> Result<ImageShape> {
    let [height, width, _] = case.dims("image")?;
    case.expect_reals("image", &[height, width, 4])?;
    let [_, channels] = case.dims("scale_shift")?;
    let (to, grey) = (case.pair("size")?, case.flag("grey", false)?);
    let linear = case.flag("linear", false)?;
    Ok(ImageShape { from: [height, width], to: [to.0, to.1], channels, grey, linear })
}

/// Of values (N, C, H, W).
fn values_shape(case: &Case) -> Result<[usize; 4]> {
    let shape @ [_, c, _, _] = case.dims("x")?;
    case.expect_reals("scale_shift", &[2, c])?;
    Ok(shape)
}

impl ImageInput {
    fn dims(&self, case: &Case) -> Result<[usize; 4]> {
        if !self.texture {
            return values_shape(case);
        }
        let shape = image_shape(case)?;
        Ok([1, shape.channels, shape.to[0], shape.to[1]])
    }
}

impl Op for ImageInput {
    fn name(&self) -> &'static str {
        if self.texture { "image_texture" } else { "image_values" }
    }

    fn attributes(&self) -> &'static [&'static str] {
        if self.texture { &["size", "grey", "linear"] } else { &[] }
    }

    fn tensors(&self) -> &'static [&'static str] {
        if self.texture { &["image", "scale_shift"] } else { &["x", "scale_shift"] }
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let y = rig.output("y", &self.dims(rig.case)?)?;
        let scale_shift = rig.input("scale_shift")?;
        if !self.texture {
            let x = rig.input("x")?;
            return kernels::values(&mut rig.rec, &x, &scale_shift, &y);
        }
        let ImageShape { grey, linear, .. } = image_shape(rig.case)?;
        let view = rig.texture("image")?;
        kernels::texture(&mut rig.rec, &view, kernels::Texture { grey, linear }, &scale_shift, &y)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = self.dims(case)?;
        let scale_shift = case.reals("scale_shift")?;
        let (scale, shift) = scale_shift.split_at(dims[1]);
        let y = match self.texture {
            true => reference::texture(&case.reals("image")?, scale, shift, image_shape(case)?),
            false => reference::values(&case.reals("x")?, scale, shift, dims[2] * dims[3]),
        };
        Ok(reals([("y", &dims, y)]))
    }

    /// Values: a product and an addition. A texture's rectangle has edges that are off by three roundings of the
    /// texture's size; then every texel is weighted and added, divided and normalised. Encoding takes a power, which
    /// WGSL lets be off by what its logarithm (2⁻²¹) and its exponential (3 + 2·|x| units, |x| ≤ 5) are.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let dims @ [_, channels, height, width] = self.dims(case)?;
        let scale_shift = case.reals("scale_shift")?;
        let y = real_output(twin, "y")?;
        let shift = |i: usize| scale_shift[channels + i / (height * width) % channels];
        if !self.texture {
            let magnitudes: Vec<f64> =
                y.iter().enumerate().map(|(i, y)| (y - shift(i)).abs() + shift(i).abs()).collect();
            return Ok([("y", Bound::rounding(&magnitudes, 2))].into());
        }
        let shape = image_shape(case)?;
        let largest = case.reals("image")?.iter().fold(1.0_f64, |most, value| most.max(value.abs()));
        let along = |from: usize, to: usize| {
            let wide = (from as f64 / to as f64).max(1.0);
            (wide + 2.0) + 12.0 * from as f64 / wide
        };
        let power = if shape.linear { 40.0 } else { 0.0 };
        let roundings = along(shape.from[0], height) + along(shape.from[1], width) + power + 12.0;
        let scale = |i: usize| scale_shift[i / (height * width) % channels].abs();
        let each = (0..dims.iter().product()).map(|i| roundings * largest * scale(i) + shift(i).abs());
        Ok([("y", Bound::guaranteed(&each.collect::<Vec<_>>()))].into())
    }
}
