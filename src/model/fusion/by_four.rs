//! Convolutions of backbones that go four pixels at a time: depthwise ones, those of one tap, the first one over few
//! channels, and those that are unfolded into products of one tap.

use super::{Fused, Place};
use crate::error::Result;
use crate::gpu::{Recording, Tensor, Variant};
use crate::model::backbone;
use crate::model::layers::Conv2d;
use crate::model::parameters::Parameter;
use crate::model::stage::{Forward, Mode, Stage, allocate};
use crate::ops::depthwise::Depthwise;
use crate::ops::pointwise::Pointwise;
use crate::ops::stem::Stem;
use crate::ops::unfolded::Unfolded;

/// Which one.
enum Kind {
    Depthwise(Depthwise),
    Pointwise(Pointwise),
    Stem(Stem),
    Unfolded(Unfolded),
}

/// A convolution with its weight in place.
struct ByFour {
    convolution: Kind,
    name: String,
    weight: Parameter,
}

/// The convolution at the start of a run.
pub(super) fn rule(place: &Place<'_>) -> Result<Option<Fused>> {
    let node = &place.nodes[0];
    let layer = node.as_layer::<Conv2d>().filter(|layer| !layer.bias && backbone::owns(&node.name));
    let of_layer = |layer: &Conv2d| {
        let (x, kernel, geometry) = (node.x[0], layer.kernel.into(), layer.geometry());
        let depthwise = Depthwise::new(x, layer.outputs, kernel, geometry).map(Kind::Depthwise);
        let stem = || Stem::new(x, layer.outputs, kernel, geometry).map(Kind::Stem);
        depthwise.or_else(|| on_software(place, layer)).or_else(stem)
    };
    let Some(convolution) = layer.and_then(of_layer) else { return Ok(None) };
    let weight = place.parameters.get(&format!("{}.weight", node.name))?;
    Ok(Some((Box::new(ByFour { convolution, name: node.name.clone(), weight }), 1)))
}

/// The products of matrices that software adapters are fast at: of one tap, and of what their tiles do not take.
fn on_software(place: &Place<'_>, layer: &Conv2d) -> Option<Kind> {
    let (gpu, x) = (place.gpu, place.nodes[0].x[0]);
    let (outputs, kernel, geometry) = (layer.outputs, layer.kernel.into(), layer.geometry());
    if place.variant != Variant::Register {
        return None;
    }
    let pointwise = Pointwise::new(gpu, x, outputs, kernel, geometry).map(Kind::Pointwise);
    let unfolded = || Unfolded::new(gpu, x, outputs, kernel, geometry).filter(Unfolded::is_best);
    pointwise.or_else(|| unfolded().map(Kind::Unfolded))
}

impl Kind {
    fn y_dims(&self, rows: usize) -> [usize; 4] {
        match self {
            Self::Depthwise(convolution) => convolution.y_dims(rows),
            Self::Pointwise(convolution) => convolution.y_dims(rows),
            Self::Stem(convolution) => convolution.y_dims(rows),
            Self::Unfolded(convolution) => convolution.y_dims(rows),
        }
    }

    fn forward(&self, rec: &mut Recording, x: &Tensor, weight: &Tensor, y: &Tensor) -> Result<()> {
        match self {
            Self::Depthwise(convolution) => convolution.forward(rec, x, weight, y),
            Self::Pointwise(convolution) => convolution.forward(rec, x, weight, y),
            Self::Stem(convolution) => convolution.forward(rec, x, weight, y),
            Self::Unfolded(convolution) => convolution.forward(rec, x, weight, y),
        }
    }

    fn backward_input(&self, rec: &mut Recording, dy: &Tensor, weight: &Tensor, dx: &Tensor) -> Result<()> {
        match self {
            Self::Depthwise(convolution) => convolution.backward_input(rec, dy, weight, dx),
            Self::Pointwise(convolution) => convolution.backward_input(rec, dy, weight, dx),
            Self::Stem(convolution) => convolution.backward_input(rec, dy, weight, dx),
            Self::Unfolded(convolution) => convolution.backward_input(rec, dy, weight, dx),
        }
    }

    fn backward_weight(&self, rec: &mut Recording, x: &Tensor, dy: &Tensor, dweight: &Tensor) -> Result<()> {
        match self {
            Self::Depthwise(convolution) => convolution.backward_weight(rec, x, dy, dweight),
            Self::Pointwise(convolution) => convolution.backward_weight(rec, x, dy, dweight),
            Self::Stem(convolution) => convolution.backward_weight(rec, x, dy, dweight),
            Self::Unfolded(convolution) => convolution.backward_weight(rec, x, dy, dweight),
        }
    }
}

impl Stage for ByFour {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        let Self { convolution, name, weight } = self;
        let x = x[0].clone();
        let y = allocate(rec, name, "y", &convolution.y_dims(x.rows()))?;
        convolution.forward(rec, &x, &weight.value, &y)?;
        Ok(Forward::new(y, move |rec, dy, wanted| {
            if wanted.parameters {
                convolution.backward_weight(rec, &x, dy, &weight.grad)?;
            }
            if !wanted.input() {
                return Ok(vec![None]);
            }
            let dx = allocate(rec, name, "dx", x.dims())?;
            convolution.backward_input(rec, dy, &weight.value, &dx)?;
            Ok(vec![Some(dx)])
        }))
    }

    fn learns(&self) -> Vec<String> {
        vec![format!("{}.weight", self.name)]
    }
}
