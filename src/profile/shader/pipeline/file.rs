//! The file that describes a pipeline.

use super::super::amount::{Amount, Amounts};
use super::super::sources::Define;
use super::super::{BufferSpec, Choices, Content, Override, Rest};
use crate::error::{Error, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A pipeline as its file has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    /// How often all dispatches follow each other in a run.
    #[serde(default = "one")]
    pub rounds: u32,
    /// What names in amounts stand for.
    #[serde(default)]
    pub sizes: BTreeMap<String, u64>,
    /// Directories with modules to import.
    #[serde(default)]
    pub include: Vec<PathBuf>,
    /// What each resource holds.
    #[serde(default)]
    pub resources: BTreeMap<String, Holds>,
    /// What resources must hold in the end: files, values that they begin with, or zero.
    #[serde(default)]
    pub expect: BTreeMap<String, String>,
    /// How far real numbers may be from those.
    pub tolerance: Option<f64>,
    /// Files for what resources hold in the end.
    #[serde(default)]
    pub dump: BTreeMap<String, PathBuf>,
    /// In their order.
    pub dispatch: Vec<Dispatch>,
}

/// What a resource holds: as for a single shader, or so many bytes.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "text, as in \"64K\", \"zero\" or \"@file\", or a table with bytes")]
pub(super) enum Holds {
    Text(String),
    Sized(Sized),
}

/// So many bytes, by an amount.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sized {
    bytes: Count,
    #[serde(default)]
    zero: bool,
}

/// An amount or several.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a number, an amount as in \"n/64\", or a list of up to three")]
pub(super) enum Count {
    Number(u64),
    Text(String),
    Several(Vec<Self>),
}

impl Count {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Several(all) => all.iter().map(Self::text).collect::<Vec<_>>().join(","),
        }
    }
}

/// A dispatch.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Dispatch {
    /// What it is called.
    pub name: Option<String>,
    /// Its file, or several.
    pub shader: Files,
    pub entry: Option<String>,
    pub workgroups: Option<Count>,
    pub threads: Option<Count>,
    /// The resource that holds the number of workgroups.
    pub indirect: Option<String>,
    /// From which byte on.
    #[serde(default)]
    pub indirect_offset: u64,
    #[serde(default)]
    pub overrides: BTreeMap<String, Value>,
    #[serde(default)]
    pub defines: BTreeMap<String, Value>,
    /// Which resource stands for a variable, where it has another name.
    #[serde(default)]
    pub bind: BTreeMap<String, String>,
    /// How often it is run before the next one.
    #[serde(default = "one")]
    pub repeat: u32,
    /// Two resources that change places after each run.
    pub ping_pong: Option<[String; 2]>,
}

const fn one() -> u32 {
    1
}

/// A file, or several whose text is one.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a file's name, or a list of them")]
pub(super) enum Files {
    One(PathBuf),
    Several(Vec<PathBuf>),
}

/// A value of an override constant or a name.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "a number, a truth value or text")]
pub(super) enum Value {
    Truth(bool),
    Whole(i64),
    Real(f64),
    Text(String),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Truth(value) => value.to_string(),
            Self::Whole(value) => value.to_string(),
            // With its point, which makes it a number of another type.
            Self::Real(value) => format!("{value:?}"),
            Self::Text(value) => value.clone(),
        }
    }
}

impl File {
    /// Reads it.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be read, [`Error::Input`] with the place where it is none.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io(path, "read"))?;
        let file: Self =
            toml::from_str(&text).map_err(|e| Error::file(path, "a pipeline", e.to_string().trim_end()))?;
        match file.dispatch.is_empty() {
            true => Err(Error::file(path, "at least one dispatch", "none")),
            false => Ok(file),
        }
    }

    /// What a resource is to hold; none where nothing is said.
    ///
    /// # Errors
    /// [`Error::Input`] naming the resource when it is said in no known way.
    pub fn content(&self, name: &str) -> Result<Option<Content>> {
        let Some(holds) = self.resources.get(name) else { return Ok(None) };
        match holds {
            Holds::Text(text) => match format!("{name}={text}").parse::<BufferSpec>() {
                Ok(spec) => Ok(Some(spec.content)),
                Err(_) => {
                    let expected = "what a binding holds, as in 64K, zero:64K, 1024u,0.5, 512x512 or @FILE";
                    Err(Error::input(format!("resource {name}"), expected, format!("{text:?}")))
                }
            },
            Holds::Sized(Sized { bytes, zero }) => {
                let known = |name: &str| self.sizes.get(name).copied();
                let bytes = bytes.text().parse::<Amount>().and_then(|bytes| bytes.value(&known));
                let bytes =
                    bytes.map_err(|e| Error::input(format!("resource {name}"), "a size in bytes", e))?.into();
                let rest = if *zero { Rest::Zeros(Some(bytes)) } else { Rest::Seeded(bytes) };
                Ok(Some(Content::Values(vec![], rest)))
            }
        }
    }
}

impl Dispatch {
    /// The shader's file and those before it, beside the pipeline's.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none.
    pub fn files(&self, beside: &Path) -> Result<(PathBuf, Vec<PathBuf>)> {
        let mut all: Vec<PathBuf> = match &self.shader {
            Files::One(file) => vec![beside.join(file)],
            Files::Several(files) => files.iter().map(|file| beside.join(file)).collect(),
        };
        let last = all.pop().ok_or_else(|| Error::input("shader", "a file", "none"))?;
        Ok((last, all))
    }

    /// What the shader leaves open.
    pub fn choices(&self, before: Vec<PathBuf>, includes: Vec<PathBuf>) -> Result<Choices> {
        let overrides = self.overrides.iter().map(|(name, value)| format!("{name}={}", value.text()));
        let overrides = overrides.map(|text| text.parse()).collect::<Result<Vec<Override>>>()?;
        let define =
            |(name, value): (&String, &Value)| Define { name: name.clone(), value: Some(value.text()) };
        let defines = self.defines.iter().map(define).collect();
        Ok(Choices { entry: self.entry.clone(), overrides, before, includes, defines, ..Choices::default() })
    }

    /// How many workgroups, or threads, it is said to have.
    ///
    /// # Errors
    /// [`Error::Input`] when it is said in no known way.
    pub fn amounts(&self) -> Result<Option<(Amounts, bool)>> {
        let of = |count: &Count, is_threads| Ok((count.text().parse()?, is_threads));
        match (&self.workgroups, &self.threads, &self.indirect) {
            (Some(workgroups), None, None) => of(workgroups, false).map(Some),
            (None, Some(threads), None) => of(threads, true).map(Some),
            (None, None, Some(_)) => Ok(None),
            _ => Err(Error::input("dispatch", "one of workgroups, threads and indirect", "none or several")),
        }
    }
}
