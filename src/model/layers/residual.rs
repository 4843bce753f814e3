//! A fork and a sum (He et al. 2016): y = body(x) + shortcut(x).

use super::{Layer, LayerSpec, OnnxInput, OnnxOperator, TorchModule};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor};
use crate::model::stage::{Forward, Mode, Site, Stage, allocate, as_maps};
use crate::ops::add;
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};

/// y = body(x) + shortcut(x); without a shortcut, body(x) + x.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Residual {
    /// The layers of the long way.
    pub body: Vec<LayerSpec>,
    /// Those of the short one; none if left out: x as it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortcut: Vec<LayerSpec>,
}

impl Residual {
    /// The sum of both ways; without layers, the shortcut is x as it is.
    pub const fn new(body: Vec<LayerSpec>, shortcut: Vec<LayerSpec>) -> Self {
        Self { body, shortcut }
    }

    /// The stem of its name.
    pub(crate) const STEM: &'static str = "residual";
}

/// The sum of two values of one shape.
#[derive(Debug)]
pub(crate) struct Sum;

impl Layer for Sum {
    fn stem(&self) -> &'static str {
        Residual::STEM
    }

    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape> {
        match x {
            [body, shortcut] if body == shortcut => Ok(*body),
            [body, shortcut] => {
                let expected = format!("a shortcut that gives {body}, as the body does");
                Err(Error::input(format!("{} shortcut", self.stem()), expected, shortcut))
            }
            others => Err(Error::input(self.stem(), "two values", others.len())),
        }
    }

    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>> {
        Ok(Box::new(PlainSum { name: site.name.to_owned(), relu: false }))
    }

    fn onnx(&self) -> Vec<OnnxOperator> {
        vec![OnnxOperator::new("Add", &[OnnxInput::X(0), OnnxInput::X(1)])]
    }

    fn torch(&self, _: &[MapShape], _: MapShape) -> Vec<TorchModule> {
        vec![]
    }
}

/// The sum, and the ReLU behind it if there is one.
pub(crate) struct PlainSum {
    pub name: String,
    pub relu: bool,
}

impl Stage for PlainSum {
    fn forward(&self, rec: &mut Recording, _: &Tensor, x: &[Tensor], _: Mode) -> Result<Forward<'_>> {
        // One side may be rows of a dense layer and the other maps of one pixel.
        let [a, b] = [as_maps(&x[0]), as_maps(&x[1])];
        let y = allocate(rec, &self.name, "y", a.dims())?;
        add::forward(rec, &a, &b, &y, self.relu)?;
        let dims = [x[0].dims().to_vec(), x[1].dims().to_vec()];
        let kept = y.clone();
        Ok(Forward::new(y, move |rec, dy, wanted| {
            // Both sides have the same gradient: without a ReLU that of y itself.
            let d = match self.relu {
                false => dy.clone(),
                true => {
                    let d = allocate(rec, &self.name, "d", kept.dims())?;
                    add::backward_relu(rec, &kept, &as_maps(dy), &d)?;
                    d
                }
            };
            let of = |(dims, wanted): (&Vec<usize>, &bool)| wanted.then(|| d.reshaped(dims));
            Ok(dims.iter().zip(wanted.inputs).map(of).collect())
        }))
    }
}
