//! Reads the shaders at build, so that nothing that WGSL says is written again in Rust.
//!
//! A file below `shaders/` is a shader with entry points, or shared and imported by others if it lies in a folder called
//! `shared`. The folder that a shader lies in is its family: `shaders/` itself has the plain kernels, `shaders/profile` those
//! that measure an adapter. What is generated lies in OUT_DIR: the shaders with their imports in place, and
//!
//! | file | included by | holds |
//! |---|---|---|
//! | `ops.rs`, `profile.rs` | `src/ops/kernels.rs`, `src/profile/kernels.rs` | kernels, arguments, uniform blocks |
//! | `needs.rs` | `src/gpu/variant.rs` | the workgroup memory of each family, storage textures of a kernel |

mod emit;
mod import;
mod mirror;
mod reflect;

use reflect::Shader;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=shaders");
    println!("cargo::rerun-if-changed=build");
    if let Err(message) =
        generate(Path::new("shaders"), &PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()))
    {
        // The way of a build script to fail with nothing but its own words.
        for line in message.lines() {
            println!("cargo::error={line}");
        }
    }
}

fn generate(folder: &Path, out: &Path) -> Result<(), String> {
    let mut files = BTreeMap::new();
    collect(folder, folder, &mut files)?;
    let is_shared = |name: &str| name.split('/').any(|folder| folder == "shared");
    let (mut ops, mut profile, mut imported) = (Vec::new(), Vec::new(), BTreeSet::new());
    for name in files.keys().filter(|name| !is_shared(name)) {
        let shader = reflect::reflect(&files, name)?;
        if shader.entry_points.is_empty() {
            return Err(format!("{name}: no entry points; what is shared lies in a folder called shared"));
        }
        imported.extend(shader.files.iter().cloned());
        write(out, &format!("{}.wgsl", shader.stem), &shader.text)?;
        if let Some(mirror) = &shader.mirror {
            write(out, &format!("{}.mirror.wgsl", shader.stem), &mirror.text)?;
        }
        match name.split_once('/').map(|(family, _)| family) {
            Some("profile") => profile.push((shader, "Plain".to_owned())),
            family => ops.push((shader, emit::pascal(family.unwrap_or("plain")))),
        }
    }
    check_files(&files, &imported)?;
    for (name, shaders) in [("ops.rs", &ops), ("profile.rs", &profile)] {
        let shaders: Vec<_> = shaders.iter().map(|(shader, family)| (shader, family.clone())).collect();
        write(out, name, &emit::kernels(&shaders)?)?;
    }
    write(out, "needs.rs", &(storage_textures(&ops) + &workgroup_bytes(&ops)))
}

/// Refuses two files of one name, what nothing imports, and what is shared and uses names without asking for them.
fn check_files(files: &BTreeMap<String, String>, imported: &BTreeSet<String>) -> Result<(), String> {
    let mut stems = BTreeMap::new();
    for (name, text) in files {
        if let Some(other) = stems.insert(reflect::stem(name), name) {
            return Err(format!("{name} and {other}: labels of kernels need names that differ"));
        }
        if !imported.contains(name) {
            return Err(format!("{name}: nothing imports it"));
        }
        if import::required(text).is_empty() {
            reflect::parse(name, &import::expand(files, name)?.text)?;
        }
    }
    Ok(())
}

/// The most workgroup memory that a kernel of each family takes.
fn workgroup_bytes(shaders: &[(Shader, String)]) -> String {
    let mut most: BTreeMap<&str, u32> = BTreeMap::new();
    for (shader, family) in shaders {
        let bytes = most.entry(family).or_default();
        *bytes = shader.workgroup_bytes.max(*bytes);
    }
    let arms = most.into_iter().map(|(family, bytes)| format!("Variant::{family} => {bytes},\n"));
    let arms: String = arms.collect();
    format!(
        "/// The most workgroup memory that a kernel of the family takes.\nconst fn workgroup_bytes(variant: Variant) -> u32 {{\nmatch variant {{\n{arms}}}\n}}\n"
    )
}

/// The most storage textures that a kernel takes, those that stand for buffers among them.
fn storage_textures(shaders: &[(Shader, String)]) -> String {
    let of_shader = |(shader, _): &(Shader, String)| {
        let entries = shader.entry_points.iter().map(|entry| shader.storage_textures(entry));
        entries.max().unwrap_or(0)
    };
    let most = shaders.iter().map(of_shader).max().unwrap_or(0);
    format!(
        "/// The most storage textures that a kernel takes, those that stand for buffers among them.\npub(super) const STORAGE_TEXTURES: u32 = {most};\n"
    )
}

/// Every `.wgsl` file below `folder`, by its path below `root`.
fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "wgsl") {
            let below = path.strip_prefix(root).unwrap_or(&path);
            let name: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            files.insert(name.join("/"), fs::read_to_string(&path).map_err(failed)?);
        }
    }
    Ok(())
}

fn write(out: &Path, name: &str, text: &str) -> Result<(), String> {
    fs::write(out.join(name), text).map_err(|e| format!("{}: {e}", out.join(name).display()))
}
