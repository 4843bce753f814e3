//! The device, its buffers and the recordings of dispatches that run on it.
//!
//! ```no_run
//! use dann::gpu::{Gpu, Options, choose};
//!
//! # fn main() -> dann::error::Result<()> {
//! // The best adapter; `choose(Some("nvidia"))` takes one by a part of its name.
//! let gpu = Gpu::open(&choose(None)?, Options::default())?;
//! println!("{}: {} kernels", gpu.name(), gpu.variant());
//! # Ok(())
//! # }
//! ```

mod abilities;
mod across_ranks;
mod adapter;
mod bind;
mod bounds;
mod context;
mod element;
mod fault;
mod guest;
mod kernel;
mod lock;
mod mirror;
mod options;
mod pipeline;
mod pipeline_cache;
mod pipelines;
mod readback;
mod recording;
mod requirements;
mod stopwatch;
mod tensor;
#[cfg(test)]
pub(crate) mod testing;
mod texels;
mod traffic;
mod upload;
mod variant;
mod work;

pub(crate) use across_ranks::AcrossRanks;
pub use adapter::{Adapter, adapters, choose, choose_for_rank};
pub(crate) use bind::Bind;
pub(crate) use bounds::{MOST_TURNS, nested};
pub use context::Gpu;
pub use element::Element;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use element::Value;
pub(crate) use element::sealed;
pub(crate) use fault::Fault;
pub(crate) use kernel::Invocation;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use kernel::{Access, Binding, Kernel, Mirror};
pub use options::{Options, ShaderChecks};
pub(crate) use pipeline_cache::cache_directory;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use readback::{Arrival, Readback, Staging};
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use recording::Dispatch;
pub use recording::Recording;
pub(crate) use recording::of_pass;
#[cfg(feature = "profile")]
pub(crate) use requirements::lacking;
pub use requirements::{optional_features, required_features, required_limits};
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use stopwatch::Stopwatch;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use tensor::Tensor;
pub(crate) use tensor::USAGE;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use texels::{TexelFormat, Texels};
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use traffic::Traffic;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use upload::Upload;
#[cfg(feature = "profile")]
pub(crate) use upload::filled_buffer;
pub use variant::Variant;
pub use work::Phase;
#[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
pub use work::Work;
pub(crate) use work::by;
