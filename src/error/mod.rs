//! The library's one error type: each variant is a cause, worded for a person who calls the library. Whoever has a
//! command line or a window in front of it names its own flags and buttons.
//!
//! ```
//! use dann::data::Dataset;
//! use dann::error::{DatasetError, Error};
//! use dann::shape::MapShape;
//!
//! // Two images of 2×2 pixels, and three labels.
//! let classes = vec!["cat".to_owned(), "dog".to_owned()];
//! let error = Dataset::new(MapShape::new(1, 2, 2), vec![0; 8], Some(vec![0, 1, 0]), classes).unwrap_err();
//! assert!(matches!(error, Error::Dataset(DatasetError::LabelCount { images: 2, labels: 3 })));
//! assert_eq!(error.to_string(), "data set in memory: labels: expected 2, one an image, found 3");
//! ```

mod dataset;
mod shader;
mod unread;

pub use dataset::DatasetError;
pub use shader::ShaderError;
pub use unread::Unread;

use std::path::{Path, PathBuf};

/// What can go wrong.
///
/// ```
/// use dann::{error::Error, train::Config};
///
/// let error = Config::preset("papper").expect_err("a misspelt name");
/// assert!(matches!(error, Error::UnknownPreset { .. }));
/// assert!(error.to_string().contains("one of paper, best"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something handed in (a file, a configuration key, a shape) is not what was needed.
    #[error("{subject}: expected {expected}, found {found}")]
    Input {
        /// The file, key or layer at fault.
        subject: String,
        /// What would have been right.
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// The operating system refused to read or write something.
    #[error("{}: cannot {action}: {cause}", path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What was being done, as a verb phrase ("read", "create the directory").
        action: &'static str,
        /// The operating system's answer. Not called `source`: the message says it, and would say it twice with its
        /// sources printed behind it.
        cause: std::io::Error,
    },
    /// There is no preset of that name.
    #[error("preset: expected one of {}, found {name}", known.join(", "))]
    UnknownPreset {
        /// What was asked for.
        name: String,
        /// The presets there are.
        known: Vec<&'static str>,
    },
    /// An assignment to a key of the configuration cannot be carried out.
    #[error("{assignment}: expected {expected}, found {found}")]
    BadOverride {
        /// The assignment, or several of them.
        assignment: String,
        /// What would have been right.
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// There is no data set: nothing lies where it should be.
    #[error("{}: expected {expected}, found nothing", path.display())]
    NoDataSet {
        /// Where it was looked for.
        path: PathBuf,
        /// What is known as a data set.
        expected: &'static str,
    },
    /// Images, labels and classes in memory do not make a data set.
    // Not marked as the source: the message says it, and would say it twice with its sources printed behind it.
    #[error("data set in memory: {0}")]
    Dataset(DatasetError),
    /// Images of a data set cannot be read.
    #[error("{}", unread::told(origin, unread, *images))]
    Unread {
        /// Where the images are.
        origin: PathBuf,
        /// All that cannot be read.
        unread: Vec<Unread>,
        /// How many images there are, these among them.
        images: usize,
    },
    /// The method adapts to a target domain, and there are no images of one.
    #[error("method dann: expected images of the target domain, found none")]
    NoTargetImages,
    /// A data set cannot be made with so few images in a part.
    #[error("{part} part: expected at least {least} images, one of each class, found {found}")]
    TooFewImages {
        /// The part.
        part: &'static str,
        /// As many as there are classes.
        least: usize,
        /// What was asked for.
        found: usize,
    },
    /// There is no finished run.
    #[error("{}: expected {expected}, found {found}", path.display())]
    NoRun {
        /// Where it was looked for.
        path: PathBuf,
        /// What a finished run has there.
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// A run needs a directory of its own, and this one is taken.
    #[error("{}: expected a new or empty directory for the run, found {found}", path.display())]
    Taken {
        /// The directory.
        path: PathBuf,
        /// What is in it.
        found: &'static str,
    },
    /// A run of an experiment was made by a recipe that has been changed since.
    #[error(
        "{}: expected a run of this recipe, found one of another recipe, which has been changed since",
        path.display()
    )]
    RecipeChanged {
        /// The run's directory or record.
        path: PathBuf,
    },
    /// A run of an experiment was made on other data sets.
    #[error("{}: expected {expected}, found {found}", path.display())]
    DataChanged {
        /// The run's directory or record.
        path: PathBuf,
        /// The experiment's data sets, in words.
        expected: String,
        /// Those of the run, in words.
        found: String,
    },
    /// Training cannot go on from this checkpoint, or not with these data sets.
    #[error("going on: expected {expected}, found {found}")]
    CannotResume {
        /// What would have been right.
        expected: String,
        /// What was there instead.
        found: String,
    },
    /// No adapter on this machine can run the kernels.
    #[error("no GPU adapter found: {0}")]
    NoAdapter(String),
    /// The adapter asked for is not there, is not the only one so called, or cannot run the kernels.
    #[error("adapter {selection}: expected {expected}, found {found}")]
    NoSuchAdapter {
        /// What was asked for.
        selection: String,
        /// What would have been right.
        expected: &'static str,
        /// What there is.
        found: String,
    },
    /// The device's timestamps were asked for and cannot be trusted.
    #[error("timestamps: expected timestamps that can be trusted, found {0}")]
    BadTimestamps(String),
    /// Somebody's shader, or what it was given, cannot be profiled.
    // Not marked as the source, as above.
    #[error("{0}")]
    Shader(ShaderError),
    /// Something is larger than the device can bind or dispatch at once; fewer rows may fit.
    #[error("{subject}: expected {expected}, found {found}")]
    BeyondLimit {
        /// What is too large.
        subject: String,
        /// The limit.
        expected: String,
        /// What was asked for.
        found: String,
    },
    /// The device has no memory for something; fewer rows may fit.
    #[error("GPU: {0}")]
    OutOfMemory(String),
    /// The device was lost or destroyed, with all that it held; another one has to be opened.
    #[error("GPU: {0}")]
    DeviceLost(String),
    /// The graphics device or its driver refused something, or reported a fault.
    #[error("GPU: {0}")]
    Gpu(String),
    /// Training cannot be set up with this batch, but could with a smaller one.
    #[error("{cause} (a batch of {fits} fits)")]
    BatchTooLarge {
        /// What stood in the way.
        cause: Box<Error>,
        /// The largest batch that fits, halving the one asked for.
        fits: usize,
    },
    /// Training has come to numbers that are not finite, and would not come back from them.
    #[error("training diverged at {0}")]
    Diverged(String),
    /// An observer of a training failed.
    #[error("{0}")]
    Observer(Box<dyn std::error::Error + Send + Sync>),
    /// Something could not be fetched from any of its sources.
    #[error("could not fetch {what}: {reasons}")]
    Fetch {
        /// The data set asked for.
        what: String,
        /// One reason per source tried.
        reasons: String,
    },
}

