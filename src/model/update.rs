//! From the gradients to new parameters: groups of parameters, clipping, and the optimiser's state.

use super::objective::Objective;
use super::parameters::{ParameterInfo, Parameters};
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Recording, Tensor};
use crate::ops::optimizer::{Operands, Optimizer, ParameterGroup, Settings};
use crate::ops::{axpy, clip_grad_norm};

/// How the parameters are brought up to date.
pub(super) struct Update<'a> {
    pub optimizer: &'a dyn Optimizer,
    pub groups: &'a [ParameterGroup],
    pub clip_norm: Option<f32>,
    pub accumulate: usize,
    /// Whether there is a domain loss; without one the domain classifier has no gradient, and nothing moves it.
    pub tells_domains: bool,
}

/// What the names of the domain classifier's parameters begin with.
const DOMAIN_CLASSIFIER: &str = "domain_classifier.";

/// What an optimiser keeps: every slot in a flat buffer of its own, laid out as the parameters.
#[derive(Clone, Debug)]
pub struct OptimizerState {
    /// By the slot's name.
    pub slots: Vec<(&'static str, Tensor)>,
}

impl OptimizerState {
    /// State of zeros.
    fn new(gpu: &Gpu, optimizer: &dyn Optimizer, parameters: &Parameters) -> Result<Self> {
        let slot = |name: &&'static str| {
            Ok((*name, Tensor::zeros(gpu, &format!("optimizer.{name}"), parameters.values.dims())?))
        };
        Ok(Self { slots: optimizer.slots().iter().map(slot).collect::<Result<_>>()? })
    }
}

/// Parameters that lie side by side and are trained alike.
#[derive(Clone, Copy, Debug)]
struct Range {
    start: usize,
    end: usize,
    learning_rate: f32,
    weight_decay: f32,
}

impl Range {
    /// Whether `next` lies right behind and is trained alike.
    fn goes_on_with(&self, next: &Self) -> bool {
        self.end == next.start
            && (self.learning_rate, self.weight_decay) == (next.learning_rate, next.weight_decay)
    }
}

impl<'a> Update<'a> {
    /// As `objective` says.
    pub fn of(objective: &'a Objective) -> Self {
        let Objective { optimizer, parameter_groups, clip_norm, accumulate, .. } = objective;
        let (optimizer, clip_norm, accumulate) = (optimizer.optimizer(), *clip_norm, *accumulate);
        let tells_domains = objective.domain_loss.is_some();
        Self { optimizer, groups: parameter_groups, clip_norm, accumulate, tells_domains }
    }

    /// The group of the parameter called `name`, if it is in one.
    fn group(&self, name: &str) -> Option<&ParameterGroup> {
        let holding = self.groups.iter().filter(|group| group.holds(name));
        holding.max_by_key(|group| group.parameters.len())
    }

    /// Whether the parameter called `name` stays as it is.
    pub fn is_frozen(&self, name: &str) -> bool {
        self.is_idle(name) || self.group(name).is_some_and(|group| group.frozen)
    }

    /// Whether nothing asks for a gradient of the parameter called `name`. PyTorch's optimisers leave such ones out: a gradient
    /// of zeros would let weight decay shrink them.
    fn is_idle(&self, name: &str) -> bool {
        !self.tells_domains && name.starts_with(DOMAIN_CLASSIFIER)
    }

    /// Where the parameters that learn lie in the flat buffers.
    pub fn learning(&self, parameters: &Parameters) -> Result<Vec<std::ops::Range<usize>>> {
        Ok(self.ranges(parameters)?.iter().map(|range| range.start..range.end).collect())
    }

    /// The parameters that learn, neighbours that are trained alike taken together.
    fn ranges(&self, parameters: &Parameters) -> Result<Vec<Range>> {
        let infos = parameters.infos();
        for group in self.groups {
            if !infos.iter().any(|info| group.holds(&info.name)) {
                let expected = "what names of parameters begin with";
                return Err(Error::input("training.parameter_groups", expected, &group.parameters));
            }
        }
        let mut ranges: Vec<Range> = Vec::new();
        for (index, info) in infos.iter().enumerate() {
            let end = infos.get(index + 1).map_or(parameters.values.len(), ParameterInfo::start);
            let Some(range) = self.range(info, end) else { continue };
            match ranges.last_mut() {
                Some(last) if last.goes_on_with(&range) => last.end = end,
                _ => ranges.push(range),
            }
        }
        if ranges.is_empty() {
            return Err(self.nothing_learns());
        }
        Ok(ranges)
    }

    fn nothing_learns(&self) -> Error {
        let expected = match self.tells_domains {
            true => "a parameter that is not frozen",
            false => {
                "a parameter that is not frozen, beside the domain classifier, which this method leaves out"
            }
        };
        Error::input("training.parameter_groups", expected, "none")
    }

    /// One parameter up to where the next one starts, unless it is frozen.
    fn range(&self, info: &ParameterInfo, end: usize) -> Option<Range> {
        if self.is_frozen(&info.name) {
            return None;
        }
        let (start, own) = (info.start(), self.optimizer.weight_decay());
        match self.group(&info.name) {
            Some(ParameterGroup { learning_rate, weight_decay, .. }) => {
                let weight_decay = weight_decay.unwrap_or(own);
                Some(Range { start, end, learning_rate: *learning_rate, weight_decay })
            }
            None => Some(Range { start, end, learning_rate: 1.0, weight_decay: own }),
        }
    }

    /// Records that a batch's gradients are added to the mean of several batches' gradients, where these make one update; gives
    /// that mean, laid out as the parameters.
    pub fn record_mean(&self, rec: &mut Recording, parameters: &Parameters) -> Result<Option<Tensor>> {
        if self.accumulate == 1 {
            return Ok(None);
        }
        let mean = Tensor::zeros(rec.gpu(), "mean gradients", parameters.grads.dims())?;
        for Range { start, end, .. } in self.ranges(parameters)? {
            let [grads, mean] = [&parameters.grads, &mean].map(|tensor| tensor.part(start, &[end - start]));
            axpy::accumulate(rec, 1.0 / self.accumulate as f32, &grads, &mean)?;
        }
        Ok(Some(mean))
    }

    /// Records the update of all parameters that are not frozen by `grads`, laid out as they are; gives the state that it keeps.
    pub fn record(
        &self,
        rec: &mut Recording,
        (parameters, grads): (&Parameters, &Tensor),
        step: &Tensor,
        faults: &Tensor,
    ) -> Result<OptimizerState> {
        let gpu = rec.gpu().clone();
        let state = OptimizerState::new(&gpu, self.optimizer, parameters)?;
        let ranges = self.ranges(parameters)?;
        let part = |tensor: &Tensor, range: &Range| tensor.part(range.start, &[range.end - range.start]);
        let grads: Vec<Tensor> = ranges.iter().map(|range| part(grads, range)).collect();
        let scale = match self.clip_norm {
            Some(max_norm) => clip_grad_norm::factor(rec, &grads, max_norm)?,
            None => Tensor::from_slice(&gpu, "scale of gradients", &[1], &[1.0_f32])?,
        };
        for (range, grad) in ranges.iter().zip(&grads) {
            let slots: Vec<Tensor> = state.slots.iter().map(|(_, slot)| part(slot, range)).collect();
            let weight = &part(&parameters.values, range);
            let operands = Operands { step, grad, scale: &scale, slots: &slots, weight, faults };
            let Range { start, learning_rate, weight_decay, .. } = *range;
            let settings = Settings { learning_rate, weight_decay, first: start };
            self.optimizer.record(rec, &operands, settings)?;
        }
        Ok(state)
    }
}
