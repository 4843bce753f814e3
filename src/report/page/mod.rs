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
mod classes;
mod curves;
mod domains;
mod embedding;
mod encoding;
mod names;
mod panels;
mod story;
mod study;
#[cfg(test)]
mod tests;
mod tiles;
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
    let named = runs.iter().zip(names::names(runs));
    let stories: Vec<Story> =
        named.map(|(run, name)| Story::read(gpu, run, name, &mut sets)).collect::<Result<_>>()?;
    let page = Page::new(&stories, pictures(gpu, &stories)?)?;
    let html = page.render().map_err(|e| Error::input("report", "a page that can be written", e))?;
    write_whole(out, html.as_bytes())
}

/// Pictures of the data sets of all runs, each once.
fn pictures(gpu: &Gpu, stories: &[Story]) -> Result<Vec<domains::Row>> {
    let mut rows = Vec::new();
    let sets = |story: &Story| (story.result.source.clone(), story.result.target.clone());
    for (index, story) in stories.iter().enumerate() {
        if !stories[..index].iter().any(|earlier| sets(earlier) == sets(story)) {
            rows.extend(domains::rows(gpu, story)?);
        }
    }
    Ok(rows)
}
