//! Classifying an application's textures and buffers.

use super::picture::Picture;
use super::view::View;
use crate::error::{Error, Result};
use crate::gpu::{Gpu, Options, Recording, Tensor};
use crate::model::{Dann, Domain};
use crate::ops::image_input::{self, Texture};
use crate::ops::softmax;
use crate::shape::Frame;
use crate::train::{Checkpoint, RunDirectory};
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a [`Classifier`] comes from.
#[derive(Debug)]
#[non_exhaustive]
pub enum ModelSource<'a> {
    /// A run's directory, or a file `model.safetensors`.
    Path(&'a Path),
    /// The bytes of such a file.
    Bytes(&'a [u8]),
    /// A checkpoint, as a trainer gives it.
    Checkpoint(&'a Checkpoint),
}

impl<'a> From<&'a Path> for ModelSource<'a> {
    fn from(path: &'a Path) -> Self {
        Self::Path(path)
    }
}

impl<'a> From<&'a PathBuf> for ModelSource<'a> {
    fn from(path: &'a PathBuf) -> Self {
        Self::Path(path)
    }
}

impl<'a> From<&'a [u8]> for ModelSource<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes)
    }
}

impl<'a> From<&'a Checkpoint> for ModelSource<'a> {
    fn from(checkpoint: &'a Checkpoint) -> Self {
        Self::Checkpoint(checkpoint)
    }
}

/// How a [`Classifier`] works: `ClassifierOptions::default().rows(5)`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ClassifierOptions {
    /// How many images are classified at once; 1 unless said otherwise.
    pub rows: usize,
}

impl ClassifierOptions {
    /// So many images are classified at once.
    #[must_use]
    pub fn rows(self, rows: usize) -> Self {
        Self { rows }
    }
}

impl Default for ClassifierOptions {
    fn default() -> Self {
        Self { rows: 1 }
    }
}

/// What is classified.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input<'a> {
    /// All of a two-dimensional texture, of any size and of any format with float or normalised values, whose usages
    /// have `TEXTURE_BINDING`. It is resized to the model's input on the device, and becomes the first row.
    Texture {
        /// A view of one level.
        view: &'a wgpu::TextureView,
        /// What its values are.
        holds: Texture,
    },
    /// Pictures, in textures of the application; one a row, from the first row on.
    Pictures(&'a [Picture]),
    /// Rows of (C, H, W) real numbers, a byte of an image counting as byte / 255, in a buffer whose usages have `STORAGE`.
    Buffer {
        /// The buffer.
        buffer: &'a wgpu::Buffer,
        /// Where the rows start, in bytes; a multiple of the device's `min_storage_buffer_offset_alignment`.
        offset: u64,
    },
}

impl<'a> Input<'a> {
    /// A texture seen through a view of its own format: grey where that has one or two components, and encoded back
    /// from linear light where it is an sRGB one.
    pub fn texture(view: &'a wgpu::TextureView) -> Self {
        Self::Texture { view, holds: Texture::of(view.texture().format()) }
    }

    /// Pictures in textures, one a row: no more than the classifier has rows.
    pub fn pictures(pictures: &'a [Picture]) -> Self {
        Self::Pictures(pictures)
    }

    /// A buffer, from its start.
    pub fn buffer(buffer: &'a wgpu::Buffer) -> Self {
        Self::Buffer { buffer, offset: 0 }
    }
}

/// A trained model on an application's device.
pub struct Classifier {
    gpu: Gpu,
    classes: Vec<String>,
    frame: Frame,
    scale_shift: Tensor,
    x: Tensor,
    recording: Recording,
    logits: View,
    probabilities: View,
    predictions: View,
}

