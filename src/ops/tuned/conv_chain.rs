//! Blocks of conv2d → relu → max_pool2d(2), one behind the other; what lies between them stays in textures.

use super::conv_block::{self, ConvBlock};
use super::pooled::Destination;
use super::texels::{self, Layout};
use super::{Parameters, winograd_gradient};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor, TexelFormat, Texels};
use crate::ops::expect;

const OP: &str = "conv_chain";

/// The shapes of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConvChain {
    blocks: Vec<ConvBlock>,
}

/// What a forward pass leaves for its backward pass.
#[derive(Debug)]
pub struct Saved {
    of: ConvChain,
    rows: usize,
    blocks: Vec<conv_block::Saved>,
    y: Tensor,
}

impl From<ConvBlock> for ConvChain {
    fn from(first: ConvBlock) -> Self {
        Self { blocks: vec![first] }
    }
}

impl ConvChain {
    /// Adds a block at the end, if it can stand there: it takes what the chain gives and computes in Winograd's domain, for
    /// only blocks there leave their gradient in a texture.
    #[must_use]
    pub fn push(&mut self, block: ConvBlock) -> bool {
        let fits = block.is_winograd() && block.convolution.x == self.last().pooled;
        if fits {
            self.blocks.push(block);
        }
        fits
    }

    /// How many blocks there are.
    #[allow(clippy::len_without_is_empty)] // there is always one
    pub fn len(&self) -> usize {
        self.blocks.len()
    }

    fn last(&self) -> &ConvBlock {
        &self.blocks[self.blocks.len() - 1]
    }

    fn expect_one_each(&self, name: &str, count: usize) -> Result<()> {
        if count == self.len() {
            return Ok(());
        }
        Err(Error::input(format!("{OP}: {name}"), format!("one for each of {} blocks", self.len()), count))
    }

    /// The shape of x and dx over a batch of `rows`.
    pub fn x_dims(&self, rows: usize) -> [usize; 4] {
        self.blocks[0].convolution.x_dims(rows)
    }

    /// The shape of y and dy over a batch of `rows`.
    pub fn y_dims(&self, rows: usize) -> [usize; 4] {
        let map = self.last().pooled;
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
        let layout = self.blocks[0].x_layout(&gpu, rows)?;
        let mut x = (layout, texels::packed(rec, &layout, "x texels", x)?);
        let mut saved = Vec::with_capacity(self.blocks.len());
        for (index, (block, parameters)) in self.blocks.iter().zip(parameters).enumerate() {
            expect(OP, "weight", parameters.weight, &block.convolution.weight_dims())?;
            saved.push(match self.blocks.get(index + 1) {
                None => block.forward(rec, rows, x.clone(), *parameters, Destination::Tensor(y))?,
                Some(next) => {
                    let behind = room(&gpu, next.x_layout(&gpu, rows)?, "x texels")?;
                    let to = Destination::Texels(&behind.0, &behind.1);
                    let in_front = std::mem::replace(&mut x, behind.clone());
                    block.forward(rec, rows, in_front, *parameters, to)?
                }
            });
        }
        Ok(Saved { of: self.clone(), rows, blocks: saved, y: y.clone() })
    }

    /// Records the gradients from dy (N, O, OH/2, OW/2), that of x (N, C, H, W) if it is wanted.
    ///
    /// # Errors
    /// As [`ConvChain::forward`].
    pub fn backward(
        &self,
        rec: &mut Recording,
        saved: &Saved,
        weights: &[&Tensor],
        dy: &Tensor,
        gradients: &[Parameters<'_>],
        dx: Option<&Tensor>,
    ) -> Result<()> {
        let (gpu, rows) = (rec.gpu().clone(), dy.rows());
        super::expect_saved(OP, (&saved.of, saved.rows), (self, rows))?;
        expect(OP, "dy", dy, &self.y_dims(rows))?;
        self.expect_one_each("weights", weights.len())?;
        self.expect_one_each("gradients", gradients.len())?;
        for (block, weight) in self.blocks.iter().zip(weights) {
            expect(OP, "weight", weight, &block.convolution.weight_dims())?;
        }
        if let Some(dx) = dx {
            expect(OP, "dx", dx, &self.x_dims(rows))?;
        }
        let mut d = room(&gpu, self.last().d_layout(&gpu, rows)?, "gradient texels")?;
        texels::pack_gradient(rec, &d.0, dy, &saved.y, &d.1)?;
        for index in (0..self.blocks.len()).rev() {
            let (block, saved) = (&self.blocks[index], &saved.blocks[index]);
            let in_front = match index.checked_sub(1) {
                Some(previous) => {
                    Some(room(&gpu, self.blocks[previous].d_layout(&gpu, rows)?, "gradient texels")?)
                }
                None => None,
            };
            let to = match &in_front {
                Some(in_front) => {
                    let (x, d) = ((&saved.x.0, &saved.x.1), (&in_front.0, &in_front.1));
                    Some(winograd_gradient::Destination::Texels { x, d })
                }
                None => dx.map(winograd_gradient::Destination::Tensor),
            };
            block.backward(rec, saved, weights[index], (&d.0, &d.1), gradients[index], to)?;
            d = in_front.unwrap_or(d);
        }
        Ok(())
    }
}

fn room(gpu: &Gpu, layout: Layout, label: &str) -> Result<(Layout, Texels)> {
    Ok((layout, layout.texels(gpu, label, TexelFormat::Reals)?))
}
