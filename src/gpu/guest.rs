//! A device that belongs to an application.

use super::context::Inner;
use super::pipeline_cache::PipelineCache;
use super::{Gpu, Options, requirements};
use crate::error::Result;
use std::sync::Arc;

impl Gpu {
    /// Uses a device that belongs to an application, beside whatever the application does with it. Nothing is
    /// submitted or waited for, and no handler is installed, by anything but the functions that say so
    /// ([`Gpu::submit`], [`Gpu::wait`] and what reads values back); what is uploaded is in its buffer from the start, or goes
    /// through `queue.write_buffer`, which takes effect with the application's next submission.
    ///
    /// # Errors
    /// [`Error::Input`](crate::error::Error::Input) naming the limit that the device lacks ([`required_limits`](super::required_limits)),
    /// or what of `options.features` it was opened without;
    /// [`Error::DeviceLost`](crate::error::Error::DeviceLost) when it was lost or destroyed.
    pub fn borrow(device: &wgpu::Device, queue: &wgpu::Queue, options: Options) -> Result<Self> {
        Self::guest(device, queue, options, None)
    }

    /// As [`Gpu::borrow`], and every pipeline is built with `cache`, which must be one of this very device. It stays the
    /// application's, which may build its own pipelines with it, too, and keeps its data as it likes: nothing else is done
    /// with it here.
    ///
    /// # Errors
    /// As [`Gpu::borrow`]. The cache of another device is refused with the first pipeline, as
    /// [`Error::Gpu`](crate::error::Error::Gpu).
    pub fn borrow_with_cache(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        cache: &wgpu::PipelineCache,
        options: Options,
    ) -> Result<Self> {
        Self::guest(device, queue, options, Some(PipelineCache::of_application(cache.clone())))
    }

    fn guest(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        options: Options,
        cache: Option<PipelineCache>,
    ) -> Result<Self> {
        requirements::check(device)?;
        requirements::check_features(device, options.features)?;
        let variant = requirements::variant(device, options.variant);
        // The name under which a search on the same adapter has kept what it found.
        let name = super::adapter::named(&device.adapter_info());
        let mut inner = Inner::new(device.clone(), queue.clone(), name, options, variant);
        (inner.borrowed, inner.cache) = (true, cache);
        let gpu = Self { inner: Arc::new(inner), waiting: None };
        gpu.healthy()?;
        Ok(gpu)
    }
}
