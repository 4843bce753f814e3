//! Several dispatches over shared resources, in order.

mod about;
mod contents;
mod file;
mod results;
mod run;

pub use results::Output;
pub use run::ReadyPipeline;

use super::amount::Amounts;
use super::reflect::{Kind, Resource};
use super::spec::bad;
use super::{BufferSpec, Content, Shader};
use crate::error::{Error, Result};
use about::{about, placed};
use file::File;
use results::Results;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Several dispatches over shared resources, in order.
#[derive(Debug)]
pub struct Pipeline {
    stages: Vec<Stage>,
    /// Each dispatch of a run, by its stage.
    order: Vec<usize>,
    /// What is said of resources.
    given: BTreeMap<String, Content>,
    /// What its file says of results.
    results: Results,
}

/// A shader with what it is bound to.
#[derive(Clone, Debug)]
struct Stage {
    /// What it is called.
    name: String,
    shader: Arc<Shader>,
    resources: Vec<Resource>,
    /// The resource of the pipeline that each of its own is.
    targets: Vec<String>,
    count: Count,
}

/// How many workgroups a stage has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    Fixed([u32; 3]),
    /// As many as the resource holds from that byte on.
    Indirect {
        resource: String,
        offset: u64,
    },
}

/// As many dispatches as somebody can wait for.
const MOST: usize = 10_000;

impl Pipeline {
    /// Reads the file, and the shaders that it names.
    ///
    /// # Errors
    /// [`Error::Io`] when a file cannot be read, [`Error::Input`] naming the dispatch or the resource that is wrong, and the
    /// errors of [`Shader::read`].
    pub fn read(path: &Path) -> Result<Self> {
        let file = File::read(path)?;
        let beside = path.parent().unwrap_or(Path::new(""));
        let results = Results::read(&file, beside).map_err(|e| about(path, e))?;
        let mut pipeline = Self { stages: vec![], order: vec![], given: BTreeMap::new(), results };
        for name in file.resources.keys() {
            let content = file.content(name).map_err(|e| about(path, e))?;
            let content = content.map(|content| match content {
                Content::File(file) => Content::File(beside.join(file)),
                content => content,
            });
            pipeline.given.extend(content.map(|content| (name.clone(), content)));
        }
        let mut stages = Vec::new();
        for (index, dispatch) in file.dispatch.iter().enumerate() {
            let stage = Stage::read(&file, dispatch, beside);
            stages.push(stage.map_err(|e| placed(path, dispatch.name.as_deref(), index, e))?);
        }
        check_ping_pong(path, &file, &stages)?;
        number_alike(&mut stages);
        pipeline.unroll(path, &file, &stages)?;
        pipeline.check_names(path)?;
        Ok(pipeline)
    }

    /// Shaders of one file with their workgroups, in order, over the resources of the same name; `specs` says what these hold.
    ///
    /// # Errors
    /// [`ShaderError::Buffer`](crate::error::ShaderError::Buffer) when a spec names no resource of theirs, and the errors of
    /// [`Shader::resources`].
    pub fn of_shaders(shaders: Vec<(Shader, [u32; 3])>, specs: &[BufferSpec]) -> Result<Self> {
        let stage = |(shader, workgroups): (Shader, [u32; 3])| {
            let resources = shader.resources()?;
            let targets = resources.iter().map(|resource| resource.name.clone()).collect();
            let (name, count) = (shader.entry().to_owned(), Count::Fixed(workgroups));
            Ok(Stage { name, shader: Arc::new(shader), resources, targets, count })
        };
        let stages: Vec<Stage> = shaders.into_iter().map(stage).collect::<Result<_>>()?;
        let all: Vec<Resource> = stages.iter().flat_map(|stage| stage.resources.iter().cloned()).collect();
        let mut given = BTreeMap::new();
        for BufferSpec { place, content } in specs {
            let name = &all[place.find(&all)?].name;
            if let Some(other) = all.iter().find(|other| place.names(other) && other.name != *name) {
                let expected = "a resource's name, as shaders bind others there";
                return Err(bad(&place.to_string(), expected, format!("{name} and {}", other.name)));
            }
            if given.insert(name.clone(), content.clone()).is_some() {
                return Err(bad(&place.to_string(), "one description of each resource", "two of this one"));
            }
        }
        let order = (0..stages.len()).collect();
        let mut pipeline = Self { stages, order, given, results: Results::default() };
        pipeline.mark_written();
        Ok(pipeline)
    }

