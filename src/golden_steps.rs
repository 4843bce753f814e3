//! Golden cases of whole training steps: the recording that a training replays, fed with a file's batches.

use crate::check::{Array, Bound, Comparison, GoldenCase, Values, compare};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};
use crate::model::{Dann, DomainLoss, ModelSpec, Objective};
use crate::ops::Step;
use crate::ops::optimizers::OptimizerSpec;
use crate::ops::sgd::Sgd;
use crate::train::{Config, TrainingStep};
use std::collections::BTreeMap;

const ATTRIBUTES: [&str; 8] = ["net", "n", "size", "steps", "lambda", "lr", "momentum", "domain_loss"];
/// The step whose gradients a file holds: the first one with λ above 0.
const GRADIENT_STEP: usize = 1;
/// How far results may lie from the file's.
struct Tolerances {
    /// Of each loss.
    loss: f64,
    /// Of the L2 norm of gradients and parameters: ten steps of rounding.
    tensor: f64,
}

const F32: Tolerances = Tolerances { loss: 1e-4, tensor: 2e-4 };
/// Operands rounded to f16 (2⁻¹¹), and what that changes in ReLUs and windows.
const MIXED: Tolerances = Tolerances { loss: 1e-2, tensor: 1e-1 };

/// Runs the case and compares everything that the file expects.
///
/// # Errors
/// [`Error::Input`] naming what the case holds and this program does not know.
pub fn run(gpu: &Gpu, golden: &GoldenCase) -> Result<Vec<Comparison>> {
    let case = Steps::read(golden)?;
    let spec = case.spec()?;
    let model = Dann::new(gpu, &spec)?;
    let names: Vec<&str> = model.parameters.infos().iter().map(|info| info.name.as_str()).collect();
    let mut tensors: Vec<String> = names.iter().map(|name| format!("init.{name}")).collect();
    tensors.extend(["x".into(), "labels".into()]);
    let tensors: Vec<&str> = tensors.iter().map(String::as_str).collect();
    golden.case.expect_known(&ATTRIBUTES, &tensors)?;
    case.check_tensors(&spec)?;
    case.initialize(&model)?;
    let outcome = case.train(&model)?;
    let tolerances = if gpu.variant().is_mixed() { MIXED } else { F32 };
    golden.expect.iter().map(|(name, expected)| outcome.compare(name, expected, &tolerances)).collect()
}

/// A case's attributes.
struct Steps<'a> {
    golden: &'a GoldenCase,
    rows: usize,
    size: usize,
    lambda: Vec<f32>,
    learning_rate: Vec<f32>,
    objective: Objective,
}

/// What training left behind.
struct Outcome {
    losses: [Vec<f32>; 2],
    gradients: BTreeMap<String, Vec<f32>>,
    parameters: BTreeMap<String, Vec<f32>>,
}

impl<'a> Steps<'a> {
    fn read(golden: &'a GoldenCase) -> Result<Self> {
        let case = &golden.case;
        let named = |attribute: &str, known: &str| match case.attributes.get(attribute) {
            Some(value) if value.as_str() == Some(known) => Ok(()),
            found => {
                let found = found.map_or("none".into(), ToString::to_string);
                Err(Error::input(case.attribute_of(attribute), format!("\"{known}\""), found))
            }
        };
        named("net", "paper")?;
        let domain_loss = match named("domain_loss", "mean") {
            Ok(()) => DomainLoss::Mean,
            Err(_) => named("domain_loss", "sum").map(|()| DomainLoss::Sum)?,
        };
        let steps = case.size("steps")?;
        let list = |attribute: &str| {
            let values = case.attributes.get(attribute).and_then(|value| value.as_array());
            let values: Option<Vec<f32>> =
                values.and_then(|list| list.iter().map(|v| v.as_f64().map(|v| v as f32)).collect());
            let right = values.filter(|list| list.len() == steps && list.iter().all(|v| v.is_finite()));
            let expected = format!("{steps} numbers, one a step");
            right.ok_or_else(|| Error::input(case.attribute_of(attribute), expected, "others"))
        };
        Ok(Self {
            golden,
            rows: case.size("n")?,
            size: case.size("size")?,
            lambda: list("lambda")?,
            learning_rate: list("lr")?,
            objective: Objective {
                domain_loss: Some(domain_loss),
                optimizer: OptimizerSpec::Sgd(Sgd {
                    momentum: case.real("momentum")?,
                    nesterov: false,
                    weight_decay: 0.0,
                }),
                parameter_groups: vec![],
                clip_norm: None,
            },
        })
    }

