//! Whole trainings of a network with a backbone.

use super::stream::Stream;
use crate::check::{Array, Bound, Comparison, compare, compare_reals};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::{Backbone, BatchNorm2d, Dann, Dense, Domain, DomainLoss, GlobalAvgPool2d, InputSpec};
use crate::model::{LayerSpec, ModelSpec, Normalization, Objective, Relu};
use crate::ops::Step;
use crate::shape::MapShape;
use crate::train::{Lambda, LearningRate, OptimizerSpec, ParameterGroup, Sgd, TrainingSpec, TrainingStep};
use serde::Deserialize;
use std::collections::BTreeMap;

/// How many times as far as PyTorch's own f32 results may lie from those in f64, and what is allowed besides.
const TIMES: f64 = 20.0;
const BESIDES: f64 = 1e-4;
/// The largest error of the first logits.
const FIRST_LOGITS: f64 = 1e-4;
/// The step whose gradients a file holds.
const GRADIENT_STEP: usize = 1;
/// What is that small beside the largest is 0 but for rounding: the gradient of a bias in front of batch norm.
const NOTHING: f64 = 1e-9;

/// The case of a network.
#[derive(Debug, Deserialize)]
pub(super) struct Network {
    pub name: String,
    backbone: Backbone,
    rows_a_domain: usize,
    size: usize,
    classes: usize,
    bottleneck: usize,
    hidden: usize,
    steps: usize,
    optimizer: Optimizer,
    domain_loss: DomainLoss,
    lambda: Vec<f32>,
    learning_rate: Vec<f32>,
    tensors: Vec<Computed>,
    x: Stream,
    labels: Vec<Vec<u32>>,
    expect: Expected,
    pytorch_f32_differs_by: Differences,
}

#[derive(Debug, Deserialize)]
struct Optimizer {
    momentum: f32,
    nesterov: bool,
    weight_decay: f32,
    backbone_learning_rate_factor: f32,
}

/// A tensor, by its name in the module that the file is made with.
#[derive(Debug, Deserialize)]
struct Computed {
    name: String,
    shape: Vec<usize>,
    #[serde(flatten)]
    stream: Stream,
}

#[derive(Debug, Deserialize)]
struct Expected {
    label_loss: Vec<f64>,
    domain_loss: Vec<f64>,
    first_logits: Vec<Vec<f64>>,
    grad1: Vec<Digest>,
    r#final: Vec<Digest>,
    evaluation_logits_of_x0: Vec<Vec<f64>>,
}

/// What a tensor too large to store is told by.
#[derive(Debug, Deserialize)]
struct Digest {
    name: String,
    sum_of_squares: f64,
    dot: f64,
}

#[derive(Debug, Deserialize)]
struct Differences {
    label_loss: f64,
    domain_loss: f64,
    evaluation_logits_of_x0: f64,
    grad1_norms_relative: f64,
    final_norms_relative: f64,
}

/// What training left behind.
struct Outcome {
    losses: [Vec<f64>; 2],
    first_logits: Vec<f64>,
    evaluation_logits: Vec<f64>,
    gradients: BTreeMap<String, Vec<f32>>,
    learned: BTreeMap<String, Vec<f32>>,
}

/// The name that a tensor of the file's module has here.
fn own_name(name: &str) -> String {
    const LAYERS: [(&str, &str); 8] = [
        ("bottleneck.0.", "feature_extractor.dense1."),
        ("bottleneck.1.", "feature_extractor.batch_norm1."),
        ("label_predictor.", "label_predictor.dense1."),
        ("domain_classifier.0.", "domain_classifier.dense1."),
        ("domain_classifier.1.", "domain_classifier.batch_norm1."),
        ("domain_classifier.3.", "domain_classifier.dense2."),
        ("domain_classifier.4.", "domain_classifier.batch_norm2."),
        ("domain_classifier.6.", "domain_classifier.dense3."),
    ];
    let layer = LAYERS.iter().find_map(|(theirs, own)| Some((own, name.strip_prefix(theirs)?)));
    layer.map_or_else(|| name.to_owned(), |(own, tensor)| format!("{own}{tensor}"))
}

/// A dense layer with batch norm and ReLU behind it.
fn normalized(outputs: usize) -> [LayerSpec; 3] {
    [Dense::new(outputs).into(), BatchNorm2d::default().into(), Relu::default().into()]
}

