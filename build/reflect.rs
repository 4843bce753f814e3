//! What a shader says of itself: its entry points with what they bind, and its uniform blocks.

use super::import::{self, Expanded};
use super::mirror::{self, Mirror};
use naga::valid::{Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator};
use naga::{
    AddressSpace, Handle, ImageClass, Module, Scalar, ScalarKind, StorageAccess, StorageFormat, Type,
    TypeInner,
};
use std::collections::BTreeMap;
use std::path::Path;

/// A shader that kernels are built from.
pub struct Shader {
    /// The file's name without its ending.
    pub stem: String,
    pub text: String,
    /// The files whose text it holds, itself among them.
    pub files: Vec<String>,
    pub entry_points: Vec<EntryPoint>,
    pub blocks: Vec<Block>,
    /// Of workgroup memory.
    pub workgroup_bytes: u32,
    /// The text for adapters that read textures faster than buffers.
    pub mirror: Option<Mirror>,
}

impl Shader {
    /// The storage textures that an entry point of this shader takes, those that stand for buffers among them.
    pub fn storage_textures(&self, entry: &EntryPoint) -> usize {
        let mirrored =
            |name: &str| self.mirror.iter().flat_map(|mirror| &mirror.names).any(|(own, _)| own == name);
        let bindings = entry.bindings.iter();
        bindings.filter(|binding| binding.is_storage_texture() || mirrored(&binding.name)).count()
    }
}

#[derive(Clone, PartialEq)]
pub struct EntryPoint {
    pub name: String,
    /// The stem of the file that it stands in.
    pub stem: String,
    pub workgroup_size: u32,
    /// By slot.
    pub bindings: Vec<Binding>,
}

#[derive(Clone, PartialEq)]
pub struct Binding {
    pub slot: u32,
    pub name: String,
    /// As Rust writes it.
    pub access: String,
    /// The Rust path of a uniform block.
    pub block: Option<String>,
}

impl Binding {
    fn is_storage_texture(&self) -> bool {
        ["ReadTexels(", "WriteTexels("].iter().any(|way| self.access.starts_with(way))
    }
}

/// A struct that lies in a uniform block.
#[derive(PartialEq)]
pub struct Block {
    pub name: String,
    /// The stem of the file that it stands in.
    pub stem: String,
    pub bytes: u32,
    pub members: Vec<Member>,
}

#[derive(PartialEq)]
pub struct Member {
    pub name: String,
    pub offset: u32,
    pub bytes: u32,
    /// As Rust writes it.
    pub ty: String,
    pub comment: String,
}

/// `relu` of `folder/relu.wgsl`.
pub fn stem(file: &str) -> &str {
    Path::new(file).file_stem().and_then(|stem| stem.to_str()).unwrap_or(file)
}

/// What `text` holds; refused, with naga's words, unless it is valid.
pub fn parse(name: &str, text: &str) -> Result<Module, String> {
    naga::front::wgsl::parse_str(text)
        .map_err(|e| format!("{name}:\n{}", e.emit_to_string_with_path(text, name)))
}

/// The shader in the file called `name`.
pub fn reflect(files: &BTreeMap<String, String>, name: &str) -> Result<Shader, String> {
    let expanded = import::expand(files, name)?;
    for (part, end) in expanded.parts.iter().filter(|(part, _)| part != name) {
        // Fails where a file that is imported uses names that stand behind it.
        parse(&format!("{part}, imported by {name}"), &expanded.text[..*end])?;
    }
    let module = parse(name, &expanded.text)?;
    let info = validate(name, &expanded.text, &module)?;
    let mirror = mirror::of(&expanded.text).map_err(|e| format!("{name}: {e}"))?;
    if let Some(Mirror { text, .. }) = &mirror {
        validate(name, text, &parse(name, text)?)?;
    }
    let mut reader = Reader { files, expanded: &expanded, module: &module, info: &info, blocks: Vec::new() };
    let entry_points = (0..module.entry_points.len())
        .map(|index| {
            reader.entry_point(index).map_err(|e| format!("{name}, {}: {e}", module.entry_points[index].name))
        })
        .collect::<Result<_, _>>()?;
    let blocks = reader.blocks;
    let shared =
        module.global_variables.iter().filter(|(_, variable)| variable.space == AddressSpace::WorkGroup);
    let workgroup_bytes =
        shared.map(|(_, variable)| module.types[variable.ty].inner.size(module.to_ctx())).sum();
    let Expanded { text, parts, .. } = expanded;
    let files = parts.into_iter().map(|(part, _)| part).collect();
    Ok(Shader { stem: stem(name).to_owned(), text, files, entry_points, blocks, workgroup_bytes, mirror })
}

