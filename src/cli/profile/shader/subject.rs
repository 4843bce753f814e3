//! A shader with what it binds, and the adapters that can run it.

use super::super::super::hint;
use super::super::ProfileArgs;
use super::ShaderArgs;
use dann::error::Result;
use dann::gpu::{Adapter, Gpu};
use dann::profile::shader::{BufferSpec, Choices, Filled, Job, Plan, Resource, Shader};
use std::path::{Path, PathBuf};

/// A shader, what it binds and how often it runs.
pub struct Subject {
    pub shader: Shader,
    pub resources: Vec<Resource>,
    pub workgroups: [u32; 3],
}

impl Subject {
    /// Reads the shader in `path`.
    pub fn read(path: &Path, choices: &Choices, args: &ProfileArgs) -> anyhow::Result<Self> {
        let shader = Shader::read(path, choices)?;
        let resources = shader.resources()?;
        let workgroups = workgroups(&shader, choices, args)?;
        Ok(Self { shader, resources, workgroups })
    }

    /// What everything is to hold.
    pub fn plan<'a>(&'a self, specs: &'a [BufferSpec]) -> Result<Plan<'a>> {
        self.shader.plan(&self.resources, specs)
    }

    /// Refuses what an adapter cannot hold or dispatch.
    pub fn check(&self, plan: &Plan<'_>, adapter: &Adapter) -> Result<()> {
        let limits = adapter.limits();
        plan.check(&limits).and_then(|()| self.shader.check(self.workgroups, &limits))
    }

    pub fn job<'a>(&'a self, contents: &'a [Filled]) -> Job<'a> {
        Job { shader: &self.shader, resources: &self.resources, contents, workgroups: self.workgroups }
    }

    pub fn features(&self) -> wgpu::Features {
        self.shader.features(&self.resources)
    }
}

/// What the command line leaves open of a shader behind the files `before`.
pub fn choices(args: &ProfileArgs, before: &[PathBuf]) -> Choices {
    Choices {
        entry: args.shader.entry.clone(),
        overrides: args.shader.overrides.clone(),
        before: before.to_vec(),
        includes: args.shader.include.clone(),
        defines: args.shader.define.clone(),
        settings: vec![],
        is_lenient: false,
    }
}

/// As they were asked for, or as many as have the threads asked for.
pub fn workgroups(shader: &Shader, choices: &Choices, args: &ProfileArgs) -> anyhow::Result<[u32; 3]> {
    let given = |name: &str| {
        let values = choices.defines.iter().chain(&choices.settings);
        let value = values.filter(|define| define.name == name).find_map(|define| define.value.as_deref())?;
        value.trim_end_matches(['u', 'i']).parse().ok()
    };
    let known = |name: &str| shader.constant(name).or_else(|| given(name));
    let named = |flag: &str, e: &dann::error::Error| anyhow::anyhow!("{flag} {}", hint::text(e));
    let ShaderArgs { workgroups, threads, .. } = &args.shader;
    if let Some(workgroups) = workgroups {
        return workgroups.values(&known).map_err(|e| named("--workgroups", &e));
    }
    let Some(threads) = threads else {
        if args.shader.compile_only {
            return Ok([1; 3]);
        }
        anyhow::bail!("expected --workgroups X,Y,Z or --threads X,Y,Z, found neither");
    };
    let (threads, size) =
        (threads.values(&known).map_err(|e| named("--threads", &e))?, shader.workgroup_size());
    Ok([0, 1, 2].map(|i| threads[i].div_ceil(size[i].max(1))))
}

/// The adapters that a shader runs on, and why others do not run it.
pub struct Stage<'a> {
    path: &'a Path,
    args: &'a ProfileArgs,
    adapters: Vec<Adapter>,
    refused: Vec<String>,
}

impl<'a> Stage<'a> {
    /// Those asked for that `check` lets pass; it is an error if none does. Nothing is filled before that: what no adapter can
    /// bind may be more than this machine can hold.
    pub fn new(
        path: &'a Path,
        args: &'a ProfileArgs,
        check: impl Fn(&Adapter) -> Result<()>,
    ) -> anyhow::Result<Self> {
        let mut stage = Self { path, args, adapters: args.gpu.adapters()?, refused: vec![] };
        let (mut able, mut refused) = (vec![], vec![]);
        for adapter in stage.adapters {
            match check(&adapter) {
                Ok(()) => able.push(adapter),
                Err(e) => refused.push(refusal(path, &adapter, &e)),
            }
        }
        anyhow::ensure!(!able.is_empty(), "{}", refused.join("\n"));
        (stage.adapters, stage.refused) = (able, refused);
        Ok(stage)
    }

    pub fn count(&self) -> usize {
        self.adapters.len()
    }

    pub fn adapters(&self) -> &[Adapter] {
        &self.adapters
    }

    /// What `act` gives on each device that has the features; others are refused.
    pub fn each<T>(
        &mut self,
        features: wgpu::Features,
        mut act: impl FnMut(&Gpu) -> Result<T>,
        mut done: impl FnMut(T) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for adapter in &self.adapters {
            match self.args.gpu.open_with(adapter, features).and_then(|gpu| act(&gpu)) {
                Ok(found) => done(found)?,
                Err(e) => self.refused.push(refusal(self.path, adapter, &e)),
            }
        }
        Ok(())
    }

    /// It is an error if an adapter was refused.
    pub fn end(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.refused.is_empty(), "{}", self.refused.join("\n"));
        Ok(())
    }
}

/// Why an adapter does not run the shader, which is named once.
fn refusal(path: &Path, adapter: &Adapter, e: &dann::error::Error) -> String {
    let text = hint::with_remedy(e);
    let name = adapter.to_string();
    let on = if text.contains(&name) { String::new() } else { format!("{name}: ") };
    format!("{}: {on}{text}", path.display())
}
