//! The data sets of a training.

use crate::data::{Dataset, Labels, LoadOptions, Part};
use crate::error::{Error, Result};
use crate::train::{Config, DataSets, Method};
use std::path::{Path, PathBuf};

/// The data sets of a training, each read once.
///
/// ```no_run
/// use dann::{fit::Sets, train::Config};
///
/// # fn main() -> dann::error::Result<()> {
/// let config = Config::preset("demo")?;
/// let sets = Sets::read("data/mnist".as_ref(), "data/mnist_m".as_ref(), &config)?;
/// println!("{} labelled images", sets.labelled.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Sets {
    /// Where the labelled data set is.
    pub source: PathBuf,
    /// Where the data set to adapt to is.
    pub target: PathBuf,
    /// What is trained on with labels.
    pub labelled: Dataset,
    /// What is adapted to, if the method adapts.
    pub unlabelled: Option<Dataset>,
    /// For the report alone; `None` where there is no labelled test part.
    pub source_test: Option<Dataset>,
    /// For the report alone; `None` where there is no labelled test part.
    pub target_test: Option<Dataset>,
}

impl Sets {
    /// Data sets that are in memory; there are none for the report until [`Sets::source_test`] and
    /// [`Sets::target_test`] are set.
    pub fn new(labelled: Dataset, unlabelled: Option<Dataset>) -> Self {
        let source = labelled.origin.clone();
        let target = unlabelled.as_ref().map_or(source.clone(), |target| target.origin.clone());
        Self { source, target, labelled, unlabelled, source_test: None, target_test: None }
    }

    /// Reads what `config` trains on from the directories `source` and `target`. Target labels are read for
    /// [`Method::TargetOnly`] and for the report, and for nothing else.
    ///
    /// # Errors
    /// [`NoDataSet`](crate::error::Error::NoDataSet) where there is none, [`Input`](crate::error::Error::Input) naming
    /// what is wrong with a file, [`Io`](crate::error::Error::Io) naming what cannot be read.
    pub fn read(source: &Path, target: &Path, config: &Config) -> Result<Self> {
        let (frame, views_of) = (config.model.input.frame(), config.model.input.training_frame());
        let method = config.training.method;
        let of_training: &[&Path] = if method == Method::TargetOnly { &[target] } else { &[source, target] };
        check_validation(config, of_training)?;
        let read = |path: &Path, options: LoadOptions, part| {
            let data = options.load(path, part)?;
            data.left_out().iter().for_each(|words| log::warn!("{words}"));
            Ok(data)
        };
        let train = |path: &Path, labels| read(path, config.load_options(views_of, labels), Part::Train);
        let test_part = |path: &Path, classes: &[String]| {
            let options = config.load_options(frame, Labels::Required);
            test_part(path, options, classes, &|| read(path, options, Part::Test))
        };
        let labelled = match method {
            Method::TargetOnly => train(target, Labels::Required)?,
            Method::Dann | Method::SourceOnly => train(source, Labels::Required)?,
        };
        let labelled = labelled.of_own_classes()?;
        let outputs = config.for_data(&labelled)?.model.classes()?;
        let classes = labelled.classes.len();
        if !labelled.numbered && outputs > classes {
            let origin = labelled.origin.display();
            log::warn!(
                "{origin}: {classes} classes for the {outputs} outputs of model.classes, of which {} never learn anything; \
                 \"auto\" has one for each class",
                outputs - classes
            );
        }
        let unlabelled = match method {
            Method::Dann => Some(train(target, Labels::Ignored)?),
            Method::SourceOnly | Method::TargetOnly => None,
        };
        let source_test = match method {
            // The upper bound needs no source at all.
            Method::TargetOnly if !source.exists() => None,
            _ => test_part(source, &labelled.classes)?,
        };
        let target_test = match method {
            // Nothing is learned from it, and accuracies on it can be measured later.
            Method::SourceOnly if !target.exists() => {
                log::warn!(
                    "{}: no such directory, so no accuracy on the target is reported",
                    target.display()
                );
                None
            }
            _ => test_part(target, &labelled.classes)?,
        };
        let (source, target) = (source.to_path_buf(), target.to_path_buf());
        Ok(Self { source, target, labelled, unlabelled, source_test, target_test })
    }

    /// What a checkpoint keeps of them, to refuse to go on with others.
    pub fn description(&self) -> DataSets {
        let (source, target) = (self.source.clone(), self.target.clone());
        DataSets::new(source, target, &self.labelled, self.unlabelled.as_ref())
    }
}