/// Refuses what uses more than its directives, or its name, allow.
fn validate(name: &str, text: &str, module: &Module) -> Result<ModuleInfo, String> {
    let enabled = |directive: &str| text.lines().any(|line| line == directive);
    let mut capabilities = Capabilities::empty();
    capabilities.set(Capabilities::SHADER_FLOAT16, enabled("enable f16;"));
    capabilities.set(Capabilities::COOPERATIVE_MATRIX, enabled("enable wgpu_cooperative_matrix;"));
    // naga knows no directive for these yet.
    capabilities.set(Capabilities::SUBGROUP, stem(name).starts_with("subgroup_"));
    Validator::new(ValidationFlags::all(), capabilities)
        .subgroup_stages(ShaderStages::COMPUTE)
        .subgroup_operations(SubgroupOperationSet::all())
        .validate(module)
        .map_err(|e| format!("{name}:\n{}", e.emit_to_string_with_path(text, name)))
}

struct Reader<'a> {
    files: &'a BTreeMap<String, String>,
    expanded: &'a Expanded,
    module: &'a Module,
    info: &'a ModuleInfo,
    blocks: Vec<Block>,
}

impl Reader<'_> {
    fn entry_point(&mut self, index: usize) -> Result<EntryPoint, String> {
        let (entry, usage) = (&self.module.entry_points[index], self.info.get_entry_point(index));
        let mut bindings = Vec::new();
        for (handle, variable) in self.module.global_variables.iter() {
            if !usage[handle].is_empty() {
                bindings.extend(self.binding(variable)?);
            }
        }
        bindings.sort_by_key(|binding: &Binding| binding.slot);
        if bindings
            .first()
            .is_none_or(|first| first.slot != 0 || first.name != "params" || first.block.is_none())
        {
            return Err("binding 0 is no uniform block called params".into());
        }
        let [workgroup_size, 1, 1] = entry.workgroup_size else {
            return Err("a workgroup of more than one dimension".into());
        };
        let stem = stem(self.file_declaring("fn", &entry.name)?).to_owned();
        Ok(EntryPoint { name: entry.name.clone(), stem, workgroup_size, bindings })
    }

    /// The file of the shader in which `keyword name` stands.
    fn file_declaring(&self, keyword: &str, name: &str) -> Result<&str, String> {
        let declares = |text: &String| {
            text.lines().any(|line| {
                let behind = line.strip_prefix(keyword).and_then(|rest| rest.trim_start().strip_prefix(name));
                behind.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
            })
        };
        let found = self
            .expanded
            .parts
            .iter()
            .map(|(file, _)| file.as_str())
            .find(|file| declares(&self.files[*file]));
        found.ok_or_else(|| format!("no line starts with {keyword} {name}"))
    }

    fn binding(&mut self, variable: &naga::GlobalVariable) -> Result<Option<Binding>, String> {
        let Some(binding) = variable.binding else { return Ok(None) };
        if binding.group != 0 {
            return Err(format!("group {}, all is in group 0", binding.group));
        }
        let inner = &self.module.types[variable.ty].inner;
        let mut block = None;
        let access = match variable.space {
            AddressSpace::Uniform => {
                block = Some(self.block(variable.ty)?);
                format!("Uniform({})", inner.size(self.module.to_ctx()))
            }
            AddressSpace::Storage { access } => {
                let way = if access.contains(StorageAccess::STORE) { "ReadWrite" } else { "Read" };
                format!("{way}(Element::{})", self.element(variable.ty)?)
            }
            AddressSpace::Handle => texture(inner)?,
            space => return Err(format!("a binding in {space:?}")),
        };
        let name = variable.name.clone().unwrap_or_default();
        Ok(Some(Binding { slot: binding.binding, name, access, block }))
    }

    /// What a storage buffer is made of.
    fn element(&self, ty: Handle<Type>) -> Result<&'static str, String> {
        match &self.module.types[ty].inner {
            TypeInner::Array { base, .. } => self.element(*base),
            TypeInner::Scalar(scalar) | TypeInner::Vector { scalar, .. } | TypeInner::Atomic(scalar) => {
                match *scalar {
                    Scalar::F32 => Ok("Real"),
                    Scalar::U32 => Ok("Whole"),
                    other => Err(format!("elements of {other:?}")),
                }
            }
            other => Err(format!("a storage buffer of {other:?}")),
        }
    }

    /// Notes the block and gives its Rust path.
    fn block(&mut self, ty: Handle<Type>) -> Result<String, String> {
        let Type { name: Some(name), inner: TypeInner::Struct { members, span } } = &self.module.types[ty]
        else {
            return Err("a uniform block that is no struct".into());
        };
        let file = self.file_declaring("struct", name)?.to_owned();
        let path = format!("super::{}::{name}", stem(&file));
        let mut own = Vec::new();
        for member in members {
            let inner = &self.module.types[member.ty].inner;
            let ty = match inner {
                TypeInner::Scalar(scalar) => scalar_name(*scalar)?.to_owned(),
                TypeInner::Vector { size, scalar } => {
                    format!("[{}; {}]", scalar_name(*scalar)?, *size as u32)
                }
                TypeInner::Struct { .. } => self.block(member.ty)?,
                other => return Err(format!("a member of {other:?} in {name}")),
            };
            let (member_name, bytes) =
                (member.name.clone().unwrap_or_default(), inner.size(self.module.to_ctx()));
            let comment = comment(&self.files[&file], name, &member_name);
            own.push(Member { name: member_name, offset: member.offset, bytes, ty, comment });
        }
        let block = Block { name: name.clone(), stem: stem(&file).to_owned(), bytes: *span, members: own };
        if !self.blocks.contains(&block) {
            self.blocks.push(block);
        }
        Ok(path)
    }
}

