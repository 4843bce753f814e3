//! A convolution of 5×5 kernels in Winograd's domain: 64 products of matrices where tiles of 4×4 values take 400.

use super::super::expect;
use super::pooled::Pooled;
use super::texels::Layout;
use super::winograd_gemm as product;
use super::winograd_gradient as gradient;
use super::winograd_result as result;
use super::winograd_transform as transform;
use super::winograd_weight as filter;
use super::{Convolution, Parameters, conv2d_weight, groups, paired_groups};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor, TexelFormat, Texels, Work};
use crate::shape::MapShape;

/// Rows and columns of the kernels that this is for.
pub(super) const KERNEL: (usize, usize) = (5, 5);
/// Rows, and columns, of a tile of the map; a tile of x has four more.
pub(super) const TILE: usize = 4;
/// Points of the domain.
pub(super) const POINTS: usize = 64;
/// Tiles that a thread takes at once.
pub(super) const TILES: usize = 16;
/// Channel groups that a thread takes at once.
pub(super) const BLOCK: usize = 4;
/// See [`Winograd::new`].
const FEWEST_CHANNELS: usize = 16;

/// A convolution's shapes in the domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Winograd {
    pub(super) convolution: Convolution,
    /// Tiles of an image, downwards and sideways.
    pub(super) tiles: (usize, usize),
}

/// The tiles of a batch in the domain, four channels to a texel; see `shaders/register/shared/winograd_spectrum.wgsl`.
#[derive(Debug)]
pub struct Spectrum {
    pub(super) maps: usize,
    pub(super) groups: usize,
    /// Blocks of tiles below each other.
    pub(super) column: usize,
    pub(super) values: Texels,
}

impl Spectrum {
    pub(super) fn new(gpu: &Gpu, label: &str, maps: usize, groups: usize) -> Result<Self> {
        let blocks = maps.div_ceil(TILES);
        // A thread that takes several groups may read beyond the last one.
        let beyond = BLOCK - 1;
        let column = blocks.min((Texels::most(gpu) - beyond) / groups).max(1);
        let (width, height) = (blocks.div_ceil(column) * POINTS * TILES, column * groups + beyond);
        let values = Texels::zeros(gpu, label, TexelFormat::Reals, width, height)?;
        Ok(Self { maps, groups, column, values })
    }
}

/// Tiles, downwards and sideways, that hold so many rows and columns of a map.
pub(super) fn tiles(covered: (usize, usize)) -> (usize, usize) {
    (covered.0.div_ceil(TILE), covered.1.div_ceil(TILE))
}

/// Rows and columns of x, border included, that so many tiles read.
pub(super) fn halo(tiles: (usize, usize)) -> (usize, usize) {
    (TILE * tiles.0 + KERNEL.0 - 1, TILE * tiles.1 + KERNEL.1 - 1)
}

/// Memory for the spectrum of a weight, or of its gradient, between `inputs` and `outputs` groups of channels.
pub(super) fn weight_room(gpu: &Gpu, label: &str, inputs: usize, outputs: usize) -> Result<Texels> {
    let (width, height) = (4 * BLOCK * POINTS, inputs * outputs.div_ceil(BLOCK));
    Texels::zeros(gpu, label, TexelFormat::Reals, width, height)
}

/// What a backward pass starts from.
pub struct Upstream<'a> {
    /// The gradient behind pooling, 0 where ReLU gave 0.
    pub d: (&'a Layout, &'a Texels),
    /// A byte a channel, which value of its window has the gradient.
    pub argmax: &'a Texels,
    /// The shape of the gradient.
    pub map: MapShape,
}

impl Winograd {
    /// `None` where the kernel is not 5×5 or the channels are too few: they would not pay for the ways into the domain and
    /// out of it. Of the convolution's map, the first `covered` rows and columns are computed.
    pub fn new(convolution: Convolution, covered: (usize, usize)) -> Option<Self> {
        let tiles = tiles(covered);
        let pays = convolution.x.channels.min(convolution.outputs) >= FEWEST_CHANNELS;
        (convolution.kernel == KERNEL && pays).then_some(Self { convolution, tiles })
    }

