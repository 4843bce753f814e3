//! The gradients of a convolution's weight and bias: alone, or with ReLU and 2×2 max-pooling behind it.

use super::super::{expect, u32_of};
use super::texels::Layout;
use super::{Convolution, groups};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, TexelFormat, Texels, Work, by, nested};
use crate::ops::kernels::conv2d_weight as wgsl;
use crate::ops::kernels::pooled_sums::{Shader, Sums};
use crate::ops::kernels::weight_sums::Params;
use crate::shape::MapShape;

/// Threads worth having: enough to fill a large GPU, few enough that the partial sums stay small.
const THREADS: usize = 8192;

/// What the kernels read and write.
pub struct Operands<'a> {
    /// With its border.
    pub x: (&'a Layout, &'a Texels),
    /// The gradient of y; behind pooling, 0 where ReLU gave 0.
    pub d: (&'a Layout, &'a Texels),
    /// Behind pooling: a byte a channel, which of its window has the gradient; laid out as d, one texel for two.
    pub argmax: Option<&'a Texels>,
    /// (O, C, KH, KW)
    pub dweight: &'a Tensor,
    /// (O)
    pub dbias: &'a Tensor,
}

const OP: &str = "conv2d_weight";
/// Threads of a workgroup, as in the shader.
const LANES: usize = 64;

/// What the kernels know of d, maps of `map` over a batch of `rows`.
fn params_of_d((rows, map): (usize, MapShape), layout: &Layout) -> Result<Params> {
    Ok(Params {
        rows: u32_of(OP, rows)?,
        outputs: u32_of(OP, map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        out_groups: u32_of(OP, layout.groups / 2)?,
        d_across: u32_of(OP, layout.across)?,
        d_width: u32_of(OP, layout.image_width / 2)?,
        d_height: u32_of(OP, layout.image_height)?,
        d_top: u32_of(OP, layout.border.0)?,
        d_left: u32_of(OP, layout.border.1)?,
        ..Params::default()
    })
}

/// Records dbias (O) over a batch of `rows` maps of y, `map`, from their gradient.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub fn bias(
    rec: &mut Recording,
    (rows, map): (usize, MapShape),
    (layout, d): (&Layout, &Texels),
    dbias: &Tensor,
) -> Result<()> {
    expect(OP, "dbias", dbias, &[map.channels])?;
    let (images, lines) = parts_of_bias(rows, map, rec.gpu().most_turns());
    for first in (0..rows).step_by(images) {
        for top in (0..map.height).step_by(lines) {
            let (behind, bottom) = ((first + images).min(rows), (top + lines).min(map.height));
            let params = Params {
                first: [u32_of(OP, first)?, u32_of(OP, top)?],
                behind: [u32_of(OP, behind)?, u32_of(OP, bottom)?],
                ..params_of_d((rows, map), layout)?
            };
            let dims = [behind - first, map.channels, bottom - top, map.width];
            let turns = nested([(behind - first).div_ceil(LANES), bottom - top, map.width]);
            let work = Work::new(dims.iter().product(), by(&dims)).turns(turns);
            rec.dispatch_workgroups(wgsl::Bias { params: &params, d, dbias }, layout.groups / 2, work)?;
        }
    }
    Ok(())
}

/// Images and rows of each that are summed up at a time, so that no thread takes more than `most` turns.
fn parts_of_bias(rows: usize, map: MapShape, most: usize) -> (usize, usize) {
    let lines = (most / (1 + map.width)).clamp(1, map.height);
    let images_a_lane = (most / nested([1, lines, map.width])).max(1);
    (rows.min(images_a_lane.saturating_mul(LANES)), lines)
}