/// The library's result type.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An [`Error::Input`]: `subject` was expected to be `expected` but was `found`.
    pub fn input(
        subject: impl std::fmt::Display,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Input { subject: subject.to_string(), expected: expected.to_string(), found: found.to_string() }
    }

    /// An [`Error::Input`] about a file.
    pub fn file(path: &Path, expected: impl std::fmt::Display, found: impl std::fmt::Display) -> Self {
        Self::input(path.display(), expected, found)
    }

    /// An [`Error::BeyondLimit`].
    #[cfg(feature = "embed")]
    pub(crate) fn beyond_limit(
        subject: impl std::fmt::Display,
        expected: impl std::fmt::Display,
        found: impl std::fmt::Display,
    ) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self::BeyondLimit { subject: subject.to_string(), expected, found }
    }

    /// Turns an I/O error into an [`Error::Io`]; for `map_err`.
    pub fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_path_buf();
        move |cause| Self::Io { path, action, cause }
    }

    /// The error as one about a part of `place`, a file for example, whose name is put in front.
    #[must_use]
    pub fn within(self, place: impl std::fmt::Display) -> Self {
        match self {
            Self::Input { subject, expected, found } => {
                Self::input(format!("{place}: {subject}"), expected, found)
            }
            Self::UnknownPreset { name, known } => {
                Self::input(format!("{place}: preset"), format!("one of {}", known.join(", ")), name)
            }
            Self::BadOverride { assignment, expected, found } => {
                Self::input(format!("{place}: {assignment}"), expected, found)
            }
            other => other,
        }
    }

    /// Whether less of the same may fit: the device has no memory for it, or it is beyond a limit of the device.
    pub fn is_too_large(&self) -> bool {
        matches!(self, Self::OutOfMemory(_) | Self::BeyondLimit { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_put_in_front_of_what_was_handed_in() {
        let known = vec!["paper", "best"];
        let errors = [
            Error::input("training.batch", "at least 1", 0),
            Error::UnknownPreset { name: "x".into(), known },
            Error::BadOverride { assignment: "a=1".into(), expected: "a key".into(), found: "none".into() },
            Error::DeviceLost("gone".into()),
        ];
        let texts = errors.map(|error| error.within("my.toml").to_string());
        assert_eq!(
            texts,
            [
                "my.toml: training.batch: expected at least 1, found 0",
                "my.toml: preset: expected one of paper, best, found x",
                "my.toml: a=1: expected a key, found none",
                "GPU: gone",
            ]
        );
    }
}
