//! The device, its buffers and the recordings of dispatches that run on it.

mod adapter;
mod context;
mod kernel;
mod pipeline_cache;
mod readback;
mod recording;
mod tensor;
mod texels;
mod traffic;
mod variant;
mod work;

pub use adapter::{Adapter, adapters, choose};
pub use context::{Gpu, Options, ShaderChecks};
pub use kernel::{Access, Binding, Kernel};
pub use readback::{Readback, Staging};
pub(crate) use recording::Bind;
pub use recording::{Dispatch, Recording};
pub use tensor::Tensor;
pub use texels::{TexelFormat, Texels};
pub use traffic::Traffic;
pub use variant::Variant;
pub(crate) use work::by;
pub use work::{Phase, Work};
