//! Rust for what shaders say: a module for each file, with its kernels, their arguments and its uniform blocks.

use super::reflect::{Block, EntryPoint, Shader};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A shader and the family, a variant of `Variant`, whose folder it lies in.
pub type InFamily<'a> = (&'a Shader, String);

/// The modules and the list of all kernels.
pub fn kernels(shaders: &[InFamily<'_>]) -> Result<String, String> {
    let mut modules: BTreeMap<&str, String> = BTreeMap::new();
    let mut statics = Vec::new();
    for (shader, family) in shaders {
        let own = modules.entry(&shader.stem).or_default();
        *own += &format!("const SOURCE: &str = include_str!(\"{}.wgsl\");\n", shader.stem);
        if shader.mirror.is_some() {
            *own += &format!("const MIRROR: &str = include_str!(\"{}.mirror.wgsl\");\n", shader.stem);
        }
        for entry in &shader.entry_points {
            *own += &kernel(shader, family, entry);
            statics.push(format!("&{}::{}", shader.stem, upper(&entry.name)));
        }
    }
    for (stem, entries) in entry_points(shaders)? {
        let roots: Vec<&str> = entries[0].1.clone();
        let module = modules.entry(stem).or_default();
        if roots != [stem] {
            *module += &choice(&roots);
        }
        for (entry, of) in entries {
            if of != roots {
                return Err(format!("{stem}, {}: only in some of {roots:?}", entry.name));
            }
            *module += &arguments(entry, if roots == [stem] { &[] } else { &roots });
        }
    }
    for block in blocks(shaders)? {
        *modules.entry(&block.stem).or_default() += &uniform(block);
    }
    let mut text = String::new();
    for (stem, module) in modules {
        let _ = writeln!(text, "/// What `{stem}.wgsl` declares.\npub mod {stem} {{\n{USES}{module}}}\n");
    }
    let _ = writeln!(
        text,
        "/// Every kernel.\npub const KERNELS: &[&Kernel] = &[\n    {},\n];",
        statics.join(",\n    ")
    );
    Ok(text)
}

const USES: &str = "#[allow(unused_imports)]\nuse crate::gpu::{Access, Bind, Binding, Element, Invocation, Kernel, Mirror, TexelFormat, Variant};\n";

/// By the file that they stand in, with the shaders that have them.
#[allow(clippy::type_complexity)]
fn entry_points<'a>(
    shaders: &'a [InFamily<'a>],
) -> Result<BTreeMap<&'a str, Vec<(&'a EntryPoint, Vec<&'a str>)>>, String> {
    let mut found: BTreeMap<&str, Vec<(&EntryPoint, Vec<&str>)>> = BTreeMap::new();
    for (shader, _) in shaders {
        for entry in &shader.entry_points {
            let of_file = found.entry(&entry.stem).or_default();
            match of_file.iter_mut().find(|(other, _)| other.name == entry.name) {
                None => of_file.push((entry, vec![&shader.stem])),
                Some((other, roots)) if *other == entry => roots.push(&shader.stem),
                Some(_) => {
                    return Err(format!("{}, {}: binds other than in others", shader.stem, entry.name));
                }
            }
        }
    }
    Ok(found)
}

