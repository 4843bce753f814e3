//! How many rows of each domain a batch has.

use super::training_spec::TrainingSpec;
use crate::model::Domain;

impl TrainingSpec {
    /// Has each step take `rows` of either domain, whatever the recipe says of the target's.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn set_batch(&mut self, rows: usize) {
        (self.batch, self.target_batch) = (rows, None);
    }

    /// Rows of the labelled domain in a batch, [`Domain::Source`] here whatever it is, or of the other one.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn rows_of(&self, domain: Domain) -> usize {
        if domain == Domain::Source { self.batch } else { self.target_batch.unwrap_or(self.batch) }
    }

    /// Images of a domain that a step looks at.
    pub(super) fn images_per_step(&self, domain: Domain) -> usize {
        self.rows_of(domain).saturating_mul(self.accumulate)
    }
}
