//! What is predicted of target rows without augmentation: the pseudo-labels of FixMatch (Sohn et al. 2020).

use super::batch::Batch;
use super::dann::Dann;
use super::network::Prefix;
use super::objective::Objective;
use super::stage::Mode;
use crate::error::{Error, Result};
use crate::gpu::{Phase, Recording, Tensor};
use crate::ops::gather_batch::Domain;

impl Dann {
    /// Records the logits (T, K) of the batch's target rows without augmentation, as they are evaluated, where `objective` asks
    /// for pseudo-labels. No gradient passes through them.
    pub(super) fn record_plain(
        &self,
        prefix: Option<&Prefix>,
        rec: &mut Recording,
        step: &Tensor,
        batch: &Batch,
        objective: &Objective,
    ) -> Result<Option<Tensor>> {
        if !objective.has_pseudo_labels() {
            return Ok(None);
        }
        let missing = || Error::input("batch", "target rows without augmentation, for pseudo-labels", "none");
        let x = batch.plain.as_ref().ok_or_else(missing)?;
        rec.phase(Phase::Forward);
        let mode = Mode::evaluation(Domain::Target, x.rows());
        // Where an average is kept, it is the mean teacher of Tarvainen & Valpola (2017).
        let teacher = self.evaluated();
        let features = teacher.feature_extractor.forward_behind(prefix, rec, step, x, mode, &|_| false)?;
        teacher.record_logits_of(rec, &features.y, mode).map(Some)
    }
}
