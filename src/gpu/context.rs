//! The device that everything runs on: opened here, or borrowed from an application.

use super::lock::lock;
use super::pipeline::{Pipeline, Waiting};
use super::pipeline_cache::PipelineCache;
use super::traffic::{Counters, Traffic};
use super::{Adapter, Fault, Options, ShaderChecks, Variant, requirements};
use crate::error::{Error, Result, ShaderError};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// A device, its queue and the pipelines built on it. Clones share all three.
#[derive(Clone)]
pub struct Gpu {
    pub(super) inner: Arc<Inner>,
    /// Where pipelines go that are asked for through this very handle, if they are not to be built at once.
    pub(super) waiting: Option<Waiting>,
}

pub(super) struct Inner {
    device: wgpu::Device,
    queue: wgpu::Queue,
    name: String,
    checks: ShaderChecks,
    variant: Variant,
    /// The driver ends a thread's loops after some turns.
    pub(super) ends_loops: bool,
    /// Which kernels each stage of a model is built from, where it is not `variant`.
    choices: OnceLock<BTreeMap<String, Variant>>,
    /// By a kernel's label, and whether it is its second text.
    pub(super) pipelines: Mutex<HashMap<(&'static str, bool), Arc<Pipeline>>>,
    fault: Arc<Mutex<Option<Fault>>>,
    /// The device is gone; of a device that is not borrowed.
    gone: Arc<AtomicBool>,
    counters: Counters,
    pub(super) cache: Option<PipelineCache>,
    /// The device is an application's: nobody but the application is told of its faults.
    pub(super) borrowed: bool,
    /// What the device was opened on, unless it is borrowed.
    #[cfg(feature = "profile")]
    adapter: Option<wgpu::Adapter>,
}

impl Inner {
    pub(super) fn new(
        device: wgpu::Device,
        queue: wgpu::Queue,
        name: String,
        options: Options,
        variant: Variant,
    ) -> Self {
        let choices = OnceLock::new();
        if options.variant.is_some() {
            // What was asked for stands for every stage.
            choices.get_or_init(BTreeMap::new);
        }
        let info = device.adapter_info();
        // Over OpenGL it tells no driver.
        let ends_loops = info.driver == "llvmpipe" || info.name.contains("llvmpipe");
        Self {
            device,
            ends_loops,
            queue,
            name,
            checks: options.checks,
            variant,
            choices,
            pipelines: Mutex::default(),
            fault: Arc::default(),
            gone: Arc::default(),
            counters: Counters::default(),
            cache: None,
            borrowed: false,
            #[cfg(feature = "profile")]
            adapter: None,
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.cache.iter().for_each(PipelineCache::save);
    }
}

impl Gpu {
    /// Opens a device on `adapter`, with everything the adapter allows. Where it cannot run the kernels asked for
    /// ([`Adapter::variant_obstacle`]), plain ones take their place.
    ///
    /// # Errors
    /// [`Error::Input`] naming the features asked for that the adapter lacks, [`Error::Gpu`] when the driver refuses.
    pub fn open(adapter: &Adapter, options: Options) -> Result<Self> {
        let variant = options.variant.map_or_else(|| adapter.default_variant(), |v| adapter.possible(v));
        let (features, experimental_features) =
            requirements::of_own_device(adapter, variant, options.features)?;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("dann"),
            required_features: features,
            required_limits: adapter.limits(),
            experimental_features,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.handle.request_device(&descriptor))
            .map_err(|e| Error::Gpu(format!("{adapter} gives no device: {e}")))?;
        let fault = Arc::new(Mutex::new(None));
        let note = |noted: &Arc<Mutex<Option<Fault>>>, fault: Fault| {
            log::error!("{}", fault.message);
            lock(noted).get_or_insert(fault);
        };
        let uncaptured = Arc::clone(&fault);
        device.on_uncaptured_error(Arc::new(move |e| note(&uncaptured, Fault::of(&e, e.to_string()))));
        let (lost, gone) = (Arc::clone(&fault), Arc::new(AtomicBool::new(false)));
        let flag = Arc::clone(&gone);
        device.set_device_lost_callback(move |reason, message| {
            flag.store(true, Ordering::SeqCst);
            if !matches!(reason, wgpu::DeviceLostReason::Destroyed) {
                note(&lost, Fault::lost(format!("the device was lost: {message}")));
            }
        });
        let has_cache = features.contains(wgpu::Features::PIPELINE_CACHE);
        let cache = if has_cache { PipelineCache::open(&device, &adapter.info) } else { None };
        let mut inner = Inner::new(device, queue, adapter.to_string(), options, variant);
        (inner.cache, inner.fault, inner.gone) = (cache, fault, gone);
        #[cfg(feature = "profile")]
        inner.adapter.replace(adapter.handle.clone());
        Ok(Self { inner: Arc::new(inner), waiting: None })
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// Whether both have the same device and pipelines. wgpu cannot tell devices of several instances apart.
    pub(crate) fn shares_with(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// What the device was opened on, unless it is borrowed.
    #[cfg(feature = "profile")]
    pub(crate) fn adapter(&self) -> Option<&wgpu::Adapter> {
        self.inner.adapter.as_ref()
    }

    /// The wgpu device.
    pub fn device(&self) -> &wgpu::Device {
        &self.inner.device
    }

    /// The wgpu queue.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.inner.queue
    }