/// Each once.
fn blocks<'a>(shaders: &'a [InFamily<'a>]) -> Result<Vec<&'a Block>, String> {
    let mut found: Vec<&Block> = Vec::new();
    for block in shaders.iter().flat_map(|(shader, _)| &shader.blocks) {
        match found.iter().find(|other| (&other.stem, &other.name) == (&block.stem, &block.name)) {
            None => found.push(block),
            Some(other) if *other == block => {}
            Some(_) => return Err(format!("{}, {}: two layouts of one name", block.stem, block.name)),
        }
    }
    Ok(found)
}

fn kernel(shader: &Shader, family: &str, entry: &EntryPoint) -> String {
    let (stem, name) = (&shader.stem, &entry.name);
    let mut bindings = String::new();
    for binding in &entry.bindings {
        let _ = write!(
            bindings,
            "\n        Binding {{ slot: {}, name: \"{}\", access: Access::{} }},",
            binding.slot, binding.name, binding.access
        );
    }
    format!(
        "/// `{stem}.{name}`\npub static {}: Kernel = Kernel {{\n    label: \"{stem}.{name}\",\n    source: SOURCE,\n    \
         entry_point: \"{name}\",\n    workgroup_size: {},\n    variant: Variant::{family},\n    bindings: \
         &[{bindings}\n    ],\n    mirror: {},\n}};\n",
        upper(name),
        entry.workgroup_size,
        mirror(shader, entry)
    )
}

/// What of a kernel's buffers can be textures.
fn mirror(shader: &Shader, entry: &EntryPoint) -> String {
    let of = shader.mirror.iter().flat_map(|mirror| &mirror.names);
    let slots: Vec<String> = of
        .filter_map(|(name, values)| {
            let binding = entry.bindings.iter().find(|binding| binding.name == *name)?;
            Some(format!("({}, {values})", binding.slot))
        })
        .collect();
    if slots.is_empty() {
        return "None".into();
    }
    format!("Some(Mirror {{ source: MIRROR, slots: &[{}] }})", slots.join(", "))
}

/// What a dispatch passes, by name; where several shaders have the entry point, with the choice of one.
fn arguments(entry: &EntryPoint, roots: &[&str]) -> String {
    let (name, kernel) = (pascal(&entry.name), upper(&entry.name));
    let (mut fields, mut resources, mut kernels) = (String::new(), String::new(), format!("&{kernel}"));
    if !roots.is_empty() {
        fields += "    /// Whose kernel runs.\n    pub shader: Shader,\n";
        let arm = |root: &&str| format!("Shader::{} => &super::{root}::{kernel}", pascal(root));
        kernels = format!("match self.shader {{ {} }}", roots.iter().map(arm).collect::<Vec<_>>().join(", "));
    }
    for binding in &entry.bindings {
        let ty = match &binding.block {
            Some(block) if binding.slot == 0 => block.as_str(),
            _ => {
                let _ = write!(resources, "self.{}, ", binding.name);
                "dyn Bind"
            }
        };
        let _ = writeln!(fields, "    /// Binding {}.\n    pub {}: &'a {ty},", binding.slot, binding.name);
    }
    format!(
        "/// What `{}` takes.\npub struct {name}<'a> {{\n{fields}}}\nimpl Invocation for {name}<'_> {{\n    fn kernel(&self) \
         -> &'static Kernel {{ {kernels} }}\n    fn params(&self) -> &[u8] {{ bytemuck::bytes_of(self.params) }}\n    fn \
         resources(&self) -> Vec<&dyn Bind> {{ vec![{resources}] }}\n}}\n",
        entry.name
    )
}

/// The shaders that share their entry points.
fn choice(roots: &[&str]) -> String {
    let names = roots.iter().map(|root| format!("    /// `{root}.wgsl`\n    {},\n", pascal(root)));
    let names: String = names.collect();
    format!(
        "/// The shaders that have these entry points.\n#[allow(clippy::enum_variant_names)]\n#[derive(Clone, Copy, Debug)]\npub enum Shader {{\n{names}}}\n"
    )
}

/// The block as Rust lays it out, what WGSL leaves free filled up.
fn uniform(block: &Block) -> String {
    let (mut fields, mut at, mut gaps) = (String::new(), 0, 0);
    let mut fill = |fields: &mut String, from: u32, to: u32| {
        if to > from {
            let words = (to - from) / 4;
            let _ = writeln!(
                fields,
                "    /// Nothing: what follows is aligned.\n    pub padding{gaps}: [u32; {words}],"
            );
            gaps += 1;
        }
    };
    for member in &block.members {
        fill(&mut fields, at, member.offset);
        let comment = if member.comment.is_empty() { &member.name } else { &member.comment };
        let _ = writeln!(fields, "    /// {comment}\n    pub {}: {},", member.name, member.ty);
        at = member.offset + member.bytes;
    }
    fill(&mut fields, at, block.bytes);
    let (name, stem, bytes) = (&block.name, &block.stem, block.bytes);
    format!(
        "/// `{name}` of `{stem}.wgsl`.\n#[repr(C)]\n#[derive(Clone, Copy, Debug, Default, PartialEq, bytemuck::Pod, \
         bytemuck::Zeroable)]\npub struct {name} {{\n{fields}}}\nconst _: () = assert!(size_of::<{name}>() == {bytes});\n"
    )
}

fn upper(name: &str) -> String {
    name.to_uppercase()
}

/// `BackwardInput` of `backward_input`.
pub fn pascal(name: &str) -> String {
    let capital = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        first.to_uppercase() + rest
    };
    name.split('_').map(capital).collect()
}
