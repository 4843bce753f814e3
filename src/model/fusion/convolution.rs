//! The tiled convolutions: conv2d → relu → max_pool2d(2), as often as it comes, or a conv2d by itself.

use super::{Fused, Place, convolution_of, is_pooled, learned_of};
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::graph::Node;
use crate::model::parameters::{Parameter, WeightAndBias};
use crate::model::stage::{Forward, Mode, Stage, allocate, as_maps};
use crate::ops::register_tiled::conv_block::ConvBlock;
use crate::ops::register_tiled::conv_chain::ConvChain;
use crate::ops::register_tiled::conv2d_tiled::Conv2dTiled;
use crate::ops::register_tiled::{self, Gradients};

/// Nodes of a block: conv2d → relu → max_pool2d.
const BLOCK: usize = 3;

/// Blocks with their parameters in place.
struct Blocks {
    chain: ConvChain,
    name: String,
    learned: Vec<WeightAndBias>,
}

/// A convolution by itself.
struct Alone {
    convolution: Conv2dTiled,
    y: crate::shape::MapShape,
    learned: WeightAndBias,
}

/// How many nodes at the start of `nodes` belong to convolutions that are built together: none, one convolution alone,
/// or blocks with ReLU and pooling.
pub(super) fn length(gpu: &Gpu, nodes: &[Node]) -> usize {
    match convolution_of(nodes) {
        None => 0,
        Some(_) if is_pooled(nodes) => BLOCK * chain(gpu, nodes).map_or(1, |chain| chain.len()),
        Some(_) => 1,
    }
}

/// The block at the start of `nodes`, if the device's textures hold it.
fn block(gpu: &Gpu, nodes: &[Node]) -> Option<ConvBlock> {
    let convolution = convolution_of(nodes).filter(|_| is_pooled(nodes))?;
    ConvBlock::new(convolution).filter(|block| block.fits(gpu))
}

/// The blocks at the start of `nodes`.
fn chain(gpu: &Gpu, nodes: &[Node]) -> Option<ConvChain> {
    let mut chain = ConvChain::from(block(gpu, nodes)?);
    while let Some(next) = nodes.get(BLOCK * chain.len()..).and_then(|rest| block(gpu, rest)) {
        if !chain.push(next) {
            break;
        }
    }
    Some(chain)
}

/// The convolutions at the start of a run, if the device's textures hold them.
pub(super) fn rule(place: &Place<'_>) -> Result<Option<Fused>> {
    let nodes = place.nodes;
    let of = |node: &Node| learned_of(place, node);
    if is_pooled(nodes) {
        let Some(chain) = chain(place.gpu, nodes) else { return Ok(None) };
        let count = BLOCK * chain.len();
        let learned = nodes[..count].iter().step_by(BLOCK).map(of).collect::<Result<_>>()?;
        let name = nodes[0].name.clone();
        return Ok(Some((Box::new(Blocks { chain, name, learned }), count)));
    }
    let Some(convolution) = convolution_of(nodes) else { return Ok(None) };
    let learned = of(&nodes[0])?;
    let tiled = if learned.has_bias { Conv2dTiled::new } else { Conv2dTiled::without_bias };
    let Some(convolution) = tiled(convolution).filter(|tiled| tiled.fits(place.gpu)) else {
        return Ok(None);
    };
    let alone = Alone { convolution, y: nodes[0].y, learned };
    Ok(Some((Box::new(alone), 1)))
}

impl Blocks {
    /// `part` of the parameters of each convolution.
    fn each(&self, part: fn(&Parameter) -> &Tensor) -> Vec<register_tiled::Parameters<'_>> {
        self.learned.iter().map(|learned| learned.each(part)).collect()
    }
}

impl Stage for Blocks {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let y = allocate(rec, &self.name, "y", &self.chain.y_dims(x[0].rows()))?;
        let values = self.each(|parameter| &parameter.value);
        let saved = self.chain.forward(rec, &as_maps(&x[0]), &values, &y)?;
        let x_dims = x[0].dims().to_vec();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let dx = wanted.input().then(|| allocate(rec, &self.name, "dx", &x_dims)).transpose()?;
            let weights: Vec<_> = self.learned.iter().map(|learned| &learned.weight.value).collect();
            let gradients = wanted.parameters.then(|| self.each(|parameter| &parameter.grad));
            let maps = dx.as_ref().map(as_maps);
            self.chain.backward(rec, &saved, &weights, &as_maps(dy), gradients.as_deref(), maps.as_ref())?;
            Ok(vec![dx])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.learned.iter().flat_map(WeightAndBias::names).collect()
    }
}

impl Stage for Alone {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let WeightAndBias { name, weight, bias, .. } = &self.learned;
        let y = allocate(rec, name, "y", &[x[0].rows(), self.y.channels, self.y.height, self.y.width])?;
        let saved = self.convolution.forward(rec, &as_maps(&x[0]), &weight.value, &bias.value, &y)?;
        let x_dims = x[0].dims().to_vec();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            let dx = wanted.input().then(|| allocate(rec, name, "dx", &x_dims)).transpose()?;
            let maps = dx.as_ref().map(as_maps);
            let parameters = wanted.parameters.then(|| self.learned.each(|parameter| &parameter.grad));
            let gradients = Gradients { parameters, dx: maps.as_ref() };
            self.convolution.backward(rec, &saved, &weight.value, &as_maps(dy), &gradients)?;
            Ok(vec![dx])
        }))
    }

    fn learns(&self) -> Vec<String> {
        self.learned.names()
    }
}
