//! What a pipeline is expected to leave in its resources, and files of what it left.

use super::super::plan::{Filled, Shape};
use super::super::reflect::{Kind, Resource};
use super::super::spec::{Content, bad};
use super::super::{Dump, Expectation, Place, Shader};
use super::Pipeline;
use super::file::File;
use crate::error::{Error, Result};
use std::path::Path;

/// A resource that a pipeline writes, as a shader that binds it sees it.
#[derive(Debug)]
pub struct Output<'a> {
    /// The resource's name in the pipeline.
    pub name: &'a str,
    /// The first shader that binds it.
    pub shader: &'a Shader,
    /// What it is there.
    pub resource: &'a Resource,
    /// How large it is.
    pub shape: Shape,
}

/// What the pipeline's file says of results.
#[derive(Debug, Default)]
pub(super) struct Results {
    expectations: Vec<Expectation>,
    dumps: Vec<Dump>,
    tolerance: Option<f64>,
}

impl Results {
    /// Of files beside the pipeline's.
    ///
    /// # Errors
    /// [`Error::Input`] naming the key that says something else than a result.
    pub fn read(file: &File, beside: &Path) -> Result<Self> {
        let expectation = |(name, what): (&String, &String)| {
            let refused = |_| {
                let expected = "a file, values that it begins with (1u,0.5), or zero where it is all zeros";
                Error::input(format!("expect.{name}"), expected, format!("{what:?}"))
            };
            let found: Expectation = format!("{name}={what}").parse().map_err(refused)?;
            let content = match found.content {
                Content::File(path) => Content::File(beside.join(path)),
                content => content,
            };
            Ok(Expectation { place: Place::Name(name.clone()), content })
        };
        let dump = |(name, path)| Dump { place: Place::Name(String::clone(name)), file: beside.join(path) };
        let is_share = |share: &f64| *share >= 0.0 && share.is_finite();
        if let Some(share) = file.tolerance.filter(|share| !is_share(share)) {
            return Err(Error::input("tolerance", "a number from 0 up, as in 1e-4", share));
        }
        Ok(Self {
            expectations: file.expect.iter().map(expectation).collect::<Result<_>>()?,
            dumps: file.dump.iter().map(dump).collect(),
            tolerance: file.tolerance,
        })
    }

    /// The names of all resources that something is said of.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        let places = self.expectations.iter().map(|one| &one.place);
        places.chain(self.dumps.iter().map(|one| &one.place)).filter_map(|place| match place {
            Place::Name(name) => Some(name),
            Place::Slot { .. } => None,
        })
    }
}

impl Pipeline {
    /// What its file expects resources to hold in the end.
    pub fn expectations(&self) -> &[Expectation] {
        &self.results.expectations
    }

    /// Into which files its file has resources written in the end.
    pub fn dumps(&self) -> &[Dump] {
        &self.results.dumps
    }

    /// How far, by its file, real numbers may be from those expected.
    pub fn tolerance(&self) -> Option<f64> {
        self.results.tolerance
    }

    /// The resource at `place`: of that name, or at that binding where all shaders have the same one there.
    ///
    /// # Errors
    /// [`ShaderError::Buffer`](crate::error::ShaderError::Buffer) when there is none, or no shader writes it.
    pub fn output<'a>(&'a self, place: &Place, contents: &[Vec<Filled>]) -> Result<Output<'a>> {
        let is_it = |(resource, target): &(&Resource, &String)| match place {
            Place::Name(name) => *target == name,
            Place::Slot { .. } => place.names(resource),
        };
        let mut found = self.bound().filter(|(.., resource, target)| is_it(&(resource, target)));
        let Some((stage, index, resource, target)) = found.next() else {
            let all = format!("one of {}", self.names().join(", "));
            return Err(bad(&place.to_string(), all, "a resource that no shader binds"));
        };
        if let Some((.., other)) = found.find(|(.., other)| *other != target) {
            let resources = format!("{target} and {other}");
            return Err(bad(
                &place.to_string(),
                "a resource's name, as shaders bind others there",
                resources,
            ));
        }
        if !resource.written {
            return Err(bad(&place.to_string(), "a resource that a shader writes", "one that is only read"));
        }
        let shape = contents[stage][index].shape;
        Ok(Output { name: target, shader: &self.stages[stage].shader, resource, shape })
    }

    /// Everything bound: the stage, the place among the stage's resources, the resource, and its name in the pipeline.
    fn bound(&self) -> impl Iterator<Item = (usize, usize, &Resource, &String)> {
        self.stages.iter().enumerate().flat_map(|(number, stage)| {
            let all = stage.resources.iter().zip(&stage.targets).enumerate();
            all.filter(|(_, (resource, _))| resource.kind != Kind::Immediate)
                .map(move |(index, (resource, target))| (number, index, resource, target))
        })
    }

    /// The names of all resources, in order.
    pub(super) fn names(&self) -> Vec<&str> {
        super::names_of(&self.stages)
    }
}
