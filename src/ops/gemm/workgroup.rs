//! Products whose operands are staged in workgroup memory, fetched through tables of offsets.

use super::border::Border;
use super::offsets::{Offsets, STAGED, triples};
use super::phases::{Phase, Phases};
use super::{Epilogue, Gemm, OP, Saved};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Variant, Work};
use crate::ops::kernels::tile_results::{self as wgsl, Shader};
use crate::ops::kernels::tiles::Params;
use crate::ops::register_tiled::{Convolution, Gradients, Parameters};
use crate::ops::u32_of;

/// Rows and columns of a tile, and threads that share one.
const ROWS: usize = 32;
const COLUMNS: usize = 64;
const TEAM: usize = 64;
/// Teams of a workgroup: parts of the depth that it adds up side by side.
const SLICES: usize = 2;
/// From so many tiles on a GPU is busy without slices.
const MANY_TILES: usize = 1024;
/// Workgroups that parts of the depth are made for, where tiles are few; the depth from which on they are worth one more
/// dispatch, the least depth of a part, and parts at most, so that adding them up stays cheap.
const WORKGROUPS: usize = 384;
const WORTH_PARTS: usize = 512;
const LEAST_PART: usize = SLICES * 2 * STAGED;
const MOST_PARTS: usize = 128;

/// What f16 tiles hold gradients times: their normal numbers then reach from 1.5e-8 to 16. Gradients of mean losses over
/// batches are small; one above 16 becomes an infinity, which ends a run like any other.
const GRADIENT_SCALE: f32 = 4096.0;

/// How the tiles and the depth of a product are shared out.
#[derive(Clone, Copy, Debug)]
struct Shares {
    tiles: usize,
    /// Parts of the depth with results of their own.
    parts: usize,
    /// Slices of a part that a workgroup adds up side by side.
    slices: usize,
    /// Depth of a slice.
    depth: usize,
}

impl Shares {
    fn new(rows: usize, columns: usize, depth: usize, most_parts: usize) -> Self {
        let tiles = rows.div_ceil(ROWS) * columns.div_ceil(COLUMNS);
        let worth = if depth < WORTH_PARTS { 1 } else { (WORKGROUPS / tiles).min(depth / LEAST_PART) };
        let parts = worth.clamp(1, most_parts);
        let slices = if tiles * parts < MANY_TILES && depth > STAGED { SLICES } else { 1 };
        let depth = depth.div_ceil(parts * slices).next_multiple_of(STAGED);
        Self { tiles, parts, slices, depth }
    }

    fn whole_depth(&self) -> usize {
        self.parts * self.slices * self.depth
    }

    fn threads(&self) -> usize {
        (self.tiles * self.parts * self.slices * TEAM).next_multiple_of(SLICES * TEAM)
    }
}

/// The part of the parameters that tells how the columns are found.
struct Columns {
    size: [usize; 3],
    /// In the right operand, of each of `size`.
    stride: [usize; 3],
    count: usize,
}

impl Gemm {
    fn workgroup_params(
        &self,
        shares: &Shares,
        rows: usize,
        row_stride: usize,
        columns: &Columns,
    ) -> Result<Params> {
        let [a, b, c] = columns.size;
        Ok(Params {
            size: [u32_of(OP, a)?, u32_of(OP, b)?, u32_of(OP, c)?],
            rows: u32_of(OP, rows)?,
            stride: [u32_of(OP, columns.stride[0])?, u32_of(OP, columns.stride[1])?],
            row_stride: u32_of(OP, row_stride)?,
            columns: u32_of(OP, columns.count)?,
            ones: u32_of(OP, columns.count)?,
            windows: 0,
            relu: 0,
            quads: u32_of(OP, shares.depth / 4)?,
            slices: u32_of(OP, shares.slices)?,
            parts: u32_of(OP, shares.parts)?,
            along_depth: (self.map.height * self.map.width == 1
                && columns.size[1] * columns.size[2] == 1
                && columns.stride[0] > 1)
                .into(),
            left_scale: 1.0,
            right_scale: 1.0,
            unscale: 1.0,
            map: [u32_of(OP, b)?, u32_of(OP, c)?],
            map_stride: [1; 2],
            map_first: 0,
            step: u32_of(OP, columns.stride[2])?,
        })
    }