/// Slices of so many images and bands of their rows, which `threads` each sum up: as many slices as are worth having, up to
/// `most`; and more, of parts of images too, where a thread would take more than `most_turns` of `width` in a row.
fn cut(
    rows: usize,
    (height, width): (usize, usize),
    threads: usize,
    most: usize,
    most_turns: usize,
) -> (usize, usize) {
    let worth = THREADS.div_ceil(threads).min(most).clamp(1, rows);
    let images = most_turns / nested([1, height, width]);
    if images > 0 {
        return (worth.max(rows.div_ceil(images)), 1);
    }
    (rows, height.div_ceil((most_turns / (1 + width)).max(1)))
}

/// How the partial sums of a weight's gradient lie in a texture: a row for each tap of a slice, one texel for each output and
/// group of channels. What of the rows goes beyond the texture lies below all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    /// Of a row, side by side.
    columns: usize,
    /// Below each other.
    folds: usize,
    taps: usize,
}

impl Parts {
    /// In a texture of at most `most` × `most` texels.
    fn new(convolution: &Convolution, most: usize) -> Self {
        let width = convolution.outputs * groups(convolution.x.channels);
        let folds = width.div_ceil(most);
        let taps = convolution.kernel.0 * convolution.kernel.1;
        Self { columns: width.div_ceil(folds), folds, taps }
    }

    /// Of the texture for so many slices.
    fn size(&self, slices: usize) -> (usize, usize) {
        (self.columns, self.folds * self.taps * slices)
    }
}

/// The smallest texture that holds the partial sums, where none is larger than `most` × `most` texels.
pub(super) fn least_size(convolution: &Convolution, most: usize) -> (usize, usize) {
    Parts::new(convolution, most).size(1)
}

