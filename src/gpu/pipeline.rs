//! A kernel's pipeline, and pipelines that are built one by one.

use super::lock::lock;
use super::{Kernel, Mirror};
use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

/// What a kernel, or its second text, is bound by, and its pipeline once that is built.
pub(super) struct Pipeline {
    pub kernel: &'static Kernel,
    pub mirror: Option<&'static Mirror>,
    pub group: wgpu::BindGroupLayout,
    pub built: OnceLock<wgpu::ComputePipeline>,
}

impl Pipeline {
    /// What it is bound by; nothing is compiled.
    pub fn new(device: &wgpu::Device, kernel: &'static Kernel, mirror: Option<&'static Mirror>) -> Self {
        let group = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(kernel.label),
            entries: &kernel.layout_entries(mirror),
        });
        Self { kernel, mirror, group, built: OnceLock::new() }
    }

    /// The pipeline.
    ///
    /// # Panics
    /// When it is not built: what is made in slices is given out when all its pipelines are.
    pub fn ready(&self) -> &wgpu::ComputePipeline {
        self.built.get().expect("pipelines are built before they are encoded")
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pipeline({})", self.kernel.label)
    }
}

/// Pipelines that were asked for and are to be built when their turn comes. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<Mutex<(VecDeque<Arc<Pipeline>>, bool)>>);

impl Waiting {
    /// Takes a pipeline in, unless they have been closed.
    pub fn takes(&self, pipeline: &Arc<Pipeline>) -> bool {
        let (pipelines, closed) = &mut *lock(&self.0);
        if !*closed && !pipelines.iter().any(|waiting| Arc::ptr_eq(waiting, pipeline)) {
            pipelines.push_back(Arc::clone(pipeline));
        }
        !*closed
    }

    /// The next one, and how many there are.
    pub fn first(&self) -> (Option<Arc<Pipeline>>, usize) {
        let (pipelines, _) = &*lock(&self.0);
        (pipelines.front().cloned(), pipelines.len())
    }

    /// The first one is built.
    pub fn pop(&self) {
        lock(&self.0).0.pop_front();
    }

    /// Takes no more.
    pub fn close(&self) {
        lock(&self.0).1 = true;
    }

    /// Whether it takes no more.
    pub fn is_closed(&self) -> bool {
        lock(&self.0).1
    }
}
