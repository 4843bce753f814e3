//! The average of a model over training, which is evaluated in its place: the mean teacher (Tarvainen & Valpola 2017).

use super::dann::Dann;
use super::update::Update;
use crate::error::{Error, Result};
use crate::gpu::{Phase, Recording, Tensor};
use crate::ops::average;
use std::collections::BTreeMap;

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

    /// Records how the average, if one is kept, follows what `update` and the step move of the model. The rest keeps its bits:
    /// the mean of a number and itself may be rounded to another one.
    pub(super) fn record_average(
        &self,
        rec: &mut Recording,
        step: &Tensor,
        update: &Update<'_>,
    ) -> Result<()> {
        let Some(average) = self.average() else { return Ok(()) };
        rec.phase(Phase::Update);
        for range in update.learning(&self.parameters)? {
            let [value, of_average] = [self, average]
                .map(|model| model.parameters.values.part(range.start, &[range.end - range.start]));
            average::update(rec, step, &value, &of_average)?;
        }
        let mut averages = average.state();
        for (name, value) in self.moving_state(update) {
            let missing = || Error::input("the average", format!("the state {name}"), "none");
            average::update(rec, step, &value, &averages.remove(&name).ok_or_else(missing)?)?;
        }
        Ok(())
    }

    /// The running statistics that steps move: not those of layers that rest, nor of a domain classifier that is left out.
    fn moving_state(&self, update: &Update<'_>) -> BTreeMap<String, Tensor> {
        let rests = |name: &str| self.has_rest() && update.is_frozen(name);
        let classifier = Some(&self.domain_classifier).filter(|_| update.tells_domains);
        let parts = [&self.feature_extractor, &self.label_predictor].into_iter().chain(classifier);
        parts.flat_map(|part| part.moving_state(&rests)).collect()
    }
}
