//! Batch normalisation and the rectified linear unit behind it, over planes of whole groups of four; twin and cases:
//! `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;
mod ranks;

use super::kernels::rectified_norm as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Variant, Work, by};
use crate::shape::MapShape;

pub use ranks::JointTable;

const OP: &str = "rectified_norm";
/// Groups of four that a thread takes: enough that to find their place takes little beside them.
const SEGMENT: usize = 16;
/// Threads worth having where each sums up values: enough for the cores of a software adapter, few enough that their sums
/// are soon added up.
const THREADS: usize = 2048;
/// Teams worth having where each sums up values: enough for the cores of a GPU.
const TEAMS: usize = 2048;
/// Threads of a team.
const TEAM: usize = wgsl::TEAM_DISTANCES.workgroup_size as usize;

/// The unit behind the normalisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rectifier {
    /// z as it is.
    Nothing,
    /// max(z, 0)
    Relu,
    /// min(max(z, 0), 6)
    Relu6,
}

/// What normalises.
#[derive(Clone, Copy, Debug)]
pub struct Norm<'a> {
    /// Whose kernels sum up and go over values: the families for GPUs share them out in another way.
    pub variant: Variant,
    /// (C)
    pub weight: &'a Tensor,
    /// (C)
    pub bias: &'a Tensor,
    /// (C): statistics of the past.
    pub running_mean: &'a Tensor,
    /// (C)
    pub running_var: &'a Tensor,
    /// Added to the variance.
    pub eps: f32,
    /// Share of the new batch in the running statistics.
    pub momentum: f32,
    /// What stands behind it.
    pub rectifier: Rectifier,
}

/// Whether the kernels take maps of that shape.
pub fn fits(x: MapShape) -> bool {
    (x.height * x.width).is_multiple_of(4)
}

/// The shape of the table that the kernels share, of `channels` channels; that of shares too.
pub fn table_dims(channels: usize) -> [usize; 2] {
    [channels, 4]
}

/// What kernels do with values.
#[derive(Clone, Copy)]
enum Task {
    GoOver,
    SumUp,
}

/// How values are shared out; as the shader's parameters of these names.
struct Shares {
    segment: usize,
    segments: usize,
    slices: usize,
    planes: usize,
}

