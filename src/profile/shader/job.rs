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