    /// What `flops` operations on `maps` tiles of a batch are. The ways into the domain and out of it are counted as so
    /// many operations on each row of a tile's values, and on each column of what that gives.
    pub(super) fn work(&self, maps: usize, flops: usize) -> Work {
        Work::new(flops, self.convolution.shape(self.rows(maps)))
    }

    /// What the sums over channels, or over `maps` tiles, take: a multiplication and an addition for each of 64 points, pair
    /// of channels and tile. Summed directly, a tile of 4×4 values takes 400 of each pair of channels, so 6.25 times as
    /// many, and of the gradients behind pooling, three quarters of which are 0, 100: 1.56 times as many. Whoever compares
    /// a rate in the domain with that of a direct convolution has to multiply it so.
    pub(super) fn product(&self, maps: usize) -> Work {
        let pairs = self.convolution.x.channels * self.convolution.outputs;
        self.work(maps, 2 * POINTS * maps * pairs)
    }

    pub(super) fn rows(&self, maps: usize) -> usize {
        maps / (self.tiles.0 * self.tiles.1)
    }

    fn maps(&self, rows: usize) -> usize {
        rows * self.tiles.0 * self.tiles.1
    }

    /// How `rows` images of x lie in a texture, with their padding and as far beyond as tiles read.
    pub(super) fn x_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        self.convolution.layout(gpu, rows, halo(self.tiles))
    }

    /// Records maps of y, the shape behind ReLU and pooling, over a batch of `rows`, and which values they are; gives the
    /// spectrum of x.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit each other or the device,
    /// [`crate::error::Error::Gpu`] when there is no memory.
    pub fn forward_pooled(
        &self,
        rec: &mut Recording,
        x: (&Layout, &Texels),
        parameters: Parameters<'_>,
        (rows, y): (usize, MapShape),
        to: &Pooled<'_>,
    ) -> Result<Spectrum> {
        let (gpu, maps) = (rec.gpu().clone(), self.maps(rows));
        let input = Spectrum::new(&gpu, "spectrum of x", maps, groups(self.convolution.x.channels))?;
        transform::input(rec, self, x, &input)?;
        let map = Spectrum::new(&gpu, "spectrum of y", maps, paired_groups(self.convolution.outputs))?;
        let weight = filter::forward(rec, self, parameters.weight, (input.groups, map.groups))?;
        product::sum_channels(rec, self, &input, &weight, &map)?;
        result::pooled(rec, self, &map, parameters.bias, y, to)?;
        Ok(input)
    }

    /// Records the gradients of the parameters and, if wanted, of x; `input` is the spectrum of x.
    ///
    /// # Errors
    /// As [`Winograd::forward_pooled`].
    pub fn backward(
        &self,
        rec: &mut Recording,
        input: &Spectrum,
        weight: &Tensor,
        upstream: &Upstream<'_>,
        gradients: Parameters<'_>,
        dx: Option<gradient::Destination<'_>>,
    ) -> Result<()> {
        let gpu = rec.gpu().clone();
        let (d_layout, d) = upstream.d;
        let map = Spectrum::new(&gpu, "spectrum of dy", input.maps, d_layout.groups)?;
        transform::gradient(rec, self, upstream, &map)?;
        let dweight = product::sum_tiles(rec, self, input, &map)?;
        expect("winograd", "dweight", gradients.weight, &self.convolution.weight_dims())?;
        filter::gradient(rec, self, &dweight, map.groups, gradients.weight)?;
        let rows = self.rows(input.maps);
        conv2d_weight::bias(rec, (rows, upstream.map), (d_layout, d), gradients.bias)?;
        let Some(dx) = dx else { return Ok(()) };
        let weight = filter::rotated(rec, self, weight, (map.groups, input.groups))?;
        let spectrum = Spectrum::new(&gpu, "spectrum of dx", input.maps, input.groups)?;
        product::sum_channels(rec, self, &map, &weight, &spectrum)?;
        gradient::input(rec, self, rows, &spectrum, dx)
    }
}
