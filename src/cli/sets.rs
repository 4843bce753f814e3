//! The data sets of a training run.

use super::recorder::Shown;
use dann::data::{self, Dataset, ImageSize, Labels, Part};
use dann::train::{Config, Method};
use std::path::Path;

/// The data sets of a run, each read once.
pub struct Sets {
    pub labelled: Dataset,
    pub unlabelled: Option<Dataset>,
    /// For the report alone; `None` where there is no labelled test part.
    pub source_test: Option<Dataset>,
    pub target_test: Option<Dataset>,
}

impl Sets {
    pub fn load(source: &Path, target: &Path, config: &Config) -> anyhow::Result<Self> {
        let size = ImageSize { height: config.model.input.height, width: config.model.input.width };
        let method = config.training.method;
        let train = |path: &Path, labels| data::load(path, Part::Train, size, labels);
        let labelled = match method {
            Method::TargetOnly => train(target, Labels::Required)?,
            Method::Dann | Method::SourceOnly => train(source, Labels::Required)?,
        };
        labelled.check_labels(config.model.classes()?)?;
        let unlabelled = match method {
            Method::Dann => Some(train(target, Labels::Ignored)?),
            Method::SourceOnly | Method::TargetOnly => None,
        };
        let report = |path: &Path| -> anyhow::Result<Option<Dataset>> {
            if !data::has_labelled_test(path)? {
                log::info!("{}: no labelled test part, so no accuracy on it is reported", path.display());
                return Ok(None);
            }
            let test = data::load(path, Part::Test, size, Labels::Required)?;
            Ok(Some(test.with_classes(&labelled.classes)?))
        };
        let source_test = match method {
            // The upper bound needs no source at all.
            Method::TargetOnly if !source.exists() => None,
            _ => report(source)?,
        };
        let target_test = report(target)?;
        Ok(Self { labelled, unlabelled, source_test, target_test })
    }

    /// The test parts that people may look at while training goes on.
    pub fn shown<'a>(&'a self, config: &'a Config) -> Vec<Shown<'a>> {
        let input = &config.model.input;
        let of_target = input.target_normalization.as_ref().unwrap_or(&input.normalization);
        let shown = |domain, data: &'a Option<Dataset>, normalization| {
            data.as_ref().map(|data| Shown { domain, data, normalization })
        };
        let source = shown("source", &self.source_test, &input.normalization);
        source.into_iter().chain(shown("target", &self.target_test, of_target)).collect()
    }
}
