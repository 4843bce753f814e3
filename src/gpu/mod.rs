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
mod adapter;
mod context;
mod element;
mod fault;
mod kernel;
mod options;
mod pipeline_cache;
mod pipelines;
mod readback;
mod recording;
mod requirements;
mod stopwatch;
mod tensor;
mod texels;
mod traffic;
mod upload;
mod variant;
mod work;

pub use adapter::{Adapter, adapters, choose};
pub use context::Gpu;
pub(crate) use element::sealed;
pub use element::{Element, Value};
pub(crate) use fault::Fault;
pub(crate) use kernel::Invocation;
pub use kernel::{Access, Binding, Kernel};
pub use options::{Options, ShaderChecks};
pub(crate) use pipeline_cache::cache_directory;
pub use readback::{Arrival, Readback, Staging};
pub(crate) use recording::Bind;
pub use recording::{Dispatch, Recording};
pub use requirements::{optional_features, required_features, required_limits};
pub use stopwatch::Stopwatch;
pub use tensor::Tensor;
pub(crate) use tensor::USAGE;
pub use texels::{TexelFormat, Texels};
pub use traffic::Traffic;
pub use upload::Upload;
pub use variant::Variant;
pub(crate) use work::by;
pub use work::{Phase, Work};