/// Refuses to set a share of the images aside where none of the data sets needs it, and says which ones do not.
fn check_validation(config: &Config, paths: &[&Path]) -> Result<()> {
    if config.data.validation.is_none() {
        return Ok(());
    }
    let options = config.load_options(config.model.input.frame(), Labels::Required);
    let mut others = Vec::new();
    for path in paths.iter().filter(|path| path.exists()) {
        if !options.sets_aside(path)? {
            others.push(*path);
        }
    }
    let has_test = |path: &Path| match options.has_part(path, Part::Test) {
        Ok(true) => format!("a test part in {}", path.display()),
        _ => format!("no class folders in {}", path.display()),
    };
    let found: Vec<String> = others.iter().map(|path| has_test(path)).collect();
    if others.len() < paths.len() {
        found.iter().for_each(|words| log::warn!("nothing is set aside: {words}"));
        return Ok(());
    }
    let alone = others.iter().map(|path| path.join(Part::Train.name())).find(|path| path.is_dir());
    let alone = alone.map_or(String::new(), |path| format!(" (as {} by itself)", path.display()));
    let expected =
        format!("a data set of class folders without a test part{alone}, or no share to set aside");
    Err(Error::input("data.validation", expected, found.join(" and ")))
}

/// The labelled test part at `path`, if there is one, for the report alone.
fn test_part(
    path: &Path,
    options: LoadOptions,
    classes: &[String],
    read: &dyn Fn() -> Result<Dataset>,
) -> Result<Option<Dataset>> {
    if !options.has_labelled_test(path)? {
        log::info!("{}: no labelled test part, so no accuracy on it is reported", path.display());
        return Ok(None);
    }
    let test = read()?;
    if let Some(words) = test.foreign_classes(classes) {
        log::warn!("{}: the test part's {words}, so no accuracy on it is reported", path.display());
        return Ok(None);
    }
    let (test, unknown) = test.of_known_classes(classes)?;
    unknown.iter().for_each(|words| log::warn!("{words}"));
    Ok(Some(test))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// A source of class folders, beside a target whose labels are numbers from 0 to 9, read for `method`.
    fn read(classes: &[&str], method: Method, target: &str) -> Result<Sets> {
        let root = tempfile::tempdir().expect("a directory");
        for class in classes {
            let folder = root.path().join("source").join(class);
            fs::create_dir_all(&folder).expect("a folder");
            image::GrayImage::new(8, 8).save(folder.join("1.png")).expect("a picture");
        }
        fs::create_dir(root.path().join("target")).expect("a directory");
        for part in ["train", "t10k"] {
            let file = |name: &str| root.path().join("target").join(format!("{part}-{name}-ubyte"));
            let images = [&[0, 0, 8, 3, 0, 0, 0, 10, 0, 0, 0, 8, 0, 0, 0, 8][..], &[0; 640]].concat();
            fs::write(file("images-idx3"), images).expect("images");
            let labels = [&[0, 0, 8, 1, 0, 0, 0, 10][..], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]].concat();
            fs::write(file("labels-idx1"), labels).expect("labels");
        }
        let mut config = Config::parse("test", include_str!("tiny.toml"))?;
        config.training.method = method;
        Sets::read(&root.path().join("source"), &root.path().join(target), &config)
    }

    #[test]
    fn labels_for_the_report_alone_stop_no_training() {
        let test = |classes: &[&str]| read(classes, Method::Dann, "target").expect("data sets").target_test;
        let known = test(&["0", "1", "2", "3", "4"]).expect("images of known classes");
        assert_eq!(known.labels(), Some(&[0, 1, 2, 3, 4][..]));
        assert_eq!(test(&["2", "7"]).expect("images of known classes").labels(), Some(&[0, 1][..]));
        assert!(test(&["cat", "dog"]).is_none());
    }

    #[test]
    fn a_target_that_is_for_the_report_alone_may_be_missing() {
        let sets = read(&["cat", "dog"], Method::SourceOnly, "nowhere").expect("data sets");
        assert!(sets.target_test.is_none() && sets.labelled.len() == 2);
        let error = read(&["cat", "dog"], Method::Dann, "nowhere").expect_err("no target");
        assert!(matches!(error, Error::NoDataSet { .. }), "{error}");
    }
}