impl Network {
    fn spec(&self) -> ModelSpec {
        let normalization = Normalization { scale: vec![1.0; 3], shift: vec![0.0; 3] };
        let extractor =
            [vec![GlobalAvgPool2d::default().into()], normalized(self.bottleneck).to_vec()].concat();
        let hidden = normalized(self.hidden);
        let classifier = [&hidden[..], &hidden, &[Dense::new(2).into()]].concat();
        let input = InputSpec::new(MapShape::new(3, self.size, self.size), normalization);
        let predictor = vec![Dense::new(self.classes).into()];
        let mut spec = ModelSpec::new(input, extractor, predictor, classifier);
        spec.backbone = Some(self.backbone);
        spec
    }

    fn objective(&self) -> Result<Objective> {
        let Optimizer { momentum, nesterov, weight_decay, backbone_learning_rate_factor } = self.optimizer;
        // The schedules are the file's own.
        let (rate, lambda) = (LearningRate::new(1.0, 0.0, 0.0), Lambda::new(1.0, 1.0));
        let mut training = TrainingSpec::new(1, self.rows_a_domain, rate, lambda);
        let mut sgd = Sgd::new(momentum);
        (sgd.nesterov, sgd.weight_decay) = (nesterov, weight_decay);
        training.optimizer = Some(OptimizerSpec::Sgd(sgd));
        let mut group = ParameterGroup::new("backbone");
        group.learning_rate = backbone_learning_rate_factor;
        training.parameter_groups = vec![group];
        training.domain_loss = self.domain_loss;
        training.objective()
    }

    /// Refuses lists that do not go with the number of steps and rows.
    fn check(&self) -> Result<()> {
        let steps = [self.lambda.len(), self.learning_rate.len(), self.labels.len()];
        let rows = self.labels.iter().all(|labels| labels.len() == self.rows_a_domain);
        if steps == [self.steps; 3] && rows && self.steps > GRADIENT_STEP {
            return Ok(());
        }
        let expected = format!("λ, learning rates and labels of {} rows for each step", self.rows_a_domain);
        Err(Error::input(&self.name, expected, format!("lists of {steps:?}")))
    }

