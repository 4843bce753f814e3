//! A page about one run or several: everything in one HTML file that needs no internet connection.
//!
//! ```no_run
//! use dann::gpu::{Gpu, Options, choose};
//! use dann::report::page;
//!
//! # fn main() -> dann::error::Result<()> {
//! let gpu = Gpu::open(&choose(None)?, Options::default())?;
//! // Rows to compare: trained on the source alone, and adapted.
//! page::write(&gpu, &["runs/source-only".into(), "runs/dann".into()], "report.html".as_ref())?;
//! # Ok(())
//! # }
//! ```

mod chart;
mod embedding;
mod sections;
mod story;
mod study;
mod view;

use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::train::write_whole;
use askama::Template as _;
use std::path::{Path, PathBuf};
use story::{Sets, Story};
use view::Page;

/// Writes a page about the finished `runs` to the file `out`.
///
/// # Errors
/// [`Error::Input`] or [`Error::Io`] naming what cannot be read or written, [`Error::DeviceLost`] when the device was lost.
pub fn write(gpu: &Gpu, runs: &[PathBuf], out: &Path) -> Result<()> {
    let mut sets = Sets::default();
    let stories: Vec<Story> =
        runs.iter().map(|run| Story::read(gpu, run, &mut sets)).collect::<Result<_>>()?;
    let page = Page::new(&stories)?;
    let html = page.render().map_err(|e| Error::input("report", "a page that can be written", e))?;
    write_whole(out, html.as_bytes())
}