    /// Backend, name and driver of the adapter.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Whether shaders carry wgpu's checks.
    pub fn checks(&self) -> ShaderChecks {
        self.inner.checks
    }

    /// What went between host and device so far.
    #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
    pub fn traffic(&self) -> Traffic {
        self.inner.counters.read()
    }

    pub(super) fn counters(&self) -> &Counters {
        &self.inner.counters
    }

    /// Gives what was encoded to the queue.
    pub fn submit(&self, encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        self.inner.counters.submission();
        self.queue().submit([encoder.finish()])
    }

    /// Does `work` between the start and the end of a capture by the graphics debugger that the program runs under, if
    /// any.
    ///
    /// # Errors
    /// Those of `work`, and [`Error::Gpu`] when the device fails.
    pub fn captured<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.wait()?;
        // SAFETY: what a debugger does to the process is beyond anyone's promise; who attached one has asked for it.
        unsafe { self.device().start_graphics_debugger_capture() };
        let done = work();
        let waited = self.wait();
        // SAFETY: as above; the capture was started just before, and the device is done with it.
        unsafe { self.device().stop_graphics_debugger_capture() };
        waited.and(done)
    }

    /// Which kernels models are built from, unless a search has found others for a stage.
    pub fn variant(&self) -> Variant {
        self.inner.variant
    }

    /// Which kernels the stages named here are built from instead; `read` gives them at the first call, and is not
    /// called at all where the kernels were asked for.
    pub(crate) fn choices(
        &self,
        read: impl FnOnce() -> BTreeMap<String, Variant>,
    ) -> &BTreeMap<String, Variant> {
        self.inner.choices.get_or_init(|| {
            let mut choices = read();
            if self.inner.borrowed {
                // The search had all that the adapter has; an application may have opened its device with less.
                choices.retain(|_, variant| requirements::obstacle(self.device(), *variant).is_none());
            }
            choices
        })
    }

    /// The first fault that the device reported, if any.
    ///
    /// # Errors
    /// [`Error::Gpu`] or [`Error::OutOfMemory`] with the driver's words, [`Error::DeviceLost`] when the device is gone.
    pub fn healthy(&self) -> Result<()> {
        match lock(&self.inner.fault).clone() {
            Some(fault) => Err(fault.error()),
            None if self.inner.gone.load(Ordering::SeqCst) || self.inner.borrowed && self.is_lost() => {
                Err(Self::lost())
            }
            None => Ok(()),
        }
    }

    /// Whether the device is lost or destroyed: all that it held is gone, and another one has to be opened.
    pub fn is_gone(&self) -> bool {
        // The handler is called when somebody waits for the device next, which may never be.
        self.inner.gone.load(Ordering::SeqCst) || self.is_lost()
    }

    /// The error that says that the device is gone.
    pub(super) fn lost() -> Error {
        Error::DeviceLost("the device was lost or destroyed".into())
    }

    /// Whether the device is gone. Only a handler would be told, and on a borrowed device that is the application's;
    /// but a living device refuses a senseless request with an error, and a lost one is silent.
    fn is_lost(&self) -> bool {
        let scope = self.device().push_error_scope(wgpu::ErrorFilter::Validation);
        let _refused = self.device().create_buffer(&wgpu::BufferDescriptor {
            label: Some("refused on purpose: is the device alive?"),
            size: 4,
            usage: wgpu::BufferUsages::empty(),
            mapped_at_creation: false,
        });
        pollster::block_on(scope.pop()).is_none()
    }

    /// Waits until all submitted work is done.
    ///
    /// # Errors
    /// As [`Gpu::healthy`].
    pub fn wait(&self) -> Result<()> {
        self.device().poll(wgpu::PollType::wait_indefinitely()).map_err(|e| Error::Gpu(e.to_string()))?;
        self.healthy()
    }

    /// Waits until what was submitted up to `submission` is done, and for nothing behind it.
    ///
    /// # Errors
    /// As [`Gpu::healthy`].
    pub(crate) fn wait_until(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: None };
        match self.device().poll(wait) {
            Ok(_) => self.healthy(),
            // Of a lost device wgpu says that it has never seen the submission.
            Err(_) if self.is_gone() => Err(Self::lost()),
            Err(e) => Err(Error::Gpu(e.to_string())),
        }
    }

    /// As [`Gpu::wait`], but no longer than `limit`, if there is one. A device that takes longer is given up: nothing waits for it any more,
    /// and what it holds is not given back before the program ends.
    ///
    /// # Errors
    /// As [`Gpu::healthy`]; [`ShaderError::Timeout`] when it takes longer.
    #[cfg_attr(not(feature = "profile"), allow(dead_code))]
    pub(crate) fn wait_within(&self, limit: Option<Duration>) -> Result<()> {
        let Some(limit) = limit else { return self.wait() };
        let all = wgpu::PollType::Wait { submission_index: None, timeout: Some(limit) };
        match self.device().poll(all) {
            Ok(_) => self.healthy(),
            Err(wgpu::PollError::Timeout) => {
                // Whoever lets go of a device last waits for it.
                std::mem::forget(self.clone());
                Err(Error::Shader(ShaderError::Timeout { adapter: self.name().to_owned(), limit }))
            }
            Err(e) => Err(Error::Gpu(e.to_string())),
        }
    }
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu")
            .field("name", &self.inner.name)
            .field("variant", &self.inner.variant)
            .field("checks", &self.inner.checks)
            .field("borrowed", &self.inner.borrowed)
            .finish_non_exhaustive()
    }
}
