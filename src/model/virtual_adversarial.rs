//! Virtual adversarial training (VAT, Miyato et al. 2018), on target and on source rows as in VADA (Shu et al. 2018, equation
//! 5): predictions must not change where an image changes a little in the direction in which they change most.
//!
//! Three more passes behind those of the step, over the rows of one domain: one that finds the direction by one power
//! iteration, forward and back to the images; one that moves them along it, forward and back to the parameters; and, where
//! batch norm or dropout make a row's prediction depend on the batch around it, one in front that predicts the images as they
//! are in the same company. Batch norm takes its statistics of the rows of each pass, and running ones stay as they are;
//! dropout drops the same in all three, as what is dropped follows from the step and the place alone.

use super::adaptation::{Adaptation, AdaptationLoss};
use super::network::{Network, Trace};
use super::parameters::Parameters;
use super::spec::ModelSpec;
use super::stage::{Mode, in_rows};
use crate::error::Result;
use crate::gpu::{Gpu, Phase, Recording, Tensor};
use crate::ops::perturb::{self, Images};
use crate::ops::{Predictions, add, kl_divergence, metrics};

/// Feature extractor and label predictor, built a second time on the same values, with gradients of their own: every backward
/// overwrites its results, and those of the step itself stand where the others are added to.
pub(super) struct Smoothing<'a> {
    adaptation: &'a Adaptation,
    /// What the model learns, with the gradients of the step.
    learned: &'a Parameters,
    parameters: Parameters,
    feature_extractor: Network,
    label_predictor: Network,
    /// Whether each row's prediction follows from that row alone.
    is_of_rows: bool,
    /// Whether batch norm of what does not learn rests.
    freezes: bool,
}

/// What is perturbed, and where the losses go.
pub(super) struct Perturbed<'a> {
    /// (N, C, H, W)
    pub x: &'a Tensor,
    /// (N, K): the step's own.
    pub logits: &'a Tensor,
    pub source_rows: usize,
    pub table: &'a Tensor,
}

/// Rows of one domain, and what is asked of them.
struct Rows {
    first: usize,
    count: usize,
    weight: f32,
    loss: AdaptationLoss,
}

/// A pass forward.
struct Predicted<'n> {
    features: Trace<'n>,
    labels: Trace<'n>,
    /// (T, K)
    logits: Tensor,
}

impl<'a> Smoothing<'a> {
    /// `None` where `adaptation` asks for nothing of it. `resting` is the state of layers that rest.
    pub fn new(
        gpu: &Gpu,
        spec: &ModelSpec,
        learned: &'a Parameters,
        adaptation: &'a Adaptation,
        resting: impl Iterator<Item = (String, Tensor)>,
    ) -> Result<Option<Self>> {
        if adaptation.virtual_adversarial == 0.0 && adaptation.virtual_adversarial_source == 0.0 {
            return Ok(None);
        }
        let parameters = learned.with_own_gradients(gpu, resting.collect())?;
        let [f, y, _] = spec.graphs()?;
        Ok(Some(Self {
            adaptation,
            learned,
            feature_extractor: Network::new(gpu, &f, &parameters, 0)?,
            label_predictor: Network::new(gpu, &y, &parameters, f.nodes.len())?,
            parameters,
            is_of_rows: f.is_of_rows() && y.is_of_rows(),
            freezes: spec.backbone.is_some(),
        }))
    }

    /// Records the losses into the table, and adds their gradients to those of the step.
    pub fn record(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        perturbed: &Perturbed<'_>,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<()> {
        let Adaptation { virtual_adversarial, virtual_adversarial_source, .. } = *self.adaptation;
        let (all, source) = (perturbed.x.rows(), perturbed.source_rows);
        let target = Rows {
            first: source,
            count: all - source,
            weight: virtual_adversarial,
            loss: AdaptationLoss::VirtualAdversarial,
        };
        let source = Rows {
            first: 0,
            count: source,
            weight: virtual_adversarial_source,
            loss: AdaptationLoss::VirtualAdversarialSource,
        };
        for rows in [target, source].iter().filter(|rows| rows.weight > 0.0) {
            self.record_rows(rec, step, perturbed, rows, frozen)?;
        }
        Ok(())
    }

