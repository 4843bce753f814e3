//! An application's own frames as images to train on.

use super::Trainer;
use crate::embed::picture::Picture;
use crate::error::{Error, Result};
use crate::model::Domain;

/// The frames of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FrameCount {
    /// Places for them.
    pub capacity: usize,
    /// Those that can be trained on.
    pub held: usize,
    /// Those that were handed over.
    pub pushed: u64,
    /// Those whose encoder was dropped without being submitted.
    pub lost: u64,
}

impl Trainer {
    /// Records into `encoder` that a picture becomes a frame of the source, with the index of its class. It is resized, brought
    /// to bytes and stored on the device; nothing is submitted, and nothing is waited for. The steps that are recorded behind it
    /// may look at it.
    ///
    /// Where the same frames are handed over in the same order between the same steps, the same seed gives the same bits.
    ///
    /// # Errors
    /// [`Error::Input`] when the source is no [`Frames`](crate::train::Frames), there is no such class, or the picture is none
    /// that can be looked at; [`Error::Gpu`] when the device refuses it, [`Error::DeviceLost`] when it was lost.
    pub fn push_source(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        picture: impl Into<Picture>,
        label: u16,
    ) -> Result<()> {
        self.push_sources(encoder, &[(picture.into(), label)])
    }

    /// As [`Trainer::push_source`], for several pictures at once: all of them or, where one is refused, none.
    ///
    /// # Errors
    /// As [`Trainer::push_source`].
    pub fn push_sources(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        pictures: &[(Picture, u16)],
    ) -> Result<()> {
        let classes = self.classes.len();
        if let Some((_, label)) = pictures.iter().find(|(_, label)| usize::from(*label) >= classes) {
            return Err(Error::input("the label of a frame", format!("a class below {classes}"), label));
        }
        self.push(encoder, Domain::Source, pictures)
    }

    /// Records into `encoder` that a picture becomes a frame of the target, as [`Trainer::push_source`] does; there is no label
    /// to give. By a method without a target the frame is left out.
    ///
    /// # Errors
    /// As [`Trainer::push_source`].
    pub fn push_target(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        picture: impl Into<Picture>,
    ) -> Result<()> {
        self.push(encoder, Domain::Target, &[(picture.into(), 0)])
    }

    /// As [`Trainer::push_target`], for several pictures at once: all of them or, where one is refused, none.
    ///
    /// # Errors
    /// As [`Trainer::push_source`].
    pub fn push_targets(&mut self, encoder: &mut wgpu::CommandEncoder, pictures: &[Picture]) -> Result<()> {
        let pictures: Vec<_> = pictures.iter().map(|picture| (picture.clone(), 0)).collect();
        self.push(encoder, Domain::Target, &pictures)
    }

    fn push(
        &mut self,
        encoder: &mut wgpu::CommandEncoder,
        domain: Domain,
        pictures: &[(Picture, u16)],
    ) -> Result<()> {
        self.gpu().healthy()?;
        let frame = self.config.model.input.training_frame();
        let placed = pictures.iter().map(|(picture, label)| {
            let (view, placement) = picture.placed(frame)?;
            Ok((view, placement, *label))
        });
        let placed: Vec<_> = placed.collect::<Result<_>>()?;
        self.training_loop.push(encoder, domain, &placed)
    }

    /// The frames of the source; `None` where it is a data set.
    pub fn source_frames(&self) -> Option<FrameCount> {
        self.frames(Domain::Source)
    }

    /// The frames of the target; `None` where it is a data set, or not trained on.
    pub fn target_frames(&self) -> Option<FrameCount> {
        self.frames(Domain::Target)
    }

    fn frames(&self, domain: Domain) -> Option<FrameCount> {
        let (capacity, held, pushed, lost) = self.training_loop.frames(domain)?;
        Some(FrameCount { capacity, held, pushed, lost })
    }

    /// What to say of frames whose encoder was dropped since it was said last.
    pub(super) fn newly_lost_frames(&mut self) -> Option<Error> {
        self.training_loop.settle();
        let counts = [self.source_frames(), self.target_frames()];
        let lost: u64 = counts.iter().flatten().map(|count| count.lost).sum();
        let new = lost - std::mem::replace(&mut self.frames_lost, lost);
        let found = format!("it was dropped with {new} frames");
        (new > 0).then(|| Error::input("the encoder of frames", "to be submitted", found))
    }
}