    /// Runs the case and compares everything that the file expects.
    pub fn compare(&self, gpu: &Gpu) -> Result<Vec<Comparison>> {
        self.check()?;
        let model = Dann::new(gpu, &self.spec())?;
        self.initialize(&model)?;
        let outcome = self.train(&model)?;
        let relax = |bound: Bound| if gpu.variant().is_mixed() { bound.rounded_to_half() } else { bound };
        let near = |name: &str, actual: &[f64], expected: &[f64], (most, relative): (f64, f64)| {
            let each = expected.iter().map(|value| most + relative * value.abs()).collect();
            compare_reals(name, actual, expected, &relax(Bound { each, l2: f64::INFINITY }))
        };
        let (expect, differs) = (&self.expect, &self.pytorch_f32_differs_by);
        let later = |difference: f64| (TIMES * difference, BESIDES);
        let [label_loss, domain_loss] = &outcome.losses;
        let evaluated = later(differs.evaluation_logits_of_x0);
        let first = expect.first_logits.concat();
        let mut all = vec![
            near("label_loss", label_loss, &expect.label_loss, later(differs.label_loss)),
            near("domain_loss", domain_loss, &expect.domain_loss, later(differs.domain_loss)),
            near("first_logits", &outcome.first_logits, &first, (FIRST_LOGITS, 0.0)),
            near(
                "evaluation_logits",
                &outcome.evaluation_logits,
                &expect.evaluation_logits_of_x0.concat(),
                evaluated,
            ),
        ];
        let digests = [
            ("grad1", &expect.grad1, &outcome.gradients, differs.grad1_norms_relative),
            ("final", &expect.r#final, &outcome.learned, differs.final_norms_relative),
        ];
        for (prefix, expected, found, difference) in digests {
            all.extend(
                self.digests(prefix, expected, found, TIMES * difference + BESIDES)?
                    .into_iter()
                    .map(|(name, actual, expected, bound)| {
                        compare(&name, &Array::f64(&[2], actual), &Array::f64(&[2], expected), &relax(bound))
                    })
                    .collect::<Result<Vec<_>>>()?,
            );
        }
        Ok(all)
    }

    /// Writes the tensors of the file, all of the model's, into it.
    fn initialize(&self, model: &Dann) -> Result<()> {
        let known = model.tensors();
        let mut values = BTreeMap::new();
        for Computed { name, shape, stream } in &self.tensors {
            let own = own_name(name);
            let fits = known.get(&own).is_some_and(|tensor| tensor.dims() == shape);
            if !fits {
                let expected = format!("tensors of {} with heads, and their shapes", self.backbone);
                return Err(Error::input(&self.name, expected, format!("{name} {shape:?}")));
            }
            values.insert(own, stream.values(0, shape.iter().product()));
        }
        model.write(&values)
    }

    fn train(&self, model: &Dann) -> Result<Outcome> {
        let (gpu, rows) = (model.gpu(), self.rows_a_domain);
        let training = TrainingStep::new(model, rows, self.objective()?, self.steps)?;
        let table = Tensor::from_slice(gpu, "steps", &[self.steps, Step::WORDS], &self.rows())?;
        let count = training.batch.x.len();
        let (mut first_logits, mut gradients) = (vec![], BTreeMap::new());
        for (index, labels) in self.labels.iter().enumerate() {
            training.batch.x.write(gpu, &self.x.values(index * count, count))?;
            training.batch.labels.write(gpu, labels)?;
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            training.encode(&mut encoder, &table, index, None);
            gpu.submit(encoder);
            if index == 0 {
                first_logits = reals(gpu, &training.outputs.logits)?;
            }
            if index == GRADIENT_STEP {
                gradients = model.parameters().read(gpu, &model.parameters().grads)?;
            }
        }
        let metrics = &training.outputs.metrics_buffer.table;
        let columns = metrics.map().len();
        let metrics = reals(gpu, metrics)?;
        let column = |at: usize| metrics.chunks(columns).map(|row| row[at]).collect();
        training.batch.x.write(gpu, &self.x.values(0, count))?;
        let mut rec = Recording::new(gpu);
        let logits = model.record_logits(&mut rec, &training.batch.x, Domain::Source)?;
        rec.submit();
        Ok(Outcome {
            losses: [column(0), column(2)],
            first_logits,
            evaluation_logits: reals(gpu, &logits)?,
            gradients,
            learned: model.read()?.into_iter().map(|(name, (_, values))| (name, values)).collect(),
        })
    }

    fn rows(&self) -> Vec<Step> {
        let schedules = self.lambda.iter().zip(&self.learning_rate);
        let row = |(index, (&lambda, &learning_rate))| Step {
            index: index as u32,
            lambda,
            learning_rate,
            ..Step::default()
        };
        (0..).zip(schedules).map(row).collect()
    }

    /// Name, found and expected digests of each tensor, and their bound, where its values may lie `relative` off. A wrong
    /// order of values leaves the sum of squares and moves the dot product by about its own size, √(Σ value²) / √3; where
    /// the sum of squares is `relative` off, the values may be √`relative` off, and six standard deviations of the dot
    /// product with numbers drawn evenly are allowed for that.
    #[allow(clippy::type_complexity)] // the four arguments of a comparison
    fn digests(
        &self,
        prefix: &str,
        expected: &[Digest],
        found: &BTreeMap<String, Vec<f32>>,
        relative: f64,
    ) -> Result<Vec<(String, Vec<f64>, Vec<f64>, Bound)>> {
        let largest = expected.iter().map(|digest| digest.sum_of_squares).fold(0.0, f64::max);
        let one = |digest: &Digest| {
            let computed = self.tensors.iter().find(|computed| computed.name == digest.name);
            let values = found.get(&own_name(&digest.name)).zip(computed);
            let unknown = || Error::input(&self.name, "digests of the network's tensors", &digest.name);
            let (values, computed) = values.ok_or_else(unknown)?;
            let others = computed.stream.of_dot().values(0, values.len());
            let products = values.iter().zip(others).map(|(&v, other)| f64::from(v) * f64::from(other));
            let squares = values.iter().map(|&v| f64::from(v).powi(2)).sum();
            let size = digest.sum_of_squares + NOTHING * largest;
            let of_dot = 6.0 * (relative.min(1.0) * size / 3.0).sqrt();
            let bound = Bound {
                each: vec![relative * digest.sum_of_squares + NOTHING * largest, of_dot],
                l2: f64::INFINITY,
            };
            let expected = vec![digest.sum_of_squares, digest.dot];
            Ok((format!("{prefix}.{}", digest.name), vec![squares, products.sum()], expected, bound))
        };
        expected.iter().map(one).collect()
    }
}

fn reals(gpu: &Gpu, tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.read::<f32>(gpu)?.into_iter().map(f64::from).collect())
}