impl Classifier {
    /// Loads a model for one image at a time.
    ///
    /// # Errors
    /// [`Error::Input`] or [`Error::Io`] naming the file and what is wrong with it, or the limit that the device
    /// lacks; [`Error::OutOfMemory`] when it has no memory left, [`Error::DeviceLost`] when it was lost.
    pub fn load<'a>(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        source: impl Into<ModelSource<'a>>,
    ) -> Result<Self> {
        Self::on(&Gpu::borrow(device, queue, Options::default())?, source, ClassifierOptions::default())
    }

    /// As [`Classifier::load`], with the kernels of `gpu` ([`Trainer::gpu`](super::Trainer::gpu), [`Gpu::borrow`])
    /// and for as many rows as `options` say.
    ///
    /// # Errors
    /// As [`Classifier::load`].
    pub fn on<'a>(gpu: &Gpu, source: impl Into<ModelSource<'a>>, options: ClassifierOptions) -> Result<Self> {
        let read;
        let checkpoint = match source.into() {
            ModelSource::Checkpoint(checkpoint) => checkpoint,
            ModelSource::Bytes(bytes) => {
                read = Checkpoint::parse(Path::new("the model's bytes"), bytes)?;
                &read
            }
            ModelSource::Path(path) => {
                read = if path.is_file() { Checkpoint::read(path)? } else { RunDirectory::checkpoint(path)? };
                &read
            }
        };
        Self::build(gpu, checkpoint, options.rows)
    }

    fn build(gpu: &Gpu, checkpoint: &Checkpoint, rows: usize) -> Result<Self> {
        if rows == 0 {
            return Err(Error::input("the rows of a classifier", "at least 1", 0));
        }
        let model: Dann = checkpoint.model(gpu)?;
        let input = &checkpoint.config.model.input;
        let normalization = input.normalization_of(Domain::Target);
        let scale_shift = normalization.scale_shift();
        let shape = input.shape();
        let x = Tensor::zeros(gpu, "x", &[rows, shape.channels, shape.height, shape.width])?;
        let mut recording = Recording::new(gpu);
        let logits = model.record_logits(&mut recording, &x, Domain::Target)?;
        let probabilities = Tensor::zeros(gpu, "probabilities", logits.dims())?;
        let predictions = Tensor::zeros_of::<u32>(gpu, "predictions", &[rows])?;
        softmax::forward(&mut recording, &logits, &probabilities, &predictions)?;
        let scale_shift = Tensor::from_slice(gpu, "scale_shift", &[2, shape.channels], &scale_shift)?;
        // The first picture and the first buffer find their kernels built.
        image_input::build(gpu, &scale_shift, &x)?;
        image_input::values(&mut Recording::new(gpu), &x, &scale_shift, &x)?;
        gpu.healthy()?;
        Ok(Self {
            gpu: gpu.clone(),
            classes: checkpoint.classes.clone(),
            frame: input.frame(),
            scale_shift,
            x,
            recording,
            logits: View::new(&logits),
            probabilities: View::new(&probabilities),
            predictions: View::new(&predictions),
        })
    }

    /// Records into `encoder` that `input` is classified. Submits nothing and waits for nothing; the results lie in
    /// the buffers of [`Classifier::probabilities`] and its neighbours once the encoder has been submitted.
    ///
    /// # Errors
    /// [`Error::Input`] when the input does not fit the model, [`Error::Gpu`] when the device refuses it, was lost or
    /// destroyed.
    pub fn encode(&self, encoder: &mut wgpu::CommandEncoder, input: Input<'_>) -> Result<()> {
        self.gpu.healthy()?;
        let mut fill = Recording::new(&self.gpu);
        match input {
            Input::Texture { view, holds } => {
                self.fill(&mut fill, &[Picture::new(view).holds(holds)])?;
            }
            Input::Pictures(pictures) => self.fill(&mut fill, pictures)?,
            Input::Buffer { buffer, offset } => {
                let rows = self.rows_in(buffer, offset)?;
                image_input::values(&mut fill, &rows, &self.scale_shift, &self.x)?;
            }
        }
        fill.encode(encoder);
        self.recording.encode(encoder);
        Ok(())
    }

    /// Records that pictures become rows of x, the first one the first.
    fn fill(&self, rec: &mut Recording, pictures: &[Picture]) -> Result<()> {
        let rows = self.x.rows();
        if pictures.len() > rows {
            let expected = format!("at most {rows} pictures, as many as it has rows");
            return Err(Error::input("the classifier's pictures", expected, pictures.len()));
        }
        pictures.iter().enumerate().try_for_each(|(row, picture)| {
            let (view, placement) = picture.placed(self.frame)?;
            image_input::texture(rec, &view, &placement, &self.scale_shift, (&self.x, row))
        })
    }

    /// The part of the application's buffer that holds the rows.
    fn rows_in<'a>(&self, buffer: &'a wgpu::Buffer, offset: u64) -> Result<wgpu::BufferBinding<'a>> {
        let name = "the classifier's input buffer";
        if !buffer.usage().contains(wgpu::BufferUsages::STORAGE) {
            return Err(Error::input(name, "usages with STORAGE", format!("{:?}", buffer.usage())));
        }
        let alignment = u64::from(self.gpu.device().limits().min_storage_buffer_offset_alignment);
        if !offset.is_multiple_of(alignment) {
            return Err(Error::input(name, format!("an offset that is a multiple of {alignment}"), offset));
        }
        let (needed, held) = (self.x.byte_len(), buffer.size().saturating_sub(offset));
        if held < needed {
            let expected = format!("{needed} bytes from the offset on, f32 in shape {:?}", self.x.dims());
            return Err(Error::input(name, expected, format!("{held} bytes")));
        }
        Ok(wgpu::BufferBinding { buffer, offset, size: std::num::NonZeroU64::new(needed) })
    }

    /// (N, K): the probability of each class, by row.
    pub fn probabilities(&self) -> &View {
        &self.probabilities
    }

    /// (N, K): the logits.
    pub fn logits(&self) -> &View {
        &self.logits
    }

    /// (N), u32: the most probable class of each row.
    pub fn predictions(&self) -> &View {
        &self.predictions
    }

    /// The names of the classes, in the order of the probabilities.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }
}

impl fmt::Debug for Classifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classifier")
            .field("gpu", &self.gpu)
            .field("x", &self.x)
            .field("classes", &self.classes)
            .finish_non_exhaustive()
    }
}
