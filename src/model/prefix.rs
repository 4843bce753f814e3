//! The part of a network that gives the same of an image in every step, as nothing in it learns or draws.

use super::dann::Dann;
use super::network::Prefix;
use super::objective::Objective;
use super::update::Update;
use crate::error::Result;
use crate::gpu::{Recording, Tensor};

impl Dann {
    /// The part of the feature extractor that gives the same of an image in every step, if there is one.
    pub(crate) fn prefix(&self, objective: &Objective) -> Option<Prefix> {
        let update = Update::of(objective);
        let frozen = |name: &str| update.is_frozen(name);
        self.feature_extractor.prefix(&frozen, &|name| self.has_rest() && frozen(name))
    }

    /// Records what `prefix` gives in a step of x (N, C, H, W), whose first `labelled` rows are labelled.
    ///
    /// # Errors
    /// [`crate::error::Error::Input`] when x does not fit the network.
    pub(crate) fn record_prefix(
        &self,
        prefix: &Prefix,
        rec: &mut Recording,
        step: &Tensor,
        (x, labelled): (&Tensor, usize),
        objective: &Objective,
    ) -> Result<Tensor> {
        let mode = objective.mode(labelled);
        self.feature_extractor.forward_up_to(prefix, rec, step, x, mode, &|_| self.has_rest())
    }
}