impl Norm<'_> {
    /// On GPUs teams sum up, and threads go over a group each.
    fn shares(&self, task: Task, rows: usize, channels: usize, quads: usize) -> Shares {
        let segment = SEGMENT.min(quads);
        match (self.variant.is_for_gpus(), task) {
            (true, Task::SumUp) => {
                Shares { segment, segments: 1, slices: TEAMS.div_ceil(channels).min(rows), planes: 1 }
            }
            (true, Task::GoOver) => Shares { segment: 1, segments: quads, slices: 1, planes: 1 },
            (false, _) => {
                let segments = quads.div_ceil(segment);
                let slices = THREADS.div_ceil(segments * channels).min(rows);
                Shares { segment, segments, slices, planes: (SEGMENT / quads).max(1) }
            }
        }
    }

    fn params(&self, task: Task, x: &Tensor, like_x: &[&Tensor], tables: &[&Tensor]) -> Result<wgsl::Params> {
        let map = x.map();
        if !fits(map) {
            return Err(Error::input("rectified_norm: x", "planes of a multiple of 4 values", by(x.dims())));
        }
        for tensor in [self.weight, self.bias, self.running_mean, self.running_var] {
            expect(OP, "a value per channel", tensor, &[map.channels])?;
        }
        for tensor in like_x {
            expect(OP, "values", tensor, x.dims())?;
        }
        for tensor in tables {
            expect(OP, "table", tensor, &table_dims(map.channels))?;
        }
        let (rows, quads) = (x.rows(), map.height * map.width / 4);
        let Shares { segment, segments, slices, planes } = self.shares(task, rows, map.channels, quads);
        Ok(wgsl::Params {
            rows: u32_of(OP, rows)?,
            channels: u32_of(OP, map.channels)?,
            quads: u32_of(OP, quads)?,
            rectifier: self.rectifier as u32,
            eps: self.eps,
            momentum: self.momentum,
            segment: u32_of(OP, segment)?,
            segments: u32_of(OP, segments)?,
            planes: u32_of(OP, planes)?,
            slices: u32_of(OP, slices)?,
            slice: u32_of(OP, rows.div_ceil(slices))?,
        })
    }

    /// Memory for the sums of threads or of teams, and how many of these there are.
    fn parts(rec: &Recording, params: &wgsl::Params) -> Result<(Tensor, usize)> {
        let dims = [params.slices, params.channels, params.segments].map(|n| n as usize);
        let parts = Tensor::zeros(rec.gpu(), "partial sums", &[dims[0], dims[1], dims[2], 2])?;
        Ok((parts, dims.iter().product()))
    }

    /// How many threads go over all values of x.
    fn threads(x: &Tensor, params: &wgsl::Params) -> usize {
        (x.rows() * x.map().channels).div_ceil(params.planes as usize) * params.segments as usize
    }

    /// The batch's own statistics into `table` (C, 4); the running ones move towards them.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn statistics(&self, rec: &mut Recording, x: &Tensor, table: &Tensor) -> Result<()> {
        let params = &self.params(Task::SumUp, x, &[], &[table])?;
        let Self { weight, bias, running_mean, running_var, .. } = *self;
        let (parts, count) = &Self::parts(rec, params)?;
        let work = Work::new(4 * x.len(), by(x.dims()));
        match self.variant.is_for_gpus() {
            true => rec.dispatch(wgsl::TeamDistances { params, x, parts_out: parts }, count * TEAM, work)?,
            false => rec.dispatch(wgsl::Distances { params, x, parts_out: parts }, *count, work)?,
        }
        let invocation =
            wgsl::Statistics { params, x, weight, bias, running_mean, running_var, table_out: table, parts };
        rec.dispatch(invocation, weight.len(), Work::new(parts.len(), by(parts.dims())))
    }

    /// The running statistics into `table` (C, 4).
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn running(&self, rec: &mut Recording, x: &Tensor, table: &Tensor) -> Result<()> {
        let params = &self.params(Task::SumUp, x, &[], &[table])?;
        let Self { weight, bias, running_mean, running_var, .. } = *self;
        let invocation = wgsl::Running { params, weight, bias, running_mean, running_var, table_out: table };
        rec.dispatch(invocation, weight.len(), Work::new(3 * weight.len(), by(weight.dims())))
    }

    /// y as x.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor, table: &Tensor, y: &Tensor) -> Result<()> {
        let params = &self.params(Task::GoOver, x, &[y], &[table])?;
        let work = Work::new(5 * x.len(), by(x.dims()));
        rec.dispatch(wgsl::Forward { params, x, table, y }, Self::threads(x, params), work)
    }

    /// The gradients of weight and bias (C), and into `shares` (C, 4) what dx takes of them.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn backward_parameters(
        &self,
        rec: &mut Recording,
        (x, dy): (&Tensor, &Tensor),
        table: &Tensor,
        (dweight, dbias): (&Tensor, &Tensor),
        shares: &Tensor,
    ) -> Result<()> {
        let params = &self.params(Task::SumUp, x, &[dy], &[table, shares])?;
        let (parts, count) = &Self::parts(rec, params)?;
        let (parts_out, work) = (parts, Work::new(8 * x.len(), by(x.dims())));
        match self.variant.is_for_gpus() {
            true => {
                let invocation = wgsl::TeamProducts { params, x, table, dy, parts_out };
                rec.dispatch(invocation, count * TEAM, work)?;
            }
            false => rec.dispatch(wgsl::Products { params, x, table, dy, parts_out }, *count, work)?,
        }
        let invocation =
            wgsl::BackwardParameters { params, table, dweight, dbias, shares_out: shares, parts };
        rec.dispatch(invocation, dbias.len(), Work::new(parts.len(), by(parts.dims())))
    }

    /// dx as x, through the batch's statistics; `shares` as [`Norm::backward_parameters`] leaves them.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn backward_input(
        &self,
        rec: &mut Recording,
        (x, dy): (&Tensor, &Tensor),
        table: &Tensor,
        shares: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        let params = &self.params(Task::GoOver, x, &[dy, dx], &[table, shares])?;
        let work = Work::new(9 * x.len(), by(x.dims()));
        rec.dispatch(wgsl::BackwardInput { params, x, table, dy, shares, dx }, Self::threads(x, params), work)
    }

    /// dx as x, under statistics that do not depend on it.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn backward_input_frozen(
        &self,
        rec: &mut Recording,
        (x, dy): (&Tensor, &Tensor),
        table: &Tensor,
        dx: &Tensor,
    ) -> Result<()> {
        let params = &self.params(Task::GoOver, x, &[dy, dx], &[table])?;
        let work = Work::new(6 * x.len(), by(x.dims()));
        rec.dispatch(wgsl::BackwardInputFrozen { params, x, table, dy, dx }, Self::threads(x, params), work)
    }
}
