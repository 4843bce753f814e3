//! Every kind of layer, one file each: its keys, its shape rule, what it learns, its kernels, and its form in ONNX and
//! PyTorch. A new kind takes a file and a line in `layers!` below.

mod avg_pool2d;
mod batch_norm2d;
mod conv2d;
mod dense;
mod dropout;
mod global_avg_pool2d;
mod leaky_relu;
mod max_pool2d;
mod rectified_norm;
mod relu;
mod relu6;
mod residual;

pub use avg_pool2d::AvgPool2d;
pub use batch_norm2d::{BatchNorm2d, BatchStatistics};
pub use conv2d::{Conv2d, Padding};
pub use dense::Dense;
pub use dropout::Dropout;
pub use global_avg_pool2d::GlobalAvgPool2d;
pub use leaky_relu::LeakyRelu;
pub use max_pool2d::MaxPool2d;
pub(crate) use rectified_norm::RectifiedNorm;
pub use relu::Relu;
pub use relu6::Relu6;
pub use residual::Residual;
pub(crate) use residual::{PlainSum, Sum};

use super::stage::{Site, Stage};
use crate::error::{Error, Result};
pub(crate) use crate::model::learned::{Learned, Start};
use crate::shape::MapShape;
use serde::{Deserialize, Serialize};
use std::any::Any;
use std::fmt::{self, Debug};
use std::sync::Arc;

macro_rules! layers {
    ($($kind:ident),+ $(,)?) => {
        /// One layer of a recipe's list.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "layer", rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum LayerSpec {
            $(#[doc = concat!("See [`", stringify!($kind), "`].")] $kind($kind),)+
            /// See [`Residual`].
            Residual(Residual),
        }

        $(impl From<$kind> for LayerSpec {
            fn from(layer: $kind) -> Self {
                Self::$kind(layer)
            }
        })+

        impl LayerSpec {
            /// What it becomes in the graph.
            pub(crate) fn form(&self) -> Form<'_> {
                match self {
                    $(Self::$kind(layer) => Form::Node(Arc::new(layer.clone())),)+
                    Self::Residual(residual) => Form::Residual(residual),
                }
            }
        }
    };
}

layers!(Conv2d, Dense, Relu, Relu6, LeakyRelu, MaxPool2d, AvgPool2d, GlobalAvgPool2d, BatchNorm2d, Dropout,);

impl From<Residual> for LayerSpec {
    fn from(residual: Residual) -> Self {
        Self::Residual(residual)
    }
}

/// What a layer of a list becomes in the graph.
pub(crate) enum Form<'a> {
    /// A node.
    Node(Arc<dyn Layer>),
    /// A fork and a sum.
    Residual(&'a Residual),
}

/// A kind of layer with its attributes. `Debug` shows every attribute: the choices of a search are kept under it.
pub(crate) trait Layer: Any + Debug + Send + Sync {
    /// The stem of the layer's name; the parts number their layers of one kind: `conv1`, `conv2`, `dense1`.
    fn stem(&self) -> &'static str;

    /// What comes out when values of the shapes `x` go in.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key or shape that does not fit.
    fn out_shape(&self, x: &[MapShape]) -> Result<MapShape>;

    /// What it learns from values of the shapes `x`, in the order in which it is kept.
    fn parameters(&self, _x: &[MapShape]) -> Vec<Learned> {
        vec![]
    }

    /// What is not trained but belongs to the model.
    fn state(&self, _x: &[MapShape]) -> Vec<Learned> {
        vec![]
    }

    /// Whether, in training too, each row of what comes out follows from its row of what goes in alone.
    fn is_of_row(&self) -> bool {
        true
    }

    /// Whether that holds where what it learns is frozen, in networks whose frozen layers rest.
    fn is_of_row_at_rest(&self) -> bool {
        true
    }

    /// The layer on a device, of the plain kernels.
    ///
    /// # Errors
    /// [`Error::Gpu`] when there is no memory for its state.
    fn build(&self, site: &Site<'_>) -> Result<Box<dyn Stage>>;

    /// The operators of ONNX that compute it, one behind the other; none where values pass unchanged.
    #[cfg_attr(not(feature = "export"), allow(dead_code))]
    fn onnx(&self) -> Vec<OnnxOperator>;

    /// The modules of `torch.nn` that compute it, one behind the other; none where the form of the whole list says it.
    fn torch(&self, x: &[MapShape], y: MapShape) -> Vec<TorchModule>;

    /// What it makes of rows of values and of maps.
    #[cfg_attr(not(feature = "export"), allow(dead_code))]
    fn layout(&self) -> Layout {
        Layout::Kept
    }
}

/// Whether a layer's values are (N, O), rows of values, or (N, C, H, W), maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Both pass, and stay what they are.
    Kept,
    /// It takes and gives maps; rows are seen as maps of one pixel.
    Maps,
    /// It takes both and gives rows.
    Rows,
}

/// An operator of ONNX.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OnnxOperator {
    /// Its name in ONNX.
    pub operator: &'static str,
    /// What goes in.
    pub inputs: Vec<OnnxInput>,
    /// What it has besides.
    pub attributes: Vec<(&'static str, OnnxAttribute)>,
}

/// What goes into an operator of ONNX.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum OnnxInput {
    /// The layer's input of that number.
    X(usize),
    /// What the operator in front gives.
    Previous,
    /// The layer's tensor of that suffix.
    Learned(&'static str),
    /// A number.
    Constant(f32),
}

/// An attribute of an operator of ONNX.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OnnxAttribute {
    /// A real number.
    Float(f32),
    /// A whole number.
    Int(i64),
    /// Several sizes.
    Sizes(Vec<usize>),
}

impl OnnxOperator {
    fn new(operator: &'static str, inputs: &[OnnxInput]) -> Self {
        Self { operator, inputs: inputs.to_vec(), attributes: vec![] }
    }

    fn with(mut self, name: &'static str, attribute: OnnxAttribute) -> Self {
        self.attributes.push((name, attribute));
        self
    }
}

/// A module of `torch.nn`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TorchModule {
    /// What stands behind the layer's name; empty for the module that holds its tensors.
    pub suffix: &'static str,
    /// The class.
    pub class: &'static str,
    /// The arguments by name.
    pub arguments: serde_json::Value,
}

impl TorchModule {
    fn new(class: &'static str, arguments: serde_json::Value) -> Self {
        Self { suffix: "", class, arguments }
    }
}

/// The one shape that goes into most layers.
fn only(x: &[MapShape]) -> MapShape {
    x[0]
}

/// An attribute of a layer that is refused.
fn refused(stem: &str, key: &str, expected: &str, found: impl fmt::Display) -> Error {
    Error::input(format!("{stem} {key}"), expected, found)
}
