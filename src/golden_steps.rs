//! Golden cases of whole training steps: the recording that a training replays, fed with a file's batches.

use crate::check::{Array, Bound, Case, Comparison, GoldenCase, Values, compare};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Tensor};
use crate::model::{AdaptationLoss, Dann, DomainLoss, ModelSpec, Objective};
use crate::ops::Step;
use crate::train::{Config, TrainingStep};
use std::collections::BTreeMap;

/// Of a case of the paper's network.
const ATTRIBUTES: [&str; 8] = ["net", "n", "size", "steps", "lambda", "lr", "momentum", "domain_loss"];
/// Of a case with a recipe of its own, as TOML.
const OF_RECIPES: [&str; 6] = ["recipe", "steps", "lambda", "lr", "adaptation", "average"];
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
    let mut model = Dann::new(gpu, &case.spec)?;
    if case.averages {
        model.keep_average()?;
    }
    let names: Vec<&str> = model.parameters.infos().iter().map(|info| info.name.as_str()).collect();
    let mut tensors: Vec<String> = names.iter().map(|name| format!("init.{name}")).collect();
    tensors.extend(["x".into(), "labels".into()]);
    tensors.extend(case.objective.has_pseudo_labels().then(|| "plain".into()));
    let tensors: Vec<&str> = tensors.iter().map(String::as_str).collect();
    let attributes: &[&str] = if is_recipe(&golden.case) { &OF_RECIPES } else { &ATTRIBUTES };
    golden.case.expect_known(attributes, &tensors)?;
    case.check_tensors()?;
    case.initialize(&model)?;
    let outcome = case.train(&model)?;
    let tolerances = if gpu.variant().is_mixed() { MIXED } else { F32 };
    golden.expect.iter().map(|(name, expected)| outcome.compare(name, expected, &tolerances)).collect()
}

/// A case's attributes.
struct Steps<'a> {
    golden: &'a GoldenCase,
    spec: ModelSpec,
    rows: usize,
    lambda: Vec<f32>,
    learning_rate: Vec<f32>,
    /// The share of their weights that the methods of adaptation have.
    adaptation: Vec<f32>,
    /// Whether an average is kept, and how much of it stays.
    averages: bool,
    average: Vec<f32>,
    objective: Objective,
}

/// What a case trains, and on how many source rows.
struct Setup {
    spec: ModelSpec,
    rows: usize,
    averages: bool,
    objective: Objective,
}

/// What training left behind.
struct Outcome {
    /// By name.
    losses: Vec<(&'static str, Vec<f32>)>,
    gradients: BTreeMap<String, Vec<f32>>,
    /// Parameters and running statistics.
    learned: BTreeMap<String, Vec<f32>>,
    averages: BTreeMap<String, Vec<f32>>,
}

/// Whether the case has a recipe of its own.
fn is_recipe(case: &Case) -> bool {
    case.attributes.contains_key("recipe")
}

/// The attribute of that name: numbers, one a step.
fn list(case: &Case, attribute: &str, steps: usize) -> Result<Vec<f32>> {
    let values = case.attributes.get(attribute).and_then(|value| value.as_array());
    let values: Option<Vec<f32>> =
        values.and_then(|list| list.iter().map(|v| v.as_f64().map(|v| v as f32)).collect());
    let right = values.filter(|list| list.len() == steps && list.iter().all(|v| v.is_finite()));
    let expected = format!("{steps} numbers, one a step");
    right.ok_or_else(|| Error::input(case.attribute_of(attribute), expected, "others"))
}

/// That of a case of the paper's network.
fn of_paper(case: &Case) -> Result<Setup> {
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
    let size = case.size("size")?;
    let mut config = Config::preset("paper")?;
    (config.model.input.height, config.model.input.width) = (size, size);
    config.training.domain_loss = domain_loss;
    config.training.momentum = Some(case.real("momentum")?);
    config.training.clip_norm = None;
    let objective = config.training.objective()?;
    Ok(Setup { spec: config.model, rows: case.size("n")?, averages: false, objective })
}

/// That of a case with a recipe.
fn of_recipe(case: &Case) -> Result<Setup> {
    let recipe = case.attributes.get("recipe").and_then(|value| value.as_str());
    let key = case.attribute_of("recipe");
    let recipe = recipe.ok_or_else(|| Error::input(&key, "a recipe as TOML", "something else"))?;
    let config = Config::parse(&key, recipe)?;
    let objective = config.training.objective()?;
    let training = config.training;
    Ok(Setup { spec: config.model, rows: training.batch, averages: training.average.is_some(), objective })
}

impl<'a> Steps<'a> {
    fn read(golden: &'a GoldenCase) -> Result<Self> {
        let case = &golden.case;
        let steps = case.size("steps")?;
        let setup = if is_recipe(case) { of_recipe(case)? } else { of_paper(case)? };
        let Setup { spec, rows, averages, objective } = setup;
        let if_there = |attribute: &str| match case.attributes.contains_key(attribute) {
            true => list(case, attribute, steps),
            false => Ok(vec![0.0; steps]),
        };
        let (adaptation, average) = (if_there("adaptation")?, if_there("average")?);
        let (lambda, learning_rate) = (list(case, "lambda", steps)?, list(case, "lr", steps)?);
        Ok(Self { golden, spec, rows, lambda, learning_rate, adaptation, averages, average, objective })
    }