/// Records dweight and dbias over a batch of `rows` maps of y, `map`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::Gpu`] when there is no memory for
/// the partial sums.
pub fn backward(
    rec: &mut Recording,
    convolution: &Convolution,
    (rows, map): (usize, MapShape),
    operands: &Operands<'_>,
) -> Result<()> {
    let Operands { x: (x_layout, x), d: (d_layout, d), argmax, dweight, dbias } = *operands;
    let (channels, (kh, kw)) = (convolution.x.channels, convolution.kernel);
    expect(OP, "dweight", dweight, &[map.channels, channels, kh, kw])?;
    let threads = groups(channels) * convolution.tap_blocks() * kh * (d_layout.groups / 2);
    // Behind pooling two windows are one turn.
    let turns_in_row = if argmax.is_some() { map.width.div_ceil(2) } else { map.width };
    let most = Texels::most(rec.gpu());
    let parts = Parts::new(convolution, most);
    let most_slices = most / parts.size(1).1;
    let (slices, bands) = cut(rows, (map.height, turns_in_row), threads, most_slices, rec.gpu().most_turns());
    let turns = nested([rows.div_ceil(slices), map.height.div_ceil(bands), turns_in_row]);
    let slices = slices * bands;
    let params = Params {
        channels: u32_of(OP, channels)?,
        in_groups: u32_of(OP, groups(channels))?,
        kernel_h: u32_of(OP, kh)?,
        kernel_w: u32_of(OP, kw)?,
        slices: u32_of(OP, slices)?,
        bands: u32_of(OP, bands)?,
        part_columns: u32_of(OP, parts.columns)?,
        x_across: u32_of(OP, x_layout.across)?,
        x_width: u32_of(OP, x_layout.image_width)?,
        x_height: u32_of(OP, x_layout.image_height)?,
        ..params_of_d((rows, map), d_layout)?
    };
    let (width, height) = parts.size(slices);
    let partial = Texels::zeros(rec.gpu(), "partial sums of dweight", TexelFormat::Reals, width, height)?;
    let threads = slices * threads;
    let work = convolution.work(rows, (map.height, map.width)).turns(turns);
    match argmax {
        Some(argmax) => {
            let shader =
                if channels <= 3 { Shader::Conv2dWeightPooledOfThree } else { Shader::Conv2dWeightPooled };
            let sums = Sums { shader, params: &params, x_texels: x, d, argmax, partial_out: &partial };
            rec.dispatch(sums, threads, work)?;
        }
        None => rec.dispatch(
            wgsl::PlainSums { params: &params, x_texels: x, d, partial_out: &partial },
            threads,
            work,
        )?,
    }
    let threads = map.channels * groups(channels) * kh * kw;
    let work = Work::new(4 * slices * threads, by(dweight.dims()));
    rec.dispatch(wgsl::Reduce { params: &params, partial: &partial, dweight }, threads, work)?;
    bias(rec, (rows, map), (d_layout, d), dbias)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::MOST_TURNS;

    /// Turns of a thread that sums up a weight's gradient in so many slices and bands.
    fn turns(rows: usize, (height, width): (usize, usize), (slices, bands): (usize, usize)) -> usize {
        nested([rows.div_ceil(slices), height.div_ceil(bands), width])
    }

    #[test]
    fn no_thread_takes_more_turns_than_llvmpipe_allows() {
        for (rows, map, threads) in [
            (1, (260, 256), 3),
            (128, (28, 28), 5),
            (162, (28, 28), 4096),
            (128, (64, 32), 1280),
            (3, (4000, 3000), 9000),
            (5, (1, 59_000), 1),
        ] {
            let (slices, bands) = cut(rows, map, threads, 100, MOST_TURNS);
            assert!(slices <= rows && bands <= map.0, "{rows} of {map:?}: {slices} slices, {bands} bands");
            assert!(turns(rows, map, (slices, bands)) <= MOST_TURNS, "{rows} of {map:?}");
            let map = MapShape::new(8, map.0, map.1);
            let (images, lines) = parts_of_bias(rows, map, MOST_TURNS);
            assert!(nested([images.div_ceil(LANES), lines, map.width]) <= MOST_TURNS, "{rows} of {map:?}");
        }
    }

    fn of(channels: usize, outputs: usize, kernel: (usize, usize)) -> Convolution {
        Convolution { x: MapShape::new(channels, 8, 8), outputs, kernel, padding: (1, 1) }
    }

    #[test]
    fn partial_sums_wider_than_a_texture_lie_in_more_rows() {
        let large = of(256, 512, (3, 3));
        assert_eq!(Parts::new(&large, 16_384).size(5), (16_384, 2 * 9 * 5));
        assert_eq!(Parts::new(&large, 8192).size(5), (8192, 4 * 9 * 5));
        assert_eq!(Parts::new(&of(256, 257, (3, 3)), 8192).size(1), (5483, 3 * 9));
        assert_eq!(least_size(&large, 64), (64, 512 * 9));
    }

    #[test]
    fn partial_sums_that_fit_lie_as_they_always_have() {
        for (channels, outputs, kernel) in [(3, 32, (5, 5)), (256, 256, (3, 3)), (1, 1, (1, 7))] {
            let parts = Parts::new(&of(channels, outputs, kernel), 16_384);
            assert_eq!(parts.size(12), (outputs * groups(channels), 12 * kernel.0 * kernel.1));
        }
    }

    #[test]
    fn what_fits_is_cut_by_threads_alone() {
        for most_turns in [MOST_TURNS, usize::MAX] {
            assert_eq!(cut(128, (28, 28), 5, 1000, most_turns), (128, 1));
            assert_eq!(cut(128, (12, 12), 720, 1000, most_turns), (12, 1));
            assert_eq!(cut(128, (12, 12), 20, 50, most_turns), (50, 1));
            assert_eq!(parts_of_bias(128, MapShape::new(8, 28, 28), most_turns), (128, 28));
        }
        // Where no driver ends loops, large maps are whole.
        assert_eq!(cut(4, (4000, 3000), 9000, 50, usize::MAX), (1, 1));
        assert_eq!(parts_of_bias(4, MapShape::new(8, 4000, 3000), usize::MAX), (4, 4000));
    }
}
