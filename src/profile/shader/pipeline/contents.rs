//! What the resources of a pipeline hold at first, stage by stage.

use super::super::drawn::Drawn;
use super::super::job::Job;
use super::super::plan::{Filled, Shape};
use super::super::reflect::{Kind, Resource};
use super::super::{BufferSpec, Content, Place, Rest, texels};
use super::{Count, Pipeline, Stage};
use crate::error::{Error, Result, ShaderError};
use naga::ImageClass;
use std::collections::{BTreeMap, BTreeSet};

impl Pipeline {
    /// The contents of each stage's resources: what is said of them, else seeded values of the type that the first shader gives
    /// them. Nothing is made that a device of such limits could not bind.
    ///
    /// # Errors
    /// [`Error::Input`] naming the stage and the resource that does not fit it; [`Error::Io`] when a file cannot be read.
    pub fn fill(&self, seed: u64, limits: &wgpu::Limits) -> Result<Vec<Vec<Filled>>> {
        let mut met: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        let mut all: Vec<Vec<Filled>> = Vec::new();
        for (index, stage) in self.stages.iter().enumerate() {
            let filled = |name: &str| met.get(name).map(|&(stage, place)| &all[stage][place]);
            let of = |(resource, target): (&Resource, &String)| {
                let known = filled(target).filter(|_| resource.kind != Kind::Immediate);
                let content =
                    known.map_or_else(|| self.given.get(target).cloned(), |filled| same(filled.shape))?;
                Some(BufferSpec { place: place(resource), content })
            };
            let specs: Vec<BufferSpec> = stage.resources.iter().zip(&stage.targets).filter_map(of).collect();
            let about = |e| about(stage, e);
            let formats: Vec<_> = stage.targets.iter().map(|target| self.stored_format(target)).collect();
            let plan = stage.shader.plan(&stage.resources, &specs).map_err(about)?.with_formats(&formats);
            plan.check(limits).map_err(about)?;
            if let Count::Fixed(workgroups) = stage.count {
                stage.shader.check(workgroups, limits).map_err(about)?;
            }
            let mut contents = plan.fill(seed).map_err(about)?;
            let mut fresh = Vec::new();
            for (place, target) in stage.targets.iter().enumerate() {
                match filled(target).filter(|_| stage.resources[place].kind != Kind::Immediate) {
                    Some(known) => {
                        contents[place].each.clone_from(&known.each);
                        contents[place].seeded_from = known.seeded_from;
                    }
                    None => fresh.push((target.as_str(), (index, place))),
                }
            }
            for (target, at) in fresh {
                met.entry(target).or_insert(at);
            }
            all.push(contents);
        }
        self.check_indirect(&all, &met)?;
        Ok(all)
    }

    /// The format of a texture that any stage binds as a storage texture: only there do shaders say which.
    fn stored_format(&self, target: &str) -> Option<wgpu::TextureFormat> {
        let bound = self.stages.iter().flat_map(Stage::bound).filter(|(_, own)| *own == target);
        bound.map(|(resource, _)| resource.kind).find_map(|kind| match kind {
            Kind::Texture(texture) if matches!(texture.class, ImageClass::Storage { .. }) => {
                Some(texels::format(texture))
            }
            _ => None,
        })
    }

    /// What filters need of textures that have the format in which another shader writes them; without it a device refuses
    /// such a pipeline.
    pub(super) fn of_filtered(&self) -> wgpu::Features {
        use wgpu::TextureFormat as Format;
        let bound = self.stages.iter().flat_map(Stage::bound);
        let mut filtered =
            bound.filter(|(resource, _)| matches!(resource.kind, Kind::Texture(it) if it.sampled));
        let is_f32 = |target: &str| {
            matches!(
                self.stored_format(target),
                Some(Format::R32Float | Format::Rg32Float | Format::Rgba32Float)
            )
        };
        match filtered.any(|(_, target)| is_f32(target)) {
            true => wgpu::Features::FLOAT32_FILTERABLE,
            false => wgpu::Features::empty(),
        }
    }

    /// The whole numbers of uniform blocks and immediates that were drawn at random, by the names of resources.
    pub fn drawn(&self, contents: &[Vec<Filled>]) -> Vec<Drawn> {
        let mut all: Vec<Drawn> = Vec::new();
        for (Stage { shader, resources, targets, .. }, contents) in self.stages.iter().zip(contents) {
            let drawn = Job { shader, resources, contents, workgroups: [1; 3] }.drawn();
            let target =
                |name: &str| resources.iter().zip(targets).find(|(resource, _)| resource.name == name);
            all.extend(drawn.into_iter().map(|drawn| {
                let name = target(&drawn.name).map_or(&drawn.name, |(_, target)| target).clone();
                let place = format!("{name}{}", &drawn.place[drawn.name.len()..]);
                Drawn { name, place, ..drawn }
            }));
        }
        let mut met = BTreeSet::new();
        all.retain(|drawn| met.insert(drawn.place.clone()));
        all
    }

    /// Refuses resources that cannot hold numbers of workgroups.
    fn check_indirect(&self, all: &[Vec<Filled>], met: &BTreeMap<&str, (usize, usize)>) -> Result<()> {
        for stage in &self.stages {
            let Count::Indirect { resource, offset } = &stage.count else { continue };
            let filled = met.get(resource.as_str()).map(|&(stage, place)| all[stage][place].shape);
            let fits = match filled {
                Some(Shape::Bytes(bytes)) => bytes >= offset.saturating_add(12) && offset.is_multiple_of(4),
                _ => false,
            };
            if !fits {
                let expected = "a buffer with three whole numbers, and an offset that is a multiple of 4";
                let found = format!("{resource} from byte {offset} on");
                return Err(Error::input(format!("{}: indirect", stage.name), expected, found));
            }
        }
        Ok(())
    }
}

/// A content as large as one that is there.
fn same(shape: Shape) -> Option<Content> {
    match shape {
        Shape::Bytes(bytes) => Some(Content::Values(vec![], Rest::Zeros(Some(bytes)))),
        Shape::Texels { extent, .. } => Some(Content::Texels(extent)),
        Shape::Sampler => None,
    }
}

fn place(resource: &Resource) -> Place {
    match resource.kind {
        Kind::Immediate => Place::Name(resource.name.clone()),
        _ => Place::Slot { group: resource.group, binding: resource.binding },
    }
}

/// Names the stage.
fn about(stage: &Stage, e: Error) -> Error {
    match e {
        Error::Shader(ShaderError::Buffer { place, expected, found }) => {
            Error::input(format!("{}: {place}", stage.name), expected, found)
        }
        Error::Input { subject, expected, found } => {
            Error::input(format!("{}: {subject}", stage.name), expected, found)
        }
        other => other,
    }
}
