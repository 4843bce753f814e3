//! What a driver's compiler tells of a compute shader: registers, spills, how many subgroups fit.
//!
//! Vulkan drivers tell it through `VK_KHR_pipeline_executable_properties`, which wgpu does not ask for. So a second device is
//! opened on the same adapter, in the same way but for this extension; shaders are compiled on it and nothing is run.

#[cfg(not(any(windows, target_os = "linux", target_os = "android", target_os = "freebsd")))]
mod elsewhere;
#[cfg(test)]
pub(super) mod tests;
#[cfg(any(windows, target_os = "linux", target_os = "android", target_os = "freebsd"))]
mod vulkan;

#[cfg(not(any(windows, target_os = "linux", target_os = "android", target_os = "freebsd")))]
pub(super) use elsewhere::DriverCompiler;
#[cfg(any(windows, target_os = "linux", target_os = "android", target_os = "freebsd"))]
pub(super) use vulkan::DriverCompiler;

use crate::gpu::Gpu;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Why other back ends tell nothing.
const VULKAN_ALONE: &str = "wgpu's other back ends do not tell it, only Vulkan does";

/// A program that a driver's compiler has made of a shader; most make one, some one for each size of subgroup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Executable {
    /// As the driver calls it.
    pub name: String,
    /// Lanes of its subgroups; zero where the driver does not say.
    pub subgroup_size: u32,
    /// What the driver counts, in its order.
    pub statistics: Vec<Statistic>,
}

/// One thing that a driver counts of a program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistic {
    /// As the driver calls it: `VGPRs`, `Register Count`, `Spill Count`, `Subgroups per SIMD`.
    pub name: String,
    /// The driver's explanation.
    pub description: String,
    /// What it counted.
    pub value: StatisticValue,
}

/// A number as a driver gives it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum StatisticValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number from 0 up.
    Unsigned(u64),
    /// Another whole number.
    Signed(i64),
    /// Any other number.
    Real(f64),
}

impl fmt::Display for StatisticValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(value) => value.fmt(f),
            Self::Unsigned(value) => value.fmt(f),
            Self::Signed(value) => value.fmt(f),
            Self::Real(value) => value.fmt(f),
        }
    }
}

/// What of a shader's bindings a driver's compiler has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SlotKind {
    UniformBuffer,
    StorageBuffer,
    SampledTexture,
    StorageTexture,
    Sampler,
}

/// A binding: what it is, and how many of them there are.
pub(super) type Slot = (SlotKind, u32);

/// What SPIR-V has to be like for a device to be compiled as wgpu does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SpirvTarget {
    /// SPIR-V's version.
    pub version: (u8, u8),
    /// Whether the device itself checks accesses to buffers.
    pub checks_buffers: bool,
    /// Whether the device itself checks reads of images.
    pub checks_images: bool,
}

impl SpirvTarget {
    /// Drivers of Vulkan 1.3, which check accesses to buffers and images themselves.
    pub const LATEST: Self = Self { version: (1, 6), checks_buffers: true, checks_images: true };
}

/// A compute shader, as a driver takes it.
#[cfg_attr(
    not(any(windows, target_os = "linux", target_os = "android", target_os = "freebsd")),
    expect(dead_code, reason = "no driver takes it there")
)]
pub(super) struct Compute<'a> {
    /// SPIR-V.
    pub words: &'a [u32],
    /// The entry point's name.
    pub entry: &'a str,
    /// Of each set, its bindings, which are numbered without gaps.
    pub sets: &'a [Vec<Slot>],
    /// Bytes of immediates.
    pub immediates: u32,
}

impl DriverCompiler {
    /// On the adapter that `gpu` was opened on; else why not.
    pub fn of(gpu: &Gpu) -> Result<Self, String> {
        let adapter = gpu.adapter().ok_or("the device belongs to an application")?;
        Self::open(adapter, gpu.device().features())
    }
}
