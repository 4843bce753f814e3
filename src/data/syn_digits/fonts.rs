//! Outlines of digits, from the fonts that come with the program or from files.

use super::CLASSES;
use crate::data::listing::{files_below, name_of};
use crate::error::{Error, Result};
use resvg::tiny_skia::{Path as Outline, PathBuilder, Rect, Transform};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::prelude::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider as _};
use std::fs;
use std::path::Path;

/// The formats that are read, by file name extension.
const EXTENSIONS: [&str; 2] = ["ttf", "otf"];

/// Fonts under free licences, for where no others are named.
const BUILT_IN: [(&str, &[u8]); 2] = [
    ("Hack-Regular.ttf", epaint_default_fonts::HACK_REGULAR),
    ("Ubuntu-Light.ttf", epaint_default_fonts::UBUNTU_LIGHT),
];

/// The digits of one font.
pub(super) struct Font {
    /// The name of its file.
    pub(super) name: String,
    /// By digit: y points down, the tallest digit is 1 high, all stand on the same line, and the middle of
    /// each lies at x = 0. y = 0 is half way up the tallest.
    pub(super) digits: [Outline; CLASSES],
}

/// Every font in `directory` and below it, by path; those that come with the program where it is `None`.
pub(super) fn load(directory: Option<&Path>) -> Result<Vec<Font>> {
    let Some(directory) = directory else {
        return BUILT_IN.iter().map(|&(name, bytes)| Font::parse(Path::new(name), bytes)).collect();
    };
    let files = files_below(directory, &EXTENSIONS)?;
    if files.is_empty() {
        let wanted = format!("fonts ({})", EXTENSIONS.join(", "));
        return Err(Error::file(directory, wanted, "none"));
    }
    files.iter().map(|path| Font::parse(path, &fs::read(path).map_err(Error::io(path, "read"))?)).collect()
}

impl Font {
    fn parse(path: &Path, bytes: &[u8]) -> Result<Self> {
        let font =
            FontRef::new(bytes).map_err(|error| Error::file(path, "a font that can be read", error))?;
        let lacks = |digit: usize| {
            Error::file(path, "a font with outlines of the digits 0 to 9", format!("none of {digit}"))
        };
        let mut digits = Vec::with_capacity(CLASSES);
        for (digit, character) in ('0'..='9').enumerate() {
            digits.push(outline(&font, character).ok_or_else(|| lacks(digit))?);
        }
        let digits = normalised(digits).and_then(|digits| digits.try_into().ok());
        Ok(Self { name: name_of(path), digits: digits.ok_or_else(|| lacks(0))? })
    }
}

/// The outline of `character` in the font's units, y up, unless it has none or covers no area.
fn outline(font: &FontRef, character: char) -> Option<Outline> {
    let glyph = font.outline_glyphs().get(font.charmap().map(character)?)?;
    let mut pen = Pen(PathBuilder::new());
    glyph.draw(DrawSettings::unhinted(Size::unscaled(), LocationRef::default()), &mut pen).ok()?;
    let outline = pen.0.finish()?;
    extent(&outline).filter(|extent| extent.width() > 0.0 && extent.height() > 0.0)?;
    Some(outline)
}

/// Scales and places all digits of a font as [`Font::digits`] says.
fn normalised(digits: Vec<Outline>) -> Option<Vec<Outline>> {
    let extents = digits.iter().map(extent).collect::<Option<Vec<_>>>()?;
    let height = extents.iter().map(Rect::height).fold(0.0, f32::max);
    let tallest = extents.iter().find(|extent| extent.height() == height)?;
    let middle = (tallest.top() + tallest.bottom()) / 2.0;
    let place = |(digit, extent): (Outline, &Rect)| {
        let centre = (extent.left() + extent.right()) / 2.0;
        let scale = Transform::from_scale(1.0 / height, -1.0 / height);
        digit.transform(scale.pre_translate(-centre, -middle))
    };
    digits.into_iter().zip(&extents).map(place).collect()
}

/// The least rectangle around `outline`; [`Outline::bounds`] goes round the control points of its curves too.
pub(super) fn extent(outline: &Outline) -> Option<Rect> {
    outline.compute_tight_bounds()
}

struct Pen(PathBuilder);

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.0.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.0.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.0.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.0.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_stand_on_one_line_upright_and_centred() {
        let fonts = load(None).unwrap();
        assert_eq!(fonts.len(), BUILT_IN.len());
        for font in fonts {
            let extents = font.digits.each_ref().map(|digit| extent(digit).unwrap());
            let tallest = extents.iter().map(Rect::height).fold(0.0, f32::max);
            assert!((tallest - 1.0).abs() < 1e-4, "{}: {tallest}", font.name);
            for (digit, extent) in extents.iter().enumerate() {
                let name = format!("{} {digit}", font.name);
                assert!((extent.left() + extent.right()).abs() < 1e-4, "{name}: {extent:?}");
                // Round digits reach a little beyond the line.
                assert!((extent.bottom() - 0.5).abs() < 0.03, "{name}: {extent:?}");
            }
            // The bar of a 7 is at its top.
            let seven = font.digits[7].points();
            let above = seven.iter().filter(|point| point.y < 0.0).count();
            assert!(2 * above > seven.len(), "{}: 7 stands on its head", font.name);
        }
    }

    #[test]
    fn a_font_without_outlines_of_digits_is_named() {
        // A font of logos.
        let error = Font::parse(Path::new("my/icons.ttf"), epaint_default_fonts::EGUI_ICONS).err();
        assert_eq!(
            error.unwrap().to_string(),
            "my/icons.ttf: expected a font with outlines of the digits 0 to 9, found none of 0"
        );
    }

    #[test]
    fn a_cut_off_font_is_an_error_wherever_it_ends() {
        let whole = epaint_default_fonts::HACK_REGULAR;
        for length in (0..whole.len()).step_by(whole.len() / 50) {
            // What a font needs may lie in what is left of it; a panic may not come of it.
            if let Err(error) = Font::parse(Path::new("cut.ttf"), &whole[..length]) {
                assert!(error.to_string().starts_with("cut.ttf: expected a font"), "{error}");
            }
        }
        assert!(Font::parse(Path::new("cut.ttf"), &whole[..1000]).is_err());
    }
}