fn scalar_name(scalar: Scalar) -> Result<&'static str, String> {
    match scalar {
        Scalar::F32 => Ok("f32"),
        Scalar::U32 => Ok("u32"),
        Scalar::I32 => Ok("i32"),
        other => Err(format!("a member of {other:?}")),
    }
}

fn texture(inner: &TypeInner) -> Result<String, String> {
    let float = ImageClass::Sampled { kind: ScalarKind::Float, multi: false };
    match inner {
        TypeInner::Image { dim: naga::ImageDimension::D2, arrayed: false, class } if *class == float => {
            Ok("ReadTexture".into())
        }
        &TypeInner::Image { class: ImageClass::Storage { format, access }, .. } => {
            let way = match access {
                StorageAccess::LOAD => "ReadTexels",
                StorageAccess::STORE => "WriteTexels",
                both => return Err(format!("a storage texture for {both:?}")),
            };
            let format = match format {
                StorageFormat::Rgba32Float => "Reals",
                StorageFormat::Rg32Uint => "Words",
                other => return Err(format!("texels of {other:?}")),
            };
            Ok(format!("{way}(TexelFormat::{format})"))
        }
        other => Err(format!("a binding of {other:?}")),
    }
}

/// What stands behind a member of a struct.
fn comment(file: &str, block: &str, member: &str) -> String {
    let lines = file.lines().skip_while(|line| !line.starts_with(&format!("struct {block} ")));
    let mut lines =
        lines.take_while(|line| *line != "}").map(|line| line.split("@align(16) ").collect::<String>());
    let line = lines.find(|line| line.trim_start().starts_with(&format!("{member}:"))).unwrap_or_default();
    line.split_once("//").map(|(_, comment)| comment.trim().to_owned()).unwrap_or_default()
}
