//! The gradient of a convolution's weight alone, where channels come in groups of four and may be many.

use super::super::{expect, u32_of};
use super::texels::Layout;
use super::{Convolution, groups};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Texels, Work, by, nested};
use crate::ops::kernels::conv2d_weight_wide as wgsl;
use crate::shape::MapShape;

const OP: &str = "conv2d_weight_wide";
/// Threads worth having: enough for the cores of a software adapter, few enough that partial sums stay small.
const THREADS: usize = 2048;

/// Records dweight (O, C, KH, KW) over a batch of `rows` maps of y, `map`, from x and the gradient d, both with their borders.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit, [`crate::error::Error::OutOfMemory`] when there is no memory for
/// the partial sums.
pub fn backward(
    rec: &mut Recording,
    convolution: &Convolution,
    (rows, map): (usize, MapShape),
    (x_layout, x): (&Layout, &Texels),
    (d_layout, d): (&Layout, &Texels),
    dweight: &Tensor,
) -> Result<()> {
    expect(OP, "dweight", dweight, &convolution.weight_dims())?;
    let (in_groups, (kh, kw)) = (groups(convolution.x.channels), convolution.kernel);
    let threads = in_groups.div_ceil(4) * (d_layout.groups / 2) * kh * kw;
    // So many that no thread takes too many turns.
    let images = (rec.gpu().most_turns() / nested([1, map.height, map.width])).max(1);
    let slices = THREADS.div_ceil(threads).clamp(1, rows).max(rows.div_ceil(images));
    let params = &wgsl::Params {
        rows: u32_of(OP, rows)?,
        outputs: u32_of(OP, map.channels)?,
        height: u32_of(OP, map.height)?,
        width: u32_of(OP, map.width)?,
        in_groups: u32_of(OP, in_groups)?,
        out_groups: u32_of(OP, d_layout.groups)?,
        kernel_h: u32_of(OP, kh)?,
        kernel_w: u32_of(OP, kw)?,
        slices: u32_of(OP, slices)?,
        x_across: u32_of(OP, x_layout.across)?,
        x_width: u32_of(OP, x_layout.image_width)?,
        x_height: u32_of(OP, x_layout.image_height)?,
        d_across: u32_of(OP, d_layout.across)?,
        d_width: u32_of(OP, d_layout.image_width)?,
        d_height: u32_of(OP, d_layout.image_height)?,
        d_top: u32_of(OP, d_layout.border.0)?,
        d_left: u32_of(OP, d_layout.border.1)?,
    };
    let count = kh * kw * map.channels * in_groups;
    let parts = &Tensor::zeros(rec.gpu(), "partial sums of dweight", &[slices, count, 4])?;
    let turns = nested([rows.div_ceil(slices), map.height, map.width]);
    let work = convolution.work(rows, (map.height, map.width)).turns(turns);
    rec.dispatch(wgsl::Sums { params, x, d, parts_out: parts }, slices * threads, work)?;
    let work = Work::new(4 * slices * count, by(dweight.dims()));
    rec.dispatch(wgsl::Reduce { params, parts, dweight }, count, work)
}
