//! What files are by their first bytes.

use image::ImageFormat;
use std::path::Path;

/// How many bytes tell.
pub(super) const START: usize = 32;
/// Cameras' own formats, most of which look like TIFF and hold a small preview as the first picture.
const RAW: [&str; 24] = [
    "3fr", "arw", "cr2", "cr3", "crw", "dng", "erf", "iiq", "kdc", "mef", "mos", "mrw", "nef", "nrw", "orf",
    "pef", "raf", "rw2", "rwl", "sr2", "srf", "srw", "x3f", "fff",
];
/// Other kinds that are not read, by the extensions of their names.
const UNREAD: [(&str, &[&str]); 11] = [
    ("an AVIF picture", &["avif", "avifs"]),
    ("a HEIC picture", &["heic", "heics", "heif", "hif"]),
    ("a JPEG XL picture", &["jxl"]),
    ("a JPEG XR picture", &["jxr", "wdp"]),
    ("a JPEG 2000 picture", &["j2c", "j2k", "jp2", "jpf", "jpx"]),
    ("a Photoshop picture", &["psb", "psd"]),
    ("a GIMP picture", &["xcf"]),
    ("a PNM picture", &["pam", "pbm", "pgm", "pnm", "ppm"]),
    ("a TGA picture", &["tga"]),
    ("an OpenEXR picture", &["exr"]),
    ("a QOI picture", &["qoi"]),
];

/// Why a file with these bytes is not read, where its kind alone says so.
pub(super) fn unread(path: &Path, bytes: &[u8]) -> Option<String> {
    if bytes.is_empty() {
        return Some("an empty file (0 bytes)".into());
    }
    let start = &bytes[..bytes.len().min(START)];
    if let Some(kind) = foreign(start) {
        return Some(format!("{kind}, which is not read; save it as JPEG or PNG"));
    }
    let named =
        named(path).map(|kind| format!("{kind} by its name, which is not read; save it as JPEG or PNG"));
    match image::guess_format(start) {
        Ok(ImageFormat::Tiff) if is_raw(path) => named,
        Ok(format) if format.reading_enabled() => None,
        _ => Some(named.unwrap_or_else(|| format!("no image, but {}", described(bytes)))),
    }
}

/// The name of a kind of picture that is not read, as the file's name says it.
pub(super) fn named(path: &Path) -> Option<&'static str> {
    if is_raw(path) {
        return Some("a camera's raw file");
    }
    let extension = extension(path);
    let kind = UNREAD.iter().find(|(_, extensions)| extensions.contains(&extension.as_str()));
    kind.map(|(kind, _)| *kind)
}

fn is_raw(path: &Path) -> bool {
    RAW.contains(&extension(path).as_str())
}

fn extension(path: &Path) -> String {
    path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase()
}

/// Whether a file that begins so is a picture, be it of a kind that is not read.
pub(super) fn is_picture(start: &[u8]) -> bool {
    if foreign(start).is_some() {
        return true;
    }
    match image::guess_format(start) {
        // Many a text begins with these two letters; in a picture four bytes are kept free behind its length.
        Ok(ImageFormat::Bmp) => start.get(6..10) == Some(&[0; 4]),
        Ok(format) => format.reading_enabled(),
        Err(_) => false,
    }
}

/// The name of a kind of picture that is not read.
fn foreign(start: &[u8]) -> Option<&'static str> {
    match (start.get(4..8), start.get(8..12)) {
        (Some(b"ftyp"), Some(b"avif" | b"avis")) => return Some("an AVIF picture"),
        (
            Some(b"ftyp"),
            Some(
                b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" | b"mif1"
                | b"msf1",
            ),
        ) => return Some("a HEIC picture"),
        _ => {}
    }
    let kinds: [(&[u8], &str); 5] = [
        (b"8BPS", "a Photoshop picture"),
        (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
        (b"\xff\x0a", "a JPEG XL picture"),
        (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
        (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    ];
    kinds.into_iter().find(|(magic, _)| start.starts_with(magic)).map(|(_, kind)| kind)
}

/// What people can recognise a file by that is none of these.
fn described(bytes: &[u8]) -> String {
    let text = std::str::from_utf8(&bytes[..bytes.len().min(START)]).unwrap_or_default();
    let begins = |words: &[&str]| {
        let text = text.trim_start().to_ascii_lowercase();
        words.iter().any(|word| text.starts_with(word))
    };
    if begins(&["<!doctype html", "<html", "<head"]) {
        return "a web page, as a failed download leaves".into();
    }
    if begins(&["<svg", "<?xml"]) {
        return "a drawing or another text in XML".into();
    }
    if bytes.iter().all(|&byte| byte == 0) {
        return format!("{} bytes that are all zero", bytes.len());
    }
    let first: Vec<String> = bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("a file that begins with {}", first.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, bytes: &[u8]) -> String {
        unread(Path::new(name), bytes).expect("a reason")
    }

    #[test]
    fn what_is_not_read_has_a_name() {
        assert_eq!(told("a.jpg", b""), "an empty file (0 bytes)");
        let heic = told("a.jpg", b"\0\0\0\x18ftypheic\0\0\0\0");
        assert_eq!(heic, "a HEIC picture, which is not read; save it as JPEG or PNG");
        assert!(told("a", b"\0\0\0\x1cftypavif").starts_with("an AVIF picture"));
        assert!(told("a.NEF", b"II*\0\x08\0\0\0").starts_with("a camera's raw file"));
        assert!(told("a.png", b"<!DOCTYPE html>").contains("a failed download"));
        assert!(told("a.png", &[0; 40]).contains("40 bytes that are all zero"));
        assert!(told("a.png", b"hello there").contains("begins with 68 65 6c 6c"));
        // Of these the name alone says it, and only where nothing else does.
        for (name, kind) in [
            ("a.heic", "a HEIC picture by its name"),
            ("a.AVIF", "an AVIF picture by its name"),
            ("a.cr3", "a camera's raw file"),
            ("a.tga", "a TGA picture by its name"),
            ("a.ppm", "a PNM picture by its name"),
        ] {
            let reason = told(name, b"P6 1 1 255 abc");
            assert!(reason.starts_with(kind) && reason.ends_with("save it as JPEG or PNG"), "{reason}");
        }
        assert_eq!(told("a.heic", b""), "an empty file (0 bytes)");
        assert_eq!(unread(Path::new("a.heic"), b"\xff\xd8\xff\xe0"), None);
        for read in [&b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff\xe0", b"GIF89a", b"II*\0", b"BM"] {
            assert_eq!(unread(Path::new("a.txt"), read), None);
        }
    }

    #[test]
    fn pictures_are_found_by_what_is_in_them() {
        assert!(is_picture(b"\xff\xd8\xff\xe0") && is_picture(b"\0\0\0\x18ftypheic"));
        assert!(is_picture(b"BM\x36\x03\0\0\0\0\0\0\x36\0\0\0"));
        assert!(!is_picture(b"BMW and others") && !is_picture(b"P1 of 3") && !is_picture(b""));
    }
}
