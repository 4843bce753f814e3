//! A profile as a picture: the roofline with every kernel as a point, and the step as a bar.

mod bar;
mod legend;
mod roofline;
mod shader;
mod sweep;

use super::report::Report;
use super::rows::KernelRow;
use crate::error::{Error, Result};
use crate::gpu::Phase;
use plotters::coord::Shift;
use plotters::prelude::*;
use resvg::usvg::{self, fontdb};
use std::path::Path;
use std::sync::Arc;

/// Where everything is drawn.
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// What can go wrong while drawing.
type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

const SIZE: (u32, u32) = (1320, 900);
const ROOFLINE: (u32, u32) = (880, 640);
/// Dots of a PNG for each unit of the picture.
const SCALE: f32 = 2.0;
/// Kernels that are told by a number; the others take too little time.
const NUMBERED: usize = 16;

/// The profile as an SVG document.
///
/// # Errors
/// [`Error::Input`] when the profile cannot be drawn.
pub fn picture(report: &Report) -> Result<String> {
    drawn(SIZE, |area| draw(report, area))
}

/// An SVG document of that size.
fn drawn(size: (u32, u32), draw: impl FnOnce(Area<'_>) -> Drawn) -> Result<String> {
    let mut svg = String::new();
    draw(SVGBackend::with_string(&mut svg, size).into_drawing_area())
        .map_err(|e| Error::input("profile", "numbers that can be drawn", e))?;
    Ok(svg)
}

/// What the name of a picture's file says of it.
#[derive(Clone, Copy)]
enum Format {
    Svg,
    Png,
}

fn format(path: &Path) -> Result<Format> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "svg" => Ok(Format::Svg),
        "png" => Ok(Format::Png),
        _ => Err(Error::file(path, "a name that ends in .svg or .png", format!("\"{extension}\""))),
    }
}

/// Refuses a path that [`write_picture`] would refuse.
///
/// # Errors
/// [`Error::Input`] when its extension is neither `svg` nor `png`.
pub fn check_picture(path: &Path) -> Result<()> {
    format(path).map(drop)
}

/// Writes the picture to `path`, whose extension is `svg` or `png`.
///
/// # Errors
/// [`Error::Input`] when it is neither, [`Error::Io`] when the file cannot be written.
pub fn write_picture(report: &Report, path: &Path) -> Result<()> {
    format(path)?;
    write(picture(report)?, path)
}

/// Writes an SVG document to `path`, as what its extension says.
fn write(svg: String, path: &Path) -> Result<()> {
    let file = match format(path)? {
        Format::Svg => svg.into_bytes(),
        Format::Png => png(&svg)?,
    };
    std::fs::write(path, file).map_err(Error::io(path, "write"))
}

/// The SVG document as a PNG file.
fn png(svg: &str) -> Result<Vec<u8>> {
    let broken = |e: &dyn std::fmt::Display| Error::input("picture", "one that can be rendered", e);
    // A font of its own, so that the picture looks the same on machines without any.
    let mut fonts = fontdb::Database::new();
    fonts.load_font_data(epaint_default_fonts::UBUNTU_LIGHT.to_vec());
    let family = fonts.faces().find_map(|face| Some(face.families.first()?.0.clone())).unwrap_or_default();
    // For arrows, which the other one lacks.
    fonts.load_font_data(epaint_default_fonts::HACK_REGULAR.to_vec());
    fonts.set_sans_serif_family(&family);
    let options = usvg::Options { font_family: family, fontdb: Arc::new(fonts), ..Default::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| broken(&e))?;
    let [width, height] = [tree.size().width(), tree.size().height()].map(|side| (side * SCALE) as u32);
    let mut pixels =
        resvg::tiny_skia::Pixmap::new(width, height).ok_or_else(|| broken(&"no memory for it"))?;
    resvg::render(&tree, resvg::tiny_skia::Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    let mut file = std::io::Cursor::new(Vec::new());
    // The ground is opaque, so that premultiplied colours are the colours themselves.
    image::write_buffer_with_format(
        &mut file,
        pixels.data(),
        width,
        height,
        image::ExtendedColorType::Rgba8,
        image::ImageFormat::Png,
    )
    .map_err(|e| broken(&e))?;
    Ok(file.into_inner())
}

fn draw(report: &Report, root: Area<'_>) -> Drawn {
    root.fill(&WHITE)?;
    let (upper, lower) = root.split_vertically(ROOFLINE.1);
    let (left, right) = upper.split_horizontally(ROOFLINE.0);
    roofline::draw(report, &left)?;
    legend::draw(report, &right)?;
    bar::draw(report, &lower)?;
    root.present()?;
    Ok(())
}

/// The colour of a phase; told apart with any colour vision.
fn colour(phase: Phase) -> RGBColor {
    match phase {
        Phase::Data => RGBColor(230, 159, 0),
        Phase::Forward => RGBColor(0, 114, 178),
        Phase::Loss => RGBColor(204, 121, 167),
        Phase::Backward => RGBColor(213, 94, 0),
        Phase::Update => RGBColor(0, 158, 115),
        Phase::Other => RGBColor(86, 180, 233),
    }
}

/// Where a kernel stands among those that take longest, if it is told by a number.
fn number(report: &Report, row: &KernelRow) -> Option<usize> {
    let place = report.kernels.iter().position(|other| std::ptr::eq(other, row))?;
    (place < NUMBERED).then_some(place + 1)
}

/// A file's name without its folders, for titles.
fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// An adapter without what its driver says of itself, for titles.
fn short(adapter: &str) -> &str {
    adapter.split_once(" [").map_or(adapter, |(name, _)| name)
}

fn font(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&RGBColor(40, 40, 40))
}
