//! A convolution of images, which have few channels, in Winograd's domain: one kernel for the whole way.

use super::super::{expect, u32_of};
use super::pooled::{Destination, Pooled};
use super::texels::Layout;
use super::winograd_domain::{self as winograd, POINTS};
use super::{Convolution, Parameters, winograd_weight};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Texels, Work};
use crate::ops::kernels::map_params::MapParams;
use crate::ops::kernels::winograd_image as wgsl;
use crate::shape::MapShape;

/// Channels of an image that the kernel sums over.
const CHANNELS: usize = 3;
/// Outputs of a thread.
const OUTPUTS: usize = 8;
/// Values of the weights of so many outputs.
const BLOCK: usize = POINTS * CHANNELS * OUTPUTS;

const OP: &str = "winograd_image";

/// A convolution's shapes in the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WinogradImage {
    convolution: Convolution,
    /// Tiles of an image, downwards and sideways.
    tiles: (usize, usize),
}

impl WinogradImage {
    /// `None` where the kernel is not 5×5, the channels are too many, or the outputs too few to fill a thread. Of the
    /// convolution's map, the first `covered` rows and columns are computed.
    pub fn new(convolution: Convolution, covered: (usize, usize)) -> Option<Self> {
        let tiles = winograd::tiles(covered);
        let fits = convolution.x.channels <= CHANNELS && convolution.outputs >= OUTPUTS;
        (convolution.kernel == winograd::KERNEL && fits).then_some(Self { convolution, tiles })
    }

    /// Rows and columns of x, border included, that tiles read.
    pub(super) fn halo(&self) -> (usize, usize) {
        winograd::halo(self.tiles)
    }

    fn maps(&self, rows: usize) -> usize {
        rows * self.tiles.0 * self.tiles.1
    }

    /// Workgroups for the tiles of a block of outputs.
    fn tile_groups(&self, rows: usize) -> usize {
        self.maps(rows).div_ceil(wgsl::POOLED.workgroup_size as usize)
    }

    fn params(&self, rows: usize, layout: &Layout, map: MapParams) -> Result<wgsl::Params> {
        Ok(wgsl::Params {
            maps: u32_of(OP, self.maps(rows))?,
            tiles_h: u32_of(OP, self.tiles.0)?,
            tiles_w: u32_of(OP, self.tiles.1)?,
            tile_groups: u32_of(OP, self.tile_groups(rows))?,
            channels: u32_of(OP, self.convolution.x.channels)?,
            x_across: u32_of(OP, layout.across)?,
            x_width: u32_of(OP, layout.image_width)?,
            x_height: u32_of(OP, layout.image_height)?,
            map,
        })
    }

    /// What a batch takes: the way of x into the domain, counted as 38 operations on each row and
    /// column of a tile, a multiplication and an addition for each point and channel, the way out, and pooling.
    fn work(&self, rows: usize) -> Work {
        let (channels, outputs) = (self.convolution.x.channels, self.convolution.outputs);
        let tile = channels * 16 * 38 + outputs * (2 * POINTS * channels + 12 * 22 + 4 * 5);
        Work::new(self.maps(rows) * tile, self.convolution.shape(rows))
    }

    /// Records maps of y, the shape behind ReLU and pooling, over a batch of `rows`, and which values they are.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit each other, [`crate::error::Error::Gpu`] when there is no
    /// memory for the spectrum of the weight.
    pub fn forward_pooled(
        &self,
        rec: &mut Recording,
        (layout, x): (&Layout, &Texels),
        parameters: Parameters<'_>,
        (rows, y): (usize, MapShape),
        to: &Pooled<'_>,
    ) -> Result<()> {
        let Parameters { weight, bias } = parameters;
        expect(OP, "bias", bias, &[y.channels])?;
        let params = self.params(rows, layout, MapParams::pooled(OP, y, to)?)?;
        let blocks = y.channels.div_ceil(OUTPUTS);
        let spectrum = Tensor::zeros(rec.gpu(), "spectrum of weight", &[blocks, BLOCK])?;
        let size = (blocks * OUTPUTS / 4, CHANNELS);
        winograd_weight::image(rec, &self.convolution, weight, size, &spectrum)?;
        let (groups, work) = (blocks * self.tile_groups(rows), self.work(rows));
        let argmax = to.argmax.1;
        match to.y {
            Destination::Tensor(y) => rec.dispatch_workgroups(
                wgsl::Pooled { params: &params, x, spectrum: &spectrum, bias, y, argmax },
                groups,
                work,
            ),
            Destination::Texels(_, y) => rec.dispatch_workgroups(
                wgsl::PooledTexels { params: &params, x, spectrum: &spectrum, bias, argmax, y_texels: y },
                groups,
                work,
            ),
        }
    }
}
