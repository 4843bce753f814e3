//! An image as the network takes it: resized by averaging over the texels that each pixel stands for, and normalised.
//!
//! Proof of image_texture and image_values: an image as the network takes it, from a texture and from values.

use crate::contract::{Array, Arrays, Bound, Bounds, Case, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::image_input as host;
use rand::RngExt;
use serde_json::json;

/// What [`texture`] makes of which image.
#[derive(Clone, Copy, Debug)]
pub struct ImageShape {
    /// Height and width of the image.
    pub from: [usize; 2],
    /// Height and width of the result.
    pub to: [usize; 2],
    /// C of the result: 1 or 3.
    pub channels: usize,
    /// The first component stands for all three.
    pub grey: bool,
    /// The values are linear light and are encoded as sRGB first.
    pub linear: bool,
}

/// image (SH, SW, 4) → y (C, H, W)
pub fn texture(image: &[f64], scale: &[f64], shift: &[f64], shape: ImageShape) -> Vec<f64> {
    let [height, width] = shape.to;
    let colour = |row: usize, column: usize| -> [f64; 3] {
        let texel = &image[4 * (row * shape.from[1] + column)..];
        [0, 1, 2].map(|c| {
            let value = texel[if shape.grey { 0 } else { c }];
            if shape.linear { encoded(value) } else { value }
        })
    };
    let mut y = vec![0.0; shape.channels * height * width];
    for i in 0..height {
        let rows = weights(i, height, shape.from[0]);
        for j in 0..width {
            let columns = weights(j, width, shape.from[1]);
            let mut pixel = [0.0; 3];
            for &(row, of_row) in &rows {
                for &(column, of_column) in &columns {
                    let colour = colour(row, column);
                    for c in 0..3 {
                        pixel[c] += of_row * of_column * colour[c];
                    }
                }
            }
            let luma = 0.2126 * pixel[0] + 0.7152 * pixel[1] + 0.0722 * pixel[2];
            for c in 0..shape.channels {
                let value = if shape.channels == 1 { luma } else { pixel[c] };
                y[(c * height + i) * width + j] = value * scale[c] + shift[c];
            }
        }
    }
    y
}

/// x (N, C, H, W) → y, where `plane` is H·W.
pub fn values(x: &[f64], scale: &[f64], shift: &[f64], plane: usize) -> Vec<f64> {
    let channel = |index: usize| index / plane % scale.len();
    x.iter().enumerate().map(|(i, value)| value * scale[channel(i)] + shift[channel(i)]).collect()
}

/// The texels that cell `cell` of `cells` averages along an axis of `texels`, and their weights, which add up to 1.
fn weights(cell: usize, cells: usize, texels: usize) -> Vec<(usize, f64)> {
    let size = texels as f64 / cells as f64;
    let wide = size.max(1.0);
    let low = (cell as f64 + 0.5) * size - wide / 2.0;
    let mut all = Vec::new();
    // One texel beyond each edge, standing for the outermost.
    for texel in -1..=texels as isize {
        let covered = (low + wide).min(texel as f64 + 1.0) - low.max(texel as f64);
        if covered > 0.0 {
            all.push((texel.clamp(0, texels as isize - 1) as usize, covered / wide));
        }
    }
    all
}

/// IEC 61966-2-1
fn encoded(light: f64) -> f64 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

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
            return host::values(&mut rig.rec, &x, &scale_shift, &y);
        }
        let ImageShape { grey, linear, .. } = image_shape(rig.case)?;
        let view = rig.texture("image")?;
        host::texture(&mut rig.rec, &view, host::Texture { grey, linear }, &scale_shift, &y)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = self.dims(case)?;
        let scale_shift = case.reals("scale_shift")?;
        let (scale, shift) = scale_shift.split_at(dims[1]);
        let y = match self.texture {
            true => texture(&case.reals("image")?, scale, shift, image_shape(case)?),
            false => values(&case.reals("x")?, scale, shift, dims[2] * dims[3]),
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

    fn cases(&self) -> Vec<Case> {
        if self.texture { texture_cases() } else { values_cases() }
    }
}

