//! The whole network and its training step, on one screen.

use super::batch::{Batch, Inference, MetricsBuffer, StepOutputs};
use super::domain_input::{DomainInput, Given};
use super::graph::Node;
use super::heads::{Adversary, Held, record_domain, record_loss};
use super::network::{Network, Prefix};
use super::objective::Objective;
use super::parameters::Parameters;
use super::spec::ModelSpec;
use super::stage::{Mode, in_rows};
use super::update::Update;
use super::virtual_adversarial::{Perturbed, Smoothing};
use super::{Initialization, backbone};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Phase, Recording, Tensor};
use crate::ops::{Step, gather_batch::Domain, gradient_reversal};
use std::collections::BTreeMap;
use std::fmt;

/// Feature extractor, label predictor and domain classifier with their parameters.
pub struct Dann {
    gpu: Gpu,
    spec: ModelSpec,
    /// Everything that is trained.
    pub(crate) parameters: Parameters,
    pub(super) feature_extractor: Network,
    pub(super) label_predictor: Network,
    pub(super) domain_classifier: Network,
    /// What is evaluated in its place, if an average is kept.
    pub(super) average: Option<Box<Self>>,
}

/// Shapes and values by name.
pub type NamedValues = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

impl Dann {
    /// Builds the network that `spec` describes, with every parameter at 0.
    ///
    /// # Errors
    /// [`Error::Input`] naming the layer whose shapes do not fit, [`Error::Gpu`] when memory runs out.
    pub fn new(gpu: &Gpu, spec: &ModelSpec) -> Result<Self> {
        let graphs = spec.graphs()?;
        let parameters =
            Parameters::new(gpu, graphs.iter().flat_map(|graph| &graph.nodes).flat_map(Node::learned))?;
        let [f, y, d] = &graphs;
        let (behind_f, behind_y) = (f.nodes.len(), f.nodes.len() + y.nodes.len());
        Ok(Self {
            gpu: gpu.clone(),
            spec: spec.clone(),
            feature_extractor: Network::new(gpu, f, &parameters, 0)?,
            label_predictor: Network::new(gpu, y, &parameters, behind_f)?,
            domain_classifier: Network::new(gpu, d, &parameters, behind_y)?,
            parameters,
            average: None,
        })
    }

    /// What the network was built from.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Everything that is trained.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The device that the network lives on.
    pub fn gpu(&self) -> &Gpu {
        &self.gpu
    }

    /// Draws the parameters that training starts from, reads those of the backbone whose weights are given, and its average
    /// with it.
    ///
    /// # Errors
    /// [`Error::Io`] and [`Error::Input`] when the weights cannot be read or are those of another network, [`Error::Gpu`] when
    /// the device was lost.
    pub fn initialize(&self, initialization: Initialization, seed: u64) -> Result<()> {
        let values = self.parameters.initial(initialization, seed);
        self.parameters.write(&self.gpu, &self.parameters.values, &values)?;
        if let (Some(backbone), Some(path)) = (self.spec.backbone, &self.spec.weights) {
            let mut tensors = self.tensors();
            tensors.retain(|name, _| backbone::owns(name));
            let dims = tensors.iter().map(|(name, tensor)| (name.clone(), tensor.dims().to_vec())).collect();
            for (name, values) in backbone::read(backbone, path, &dims)? {
                tensors[&name].write(&self.gpu, &values)?;
            }
        }
        self.average().map_or(Ok(()), |average| average.initialize(initialization, seed))
    }