    fn shader(&self) -> Shader {
        match self.variant {
            Variant::Half => Shader::HalfGemm,
            Variant::Cooperative => Shader::CooperativeGemm,
            _ => Shader::WorkgroupGemm,
        }
    }

    /// (H, W) of x with its padding.
    fn padded_size(&self) -> (usize, usize) {
        let Convolution { x, padding, .. } = self.convolution;
        (x.height + 2 * padding.0, x.width + 2 * padding.1)
    }

    pub(super) fn workgroup_forward(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
    ) -> Result<Saved> {
        let rows = x.rows();
        let Convolution { x: map, kernel, .. } = self.convolution;
        let x = self.padded(rec, x)?;
        let (height, width) = self.padded_size();
        let columns = Columns {
            size: [rows, self.y.height, self.y.width],
            stride: [map.channels * height * width, self.stride.0 * width, self.stride.1],
            count: self.columns(rows),
        };
        let most_parts = if self.epilogue == Epilogue::ReluMaxPool { 1 } else { MOST_PARTS };
        let shares = Shares::new(self.map.channels, columns.count, self.taps(), most_parts);
        let taps = triples([map.channels, kernel.0, kernel.1]).enumerate();
        let places = taps.map(|(tap, [c, k, l])| (tap, (c * height + k) * width + l));
        let offsets = Offsets::new(rec, shares.whole_depth(), places)?;
        let params = &Params {
            windows: (self.epilogue == Epilogue::ReluMaxPool).into(),
            relu: (self.epilogue != Epilogue::Nothing).into(),
            ..self.workgroup_params(&shares, self.map.channels, self.taps(), &columns)?
        };
        let (argmax, work) = (self.argmax(rec, y)?, self.forward_work(rows));
        let (shader, left, right) = (self.shader(), weight, &x);
        let Offsets { left: left_offsets, right: right_offsets } = &offsets;
        if shares.parts > 1 {
            let sums = self.allocate_parts(rec, shares.parts, columns.count)?;
            let invocation =
                wgsl::Sums { shader, params, left, right, left_offsets, right_offsets, dweight: &sums };
            rec.dispatch(invocation, shares.threads(), self.work(rows, 0))?;
            self.add_forward(rec, &sums, bias, y)?;
            return Ok(Saved { of: *self, rows, x, y: y.clone(), argmax });
        }
        match &argmax {
            Some(argmax) => {
                let invocation = wgsl::ForwardPooled {
                    shader,
                    params,
                    left,
                    right,
                    left_offsets,
                    right_offsets,
                    bias,
                    y,
                    argmax,
                };
                rec.dispatch(invocation, shares.threads(), work)?;
            }
            None => {
                let invocation =
                    wgsl::Forward { shader, params, left, right, left_offsets, right_offsets, bias, y };
                rec.dispatch(invocation, shares.threads(), work)?;
            }
        }
        Ok(Saved { of: *self, rows, x, y: y.clone(), argmax })
    }