fn texture_cases() -> Vec<Case> {
    let case = |name, [height, width]: [usize; 2], [h, w]: [usize; 2], channels: usize| {
        let case = Case::new("image_texture", name, SEED).attribute("size", json!([h, w]));
        // Values as textures hold them, from 0 to 1.
        let mut rng = case.stream("image");
        let values = (0..height * width * 4).map(|_| rng.random::<f32>()).collect();
        case.input("image", Array::f32(&[height, width, 4], values)).normal(
            "scale_shift",
            &[2, channels],
            1.0,
        )
    };
    vec![
        case("same size", [5, 7], [5, 7], 3),
        case("smaller, uneven", [65, 17], [15, 3], 3),
        case("larger, uneven", [3, 5], [17, 15], 3),
        case("one axis each way", [3, 65], [17, 15], 3),
        case("a single texel", [1, 1], [4, 4], 3),
        case("luma", [17, 15], [5, 7], 1),
        case("grey", [15, 17], [7, 5], 3).attribute("grey", true),
        case("grey to one channel", [15, 17], [28, 28], 1).attribute("grey", true),
        case("linear light", [65, 33], [28, 28], 3).attribute("linear", true),
    ]
}

fn values_cases() -> Vec<Case> {
    let case = |name, dims: [usize; 4]| {
        Case::new("image_values", name, SEED).normal("x", &dims, 1.0).normal(
            "scale_shift",
            &[2, dims[1]],
            1.0,
        )
    };
    vec![case("one value", [1, 1, 1, 1]), case("ragged", [3, 5, 7, 2]), case("digits", [2, 3, 28, 28])]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey texels in a row, resized to `width` without normalisation.
    fn resized(row: &[f64], width: usize) -> Vec<f64> {
        let image: Vec<f64> = row.iter().flat_map(|&value| [value, 9.0, 9.0, 9.0]).collect();
        let (from, to) = ([1, row.len()], [1, width]);
        texture(&image, &[1.0], &[0.0], ImageShape { from, to, channels: 1, grey: true, linear: false })
    }

    fn close(actual: &[f64], expected: &[f64]) {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(actual.len() == expected.len() && actual.iter().zip(expected).all(near), "{actual:?}");
    }

    #[test]
    fn smaller_images_average_and_larger_ones_interpolate() {
        close(&resized(&[1.0, 2.0, 3.0, 4.0], 4), &[1.0, 2.0, 3.0, 4.0]);
        close(&resized(&[1.0, 2.0, 3.0, 4.0], 2), &[1.5, 3.5]);
        // Three texels for two cells: the middle one is shared.
        close(&resized(&[0.0, 6.0, 12.0], 2), &[2.0, 10.0]);
        // Centres of the cells at 0.25, 0.75, 1.25 and 1.75 between texels at 0.5 and 1.5.
        close(&resized(&[0.0, 4.0], 4), &[0.0, 1.0, 3.0, 4.0]);
    }

    #[test]
    fn colours_are_encoded_and_normalised() {
        let shape = ImageShape { from: [1, 1], to: [1, 1], channels: 3, grey: false, linear: true };
        // Linear 0.214041 is 0.5 in sRGB, and 0.001 lies on the straight part.
        let y = texture(&[0.214_041_140_482_232_5, 0.001, 1.0, 0.3], &[2.0; 3], &[-1.0, 0.0, 1.0], shape);
        assert!((y[0] - 0.0).abs() < 1e-6 && (y[1] - 0.025_84).abs() < 1e-12 && (y[2] - 3.0).abs() < 1e-12);
        let values = values(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0], &[0.5, 0.0], 1);
        assert_eq!(values, [1.5, 20.0, 3.5, 40.0]);
    }
}
