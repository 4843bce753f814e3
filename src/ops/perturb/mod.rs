//! Images moved a given way in a direction of their own; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::perturb as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

const OP: &str = "perturb";

/// The rows of x from a first one on: images that are moved.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// (N, C, H, W)
    pub x: &'a Tensor,
    /// How many rows are in front of them.
    pub first_row: usize,
}

impl Images<'_> {
    /// Checks y (T, …), which says how many there are.
    fn params(&self, y: &Tensor, length: f32) -> Result<wgsl::Params> {
        let (rows, mut dims) = (y.rows(), self.x.dims().to_vec());
        dims[0] = rows;
        expect(OP, "y", y, &dims)?;
        let end = self.first_row.checked_add(rows).filter(|&end| end <= self.x.rows());
        if end.is_none() {
            let expected = format!("at least {} rows behind {}", rows, self.first_row);
            return Err(Error::input("perturb: x", expected, format!("{} in all", self.x.rows())));
        }
        let values = u32_of(OP, y.len() / rows)?;
        Ok(wgsl::Params { values, first_row: u32_of(OP, self.first_row)?, length })
    }
}

/// y (T, C, H, W): the images, each moved by `length` in a direction that follows from the step's seed and its row.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn at_random(
    rec: &mut Recording,
    step: &Tensor,
    images: Images<'_>,
    y: &Tensor,
    length: f32,
) -> Result<()> {
    let params = images.params(y, length)?;
    let work = Work::new(4 * y.len(), by(y.dims())).moving(4 * 2 * y.len());
    rec.dispatch_workgroups(wgsl::AtRandom { params: &params, step, x: images.x, y }, y.rows(), work)
}

/// y (T, C, H, W): the images, each moved by `length` along its row of `direction`, as y; where that is 0, it stays.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn along(
    rec: &mut Recording,
    images: Images<'_>,
    direction: &Tensor,
    y: &Tensor,
    length: f32,
) -> Result<()> {
    let params = images.params(y, length)?;
    expect(OP, "direction", direction, y.dims())?;
    let work = Work::new(7 * y.len(), by(y.dims())).moving(4 * 3 * y.len());
    rec.dispatch_workgroups(wgsl::Along { params: &params, x: images.x, direction, y }, y.rows(), work)
}
