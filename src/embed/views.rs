//! Everything of a training that an application may look at.

use super::view::View;
use crate::error::Result;
use crate::gpu::{Recording, Tensor};
use crate::model::Dann;
use crate::ops::softmax;
use crate::train::TrainingLoop;
use std::collections::BTreeMap;

/// What a trainer leaves in its buffers for the application to draw: of the batch that was looked at last, and of
/// the model in training. N = S + T rows, S of the source and then T of the target, as many unless the recipe has a
/// `target_batch`; with other methods than [`Method::Dann`](crate::train::Method::Dann) the S labelled ones alone. K classes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Views {
    /// (N, …): what the feature extractor made of the batch.
    pub features: View,
    /// (N, K): what the label predictor makes of the features, dropout left out. Of the target, too: the
    /// predictions there are what adaptation is for.
    pub logits: View,
    /// (N, K): the logits as probabilities.
    pub probabilities: View,
    /// (N), u32: the most probable class of each row.
    pub predictions: View,
    /// (S), u32: the labels of the source's rows.
    pub labels: View,
    /// (N, C, H, W): the images as the network takes them, normalised.
    pub batch: View,
    /// (O, C, KH, KW): the filters of the first layer, if it is a convolution.
    pub filters: Option<View>,
    /// Everything that is learned, by name, as checkpoints name it. The trained values share one buffer.
    pub parameters: BTreeMap<String, View>,
    /// The gradients of the last step, by the names of the parameters, before they are clipped; of frozen parameters there
    /// are none worth a look. They share one buffer, too.
    pub gradients: BTreeMap<String, View>,
}

impl Views {
    /// Records what brings the views up to date behind the steps.
    pub(super) fn record(training_loop: &TrainingLoop, onlooker: &mut Recording) -> Result<Self> {
        let (model, step) = (training_loop.model(), training_loop.training_step());
        let (gpu, features) = (model.gpu(), &step.outputs.features);
        let logits = model.record_logits_of_features(onlooker, features, step.batch.labels.rows())?;
        let probabilities = Tensor::zeros(gpu, "probabilities", logits.dims())?;
        let predictions = Tensor::zeros_of::<u32>(gpu, "predictions", &[logits.rows()])?;
        softmax::forward(onlooker, &logits, &probabilities, &predictions)?;
        let named = |(name, tensor): (String, Tensor)| (name, View::new(&tensor));
        Ok(Self {
            features: View::new(features),
            logits: View::new(&logits),
            probabilities: View::new(&probabilities),
            predictions: View::new(&predictions),
            labels: View::new(&step.batch.labels),
            batch: View::new(&step.batch.x),
            filters: filters(model),
            parameters: model.tensors().into_iter().map(named).collect(),
            gradients: model.parameters.parts(&model.parameters.grads).map(named).collect(),
        })
    }
}

/// The weights of the first layer that learns, if it is a convolution.
fn filters(model: &Dann) -> Option<View> {
    let first = model.parameters.infos().first().filter(|info| info.dims.len() == 4)?;
    model.tensors().get(&first.name).map(View::new)
}