    /// All dispatches of a run, with what ping-pong binds them to.
    fn unroll(&mut self, path: &Path, file: &File, stages: &[Stage]) -> Result<()> {
        let count: u64 = file.dispatch.iter().map(|dispatch| u64::from(dispatch.repeat)).sum();
        let count = count.saturating_mul(file.rounds.into());
        if count == 0 || count > MOST as u64 {
            return Err(Error::file(path, format!("from 1 to {MOST} dispatches a run"), count));
        }
        let mut swapped: BTreeMap<&str, &str> = BTreeMap::new();
        // The stages that a dispatch has become, by what they are bound to.
        let mut known: BTreeMap<(usize, Vec<String>, Count), usize> = BTreeMap::new();
        for _ in 0..file.rounds {
            for (index, (dispatch, stage)) in file.dispatch.iter().zip(stages).enumerate() {
                for _ in 0..dispatch.repeat {
                    let now = |name: &String| {
                        swapped.get(name.as_str()).map_or(name.clone(), |&now| now.to_owned())
                    };
                    let targets: Vec<String> = stage.targets.iter().map(now).collect();
                    let count = match &stage.count {
                        Count::Indirect { resource, offset } => {
                            Count::Indirect { resource: now(resource), offset: *offset }
                        }
                        Count::Fixed(workgroups) => Count::Fixed(*workgroups),
                    };
                    let place = *known.entry((index, targets.clone(), count.clone())).or_insert_with(|| {
                        self.stages.push(Stage { targets, count, ..stage.clone() });
                        self.stages.len() - 1
                    });
                    self.order.push(place);
                    if let Some([a, b]) = &dispatch.ping_pong {
                        let (now_a, now_b) = (
                            swapped.get(a.as_str()).copied().unwrap_or(a),
                            swapped.get(b.as_str()).copied().unwrap_or(b),
                        );
                        swapped.insert(a, now_b);
                        swapped.insert(b, now_a);
                    }
                }
            }
        }
        self.mark_written();
        Ok(())
    }

    /// A resource that one stage writes is written for all: none may count on what it held at first.
    fn mark_written(&mut self) {
        let written: Vec<String> = self
            .stages
            .iter()
            .flat_map(|stage| stage.resources.iter().zip(&stage.targets))
            .filter(|(resource, _)| resource.written)
            .map(|(_, target)| target.clone())
            .collect();
        for stage in &mut self.stages {
            for (resource, target) in stage.resources.iter_mut().zip(&stage.targets) {
                resource.written |= written.contains(target);
            }
        }
    }

    /// Refuses names of resources that no shader binds.
    fn check_names(&self, path: &Path) -> Result<()> {
        let bound = || self.stages.iter().flat_map(|stage| &stage.targets);
        let indirect = self.stages.iter().filter_map(|stage| match &stage.count {
            Count::Indirect { resource, .. } => Some(resource),
            Count::Fixed(_) => None,
        });
        let named = self.given.keys().chain(indirect).chain(self.results.names());
        let unknown = named.into_iter().find(|name| !bound().any(|target| target == *name));
        let Some(name) = unknown else { return Ok(()) };
        let expected = format!("resources that a shader binds: {}", self.names().join(", "));
        Err(Error::file(path, expected, name))
    }

    /// The features that all shaders need together.
    pub fn features(&self) -> wgpu::Features {
        let of = |stage: &Stage| stage.shader.features(&stage.resources);
        let own = self.stages.iter().map(of).fold(wgpu::Features::empty(), |a, b| a | b);
        own | self.of_filtered()
    }

    #[cfg(test)]
    pub(super) fn source_of(&self, stage: usize) -> &str {
        self.stages[stage].shader.source()
    }

    #[cfg(test)]
    pub(super) fn stage_names(&self) -> Vec<String> {
        self.stages.iter().map(|stage| stage.name.clone()).collect()
    }

    /// How many dispatches a run has.
    pub fn dispatches(&self) -> usize {
        self.order.len()
    }
}