    fn check_tensors(&self) -> Result<()> {
        let (steps, rows) = (self.lambda.len(), self.rows);
        let input = self.spec.input.shape();
        let x = [steps, 2 * rows, input.channels, input.height, input.width];
        self.golden.case.expect_reals("x", &x)?;
        if self.objective.has_pseudo_labels() {
            self.golden.case.expect_reals("plain", &[steps, rows, x[2], x[3], x[4]])?;
        }
        self.golden.case.expect_indices("labels", &[steps, rows], self.spec.classes()?)
    }

    fn initialize(&self, model: &Dann) -> Result<()> {
        // Running statistics start as a new model's do.
        let mut values = read(model)?;
        for info in model.parameters.infos() {
            let tensor = format!("init.{}", info.name);
            self.golden.case.expect_reals(&tensor, &info.dims)?;
            let value = self.golden.case.reals(&tensor)?;
            values.insert(info.name.clone(), value.into_iter().map(|v| v as f32).collect());
        }
        // Running statistics start as those of any model do.
        for (name, tensor) in model.state() {
            values.insert(name, tensor.read(model.gpu())?);
        }
        model.write(&values)
    }

    fn train(&self, model: &Dann) -> Result<Outcome> {
        let gpu = model.gpu();
        let steps = self.lambda.len();
        let training = TrainingStep::new(model, self.rows, self.objective.clone(), steps)?;
        let floats = |tensor: &str| -> Result<Vec<f32>> {
            Ok(self.golden.case.reals(tensor)?.into_iter().map(|v| v as f32).collect())
        };
        let (x, batch) = (floats("x")?, &training.batch);
        let plain = batch.plain.as_ref().map(|tensor| Ok((tensor, floats("plain")?))).transpose()?;
        let labels = self.golden.case.whole("labels")?;
        let rows: Vec<Step> = (0..steps).map(|index| self.step(index)).collect();
        let table = Tensor::from_slice(gpu, "steps", &[steps, Step::WORDS], &rows)?;
        let mut gradients = BTreeMap::new();
        for index in 0..steps {
            let count = batch.x.len();
            batch.x.write(gpu, &x[index * count..][..count])?;
            batch.labels.write(gpu, &labels[index * self.rows..][..self.rows])?;
            if let Some((tensor, values)) = &plain {
                tensor.write(gpu, &values[index * tensor.len()..][..tensor.len()])?;
            }
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            training.encode(&mut encoder, &table, index, None);
            gpu.submit(encoder);
            if index == GRADIENT_STEP {
                gradients = model.parameters.read(gpu, &model.parameters.grads)?;
            }
        }
        let averages = model.average().map_or(Ok(BTreeMap::new()), read)?;
        let losses = losses(gpu, &training.outputs.metrics_buffer.table)?;
        Ok(Outcome { losses, gradients, learned: read(model)?, averages })
    }

    fn step(&self, index: usize) -> Step {
        Step {
            index: index as u32,
            lambda: self.lambda[index],
            learning_rate: self.learning_rate[index],
            adaptation: self.adaptation[index],
            average: self.average[index],
            ..Step::default()
        }
    }
}

/// Everything that a model has learned, by name.
fn read(model: &Dann) -> Result<BTreeMap<String, Vec<f32>>> {
    Ok(model.read()?.into_iter().map(|(name, (_, values))| (name, values)).collect())
}

/// The losses that steps have reported, by name.
fn losses(gpu: &Gpu, table: &Tensor) -> Result<Vec<(&'static str, Vec<f32>)>> {
    let (metrics, columns): (Vec<f32>, _) = (table.read(gpu)?, table.map().len());
    let named = [
        ("label_loss", 0),
        ("domain_loss", 2),
        ("target_entropy", AdaptationLoss::Entropy.column()),
        ("class_confusion", AdaptationLoss::ClassConfusion.column()),
        ("virtual_adversarial", AdaptationLoss::VirtualAdversarial.column()),
        ("virtual_adversarial_source", AdaptationLoss::VirtualAdversarialSource.column()),
        ("pseudo_label", AdaptationLoss::PseudoLabel.column()),
        ("pseudo_labelled", AdaptationLoss::PseudoLabelled.column()),
    ];
    let known = named.into_iter().filter(|(_, column)| *column < columns);
    Ok(known.map(|(name, at)| (name, metrics.chunks(columns).map(|row| row[at]).collect())).collect())
}

impl Outcome {
    fn compare(&self, name: &str, expected: &Array, tolerances: &Tolerances) -> Result<Comparison> {
        let known = self.losses.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        let unknown = || Error::input("expect", format!("{known}, grad1.*, final.* and average.*"), name);
        let loss = self.losses.iter().find(|(known, _)| *known == name).map(|(_, values)| values);
        let gradient = name.strip_prefix("grad1.").and_then(|name| self.gradients.get(name));
        let learned = name.strip_prefix("final.").and_then(|name| self.learned.get(name));
        let average = name.strip_prefix("average.").and_then(|name| self.averages.get(name));
        let values = loss.or(gradient).or(learned).or(average).ok_or_else(unknown)?;
        let answers = expected.reals().ok_or_else(|| Error::input(name, "real numbers", "whole ones"))?;
        let norm = answers.iter().map(|v| v * v).sum::<f64>().sqrt();
        let bound = if loss.is_some() {
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