    fn record_rows(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        perturbed: &Perturbed<'_>,
        rows: &Rows,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<()> {
        let gpu = rec.gpu().clone();
        let Adaptation { radius, probe, .. } = *self.adaptation;
        let images = Images { x: perturbed.x, first_row: rows.first };
        rec.phase(Phase::Forward);
        let (given, first_row) = self.given(rec, step, perturbed, rows, frozen)?;
        let given = Predictions { logits: &given, first_row };

        let moved = rows.allocate(&gpu, "probed images", perturbed.x)?;
        perturb::at_random(rec, step, images, &moved, probe)?;
        let probed = self.predict(rec, step, (&moved, rows), frozen)?;
        rec.phase(Phase::Loss);
        let dlogits = Tensor::zeros(&gpu, "dlogits", probed.logits.dims())?;
        kl_divergence::backward(rec, &given, &probed.logits, &dlogits)?;
        rec.phase(Phase::Backward);
        let direction = probed.backward_to_images(rec, dlogits)?;

        rec.phase(Phase::Forward);
        let moved = rows.allocate(&gpu, "adversarial images", perturbed.x)?;
        perturb::along(rec, images, &direction, &moved, radius)?;
        let adversarial = self.predict(rec, step, (&moved, rows), frozen)?;
        rec.phase(Phase::Loss);
        let logits = &adversarial.logits;
        let (loss, dlogits) =
            (Tensor::zeros(&gpu, "loss", &[rows.count])?, Tensor::zeros(&gpu, "dlogits", logits.dims())?);
        kl_divergence::forward_backward(rec, step, &given, logits, &loss, &dlogits, rows.weight)?;
        metrics::total(rec, step, &loss, perturbed.table, rows.loss.column())?;
        rec.phase(Phase::Backward);
        adversarial.backward_to_parameters(rec, dlogits, frozen)?;
        add::accumulate(rec, &self.parameters.grads, &self.learned.grads)
    }

    /// What is predicted of the rows as they are, behind so many others.
    fn given(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        perturbed: &Perturbed<'_>,
        rows: &Rows,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<(Tensor, usize)> {
        if self.is_of_rows {
            return Ok((in_rows(perturbed.logits).first_rows(rows.first + rows.count), rows.first));
        }
        // As kernels take tensors that start where a binding may, the rows are copied: moved by nothing.
        let x = rows.allocate(rec.gpu(), "images as they are", perturbed.x)?;
        perturb::at_random(rec, step, Images { x: perturbed.x, first_row: rows.first }, &x, 0.0)?;
        Ok((self.predict(rec, step, (&x, rows), frozen)?.logits, 0))
    }

    fn predict(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        (x, rows): (&Tensor, &Rows),
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<Predicted<'_>> {
        let mode = Mode::Training { source_rows: if rows.first == 0 { rows.count } else { 0 } };
        let rests = &|name: &str| self.freezes && frozen(name);
        let features = self.feature_extractor.forward_of(rec, step, x, mode, rests)?;
        let labels = self.label_predictor.forward_of(rec, step, &features.y, mode, rests)?;
        Ok(Predicted { features, logits: in_rows(&labels.y), labels })
    }
}

impl Rows {
    /// Memory for images as those of x.
    fn allocate(&self, gpu: &Gpu, label: &str, x: &Tensor) -> Result<Tensor> {
        let mut dims = x.dims().to_vec();
        dims[0] = self.count;
        Tensor::zeros(gpu, label, &dims)
    }
}

impl Predicted<'_> {
    /// The gradient of the images alone.
    fn backward_to_images(self, rec: &mut Recording, dlogits: Tensor) -> Result<Tensor> {
        let none = &|_: &str| true;
        let d_features = self.labels.backward(rec, dlogits, none)?;
        self.features.backward(rec, d_features, none)
    }

    /// The gradients of the parameters alone.
    fn backward_to_parameters(
        self,
        rec: &mut Recording,
        dlogits: Tensor,
        frozen: &dyn Fn(&str) -> bool,
    ) -> Result<()> {
        let d_features = self.labels.backward(rec, dlogits, frozen)?;
        self.features.backward_to_parameters(rec, d_features, frozen)
    }
}