    fn spec(&self) -> Result<ModelSpec> {
        let mut spec = Config::preset("paper")?.model;
        (spec.input.height, spec.input.width) = (self.size, self.size);
        Ok(spec)
    }

    fn check_tensors(&self, spec: &ModelSpec) -> Result<()> {
        let (steps, rows) = (self.lambda.len(), self.rows);
        let input = spec.input.shape();
        let x = [steps, 2 * rows, input.channels, input.height, input.width];
        self.golden.case.expect_reals("x", &x)?;
        self.golden.case.expect_indices("labels", &[steps, rows], spec.classes()?)
    }

    fn initialize(&self, model: &Dann) -> Result<()> {
        let mut values = BTreeMap::new();
        for info in model.parameters.infos() {
            let tensor = format!("init.{}", info.name);
            self.golden.case.expect_reals(&tensor, &info.dims)?;
            let value = self.golden.case.reals(&tensor)?;
            values.insert(info.name.clone(), value.into_iter().map(|v| v as f32).collect());
        }
        model.write(&values)
    }

    fn train(&self, model: &Dann) -> Result<Outcome> {
        let gpu = model.gpu();
        let steps = self.lambda.len();
        let training = TrainingStep::new(model, self.rows, self.objective.clone(), steps)?;
        let x: Vec<f32> = self.golden.case.reals("x")?.into_iter().map(|v| v as f32).collect();
        let labels = self.golden.case.whole("labels")?;
        let rows: Vec<Step> = (0..steps).map(|index| self.step(index)).collect();
        let table = Tensor::from_slice(gpu, "steps", &[steps, 8], &rows)?;
        let mut gradients = BTreeMap::new();
        for index in 0..steps {
            let (batch, count) = (&training.batch, training.batch.x.len());
            batch.x.write(gpu, &x[index * count..][..count])?;
            batch.labels.write(gpu, &labels[index * self.rows..][..self.rows])?;
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            training.encode(&mut encoder, &table, index, None);
            gpu.submit(encoder);
            if index == GRADIENT_STEP {
                gradients = model.parameters.read(gpu, &model.parameters.grads)?;
            }
        }
        let metrics: Vec<f32> = training.outputs.metrics_buffer.table.read(gpu)?;
        let column = |column: usize| metrics.chunks(4).map(|row| row[column]).collect();
        let parameters = model.parameters.read(gpu, &model.parameters.values)?;
        Ok(Outcome { losses: [column(0), column(2)], gradients, parameters })
    }

    fn step(&self, index: usize) -> Step {
        Step {
            index: index as u32,
            lambda: self.lambda[index],
            learning_rate: self.learning_rate[index],
            ..Step::default()
        }
    }
}

impl Outcome {
    fn compare(&self, name: &str, expected: &Array, tolerances: &Tolerances) -> Result<Comparison> {
        let unknown = || Error::input("expect", "label_loss, domain_loss, grad1.* and final.*", name);
        let values = match name {
            "label_loss" => &self.losses[0],
            "domain_loss" => &self.losses[1],
            _ => {
                let gradient = name.strip_prefix("grad1.").and_then(|name| self.gradients.get(name));
                let parameter = name.strip_prefix("final.").and_then(|name| self.parameters.get(name));
                gradient.or(parameter).ok_or_else(unknown)?
            }
        };
        let loss = name.ends_with("_loss");
        let answers = expected.reals().ok_or_else(|| Error::input(name, "real numbers", "whole ones"))?;
        let norm = answers.iter().map(|v| v * v).sum::<f64>().sqrt();
        let bound = if loss {
            let each = answers.iter().map(|answer| tolerances.loss * answer.abs()).collect();
            Bound { each, l2: f64::INFINITY }
        } else {
            Bound { each: vec![f64::INFINITY; answers.len()], l2: tolerances.tensor * norm }
        };
        // A tensor of another length fails by its length; one of another shape holds the same values in order.
        let dims = if values.len() == expected.len() { expected.dims.clone() } else { vec![values.len()] };
        let actual = Array { dims, values: Values::F32(values.clone()) };
        compare(name, &actual, expected, &bound)
    }
}
