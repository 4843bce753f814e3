//! The part of a network that gives the same of an image in every step: it is computed once for all images where there is
//! memory to keep what it gives, and each step begins behind it.

use super::data_loader::DataLoader;
use super::keep_frozen::KeepFrozen;
use super::step::TrainingStep;
use super::stream::Slots;
use super::training_spec::TrainingSpec;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::{Adaptation, Batch, Dann, Objective, Prefix};
use crate::ops::Step;
use std::fmt;

const MIB: u64 = 1 << 20;

/// The layers at the start of a network that are frozen, and what is done about them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrozenPart {
    /// The last of them, or of those that learn nothing behind them.
    pub last_layer: String,
    /// Images of both domains.
    pub images: usize,
    /// The memory that what they give of all images takes on the device; `None` where they are computed in every step.
    pub kept_bytes: Option<u64>,
    /// Why they are computed in every step, if they are.
    pub obstacle: Option<String>,
}

impl fmt::Display for FrozenPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { last_layer, images, kept_bytes, obstacle } = self;
        write!(f, "frozen up to {last_layer}: what it gives of {images} images is computed ")?;
        match (kept_bytes, obstacle) {
            (Some(bytes), _) => write!(f, "once and kept in {} MiB", bytes.div_ceil(MIB)),
            (None, Some(obstacle)) => write!(f, "in every step, as {obstacle}"),
            (None, None) => write!(f, "in every step"),
        }
    }
}

/// The step of a training, and what fills its batch.
pub(super) struct Setup {
    pub data: DataLoader,
    pub step: TrainingStep,
    /// What is to be done before the first step.
    pub filling: Option<Filling>,
    /// What is frozen, if anything is.
    pub frozen: Option<FrozenPart>,
}

impl Setup {
    /// Records the step of `model`, whose metrics table has so many rows, on `data`; behind its frozen part, if that can be kept.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) when they do not fit,
    /// [`Error::OutOfMemory`](crate::error::Error::OutOfMemory) when the device has no memory for the step.
    pub fn new(model: &Dann, spec: &TrainingSpec, data: DataLoader, table_rows: usize) -> Result<Self> {
        let objective = spec.objective()?;
        let frozen = match model.prefix(&objective) {
            None => None,
            Some(prefix) => {
                let images = data.sets().map(|set| set.len()).sum();
                let part =
                    FrozenPart { last_layer: prefix.last.clone(), images, kept_bytes: None, obstacle: None };
                match kept(model, spec, (&data, &prefix), (&objective, table_rows)) {
                    Ok(Kept::Here(here)) => {
                        let (data, step, filling) = *here;
                        let frozen = Some(FrozenPart { kept_bytes: Some(filling.bytes(images)), ..part });
                        return Ok(Self { data, step, filling: Some(filling), frozen });
                    }
                    Ok(Kept::Not(obstacle)) => Some(FrozenPart { obstacle: Some(obstacle), ..part }),
                    Err(error) if error.is_too_large() && model.gpu().healthy().is_ok() => Some(FrozenPart {
                        obstacle: Some(format!("the device cannot keep it ({error})")),
                        ..part
                    }),
                    Err(error) => return Err(error),
                }
            }
        };
        let step = TrainingStep::new(model, spec.batch, objective, table_rows)?;
        Ok(Self { data, step, filling: None, frozen })
    }
}

/// Whether what the frozen part gives is kept.
enum Kept {
    Here(Box<(DataLoader, TrainingStep, Filling)>),
    /// The reason.
    Not(String),
}

fn kept(
    model: &Dann,
    spec: &TrainingSpec,
    (data, prefix): (&DataLoader, &Prefix),
    (objective, table_rows): (&Objective, usize),
) -> Result<Kept> {
    if let Some(obstacle) = obstacle(spec, objective, data) {
        return Ok(Kept::Not(obstacle));
    }
    let filling = Filling::new(model, prefix, data, objective, spec.batch)?;
    let images = data.sets().map(|set| set.len()).sum();
    let (needed, most) = (filling.bytes(images).div_ceil(MIB), spec.keep_frozen.most());
    if needed > u64::from(most) {
        let words = format!("that would take {needed} MiB, and training.keep_frozen lets it take {most}");
        return Ok(Kept::Not(words));
    }
    let row = &filling.values.dims()[1..];
    let data = data.keeping(model.gpu(), row)?;
    let step = TrainingStep::behind(model, Some(prefix), row, spec.batch, objective.clone(), table_rows)?;
    Ok(Kept::Here(Box::new((data, step, filling))))
}

