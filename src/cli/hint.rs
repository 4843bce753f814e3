//! Errors as the command line tells them: the flag at fault by its name, and what to do next.

use dann::error::{Error, ShaderError};
use std::fmt::Display;
use std::io::ErrorKind;

/// For whoever names a run that is none.
pub const LIST_RUNS: &str = "`dann runs DIR` lists finished runs";

/// For whoever names no data set where one is.
pub const FETCH: &str = "`dann data fetch` and `dann data make mnist-m` make the default data sets; --source and --target name others";

/// What went wrong, in the words of the command line.
pub fn text(error: &Error) -> String {
    match error {
        Error::UnknownPreset { name, known } => {
            format!("--preset: expected one of {}, found {name}", known.join(", "))
        }
        Error::BadOverride { .. } => format!("--set {error}"),
        Error::NoTargetImages => {
            "--target: expected images of the target domain for method dann, found none".into()
        }
        Error::TooFewImages { part, least, found } => {
            format!("--{part}: expected at least {least} images, one of each digit, found {found}")
        }
        Error::CannotResume { expected, found } => format!("--resume: expected {expected}, found {found}"),
        Error::NoSuchAdapter { .. }
        | Error::Shader(ShaderError::Buffer { .. } | ShaderError::Override { .. }) => format!("--{error}"),
        Error::BadTimestamps(_) => format!("--clock {error}"),
        Error::BatchTooLarge { cause, .. } => text(cause),
        other => other.to_string(),
    }
}

/// What the user may try, whatever the command.
fn remedy(error: &Error) -> Option<String> {
    match error {
        Error::NoRun { .. } => Some(LIST_RUNS.into()),
        // Where nothing at all can be read, there is nothing to leave the rest out of.
        Error::Unread { unread, images, .. } if unread.len() < *images => Some(
            "--skip-bad (in a recipe: skip_bad = true in [data]) leaves out what cannot be read, and lists it".into(),
        ),
        Error::RecipeChanged { .. } | Error::DataChanged { .. } => Some("--out NEW_DIR begins anew".into()),
        Error::Shader(ShaderError::EntryPoint { wanted: None, found, .. }) if !found.is_empty() => {
            Some("--entry NAME names one".into())
        }
        Error::Shader(ShaderError::Override { .. }) => Some("--override NAME=VALUE gives a value".into()),
        Error::Shader(ShaderError::Define { name, value, declared: Some("override"), .. }) => {
            let value = value.as_deref().unwrap_or("VALUE");
            Some(format!("{name} is an override constant: --override {name}={value}"))
        }
        Error::Shader(ShaderError::Define { name, declared: Some(word), .. }) => Some(format!(
            "{name} is declared with {word}: edit that line, or make it an override constant for --override {name}=VALUE"
        )),
        Error::Shader(ShaderError::Timeout { .. }) => {
            Some("--timeout SECONDS allows more; fewer --workgroups take less".into())
        }
        Error::BatchTooLarge { fits, .. } => Some(format!(
            "--batch {fits} fits; training.accumulate makes one update of several such batches"
        )),
        Error::BeyondLimit { .. } => Some("kernels of --variant plain have other limits".into()),
        _ => None,
    }
}

/// Everything there is to tell of what ended a command.
pub fn told(error: &anyhow::Error) -> String {
    let (mut parts, mut hint) = (Vec::new(), None);
    for cause in error.chain() {
        let cause_of_ours = cause.downcast_ref::<Error>();
        parts.push(cause_of_ours.map_or_else(|| cause.to_string(), text));
        hint = cause_of_ours.and_then(remedy).or(hint);
    }
    let text = parts.join(": ");
    hint.map_or(text.clone(), |hint| hinted(&text, &hint))
}

/// What went wrong, and what to do about it.
pub fn with_remedy(error: &Error) -> String {
    let text = text(error);
    remedy(error).map_or(text.clone(), |hint| hinted(&text, &hint))
}

fn hinted(text: &str, hint: &str) -> String {
    format!("{text}\nhint: {hint}")
}

/// Adds advice to what went wrong.
pub trait Hint<T> {
    /// `hint` is what the user may try, as one clause, if the error is one that it helps against.
    fn hint_if(self, helps: impl FnOnce(&Error) -> bool, hint: impl Display) -> anyhow::Result<T>;
}

impl<T> Hint<T> for dann::error::Result<T> {
    fn hint_if(self, helps: impl FnOnce(&Error) -> bool, hint: impl Display) -> anyhow::Result<T> {
        self.map_err(|error| match helps(&error) {
            true => anyhow::anyhow!(hinted(&text(&error), &hint.to_string())),
            false => error.into(),
        })
    }
}

/// Whether there is no run, or a part of it is missing.
pub fn is_no_run(error: &Error) -> bool {
    let missing =
        |cause: &std::io::Error| matches!(cause.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    matches!(error, Error::NoRun { .. }) || matches!(error, Error::Io { cause, .. } if missing(cause))
}

/// Whether there is no data set.
pub fn is_no_data_set(error: &Error) -> bool {
    matches!(error, Error::NoDataSet { .. })
}

/// Whether a run's directory is taken.
pub fn is_taken(error: &Error) -> bool {
    matches!(error, Error::Taken { .. })
}

/// Whether a run has come to its end, where one that has not was asked for.
pub fn is_finished(error: &Error) -> bool {
    matches!(error, Error::Input { found, .. } if found == "a finished run")
}

/// Whether a model's file is not what it should be.
pub fn is_bad_model(error: &Error) -> bool {
    matches!(error, Error::Input { subject, .. } if subject.contains(".safetensors"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;
    use std::path::Path;

    #[test]
    fn flags_are_named_and_remedies_told() {
        let too_large =
            || Error::BatchTooLarge { cause: Box::new(Error::OutOfMemory("no memory".into())), fits: 8 };
        for (error, expected) in [
            (
                dann::train::Config::preset("x").expect_err("none"),
                "--preset: expected one of paper, best, plus, demo, usps, photos, finetune, found x",
            ),
            (
                Error::NoTargetImages,
                "--target: expected images of the target domain for method dann, found none",
            ),
            (
                Error::BadTimestamps("none".into()),
                "--clock timestamps: expected timestamps that can be trusted, found none",
            ),
            (
                too_large(),
                "GPU: no memory\nhint: --batch 8 fits; training.accumulate makes one update of several such batches",
            ),
        ] {
            assert_eq!(told(&error.into()), expected);
        }
        let result: dann::error::Result<()> = Err(too_large());
        let error = result.context("batch 16").expect_err("an error");
        assert_eq!(
            told(&error),
            "batch 16: GPU: no memory\nhint: --batch 8 fits; training.accumulate makes one update of several such batches"
        );
    }

    #[test]
    fn a_picture_that_cannot_be_read_is_no_missing_data_set() {
        let denied = || Error::io(Path::new("a.jpg"), "read")(ErrorKind::PermissionDenied.into());
        let result: dann::error::Result<()> = Err(denied());
        let error = result.hint_if(is_no_data_set, "`dann data fetch`").expect_err("an error");
        assert_eq!(told(&error), denied().to_string());
        let missing: dann::error::Result<()> =
            Err(Error::NoDataSet { path: "data/mnist".into(), expected: "one" });
        let error = missing.hint_if(is_no_data_set, "`dann data fetch`").expect_err("an error");
        assert_eq!(told(&error), "data/mnist: expected one, found nothing\nhint: `dann data fetch`");
    }
}
