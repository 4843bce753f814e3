//! What a model thinks of one image.

use dann::train::{Checkpoint, Inspection, Method, argmax, softmax};
use serde::Serialize;

/// How many classes an explanation names.
const EXPLAINED: usize = 3;

/// What a model thinks of one image.
pub struct Opinion {
    pub file: String,
    pub class: String,
    pub probability: f64,
    pub probabilities: Vec<f64>,
    pub logits: Vec<f32>,
    /// The likeliest classes, the first of them first.
    pub top: Vec<Likely>,
    /// What the domain classifier says; `None` where the method leaves it untrained.
    pub domain: Option<Domains>,
}

/// A class and how likely it is.
#[derive(Serialize)]
pub struct Likely {
    pub class: String,
    pub probability: f64,
}

/// How likely the image comes from each domain.
#[derive(Clone, Copy, Serialize)]
pub struct Domains {
    pub source: f64,
    pub target: f64,
}

impl Opinion {
    /// One for each image of `inspection`, called `names` in the same order.
    pub fn all(
        checkpoint: &Checkpoint,
        inspection: &Inspection,
        names: impl ExactSizeIterator<Item = String>,
    ) -> Vec<Self> {
        let classes = inspection.logits.len() / names.len();
        let trained = checkpoint.config.training.method == Method::Dann;
        let rows = inspection.logits.chunks(classes).zip(inspection.domains.chunks(2));
        let domain = |row: &[f32]| {
            let shares = softmax(row);
            trained.then(|| Domains { source: shares[0], target: shares[1] })
        };
        names
            .zip(rows)
            .map(|(file, (logits, domains))| Self::of(checkpoint, file, logits, domain(domains)))
            .collect()
    }

    fn of(checkpoint: &Checkpoint, file: String, logits: &[f32], domain: Option<Domains>) -> Self {
        let probabilities = softmax(logits);
        let best = argmax(logits);
        let mut order: Vec<usize> = (0..logits.len()).collect();
        // A stable sort, so that of equal ones the first stays the first, as argmax has it.
        order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]));
        let likely = |&k: &usize| Likely { class: checkpoint.class(k), probability: probabilities[k] };
        Self {
            file,
            class: checkpoint.class(best),
            probability: probabilities[best],
            top: order.iter().take(EXPLAINED).map(likely).collect(),
            logits: logits.to_vec(),
            probabilities,
            domain,
        }
    }
}