/// Why the part does not give the same in every step, or is not to be kept.
fn obstacle(spec: &TrainingSpec, objective: &Objective, data: &DataLoader) -> Option<String> {
    let Adaptation { virtual_adversarial, virtual_adversarial_source, .. } = objective.adaptation;
    let perturbs = [virtual_adversarial, virtual_adversarial_source];
    match spec.keep_frozen {
        KeepFrozen::Never => Some("training.keep_frozen is false".into()),
        _ if objective.target_rows.is_some_and(|rows| rows != spec.batch) => {
            Some("training.target_batch is another number of rows than training.batch".into())
        }
        _ if !data.is_fixed() => Some("training.augmentation draws other views of them each time".into()),
        _ if perturbs.iter().any(|&weight| weight > 0.0) => {
            Some("virtual adversarial training changes the images".into())
        }
        _ => None,
    }
}

/// The computation of what a frozen part gives of all images, batch by batch, with the kernels and the rows of a step, so that
/// the bits are those that the step would compute.
pub(super) struct Filling {
    recording: Recording,
    step: Tensor,
    /// Of a batch.
    values: Tensor,
    /// Of a domain in a batch.
    rows: usize,
    done: usize,
    batches: usize,
    /// Where the images of each domain come to that are streamed.
    slots: Vec<Option<Slots>>,
}

impl Filling {
    fn new(
        model: &Dann,
        prefix: &Prefix,
        data: &DataLoader,
        objective: &Objective,
        rows: usize,
    ) -> Result<Self> {
        let gpu = model.gpu();
        let step = Step::table(gpu, "step", 1)?;
        let batch = Batch::new(gpu, rows, objective, &TrainingStep::image(model))?;
        let mut recording = data.record(gpu, &step, &batch, Some(rows))?;
        let values = model.record_prefix(prefix, &mut recording, &step, (&batch.x, rows))?;
        let most = data.sets().map(|set| set.len()).max().unwrap_or_default();
        let (batches, slots) = (most.div_ceil(rows), data.slots());
        Ok(Self { recording, step, values, rows, done: 0, batches, slots })
    }

    /// The memory that the values of so many images take.
    fn bytes(&self, images: usize) -> u64 {
        self.values.byte_len() / self.values.rows() as u64 * images as u64
    }

    /// Computes one batch into `kept`; gives the share of all that is done then.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost, or naming the image that cannot be read.
    pub fn advance(&mut self, gpu: &Gpu, kept: &DataLoader) -> Result<f64> {
        // The last batch overlaps the one before it rather than being shorter, and a smaller domain has its last one again.
        let starts: Vec<usize> =
            kept.sets().map(|set| (self.done * self.rows).min(set.len() - self.rows)).collect();
        for (slots, &start) in self.slots.iter().zip(&starts) {
            slots.as_ref().map_or(Ok(()), |slots| slots.bring(gpu, start..start + self.rows))?;
        }
        // Streamed images are brought to the first places.
        let start = |domain: usize| match self.slots.get(domain) {
            Some(None) => starts[domain] as u32,
            _ => 0,
        };
        let step = Step { source_start: start(0), target_start: start(1), ..Step::default() };
        self.step.write(gpu, &[step])?;
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        self.recording.encode(&mut encoder);
        for (domain, (set, &start)) in kept.sets().zip(&starts).enumerate() {
            set.encode_keeping(&mut encoder, &self.values, domain * self.rows, start..start + self.rows);
        }
        gpu.submit(encoder);
        gpu.wait()?;
        self.done += 1;
        Ok(self.done as f64 / self.batches as f64)
    }
}
