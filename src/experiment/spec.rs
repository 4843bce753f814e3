//! What an experiment consists of, as a TOML file says it.

use super::slurm::Slurm;
use crate::error::{Error, Result};
use crate::selection::Rule;
use crate::train::{Config, DataSets, Method};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// An experiment: every recipe with every method and seed, on one pair of domains.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Experiment {
    /// The labelled data set.
    #[serde(default = "default_source")]
    pub source: PathBuf,
    /// The data set to adapt to.
    #[serde(default = "default_target")]
    pub target: PathBuf,
    /// Of every recipe that has none of its own.
    pub seeds: Vec<u64>,
    /// Of every recipe that has none of its own; all three if left out.
    #[serde(default = "every_method")]
    pub methods: Vec<Method>,
    /// What chooses among the methods of a recipe and seed, for the tables alone; [`Rule::WeightedRisk`] if left out.
    #[serde(default = "default_rule")]
    pub rule: Rule,
    /// What each run asks of Slurm, where it is a job there.
    #[serde(default)]
    pub slurm: Slurm,
    /// What is compared.
    #[serde(rename = "recipe")]
    pub recipes: Vec<Recipe>,
    /// Where it was read from.
    #[serde(skip)]
    file: PathBuf,
}

/// A recipe of an experiment.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Recipe {
    /// What tables and directories call it.
    pub name: String,
    /// A preset that comes with the crate …
    pub preset: Option<String>,
    /// … or a recipe's TOML file, relative to the experiment's.
    pub config: Option<PathBuf>,
    /// Keys to change, as `dann train --set` takes them.
    #[serde(default)]
    pub set: Vec<String>,
    /// In place of the experiment's.
    pub methods: Option<Vec<Method>>,
    /// In place of the experiment's.
    pub seeds: Option<Vec<u64>>,
}

/// A run of an experiment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PlannedRun {
    /// The recipe's name.
    pub recipe: String,
    /// Everything that decides it.
    pub config: Config,
}

fn default_source() -> PathBuf {
    DataSets::SOURCE.into()
}

fn default_target() -> PathBuf {
    DataSets::TARGET.into()
}

/// The one that preset `best` was chosen by.
fn default_rule() -> Rule {
    Rule::WeightedRisk
}

fn every_method() -> Vec<Method> {
    vec![Method::SourceOnly, Method::Dann, Method::TargetOnly]
}

impl PlannedRun {
    /// What tells it from the others, and what its directory and file are called: `paper/dann-0`.
    pub fn name(&self) -> String {
        let training = &self.config.training;
        format!("{}/{}-{}", self.recipe, training.method, training.seed)
    }
}