    pub(super) fn workgroup_backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        weight: &Tensor,
        dy: &Tensor,
        gradients: &Gradients<'_>,
    ) -> Result<()> {
        let phases = Phases::new(self.convolution, self.stride);
        // As far as the taps reach beyond the map of y from a pixel of x.
        let border = match gradients.dx {
            Some(_) => phases.border((self.map.height, self.map.width)),
            None => (0, 0),
        };
        let d = self.gradient(rec, saved, dy, border)?;
        if let Some(parameters) = gradients.parameters {
            self.workgroup_weight(rec, saved, &d, border, parameters)?;
        }
        if let Some(dx) = gradients.dx {
            for phase in phases.pairs() {
                self.workgroup_input(rec, weight, (&d, border), phase, dx)?;
            }
        }
        Ok(())
    }

    /// The size of a map of d with its border.
    fn gradient_size(&self, border: Border) -> (usize, usize) {
        (self.map.height + 2 * border.0, self.map.width + 2 * border.1)
    }

    fn workgroup_weight(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        d: &Tensor,
        border: Border,
        gradients: Parameters<'_>,
    ) -> Result<()> {
        let Convolution { x: map, kernel, .. } = self.convolution;
        let (rows, outputs, taps) = (d.rows(), self.map.channels, self.taps());
        let ((height, width), (d_height, d_width)) = (self.padded_size(), self.gradient_size(border));
        let columns = Columns {
            size: [map.channels, kernel.0, kernel.1],
            stride: [height * width, width, 1],
            count: taps + 1,
        };
        let pixels = rows * self.map.height * self.map.width;
        let shares = Shares::new(outputs, columns.count, pixels, MOST_PARTS);
        let places = triples([rows, self.map.height, self.map.width]).map(|[n, h, w]| {
            let of_d = (n * outputs * d_height + border.0 + h) * d_width + border.1 + w;
            (of_d, (n * map.channels * height + h * self.stride.0) * width + w * self.stride.1)
        });
        let offsets = Offsets::new(rec, shares.whole_depth(), places)?;
        let params = &Params {
            ones: u32_of(OP, taps)?,
            left_scale: GRADIENT_SCALE,
            unscale: 1.0 / GRADIENT_SCALE,
            ..self.workgroup_params(&shares, outputs, d_height * d_width, &columns)?
        };
        let (shader, left, right, work) = (self.shader(), d, &saved.x, self.work(rows, 0));
        let Offsets { left: left_offsets, right: right_offsets } = &offsets;
        if shares.parts == 1 {
            let Parameters { weight: dweight, bias: dbias } = gradients;
            let invocation = wgsl::BackwardWeight {
                shader,
                params,
                left,
                right,
                left_offsets,
                right_offsets,
                dweight,
                dbias,
            };
            return rec.dispatch(invocation, shares.threads(), work);
        }
        let sums = self.allocate_parts(rec, shares.parts, taps + 1)?;
        let invocation =
            wgsl::Sums { shader, params, left, right, left_offsets, right_offsets, dweight: &sums };
        rec.dispatch(invocation, shares.threads(), work)?;
        self.add_gradients(rec, &sums, gradients)
    }

    /// Records dx of the pixels of a phase; those that meet no tap become 0.
    fn workgroup_input(
        &self,
        rec: &mut Recording,
        weight: &Tensor,
        (d, border): (&Tensor, Border),
        (down, across): (Phase, Phase),
        dx: &Tensor,
    ) -> Result<()> {
        let Convolution { x: map, kernel: (kh, kw), .. } = self.convolution;
        let (rows, outputs) = (d.rows(), self.map.channels);
        let (height, width) = self.gradient_size(border);
        let columns = Columns {
            size: [rows, down.count, across.count],
            stride: [outputs * height * width, width, 1],
            count: rows * down.count * across.count,
        };
        let taps = down.taps * across.taps;
        let shares = Shares::new(map.channels, columns.count, outputs * taps, 1);
        let places = triples([outputs, down.taps, across.taps]).map(|[o, k, l]| {
            let (row, column) = (down.tap + k * self.stride.0, across.tap + l * self.stride.1);
            let of_weight = (o * map.channels * kh + row) * kw + column;
            (of_weight, (o * height + border.0 + down.base - k) * width + border.1 + across.base - l)
        });
        let offsets = Offsets::new(rec, shares.whole_depth(), places)?;
        let params = &Params {
            right_scale: GRADIENT_SCALE,
            unscale: 1.0 / GRADIENT_SCALE,
            map: [u32_of(OP, map.height)?, u32_of(OP, map.width)?],
            map_stride: [u32_of(OP, self.stride.0)?, u32_of(OP, self.stride.1)?],
            map_first: u32_of(OP, down.first * map.width + across.first)?,
            ..self.workgroup_params(&shares, map.channels, kh * kw, &columns)?
        };
        let work = self.work(rows, 0);
        let work = Work { flops: work.flops * taps as u64 / (kh * kw) as u64, ..work };
        let Offsets { left: left_offsets, right: right_offsets } = &offsets;
        let invocation = wgsl::BackwardInput {
            shader: self.shader(),
            params,
            left: weight,
            right: d,
            left_offsets,
            right_offsets,
            y: dx,
        };
        rec.dispatch(invocation, shares.threads(), work)
    }
}
