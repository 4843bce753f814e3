//! Shaders in other languages, by what their files begin with or are called.

use super::bindings;
use crate::error::{Error, Result};
use std::path::Path;

/// What SPIR-V begins with, in either order of bytes.
const SPIRV: [[u8; 4]; 2] = [[3, 2, 0x23, 7], [7, 0x23, 2, 3]];

/// The text of a shader's file.
///
/// # Errors
/// [`Error::Io`] when it cannot be read, [`Error::Input`] when it is of another language.
pub fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(Error::io(path, "read"))?;
    if SPIRV.iter().any(|magic| bytes.starts_with(magic)) {
        let wgsl = path.with_extension("wgsl");
        let found = format!("SPIR-V, of which `naga {} {}` makes WGSL", path.display(), wgsl.display());
        return Err(Error::file(path, "WGSL", found));
    }
    let no_text = |_| Error::io(path, "read")(std::io::ErrorKind::InvalidData.into());
    let text = String::from_utf8(bytes).map_err(no_text)?;
    checked(path, &text)?;
    Ok(text)
}

/// Refuses a text of another language, and says how it becomes WGSL.
///
/// # Errors
/// [`Error::Input`] naming the file.
pub fn checked(path: &Path, text: &str) -> Result<()> {
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    // Whatever a file is called, it may hold WGSL.
    let is_called = |all: &[&str]| all.contains(&extension.as_str()) && !text.contains("@compute");
    let code = bindings::without_comments(text);
    let first_line = code.lines().find(|line| !line.trim().is_empty());
    let is_glsl = first_line.is_some_and(|line| line.trim_start().starts_with("#version"));
    let is_wgsl = extension == "wgsl";
    let wgsl = path.with_extension(if is_wgsl { "new.wgsl" } else { "wgsl" });
    let (from, to) = (path.display(), wgsl.display());
    let found = if is_glsl || is_called(&["comp", "glsl"]) {
        // It knows neither by the ending `.comp`.
        format!("GLSL, of which `naga --input-kind glsl --shader-stage compute {from} {to}` makes WGSL")
    } else if is_called(&["hlsl", "slang"]) {
        let language = if extension == "hlsl" { "HLSL" } else { "Slang" };
        format!("{language}, of which `slangc -target wgsl {from} -o {to}` makes WGSL")
    } else {
        return Ok(());
    };
    Err(Error::file(path, "WGSL", found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_languages_are_called_by_their_names_with_a_way_to_wgsl() {
        let directory = tempfile::tempdir().expect("a directory");
        let said = |name: &str, bytes: &[u8]| {
            let path = directory.path().join(name);
            std::fs::write(&path, bytes).expect("written");
            read(&path).expect_err(name).to_string()
        };
        let spirv = said("a.spv", &[3, 2, 0x23, 7, 0, 6, 1, 0]);
        assert!(spirv.contains("expected WGSL, found SPIR-V, of which `naga "), "{spirv}");
        assert!(spirv.contains("a.wgsl` makes WGSL"), "{spirv}");
        let glsl = b"// A comment.\n#version 450\nvoid main() {}\n";
        for name in ["a.comp", "a.frag"] {
            let said = said(name, glsl);
            let command = "found GLSL, of which `naga --input-kind glsl --shader-stage compute ";
            assert!(said.contains(command) && said.contains(&format!("{name} ")), "{said}");
        }
        assert!(
            said("a.hlsl", b"[numthreads(1, 1, 1)] void f() {}")
                .contains("found HLSL, of which `slangc -target wgsl ")
        );
        assert!(said("a.slang", b"void f() {}").contains("found Slang, of which `slangc"));
        assert!(said("a.wgsl", &[0xff, 0xfe]).contains("cannot read"));
        for (name, text) in
            [("a.comp", "@compute @workgroup_size(1) fn f() {}"), ("a.wgsl", "#ifdef A\n#endif")]
        {
            assert!(checked(Path::new(name), text).is_ok(), "{name}");
        }
    }
}