/// Refuses resources that change places and that no dispatch is about.
fn check_ping_pong(path: &Path, file: &File, stages: &[Stage]) -> Result<()> {
    let is_known = |name: &&String| {
        let of_stage = |stage: &Stage| {
            stage.targets.contains(name)
                || matches!(&stage.count, Count::Indirect { resource, .. } if resource == *name)
        };
        stages.iter().any(of_stage)
    };
    let mut named = file.dispatch.iter().flat_map(|dispatch| dispatch.ping_pong.iter().flatten());
    let Some(unknown) = named.find(|name| !is_known(name)) else { return Ok(()) };
    let expected = format!("resources that a shader binds in ping_pong: {}", names_of(stages).join(", "));
    Err(Error::file(path, expected, unknown))
}

/// The names of all resources that stages bind, in order.
fn names_of(stages: &[Stage]) -> Vec<&str> {
    let mut all: Vec<&str> = stages.iter().flat_map(|stage| &stage.targets).map(String::as_str).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Tells dispatches apart that have one name, but other shaders, constants or workgroups: reports go by the name.
fn number_alike(stages: &mut [Stage]) {
    let alike = |a: &Stage, b: &Stage| {
        let [a, b] = [a, b].map(|stage| (stage.shader.source(), stage.shader.overrides(), &stage.count));
        a == b
    };
    let number = |index: usize| {
        let mut kinds: Vec<&Stage> = Vec::new();
        for stage in stages[..=index].iter().filter(|stage| stage.name == stages[index].name) {
            if !kinds.iter().any(|kind| alike(kind, stage)) {
                kinds.push(stage);
            }
        }
        kinds.iter().position(|kind| alike(kind, &stages[index])).unwrap_or(0) + 1
    };
    let numbers: Vec<usize> = (0..stages.len()).map(number).collect();
    for (stage, number) in stages.iter_mut().zip(numbers).filter(|(_, number)| *number > 1) {
        stage.name = format!("{} #{number}", stage.name);
    }
}

impl Stage {
    fn read(file: &File, dispatch: &file::Dispatch, beside: &Path) -> Result<Self> {
        let (path, before) = dispatch.files(beside)?;
        let includes = file.include.iter().map(|directory| beside.join(directory)).collect();
        let shader = Shader::read(&path, &dispatch.choices(before, includes)?)?;
        let resources = shader.resources()?;
        let is_variable = |name: &str| resources.iter().any(|resource| resource.name == name);
        if let Some(name) = dispatch.bind.keys().find(|name| !is_variable(name)) {
            let all: Vec<&str> = resources.iter().map(|resource| resource.name.as_str()).collect();
            return Err(Error::input("bind", format!("one of {}", all.join(", ")), name));
        }
        let target =
            |resource: &Resource| dispatch.bind.get(&resource.name).unwrap_or(&resource.name).clone();
        let targets = resources.iter().map(target).collect();
        let count = match (dispatch.amounts()?, &dispatch.indirect) {
            (Some((amounts, is_threads)), _) => Count::Fixed(fixed(file, &shader, &amounts, is_threads)?),
            (None, resource) => {
                let resource = resource.clone().unwrap_or_default();
                Count::Indirect { resource, offset: dispatch.indirect_offset }
            }
        };
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let name = dispatch.name.clone().unwrap_or_else(|| format!("{stem}.{}", shader.entry()));
        Ok(Self { name, shader: Arc::new(shader), resources, targets, count })
    }

    /// Bound, of what is bound at all.
    fn bound(&self) -> impl Iterator<Item = (&Resource, &String)> {
        let all = self.resources.iter().zip(&self.targets);
        all.filter(|(resource, _)| resource.kind != Kind::Immediate)
    }
}

fn fixed(file: &File, shader: &Shader, amounts: &Amounts, is_threads: bool) -> Result<[u32; 3]> {
    let known = |name: &str| file.sizes.get(name).copied().or_else(|| shader.constant(name));
    let values = amounts.values(&known)?;
    let size = shader.workgroup_size();
    Ok([0, 1, 2].map(|i| if is_threads { values[i].div_ceil(size[i].max(1)) } else { values[i] }))
}
