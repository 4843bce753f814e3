//! What TensorBoard is shown of a training: an observer that writes into the run's directory.

use super::{Embeddings, EventFile, write_embeddings};
use crate::data::Dataset;
use crate::error::Result;
use crate::fit::{Observer, Sets, State};
use crate::model::{Dann, Domain};
use crate::report::pictures::Picture;
use crate::train::health::Warning;
use crate::train::{EpochRecord, Inspection, Inspector, RunResult, StepMetrics, argmax};

/// Images of a domain that are shown, and whose features are embedded.
const IMAGES: usize = 200;
/// Images a class in a picture of predictions.
const COLUMNS: usize = 12;

/// Writes an event file into the run's directory: losses and schedules step by step; after each epoch test accuracies,
/// the distribution of every parameter, and what the model makes of test images; at the end their features. Does
/// nothing for a training without a directory. One recorder serves any number of trainings, one after the other.
#[derive(Debug, Default)]
pub struct Recorder {
    events: Option<EventFile>,
}

impl Observer for Recorder {
    fn began(&mut self, state: &State<'_>) -> Result<()> {
        self.events = state.directory().map(EventFile::create).transpose()?;
        Ok(())
    }

    fn steps(&mut self, _: &State<'_>, steps: &[StepMetrics]) -> Result<()> {
        let Some(events) = &mut self.events else { return Ok(()) };
        steps.iter().try_for_each(|step| write_step(events, step))
    }

    fn epoch_ended(&mut self, state: &State<'_>, epoch: &EpochRecord, _: &[Warning]) -> Result<()> {
        self.events.as_mut().map_or(Ok(()), |events| write_epoch(events, state, epoch))
    }

    fn finished(&mut self, state: &State<'_>, _: &RunResult) -> Result<()> {
        let (Some(mut events), Some(directory)) = (self.events.take(), state.directory()) else {
            return Ok(());
        };
        let (mut vectors, mut rows, mut images) = (vec![], vec![], vec![]);
        let classes = &state.sets().labelled.classes;
        let name = |k: usize| classes.get(k).cloned().unwrap_or_else(|| k.to_string());
        let all = Shown::of(state.sets())?;
        for shown in &all {
            let indices = shown.indices();
            let inspection = shown.inspect(state.model())?;
            for (&index, prediction) in indices.iter().zip(predictions(&inspection, indices.len())) {
                let label = shown.data.labels.as_ref().map_or("?".into(), |l| name(l[index].into()));
                rows.push([shown.name().to_owned(), label, name(prediction)]);
                images.push((&shown.data, index));
            }
            vectors.extend(inspection.features);
        }
        if !images.is_empty() {
            write_embeddings(directory, &Embeddings { vectors: &vectors, rows: &rows, images: &images })?;
        }
        events.flush()
    }
}

fn write_step(events: &mut EventFile, step: &StepMetrics) -> Result<()> {
    let mut scalars = vec![
        ("training/label_loss", step.label_loss),
        ("training/label_accuracy", step.label_accuracy),
        ("schedule/lambda", step.lambda),
        ("schedule/learning_rate", step.learning_rate),
    ];
    scalars.extend(step.domain_loss.map(|loss| ("training/domain_loss", loss)));
    scalars.extend(step.domain_accuracy.map(|accuracy| ("training/domain_accuracy", accuracy)));
    let tag = |(name, loss): (&str, f32)| (format!("training/{}", name.replace(' ', "_")), loss);
    let others: Vec<_> = step.adaptation().map(tag).collect();
    scalars.extend(others.iter().map(|(tag, loss)| (tag.as_str(), *loss)));
    let scalars: Vec<_> = scalars.into_iter().map(|(tag, value)| (tag, f64::from(value))).collect();
    events.scalars(step.step, &scalars)
}

fn write_epoch(events: &mut EventFile, state: &State<'_>, epoch: &EpochRecord) -> Result<()> {
    let (model, report) = (state.model(), &epoch.for_report_only);
    let accuracies = [
        ("for_report_only/source_test_accuracy", report.source_test_accuracy),
        ("for_report_only/target_test_accuracy", report.target_test_accuracy),
    ];
    let known = accuracies.into_iter().filter_map(|(tag, accuracy)| Some((tag, accuracy?)));
    events.scalars(epoch.steps, &known.collect::<Vec<_>>())?;
    for (name, (_, values)) in model.read()? {
        events.histogram(epoch.steps, &format!("parameters/{name}"), &values)?;
    }
    let classes = model.spec().classes()?;
    for shown in Shown::of(state.sets())? {
        let indices = shown.indices();
        let predictions = predictions(&shown.inspect(model)?, indices.len());
        let picture = Picture::predictions(&shown.data, &indices, &predictions, classes, COLUMNS);
        events.image(epoch.steps, &format!("predictions/{}_test", shown.name()), &picture)?;
    }
    events.flush()
}

/// A domain's test part, for the eyes of people alone.
struct Shown {
    domain: Domain,
    /// Some of its images.
    data: Dataset,
}

impl Shown {
    fn of(sets: &Sets) -> Result<Vec<Self>> {
        let parts = [(Domain::Source, &sets.source_test), (Domain::Target, &sets.target_test)];
        let parts = parts.into_iter().filter_map(|(domain, data)| Some((domain, data.as_ref()?)));
        parts.map(|(domain, data)| Ok(Self { domain, data: some(data)? })).collect()
    }

    /// As names of what is shown begin.
    fn name(&self) -> &'static str {
        match self.domain {
            Domain::Source => "source",
            Domain::Target => "target",
        }
    }

    fn indices(&self) -> Vec<usize> {
        (0..self.data.len()).collect()
    }

    fn inspect(&self, model: &Dann) -> Result<Inspection> {
        let (indices, channels) = (self.indices(), self.data.shape.channels);
        Inspector::for_images(model, indices.len(), channels, self.domain)?.inspect_some(&self.data, &indices)
    }
}

/// At most [`IMAGES`] images of `data`, spread evenly: those of folders lie in the order of their classes.
fn some(data: &Dataset) -> Result<Dataset> {
    let count = data.len().min(IMAGES);
    data.only((0..count).map(|place| place * data.len() / count)).into_memory()
}

/// The class of the largest logit in each of `rows` rows.
fn predictions(inspection: &Inspection, rows: usize) -> Vec<usize> {
    inspection.logits.chunks(inspection.logits.len() / rows).map(argmax).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::MapShape;

    #[test]
    fn images_of_every_class_are_shown_however_many_there_are() {
        let per_class = IMAGES + 1;
        let labels: Vec<u16> = (0..3).flat_map(|class| std::iter::repeat_n(class, per_class)).collect();
        let classes = ["ant", "bee", "cat"].map(str::to_owned).to_vec();
        let (shape, count) = (MapShape::new(1, 1, 1), labels.len());
        let all = Dataset::new(shape, vec![0; count], Some(labels), classes).expect("images");
        let shown = some(&all).expect("in memory");
        let labels = shown.labels().expect("labels");
        let of = |class| labels.iter().filter(|&&label| label == class).count();
        assert_eq!((labels.len(), [of(0), of(1), of(2)].iter().min()), (IMAGES, Some(&(IMAGES / 3))));
        assert_eq!(some(&shown.only(0..2)).expect("in memory").len(), 2);
    }
}
