//! What `dann train` writes for TensorBoard besides its own files.

use dann::data::Dataset;
use dann::error::Result;
use dann::model::{Dann, Normalization};
use dann::report::pictures::Picture;
use dann::report::tensorboard::{Embeddings, EventFile, write_embeddings};
use dann::train::{EpochRecord, Inspection, Inspector, StepMetrics, argmax};
use std::path::{Path, PathBuf};

/// Images of a domain that are shown, and whose features are embedded.
const IMAGES: usize = 200;
/// Images a class in a picture of predictions.
const COLUMNS: usize = 12;

/// A domain's test part, for the eyes of people alone.
pub struct Shown<'a> {
    pub domain: &'static str,
    pub data: &'a Dataset,
    pub normalization: &'a Normalization,
}

/// Writes a run's event file.
pub struct Recorder<'a> {
    directory: PathBuf,
    events: EventFile,
    shown: Vec<Shown<'a>>,
}

impl<'a> Recorder<'a> {
    pub fn create(directory: &Path, shown: Vec<Shown<'a>>) -> Result<Self> {
        Ok(Self { directory: directory.to_path_buf(), events: EventFile::create(directory)?, shown })
    }

    pub fn step(&mut self, step: &StepMetrics) -> Result<()> {
        let mut scalars = vec![
            ("training/label_loss", step.label_loss),
            ("training/label_accuracy", step.label_accuracy),
            ("schedule/lambda", step.lambda),
            ("schedule/learning_rate", step.learning_rate),
        ];
        scalars.extend(step.domain_loss.map(|loss| ("training/domain_loss", loss)));
        scalars.extend(step.domain_accuracy.map(|accuracy| ("training/domain_accuracy", accuracy)));
        let scalars: Vec<_> = scalars.into_iter().map(|(tag, value)| (tag, f64::from(value))).collect();
        self.events.scalars(step.step, &scalars)
    }

    /// Test accuracies, the distribution of every parameter, and what the model makes of test images.
    pub fn epoch(&mut self, model: &Dann, epoch: &EpochRecord) -> Result<()> {
        let report = &epoch.for_report_only;
        let accuracies = [
            ("for_report_only/source_test_accuracy", report.source_test_accuracy),
            ("for_report_only/target_test_accuracy", report.target_test_accuracy),
        ];
        let known = accuracies.into_iter().filter_map(|(tag, accuracy)| Some((tag, accuracy?)));
        self.events.scalars(epoch.steps, &known.collect::<Vec<_>>())?;
        for (name, (_, values)) in model.read()? {
            self.events.histogram(epoch.steps, &format!("parameters/{name}"), &values)?;
        }
        let classes = model.spec().classes()?;
        for shown in &self.shown {
            let indices = shown.indices();
            let predictions = predictions(&shown.inspect(model)?, indices.len());
            let picture = Picture::predictions(shown.data, &indices, &predictions, classes, COLUMNS);
            self.events.image(epoch.steps, &format!("predictions/{}_test", shown.domain), &picture)?;
        }
        self.events.flush()
    }

    /// The features that the trained model gives the test images.
    pub fn finish(mut self, model: &Dann, classes: &[String]) -> Result<()> {
        let (mut vectors, mut rows, mut images) = (vec![], vec![], vec![]);
        let name = |k: usize| classes.get(k).cloned().unwrap_or_else(|| k.to_string());
        for shown in &self.shown {
            let indices = shown.indices();
            let inspection = shown.inspect(model)?;
            for (&index, prediction) in indices.iter().zip(predictions(&inspection, indices.len())) {
                let label = shown.data.labels.as_ref().map_or("?".into(), |l| name(l[index].into()));
                rows.push([shown.domain.to_owned(), label, name(prediction)]);
                images.push((shown.data, index));
            }
            vectors.extend(inspection.features);
        }
        if !images.is_empty() {
            write_embeddings(
                &self.directory,
                &Embeddings { vectors: &vectors, rows: &rows, images: &images },
            )?;
        }
        self.events.flush()
    }
}

impl Shown<'_> {
    fn indices(&self) -> Vec<usize> {
        (0..self.data.len().min(IMAGES)).collect()
    }

    fn inspect(&self, model: &Dann) -> Result<Inspection> {
        let inspector = Inspector::new(model, self.data.shape.channels, self.normalization)?;
        inspector.inspect_some(self.data, &self.indices())
    }
}

/// The class of the largest logit in each of `rows` rows.
fn predictions(inspection: &Inspection, rows: usize) -> Vec<usize> {
    inspection.logits.chunks(inspection.logits.len() / rows).map(argmax).collect()
}
