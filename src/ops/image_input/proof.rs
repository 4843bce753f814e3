//! An image as the network takes it: resized by averaging over the texels that each pixel stands for, and normalised.
//!
//! Proof of image_texture and image_values: an image as the network takes it, from a texture and from values.

use super::twin::{ImageShape, texture, values};
use crate::contract::{Array, Arrays, Bound, Bounds, Case, Op, Rig, SEED, real_output, reals};
use crate::error::Result;
use crate::ops::image_input as host;
use rand::RngExt;
use serde_json::json;

pub struct ImageInput {
    pub texture: bool,
}

/// Of a texture (SH, SW, 4) that becomes (1, C, H, W). A crop is said in eighths of texels and the ground in 256ths, which are
/// the same numbers as f32.
fn image_shape(case: &Case) -> Result<ImageShape> {
    let [height, width, _] = case.dims("image")?;
    case.expect_reals("image", &[height, width, 4])?;
    let [_, channels] = case.dims("scale_shift")?;
    let (to, grey) = (case.pair("size")?, case.flag("grey", false)?);
    let linear = case.flag("linear", false)?;
    let crop = case.sizes("crop").map(|crop: [usize; 4]| crop.map(|eighths| eighths as f64 / 8.0));
    let ground = case.sizes("ground").map(|ground: [usize; 3]| ground.map(|part| part as f64 / 256.0));
    Ok(ImageShape {
        from: [height, width],
        to: [to.0, to.1],
        channels,
        grey,
        linear,
        crop: crop.unwrap_or([0.0, 0.0, height as f64, width as f64]),
        cells: case.sizes("cells").unwrap_or([to.0, to.1]),
        ground,
    })
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
        if self.texture { &["size", "grey", "linear", "crop", "cells", "ground", "row"] } else { &[] }
    }

    fn tensors(&self) -> &'static [&'static str] {
        if self.texture { &["image", "scale_shift"] } else { &["x", "scale_shift"] }
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let scale_shift = rig.input("scale_shift")?;
        let dims = self.dims(rig.case)?;
        if !self.texture {
            let (x, y) = (rig.input("x")?, rig.output("y", &dims)?);
            return host::values(&mut rig.rec, &x, &scale_shift, &y);
        }
        let shape = image_shape(rig.case)?;
        let view = rig.texture("image")?;
        let [top, left, height, width] = shape.crop.map(|texels| texels as f32);
        let placement = host::Placement {
            holds: host::Texture { grey: shape.grey, linear: shape.linear },
            crop: rig.case.sizes::<4>("crop").map(|_| [left, top, width, height]),
            size: shape.cells,
            ground: shape.ground.map(|ground| ground.map(|part| part as f32)),
        };
        let Some([row, rows]) = rig.case.sizes("row") else {
            let y = rig.output("y", &dims)?;
            return host::texture(&mut rig.rec, &view, &placement, &scale_shift, (&y, 0));
        };
        // Between rows that nothing may write to.
        let all = rig.scratch_of_zeros("rows", &[rows, dims[1], dims[2], dims[3]])?;
        host::texture(&mut rig.rec, &view, &placement, &scale_shift, (&all, row))?;
        rig.expose("before", &all.first_rows(row));
        rig.expose("y", &all.rows_from(row, 1));
        Ok(())
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = self.dims(case)?;
        let scale_shift = case.reals("scale_shift")?;
        let (scale, shift) = scale_shift.split_at(dims[1]);
        let y = match self.texture {
            true => texture(&case.reals("image")?, scale, shift, image_shape(case)?),
            false => values(&case.reals("x")?, scale, shift, dims[2] * dims[3]),
        };
        let mut outputs = reals([("y", &dims, y)]);
        if let Some([row, _]) = case.sizes("row") {
            let before = [row, dims[1], dims[2], dims[3]];
            outputs.extend(reals([("before", &before, vec![0.0; before.iter().product()])]));
        }
        Ok(outputs)
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
        let along = |[from, length]: [f64; 2], cells: usize| {
            let wide = (length / cells as f64).max(1.0);
            (wide + 2.0) + 12.0 * (from + length) / wide
        };
        let power = if shape.linear { 40.0 } else { 0.0 };
        let [top, left, rows, columns] = shape.crop;
        let along = along([top, rows], shape.cells[0]) + along([left, columns], shape.cells[1]);
        // Laying on a ground: a subtraction, two products and a sum.
        let roundings = along + power + 16.0;
        let scale = |i: usize| scale_shift[i / (height * width) % channels].abs();
        let each = (0..dims.iter().product()).map(|i| roundings * largest * scale(i) + shift(i).abs());
        let mut bounds = Bounds::from([("y", Bound::guaranteed(&each.collect::<Vec<_>>()))]);
        if twin.contains_key("before") {
            bounds.insert("before", Bound::exact(real_output(twin, "before")?.len()));
        }
        Ok(bounds)
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
        case("a crop, smaller", [33, 47], [7, 5], 3).attribute("crop", json!([16, 40, 160, 176])),
        case("a crop between texels", [33, 47], [7, 5], 3).attribute("crop", json!([13, 43, 161, 173])),
        case("a crop, larger, keeps to itself", [9, 9], [15, 17], 3)
            .attribute("crop", json!([16, 24, 24, 16])),
        case("padded", [20, 40], [28, 28], 3)
            .attribute("cells", json!([14, 28]))
            .attribute("ground", json!([64, 128, 255])),
        case("the middle of more cells", [31, 43], [15, 15], 3).attribute("cells", json!([20, 27])),
        case("one axis cut, one padded", [31, 43], [15, 15], 1).attribute("cells", json!([10, 18])),
        case("linear light on a ground", [30, 20], [9, 8], 3)
            .attribute("linear", true)
            .attribute("ground", json!([200, 3, 90])),
        case("the second of three rows", [30, 20], [9, 8], 3).attribute("row", json!([1, 3])),
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