impl Experiment {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Input`] naming the file and what is wrong where.
    pub fn read(file: &Path) -> Result<Self> {
        Self::parse(file, &std::fs::read_to_string(file).map_err(Error::io(file, "read"))?)
    }

    /// Reads TOML text as the file `file` may hold it: its name is the experiment's, and recipes' files are looked for
    /// beside it.
    ///
    /// # Errors
    /// [`Error::Input`] naming the file and what is wrong where.
    pub fn parse(file: &Path, text: &str) -> Result<Self> {
        let experiment: Self =
            toml::from_str(text).map_err(|e| Error::file(file, "an experiment", e.to_string().trim_end()))?;
        let experiment = Self { file: file.to_path_buf(), ..experiment };
        experiment.check()?;
        Ok(experiment)
    }

    /// What tables and directories call it: the name of its file, without the ending.
    pub fn name(&self) -> String {
        self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    fn check(&self) -> Result<()> {
        let file = &self.file;
        let mut names = BTreeSet::new();
        for recipe in &self.recipes {
            let name = &recipe.name;
            let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
            if name.is_empty() || !name.chars().all(allowed) {
                return Err(Error::file(
                    file,
                    "a recipe's name of letters, digits, - and _",
                    format!("\"{name}\""),
                ));
            }
            if !names.insert(name) {
                return Err(Error::file(file, "names that differ", format!("two recipes called {name}")));
            }
            if recipe.preset.is_some() == recipe.config.is_some() {
                let found = if recipe.preset.is_some() { "both" } else { "neither" };
                return Err(Error::file(file, format!("a preset or a config for recipe {name}"), found));
            }
        }
        if self.recipes.is_empty() {
            return Err(Error::file(file, "at least one [[recipe]]", "none"));
        }
        self.slurm.check(file)
    }

    /// Every run, those of the first seed first.
    ///
    /// # Errors
    /// [`Error::Input`] naming the recipe and what is wrong with it; [`Error::Io`].
    pub fn runs(&self) -> Result<Vec<PlannedRun>> {
        let file = &self.file;
        let mut runs = Vec::new();
        for recipe in &self.recipes {
            let config = recipe.read(file)?;
            let seeds = recipe.seeds.as_ref().unwrap_or(&self.seeds);
            let methods = recipe.methods.as_ref().unwrap_or(&self.methods);
            if seeds.is_empty() || methods.is_empty() {
                let expected = format!("a seed and a method for recipe {}", recipe.name);
                return Err(Error::file(file, expected, "none"));
            }
            for (order, &seed) in seeds.iter().enumerate() {
                for &method in methods {
                    let mut config = config.clone();
                    (config.training.seed, config.training.method) = (seed, method);
                    runs.push((order, PlannedRun { recipe: recipe.name.clone(), config }));
                }
            }
        }
        runs.sort_by_key(|(order, _)| *order);
        let runs: Vec<PlannedRun> = runs.into_iter().map(|(_, run)| run).collect();
        let mut names = BTreeSet::new();
        match runs.iter().find(|run| !names.insert(run.name())) {
            Some(twice) => {
                Err(Error::file(file, "every seed and method once", format!("{} twice", twice.name())))
            }
            None => Ok(runs),
        }
    }
}

impl Recipe {
    fn read(&self, file: &Path) -> Result<Config> {
        let base = file.parent().unwrap_or(Path::new("."));
        let config = match (&self.preset, &self.config) {
            (Some(preset), _) => Config::preset(preset),
            (None, config) => Config::read(&base.join(config.as_deref().unwrap_or(Path::new("")))),
        };
        let config = config.and_then(|config| config.with(&self.set));
        config.map_err(|e| e.within(format!("{}: recipe {}", file.display(), self.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<PlannedRun>> {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("experiment.toml");
        std::fs::write(&file, text).expect("a file");
        Experiment::read(&file)?.runs()
    }

    #[test]
    fn runs_come_seed_by_seed_with_the_recipes_changes() {
        let text = r#"
            seeds = [3, 5]
            methods = ["source-only", "dann"]
            [[recipe]]
            name = "a"
            preset = "demo"
            set = ["training.steps=7"]
            [[recipe]]
            name = "b"
            preset = "paper"
            methods = ["target-only"]
            seeds = [9]
        "#;
        let runs = parsed(text).expect("an experiment");
        let names: Vec<String> = runs.iter().map(PlannedRun::name).collect();
        assert_eq!(names, ["a/source-only-3", "a/dann-3", "b/target-only-9", "a/source-only-5", "a/dann-5"]);
        assert_eq!(runs[0].config.training.steps, Some(7));
        assert_eq!(runs[2].config.training.steps, None);
    }

    #[test]
    fn the_ready_experiments_are_ones() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/experiments");
        let files =
            std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("a file").path());
        let mut ready =
            files.filter(|file| file.extension().is_some_and(|extension| extension == "toml")).peekable();
        assert!(ready.peek().is_some());
        for file in ready {
            let runs = Experiment::read(&file).and_then(|experiment| experiment.runs());
            assert!(runs.expect("an experiment").len() > 2, "{}", file.display());
        }
    }

    #[test]
    fn what_makes_no_experiment_is_refused_by_name() {
        let recipe = |text: &str| format!("seeds = [0]\n[[recipe]]\n{text}");
        let wrong = [
            ("seeds = [0]\nrecipe = []".to_owned(), "at least one [[recipe]]"),
            (recipe("name = \"../up\"\npreset = \"demo\""), "letters, digits"),
            (recipe("name = \"a\""), "a preset or a config"),
            (recipe("name = \"a\"\npreset = \"none\""), "recipe a: preset"),
            (recipe("name = \"a\"\npreset = \"demo\"\nset = [\"training.batch=0\"]"), "training.batch"),
            (recipe("name = \"a\"\npreset = \"demo\"\nseeds = [1, 1]"), "a/source-only-1 twice"),
            (recipe("name = \"a\"\npreset = \"demo\"\nseeds = []"), "a seed and a method"),
            ("rule = \"luck\"\nseeds = [0]".to_owned(), "expected one of `domain-risk`"),
        ];
        for (text, expected) in wrong {
            let error = parsed(&text).expect_err("refused").to_string();
            assert!(error.contains(expected) && error.contains("experiment.toml"), "{error}");
        }
    }
}
