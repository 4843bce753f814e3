//! The kernels that measure an adapter, their arguments and uniform blocks, read from the shaders at build: `build/main.rs`.

use crate::gpu::Kernel;

include!(concat!(env!("OUT_DIR"), "/profile.rs"));
