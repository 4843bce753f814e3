//! Results to look at: TensorBoard's files, and a page about one run or several.
//!
//! ```no_run
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::report::page;
//!
//! # fn main() -> dann::error::Result<()> {
//! let gpu = Gpu::open(&choose(None)?, Options::default())?;
//! page::write(&gpu, &["runs/first".into()], "report.html".as_ref())?;
//! # Ok(())
//! # }
//! ```

pub mod page;
pub(crate) mod pictures;
pub mod tensorboard;
