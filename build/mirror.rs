//! A second text of a shader, in which buffers that it only reads are storage textures: `// Texels: a, b` at its head names
//! them.
//!
//! llvmpipe fetches a value from a buffer lane by lane, by way of memory, and a texel for all lanes at once: a tenth of the
//! time. (From a sampled texture it takes three times as long in a loop, as it asks for the level's size at each turn.) `a[index]` becomes `textureLoad(a, mirror_texel(index))`; `src/gpu/mirror.rs` copies the buffer into the texture.

use super::import;

/// Texels in a row, as `WIDTH` in `src/gpu/mirror.rs`.
const WIDTH: u32 = 4096;

/// The second text, and the names of the buffers with how many values a texel has.
pub struct Mirror {
    pub text: String,
    pub names: Vec<(String, u32)>,
}

/// The names that a shader's head lists.
fn listed(text: &str) -> Vec<&str> {
    let line = text.lines().find_map(|line| line.strip_prefix("// Texels: "));
    line.into_iter().flat_map(|names| names.split(", ")).collect()
}

/// Of a shader with its imports in place; `None` where its head lists nothing.
pub fn of(text: &str) -> Result<Option<Mirror>, String> {
    let names = listed(text);
    if names.is_empty() {
        return Ok(None);
    }
    if let Some(name) = names.iter().find(|name| !import::defines(text, name)) {
        return Err(format!("// Texels: {name}, which is not declared"));
    }
    let buffers: Vec<Buffer<'_>> = text.lines().filter_map(|line| declared(line, &names)).collect();
    if buffers.len() != names.len() {
        return Err(format!("// Texels: {names:?} are not all arrays of f32 or vec4f that are only read"));
    }
    let mut second = format!(
        "fn mirror_texel(index: u32) -> vec2u {{\n    return vec2u(index % {WIDTH}u, index / {WIDTH}u);\n}}\n\n"
    );
    for line in text.lines() {
        match declared(line, &names) {
            Some(Buffer { name, before, values }) => {
                let format = if values == 1 { "r32float" } else { "rgba32float" };
                second += &format!("{before}var {name}: texture_storage_2d<{format}, read>;");
            }
            None => {
                let (code, comment) = line.split_at(line.find("//").unwrap_or(line.len()));
                second.extend([&fetched(code, &buffers)?, comment]);
            }
        }
        second.push('\n');
    }
    let names = buffers.iter().map(|buffer| (buffer.name.to_owned(), buffer.values)).collect();
    Ok(Some(Mirror { text: second, names }))
}

/// A buffer that becomes a texture.
struct Buffer<'a> {
    name: &'a str,
    /// What stands before `var` in the line that declares it.
    before: &'a str,
    /// In an element.
    values: u32,
}

/// If the line declares one of `names` as a buffer that is only read.
fn declared<'a>(line: &'a str, names: &[&str]) -> Option<Buffer<'a>> {
    let (before, rest) = line.split_once("var<storage, read> ")?;
    let (name, rest) = rest.split_once(": array<")?;
    let values = match rest.split_once(">;")?.0 {
        "vec4f" => 4,
        "f32" => 1,
        _ => return None,
    };
    names.contains(&name).then_some(Buffer { name, before, values })
}

/// `code` with each of `buffers` fetched as a texel where it is indexed.
fn fetched(code: &str, buffers: &[Buffer<'_>]) -> Result<String, String> {
    let Some((at, Buffer { name, values, .. })) = first(code, buffers) else { return Ok(code.to_owned()) };
    let open = at + name.len();
    let close =
        closing(&code[open..]).ok_or_else(|| format!("{code}: an index that ends on another line"))?;
    let index = fetched(&code[open + 1..open + close], buffers)?;
    let rest = fetched(&code[open + close + 1..], buffers)?;
    let component = if *values == 1 { ".x" } else { "" };
    Ok(format!("{}textureLoad({name}, mirror_texel({index})){component}{rest}", &code[..at]))
}

/// The first of `buffers` that is indexed in `code`, and where.
fn first<'a, 'b>(code: &str, buffers: &'b [Buffer<'a>]) -> Option<(usize, &'b Buffer<'a>)> {
    let in_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let places = |buffer: &Buffer<'_>| {
        let found = code.match_indices(&format!("{}[", buffer.name)).map(|(at, _)| at).collect::<Vec<_>>();
        found.into_iter().find(|at| !code[..*at].ends_with(in_word))
    };
    buffers.iter().filter_map(|buffer| Some((places(buffer)?, buffer))).min_by_key(|(at, _)| *at)
}

/// Where the bracket that `code` starts with is closed.
fn closing(code: &str) -> Option<usize> {
    let mut depth = 0;
    code.char_indices().find_map(|(at, c)| {
        depth += match c {
            '[' => 1,
            ']' => -1,
            _ => 0,
        };
        (depth == 0).then_some(at)
    })
}
