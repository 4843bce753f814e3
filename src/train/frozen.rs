//! The part of a network that gives the same of an image in every step: it is computed once for all images where there is
//! memory to keep what it gives, and each step begins behind it.

use super::data_loader::DataLoader;
use super::keep_frozen::KeepFrozen;
use super::read_ahead::ReadAhead;
use super::step::TrainingStep;
use super::stream::Slots;
use super::training_spec::TrainingSpec;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::{Adaptation, Batch, Dann, Objective, Prefix};
use crate::ops::Step;
use std::fmt;
use std::time::Duration;

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
    /// Batches.
    done: usize,
    /// In the order of their rows in a batch.
    domains: Vec<Passage>,
}

/// The images of a domain, each of which comes into some batch.
struct Passage {
    /// The number of the first one in each batch.
    starts: Vec<usize>,
    /// Where they come to that are streamed.
    slots: Option<Slots>,
    /// What reads them, once they are asked for, and the batch that it gives next.
    ahead: Option<(usize, ReadAhead)>,
}

impl Passage {
    /// Of `images` images in batches of `rows`; the last one overlaps the one before it rather than being shorter.
    fn new(images: usize, rows: usize, slots: Option<Slots>) -> Self {
        let starts = (0..images).step_by(rows).map(|start| start.min(images - rows)).collect();
        Self { starts, slots, ahead: None }
    }

    /// Where batch number `batch` begins on the device. Behind the last one, that one stays where it is.
    fn first(&self, batch: usize) -> u32 {
        let start = self.starts.get(batch).or(self.starts.last()).filter(|_| self.slots.is_none());
        start.map_or(0, |&start| start as u32)
    }

    /// Brings the `rows` images of batch number `batch` to the device where they are streamed, while a thread reads those of
    /// later ones; gives how long they were waited for. None are left for batches behind the last one.
    fn bring(&mut self, gpu: &Gpu, batch: usize, rows: usize) -> Result<Duration> {
        let left = self.starts.get(batch..).filter(|left| !left.is_empty());
        let Some((slots, left)) = self.slots.as_ref().zip(left) else { return Ok(Duration::ZERO) };
        // Where reading has failed before, it begins anew.
        let mut ahead = match self.ahead.take().filter(|(next, _)| *next == batch) {
            Some((_, ahead)) => ahead,
            None => slots.read_ahead(left, rows)?,
        };
        let before = ahead.waited();
        slots.words.write_bytes(gpu, &ahead.next()?)?;
        let waited = ahead.waited() - before;
        self.ahead = Some((batch + 1, ahead));
        Ok(waited)
    }
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
        let values = model.record_prefix(prefix, &mut recording, &step, (&batch.x, rows), objective)?;
        let sets = data.sets().zip(data.slots());
        let domains = sets.map(|(set, slots)| Passage::new(set.len(), rows, slots)).collect();
        Ok(Self { recording, step, values, rows, done: 0, domains })
    }

    /// The memory that the values of so many images take.
    fn bytes(&self, images: usize) -> u64 {
        self.values.byte_len() / self.values.rows() as u64 * images as u64
    }

    /// Computes one batch into `kept`; gives the share of all that is done then.
    ///
    /// # Errors
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when the device was lost, or naming the image that cannot be read.
    pub fn advance(&mut self, gpu: &Gpu, kept: &mut DataLoader) -> Result<f64> {
        let (batch, rows) = (self.done, self.rows);
        for domain in &mut self.domains {
            kept.add_waited(domain.bring(gpu, batch, rows)?);
        }
        let first = |domain: usize| self.domains.get(domain).map_or(0, |domain| domain.first(batch));
        let step = Step { source_start: first(0), target_start: first(1), ..Step::default() };
        self.step.write(gpu, &[step])?;
        let mut encoder = gpu.device().create_command_encoder(&Default::default());
        self.recording.encode(&mut encoder);
        for (number, (set, domain)) in kept.sets().zip(&self.domains).enumerate() {
            // Rows of a smaller domain, of which nothing is left, are computed all the same: with fewer rows, kernels might
            // give the others other bits.
            if let Some(&start) = domain.starts.get(batch) {
                set.encode_keeping(&mut encoder, &self.values, number * rows, start..start + rows);
            }
        }
        gpu.submit(encoder);
        gpu.wait()?;
        self.done += 1;
        let batches = self.domains.iter().map(|domain| domain.starts.len()).max();
        Ok(self.done as f64 / batches.unwrap_or(1) as f64)
    }
}
