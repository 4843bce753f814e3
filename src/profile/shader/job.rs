//! What is to be run.

use super::Shader;
use super::plan::Filled;
use super::reflect::Resource;

/// What is to be run.
#[derive(Debug)]
pub struct Job<'a> {
    /// The shader.
    pub shader: &'a Shader,
    /// What it binds.
    pub resources: &'a [Resource],
    /// What each holds.
    pub contents: &'a [Filled],
    /// Workgroups in x, y and z.
    pub workgroups: [u32; 3],
}

impl Job<'_> {
    /// Bytes of the buffers: those that are read and those that are written.
    pub(super) fn bytes(&self) -> u64 {
        let touched = |resource: &Resource| u64::from(resource.read) + u64::from(resource.written);
        self.resources.iter().zip(self.contents).map(|(r, filled)| touched(r) * filled.bytes()).sum()
    }
}
