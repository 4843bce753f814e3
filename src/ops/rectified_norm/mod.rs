//! Batch normalisation and the rectified linear unit behind it, over planes of whole groups of four; twin and cases:
//! `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::rectified_norm as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};
use crate::shape::MapShape;

const OP: &str = "rectified_norm";

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

impl Norm<'_> {
    fn params(&self, x: &Tensor, like_x: &[&Tensor], tables: &[&Tensor]) -> Result<wgsl::Params> {
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
        Ok(wgsl::Params {
            rows: u32_of(OP, x.rows())?,
            channels: u32_of(OP, map.channels)?,
            quads: u32_of(OP, map.height * map.width / 4)?,
            rectifier: self.rectifier as u32,
            eps: self.eps,
            momentum: self.momentum,
        })
    }

    /// The batch's own statistics into `table` (C, 4); the running ones move towards them.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn statistics(&self, rec: &mut Recording, x: &Tensor, table: &Tensor) -> Result<()> {
        let params = &self.params(x, &[], &[table])?;
        let Self { weight, bias, running_mean, running_var, .. } = *self;
        let invocation =
            wgsl::Statistics { params, x, weight, bias, running_mean, running_var, table_out: table };
        rec.dispatch_workgroups(invocation, weight.len(), Work::new(4 * x.len(), by(x.dims())))
    }

    /// The running statistics into `table` (C, 4).
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn running(&self, rec: &mut Recording, x: &Tensor, table: &Tensor) -> Result<()> {
        let params = &self.params(x, &[], &[table])?;
        let Self { weight, bias, running_mean, running_var, .. } = *self;
        let invocation = wgsl::Running { params, weight, bias, running_mean, running_var, table_out: table };
        rec.dispatch(invocation, weight.len(), Work::new(3 * weight.len(), by(weight.dims())))
    }

    /// y as x.
    ///
    /// # Errors
    /// [`Error::Input`] when the shapes do not fit.
    pub fn forward(&self, rec: &mut Recording, x: &Tensor, table: &Tensor, y: &Tensor) -> Result<()> {
        let params = &self.params(x, &[y], &[table])?;
        let work = Work::new(5 * x.len(), by(x.dims()));
        rec.dispatch(wgsl::Forward { params, x, table, y }, x.len() / 4, work)
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
        let params = &self.params(x, &[dy], &[table, shares])?;
        let invocation =
            wgsl::BackwardParameters { params, x, table, dy, dweight, dbias, shares_out: shares };
        rec.dispatch_workgroups(invocation, dbias.len(), Work::new(8 * x.len(), by(x.dims())))
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
        let params = &self.params(x, &[dy, dx], &[table, shares])?;
        let work = Work::new(9 * x.len(), by(x.dims()));
        rec.dispatch(wgsl::BackwardInput { params, x, table, dy, shares, dx }, x.len() / 4, work)
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
        let params = &self.params(x, &[dy, dx], &[table])?;
        let work = Work::new(6 * x.len(), by(x.dims()));
        rec.dispatch(wgsl::BackwardInputFrozen { params, x, table, dy, dx }, x.len() / 4, work)
    }
}