    /// The state that is not trained but belongs to the model (running statistics), by name.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn state(&self) -> BTreeMap<String, Tensor> {
        let parts = [&self.feature_extractor, &self.label_predictor, &self.domain_classifier];
        parts.into_iter().flat_map(Network::state).collect()
    }

    /// Where everything that the network has learned lies, by name: parameters and running statistics.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn tensors(&self) -> BTreeMap<String, Tensor> {
        self.parameters.tensors().chain(self.state()).collect()
    }

    /// Everything that the network has learned, by name: parameters and running statistics.
    ///
    /// # Errors
    /// [`Error::Gpu`] when the device was lost.
    pub fn read(&self) -> Result<NamedValues> {
        let mut values = self.parameters.read(&self.gpu, &self.parameters.values)?;
        let mut all = BTreeMap::new();
        for info in self.parameters.infos() {
            let value = values.remove(&info.name).unwrap_or_default();
            all.insert(info.name.clone(), (info.dims.clone(), value));
        }
        for (name, tensor) in self.state() {
            all.insert(name, (tensor.dims().to_vec(), tensor.read(&self.gpu)?));
        }
        Ok(all)
    }

    /// Overwrites everything that the network has learned, and its average, if one is kept.
    ///
    /// # Errors
    /// [`Error::Input`] naming a tensor that is missing, unknown or of another size.
    pub fn write(&self, values: &BTreeMap<String, Vec<f32>>) -> Result<()> {
        self.write_trained(values)?;
        self.average().map_or(Ok(()), |average| average.write(values))
    }

    /// Overwrites what is trained, and leaves its average as it is.
    ///
    /// # Errors
    /// As [`Dann::write`].
    pub(crate) fn write_trained(&self, values: &BTreeMap<String, Vec<f32>>) -> Result<()> {
        let state = self.state();
        let known = |name: &String| {
            state.contains_key(name) || self.parameters.infos().iter().any(|info| info.name == *name)
        };
        if let Some(name) = values.keys().find(|name| !known(name)) {
            return Err(Error::input("model", "tensors of this network alone", name));
        }
        self.parameters.write(&self.gpu, &self.parameters.values, values)?;
        for (name, tensor) in state {
            let value = values.get(&name).filter(|value| value.len() == tensor.len());
            let value =
                value.ok_or_else(|| Error::input(&name, format!("{} values", tensor.len()), "others"))?;
            tensor.write(&self.gpu, value)?;
        }
        Ok(())
    }

    /// Records one training step: forward, losses, backward through the gradient reversal, update.
    ///
    /// `step`, a row of a [`Step`], is read when the recording runs; `metrics_buffer` receives what the step reports.
    ///
    /// # Errors
    /// [`Error::Input`] when the batch does not fit the network.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn record_step(
        &self,
        rec: &mut Recording,
        batch: &Batch,
        step: &Tensor,
        metrics_buffer: &MetricsBuffer,
        objective: &Objective,
    ) -> Result<StepOutputs> {
        self.record_step_behind(None, rec, batch, step, metrics_buffer, objective)
    }

    /// As [`Dann::record_step`]; with a prefix the batch holds what that gives of its images.
    pub(crate) fn record_step_behind(
        &self,
        prefix: Option<&Prefix>,
        rec: &mut Recording,
        batch: &Batch,
        step: &Tensor,
        metrics_buffer: &MetricsBuffer,
        objective: &Objective,
    ) -> Result<StepOutputs> {
        let update = Update::of(objective);
        let frozen = &|name: &str| update.is_frozen(name);
        batch.check()?;
        let (source_rows, table) = (batch.labels.rows(), &metrics_buffer.table);
        let mode = objective.mode(source_rows);
        rec.phase(Phase::Forward);
        let rests = &|name: &str| self.has_rest() && frozen(name);
        let features = self.feature_extractor.forward_behind(prefix, rec, step, &batch.x, mode, rests)?;
        // Target rows are predicted where their predictions are made use of, in one batch with the source rows.
        let predicted = if self.predicts_target(objective) { features.y.rows() } else { source_rows };
        let predicted = features.y.first_rows(predicted);
        let labels = self.label_predictor.forward_of(rec, step, &predicted, mode, rests)?;
        let (x, logits) = (features.y.clone(), labels.y.clone());
        let class_weights = objective.of_classes(&self.gpu)?;
        let counts = objective.of_labels(source_rows, class_weights.as_ref());
        let held = Held { labels: &batch.labels, counts, column: 0, table };
        let dlogits = record_loss(rec, step, &logits, &held)?;
        let plain = self.record_plain(prefix, rec, step, batch, objective)?;
        let predicted = (&logits, source_rows);
        objective.adaptation.record(rec, step, predicted, plain.as_ref(), &dlogits, table)?;
        rec.phase(Phase::Backward);
        let d_label = labels.backward(rec, dlogits, frozen)?;

        let d_features = match objective.domain_loss {
            None => d_label,
            Some(domain_loss) => {
                let (classifier, input) = (&self.domain_classifier, self.spec.domain_input);
                let (features, logits) = (&x, &logits);
                let adversary =
                    Adversary { classifier, input, features, logits, source_rows, domain_loss, table, rests };
                let d_domain = record_domain(rec, step, &adversary, objective, frozen)?;
                let d_features = Tensor::zeros(&self.gpu, "d_features", x.dims())?;
                gradient_reversal::backward_fan_in(rec, step, &d_domain, &d_label, &d_features)?;
                d_features
            }
        };
        features.backward_to_parameters(rec, d_features, frozen)?;
        let parts = [&self.feature_extractor, &self.label_predictor];
        let resting = parts.into_iter().flat_map(|part| part.state_at_rest(rests));
        let (learned, adaptation) = (&self.parameters, &objective.adaptation);
        let smoothing = Smoothing::new(&self.gpu, &self.spec, learned, adaptation, resting)?;
        if let Some(smoothing) = smoothing {
            let perturbed = Perturbed { x: &batch.x, logits: &logits, source_rows, table };
            smoothing.record(rec, step, &perturbed, frozen)?;
        }
        let mean_grads = update.record_mean(rec, &self.parameters)?;
        rec.phase(Phase::Update);
        let trained = (&self.parameters, mean_grads.as_ref().unwrap_or(&self.parameters.grads));
        let optimizer = update.record(rec, trained, step, &metrics_buffer.faults)?;
        self.record_average(rec, step, &update)?;
        let logits = logits.first_rows(source_rows);
        Ok(StepOutputs { metrics_buffer: metrics_buffer.clone(), features: x, logits, optimizer, mean_grads })
    }

    /// Whether batch norm of what is frozen rests. Networks without a backbone are older than that, and train as they did.
    pub(super) fn has_rest(&self) -> bool {
        self.spec.backbone.is_some()
    }

    /// Whether a step makes use of the predictions of target rows.
    fn predicts_target(&self, objective: &Objective) -> bool {
        let conditional = self.spec.domain_input == DomainInput::Conditional;
        let asked = !objective.adaptation.is_off() || objective.entropy_weighting || conditional;
        objective.domain_loss.is_some() && asked
    }

    /// Records the classes' logits (N, K) of x (N, C, H, W), images of `domain`, with everything in evaluation mode.
    ///
    /// # Errors
    /// [`Error::Input`] when x does not fit the network.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn record_logits(&self, rec: &mut Recording, x: &Tensor, domain: Domain) -> Result<Tensor> {
        // In evaluation no layer reads the step; dropout, which would, is left out.
        let step = Step::table(&self.gpu, "step", 1)?;
        let mode = Mode::evaluation(domain, x.rows());
        let features = self.feature_extractor.forward(rec, &step, x, mode)?;
        self.record_logits_of(rec, &features.y, mode)
    }

    /// Records the classes' logits (N, K) of features (N, …), the first `source_rows` of them of the source, with the label
    /// predictor in evaluation mode.
    ///
    /// # Errors
    /// [`Error::Input`] when the features do not fit the network.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn record_logits_of_features(
        &self,
        rec: &mut Recording,
        features: &Tensor,
        source_rows: usize,
    ) -> Result<Tensor> {
        self.record_logits_of(rec, features, Mode::Evaluation { source_rows })
    }

    pub(super) fn record_logits_of(
        &self,
        rec: &mut Recording,
        features: &Tensor,
        mode: Mode,
    ) -> Result<Tensor> {
        let step = Step::table(&self.gpu, "step", 1)?;
        let logits = self.label_predictor.forward(rec, &step, features, mode)?.y;
        Ok(in_rows(&logits))
    }

    /// As [`Dann::record_logits`], with the features and the domain classifier's opinion.
    ///
    /// # Errors
    /// [`Error::Input`] when x does not fit the network.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn record_inference(&self, rec: &mut Recording, x: &Tensor, domain: Domain) -> Result<Inference> {
        let step = Step::table(&self.gpu, "step", 1)?;
        let mode = Mode::evaluation(domain, x.rows());
        let features = self.feature_extractor.forward(rec, &step, x, mode)?.y;
        let logits = self.label_predictor.forward(rec, &step, &features, mode)?.y;
        let given = Given::record(rec, self.spec.domain_input, &features, &logits)?;
        let domains = self.domain_classifier.forward(rec, &step, &given.x, mode)?.y;
        Ok(Inference { features, logits, domains })
    }
}

impl fmt::Debug for Dann {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dann")
            .field("gpu", &self.gpu.name())
            .field("input", &self.spec.input.shape())
            .field("parameters", &self.parameters)
            .finish_non_exhaustive()
    }
}
