//! Winograd's domain, F(4×4, 5×5): its sizes, what lies in it, and which convolutions go there.

use super::texels::Layout;
use super::{Convolution, groups, paired_groups};
use crate::error::Result;
use crate::gpu::{Gpu, TexelFormat, Texels, Work};
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
        let (column, (width, height)) = Self::layout(maps, groups, Texels::most(gpu));
        let values = Texels::zeros(gpu, label, TexelFormat::Reals, width, height)?;
        Ok(Self { maps, groups, column, values })
    }

    /// Blocks of tiles below each other, where no texture is larger than `most` × `most` texels, and the size of this one.
    fn layout(maps: usize, groups: usize, most: usize) -> (usize, (usize, usize)) {
        let blocks = maps.div_ceil(TILES);
        // A thread that takes several groups may read beyond the last one.
        let beyond = BLOCK - 1;
        let column = blocks.min(most.saturating_sub(beyond) / groups).max(1);
        (column, (blocks.div_ceil(column) * POINTS * TILES, column * groups + beyond))
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

/// Texels of the spectrum of a weight between `inputs` and `outputs` groups of channels.
fn weight_size(inputs: usize, outputs: usize) -> (usize, usize) {
    (4 * BLOCK * POINTS, inputs * outputs.div_ceil(BLOCK))
}

/// Memory for the spectrum of a weight, or of its gradient, between `inputs` and `outputs` groups of channels.
pub(super) fn weight_room(gpu: &Gpu, label: &str, inputs: usize, outputs: usize) -> Result<Texels> {
    let (width, height) = weight_size(inputs, outputs);
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

    /// Of the textures that every batch needs: one image's spectra and the weight's, where none is larger than `most` × `most`
    /// texels.
    pub(super) fn sizes(&self, most: usize) -> Vec<(usize, usize)> {
        let inner = groups(self.convolution.x.channels);
        let outer = paired_groups(self.convolution.outputs);
        let spectrum = |groups| Spectrum::layout(self.maps(1), groups, most).1;
        vec![spectrum(inner), spectrum(outer), weight_size(inner, outer), weight_size(outer, inner)]
    }

    pub(super) fn rows(&self, maps: usize) -> usize {
        maps / (self.tiles.0 * self.tiles.1)
    }

    pub(super) fn maps(&self, rows: usize) -> usize {
        rows * self.tiles.0 * self.tiles.1
    }

    /// How `rows` images of x lie in a texture, with their padding and as far beyond as tiles read.
    pub(super) fn x_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        self.convolution.layout(gpu, rows, halo(self.tiles))
    }
}
