//! The average of a model over training, which is evaluated in its place: the mean teacher (Tarvainen & Valpola 2017).

use super::dann::Dann;
use crate::error::{Error, Result};
use crate::gpu::{Phase, Recording, Tensor};
use crate::ops::average;

impl Dann {
    /// Keeps an exponential moving average of everything that is learned from here on, running statistics too, starting
    /// from what the model holds; steps that are recorded from here on bring it up to date.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for it, [`Error::Gpu`] when the device was lost.
    pub fn keep_average(&mut self) -> Result<()> {
        let held = self.read()?.into_iter().map(|(name, (_, values))| (name, values)).collect();
        self.begin_average()?;
        self.average().map_or(Ok(()), |average| average.write(&held))
    }

    /// As [`Dann::keep_average`], of a model that is given its first values next, and its average with it: nothing has to be
    /// read, and so nothing is waited for.
    ///
    /// # Errors
    /// [`Error::OutOfMemory`] when there is no memory for it.
    pub(crate) fn begin_average(&mut self) -> Result<()> {
        self.average = Some(Box::new(Self::new(self.gpu(), self.spec())?));
        Ok(())
    }

    /// The average, if one is kept.
    pub fn average(&self) -> Option<&Self> {
        self.average.as_deref()
    }

    /// What is evaluated and kept: the average, or the model itself where none is kept.
    pub fn evaluated(&self) -> &Self {
        self.average().unwrap_or(self)
    }

    /// Records how the average, if one is kept, follows the model.
    pub(super) fn record_average(&self, rec: &mut Recording, step: &Tensor) -> Result<()> {
        let Some(average) = self.average() else { return Ok(()) };
        rec.phase(Phase::Update);
        average::update(rec, step, &self.parameters.values, &average.parameters.values)?;
        let mut averages = average.state();
        for (name, value) in self.state() {
            let missing = || Error::input("the average", format!("the state {name}"), "none");
            average::update(rec, step, &value, &averages.remove(&name).ok_or_else(missing)?)?;
        }
        Ok(())
    }
}
