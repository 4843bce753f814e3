//! Blocks of conv2d → relu → max_pool2d(2), one behind the other; what lies between them stays in textures.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::conv_block::{self, ConvBlock, WinogradBlock, WinogradSaved};
use super::pooled::Destination;
use super::texels::{self, Layout};
use super::{Convolution, Parameters, winograd_gradient};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor, TexelFormat, Texels};
use crate::ops::expect;
use crate::shape::MapShape;

const OP: &str = "conv_chain";

/// The shapes of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvChain {
    first: ConvBlock,
    /// These compute in Winograd's domain: only blocks there leave their gradient in a texture.
    behind: Vec<WinogradBlock>,
}

/// What a forward pass leaves for its backward pass.
#[derive(Debug)]
pub struct Saved {
    of: ConvChain,
    rows: usize,
    first: conv_block::Saved,
    behind: Vec<WinogradSaved>,
    y: Tensor,
}

impl From<ConvBlock> for ConvChain {
    fn from(first: ConvBlock) -> Self {
        Self { first, behind: vec![] }
    }
}

impl ConvChain {
    /// Adds a block at the end, if it can stand there: it takes what the chain gives and computes in Winograd's domain.
    #[must_use]
    pub fn push(&mut self, block: ConvBlock) -> bool {
        let fitting = block.winograd().filter(|block| block.convolution.x == self.y());
        self.behind.extend(fitting);
        fitting.is_some()
    }

    /// How many blocks there are.
    #[allow(clippy::len_without_is_empty)] // there is always one
    pub fn len(&self) -> usize {
        1 + self.behind.len()
    }

    /// The shape behind the last block.
    fn y(&self) -> MapShape {
        self.behind.last().map_or(self.first.pooled, |block| block.pooled)
    }

    /// How the gradient behind the last block lies in a texture.
    fn d_layout(&self, gpu: &Gpu, rows: usize) -> Result<Layout> {
        match self.behind.last() {
            Some(last) => last.d_layout(gpu, rows),
            None => self.first.d_layout(gpu, rows),
        }
    }

    /// The shape of x and dx over a batch of `rows`.
    pub fn x_dims(&self, rows: usize) -> [usize; 4] {
        self.first.convolution.x_dims(rows)
    }

    /// The shape of y and dy over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        let map = self.y();
        [rows, map.channels, map.height, map.width]
    }

    /// Records y (N, O, OH/2, OW/2), the last block's, from x (N, C, H, W).
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when the shapes do not fit each other or the device,
    /// [`crate::error::Error::Gpu`] when there is no memory for what lies between the kernels.
    pub fn forward(
        &self,
        rec: &mut Recording,
        x: &Tensor,
        parameters: &[Parameters<'_>],
        y: &Tensor,
    ) -> Result<Saved> {
        let (gpu, rows) = (rec.gpu().clone(), x.rows());
        expect(OP, "x", x, &self.x_dims(rows))?;
        expect(OP, "y", y, &self.y_dims(rows))?;
        self.expect_one_each("parameters", parameters.len())?;
        for (block, parameters) in self.convolutions().zip(parameters) {
            expect(OP, "weight", parameters.weight, &block.weight_dims())?;
        }
        let layout = self.first.x_layout(&gpu, rows)?;
        let x = (layout, texels::packed(rec, &layout, "x texels", x)?);
        // Where each block finds its x: that of the first, and of each what the block in front leaves.
        let mut between = Vec::with_capacity(self.behind.len());
        for block in &self.behind {
            between.push(allocate(&gpu, block.x_layout(&gpu, rows)?, "x texels")?);
        }
        let to = |index: usize| match between.get(index) {
            Some((layout, texels)) => Destination::Texels(layout, texels),
            None => Destination::Tensor(y),
        };
        let [of_first, of_others @ ..] = parameters else {
            return Err(Error::input(OP, "parameters of each convolution", "none"));
        };
        let first = self.first.forward(rec, rows, x, *of_first, to(0))?;
        let mut behind = Vec::with_capacity(self.behind.len());
        for (index, (block, parameters)) in self.behind.iter().zip(of_others).enumerate() {
            behind.push(block.forward(rec, rows, between[index].clone(), *parameters, to(index + 1))?);
        }
        Ok(Saved { of: self.clone(), rows, first, behind, y: y.clone() })
    }

    fn expect_one_each(&self, name: &str, count: usize) -> Result<()> {
        if count == self.len() {
            return Ok(());
        }
        Err(Error::input(format!("{OP}: {name}"), format!("one for each of {} blocks", self.len()), count))
    }

    fn convolutions(&self) -> impl Iterator<Item = &Convolution> {
        std::iter::once(&self.first.convolution).chain(self.behind.iter().map(|block| &block.convolution))
    }

    /// Records the gradients from dy (N, O, OH/2, OW/2), those of the parameters and of x (N, C, H, W) if they are wanted.
    ///
    /// # Errors
    /// As [`ConvChain::forward`].
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        weights: &[&Tensor],
        dy: &Tensor,
        gradients: Option<&[Parameters<'_>]>,
        dx: Option<&Tensor>,
    ) -> Result<()> {
        let (gpu, rows) = (rec.gpu().clone(), dy.rows());
        super::expect_saved(OP, (&saved.of, saved.rows), (self, rows))?;
        expect(OP, "dy", dy, &self.y_dims(rows))?;
        self.expect_one_each("weights", weights.len())?;
        gradients.map_or(Ok(()), |gradients| self.expect_one_each("gradients", gradients.len()))?;
        let of_block = |index: usize| gradients.map(|gradients| gradients[index]);
        for (convolution, weight) in self.convolutions().zip(weights) {
            expect(OP, "weight", weight, &convolution.weight_dims())?;
        }
        if let Some(dx) = dx {
            expect(OP, "dx", dx, &self.x_dims(rows))?;
        }
        let mut d = allocate(&gpu, self.d_layout(&gpu, rows)?, "gradient texels")?;
        texels::pack_gradient(rec, &d.0, dy, &saved.y, &d.1)?;
        for index in (0..self.behind.len()).rev() {
            let (block, number) = (&saved.behind[index], index + 1);
            let layout = match index.checked_sub(1) {
                Some(previous) => self.behind[previous].d_layout(&gpu, rows)?,
                None => self.first.d_layout(&gpu, rows)?,
            };
            let in_front = allocate(&gpu, layout, "gradient texels")?;
            let (x, to) = ((&block.x.0, &block.x.1), (&in_front.0, &in_front.1));
            let dx = Some(winograd_gradient::Destination::Texels { x, d: to });
            block.backward(rec, weights[number], (&d.0, &d.1), of_block(number), dx)?;
            d = in_front;
        }
        saved.first.backward(rec, weights[0], (&d.0, &d.1), of_block(0), dx)
    }
}

fn allocate(gpu: &Gpu, layout: Layout, label: &str) -> Result<(Layout, Texels)> {
    Ok((layout, layout.texels(gpu, label, TexelFormat::Reals)?))
}
