//! What is done with bytes from outside: by the tests with a few thousand damaged inputs, by cargo-fuzz with millions.
//! Every one of these may refuse its input, none may panic or ask for more memory than the input can fill.

use dann::data::{self, Frame, Labels, Part};
use dann::gpu::ShaderChecks;
use dann::profile::shader::{
    Amounts, BufferSpec, Choices, Content, Dump, Expectation, Job, Pipeline, Place, Resource, Rest, Shader,
    Sweep,
};
use dann::train::{Checkpoint, Config};
use dann::wgpu;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const SIZE: Frame = Frame::new(8, 8);

/// A directory for what is read from files, on a file system in memory where there is one.
fn directory(name: &str) -> PathBuf {
    // Tests run side by side, each in a thread of its own, which takes its directory along.
    thread_local! {
        static ROOT: TempDir = {
            let memory = Path::new("/dev/shm");
            let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
            tempfile::Builder::new().prefix("dann-robustness-").tempdir_in(parent).expect("a temporary directory")
        };
    }
    let path = ROOT.with(|root| root.path().join(name));
    fs::create_dir_all(&path).expect("a temporary directory");
    path
}

/// The images of an IDX data set.
pub fn idx_images(bytes: &[u8]) {
    let directory = directory("idx-images");
    fs::write(directory.join("train-images-idx3-ubyte"), bytes).expect("a file");
    drop(data::load(&directory, Part::Train, SIZE, Labels::Ignored));
}

/// The labels of an IDX data set of two images.
pub fn idx_labels(bytes: &[u8]) {
    let directory = directory("idx-labels");
    let mut images = vec![0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1];
    images.extend([7, 8]);
    fs::write(directory.join("train-images-idx3-ubyte"), images).expect("a file");
    fs::write(directory.join("train-labels-idx1-ubyte"), bytes).expect("a file");
    drop(data::load(&directory, Part::Train, SIZE, Labels::Required));
}

/// The list of labels of MNIST-M as released, beside one image.
pub fn label_list(bytes: &[u8]) {
    let directory = directory("label-list");
    let images = directory.join("mnist_m_train");
    if !images.is_dir() {
        fs::create_dir_all(&images).expect("a directory");
        image::RgbImage::new(1, 1).save(images.join("00000000.png")).expect("an image");
    }
    fs::write(directory.join("mnist_m_train_labels.txt"), bytes).expect("a file");
    drop(data::load(&directory, Part::Train, SIZE, Labels::Required));
}

/// An image of a folder; the first byte chooses the ending of its name.
pub fn image_folder(bytes: &[u8]) {
    let Some((ending, bytes)) = bytes.split_first() else { return };
    let ending = ["png", "jpg", "bmp", "webp"][usize::from(ending % 4)];
    let directory = directory("image-folder");
    let file = directory.join(format!("image.{ending}"));
    fs::write(&file, bytes).expect("a file");
    drop(data::load_image_files(std::slice::from_ref(&file), SIZE));
    fs::remove_file(file).expect("it was there");
}

/// A recipe.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(config) = Config::parse("recipe", text) {
        // What can be read can be written and read again.
        let again = Config::parse("again", &config.to_toml().expect("TOML")).expect("the same recipe");
        assert_eq!(config.to_toml().ok(), again.to_toml().ok());
    }
}

/// A checkpoint.
pub fn checkpoint(bytes: &[u8]) {
    drop(Checkpoint::parse(Path::new("checkpoint"), bytes));
}

/// A file of golden results.
pub fn golden(bytes: &[u8]) {
    let file = directory("golden").join("golden.safetensors");
    fs::write(&file, bytes).expect("a file");
    drop(dann::check::read_golden(&file));
}

/// What fuzzing may have a shader bind.
fn limits() -> wgpu::Limits {
    wgpu::Limits {
        max_buffer_size: 1 << 16,
        max_storage_buffer_binding_size: 1 << 16,
        max_uniform_buffer_binding_size: 1 << 12,
        max_texture_dimension_1d: 64,
        max_texture_dimension_2d: 64,
        max_texture_dimension_3d: 16,
        max_texture_array_layers: 8,
        ..wgpu::Limits::default()
    }
}

/// Everything that is done with a shader before a device sees it.
fn looked_at(shader: &Shader, specs: &[BufferSpec]) {
    let Ok(resources) = shader.resources() else { return };
    let Ok(plan) = shader.plan(&resources, specs) else { return };
    let is_small = resources.iter().all(|resource| resource.count.is_none_or(|count| count < 8));
    if plan.check(&limits()).is_err() || !is_small {
        return;
    }
    let Ok(contents) = plan.fill(1) else { return };
    let job = Job { shader, resources: &resources, contents: &contents, workgroups: [3, 2, 1] };
    drop(job.counts());
    for (resource, filled) in resources.iter().zip(&contents) {
        let bytes = filled.each.concat();
        drop(shader.difference(resource, filled.shape, 1e-4, [&bytes, &bytes]));
        drop(shader.expected(resource, filled.shape, &Content::Values(vec![], Rest::Zeros(None))));
    }
    let directory = directory("translations");
    drop(shader.translate(&resources, ShaderChecks::Checked, &directory));
}

/// A shader to be timed.
pub fn shader(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(shader) = Shader::parse(Path::new("shader.wgsl"), text.to_owned(), &Choices::default()) {
        seen(&shader);
    }
}

/// A shader of WESL, beside the modules that it may import.
pub fn wesl(bytes: &[u8]) {
    const MODULES: [(&str, &str); 3] = [
        ("easing.wesl", include_str!("../shaders/parts/easing.wesl")),
        ("limits.wgsl", include_str!("../shaders/parts/limits.wgsl")),
        ("rows.wesl", include_str!("../shaders/parts/rows.wesl")),
    ];
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let directory = directory("wesl");
    let parts = directory.join("parts");
    if !parts.is_dir() {
        fs::create_dir_all(&parts).expect("a directory");
        for (name, module) in MODULES {
            fs::write(parts.join(name), module).expect("a module");
        }
    }
    let defines = ["FAST", "WIDE=true", "TILE=8", "COUNT=64", "SCALE=0.5"];
    let defines = defines.iter().filter_map(|text| text.parse().ok()).collect();
    let choices = Choices { defines, includes: vec![parts], is_lenient: true, ..Choices::default() };
    if let Ok(shader) = Shader::parse(&directory.join("shader.wesl"), text.to_owned(), &choices) {
        seen(&shader);
    }
}

/// What is made of a shader before it runs.
fn seen(shader: &Shader) {
    let Ok(resources) = shader.resources() else { return };
    // As little as each can have.
    let spec = |resource: &Resource| {
        let elements = 4 * resource.stride.unwrap_or(0);
        let bytes = (resource.fixed + elements).next_multiple_of(4);
        let slot = Place::Slot { group: resource.group, binding: resource.binding };
        let content = Content::Values(vec![], Rest::Zeros(Some(bytes)));
        resource.is_buffer().then_some(BufferSpec { place: slot, content })
    };
    let specs: Vec<BufferSpec> = resources.iter().filter_map(spec).collect();
    looked_at(shader, &specs);
}

/// A shader that leaves much open.
const OPEN: &str = "
override SIZE: u32 = 4u;
struct Params { count: u32, scale: vec3<f32>, turn: mat2x2<{type}> }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<vec2<{type}>>;
@group(0) @binding(2) var photo: texture_2d<f32>;
#ifdef FAST
const TURNS = 2u;
#else
const TURNS = $turns;
#endif
@compute @workgroup_size(SIZE) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var i = 0u; i < TURNS; i++) { y[id.x + i] = params.turn[0] + textureLoad(photo, vec2(0u), 0).xy; }
}
";

/// What the command line says of a shader, a word a line.
pub fn shader_arguments(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // Whatever else lies on this machine is none of its business.
    let words: Vec<&str> = text.lines().filter(|word| !word.contains('@')).collect();
    for word in &words {
        drop(word.parse::<Expectation>());
        drop(word.parse::<Dump>());
        if let Ok(sweep) = word.parse::<Sweep>() {
            drop(Sweep::grid(&[sweep]));
        }
        if let Ok(amounts) = word.parse::<Amounts>() {
            drop(amounts.values(&|name| Some(name.len() as u64)));
        }
    }
    let mut specs: Vec<BufferSpec> = Vec::new();
    for spec in words.iter().filter_map(|word| word.parse::<BufferSpec>().ok()) {
        if !specs.iter().any(|known| known.place == spec.place) {
            specs.push(spec);
        }
    }
    let defines = words.iter().filter_map(|word| word.parse().ok()).collect();
    let overrides = words.iter().filter_map(|word| word.parse().ok()).collect();
    let choices = Choices { defines, overrides, is_lenient: true, ..Choices::default() };
    if let Ok(shader) = Shader::parse(Path::new("open.wgsl"), OPEN.to_owned(), &choices) {
        specs.retain(|spec| {
            shader.resources().is_ok_and(|all| all.iter().any(|resource| spec.place.names(resource)))
        });
        looked_at(&shader, &specs);
    }
}

/// A pipeline's file, beside the shaders that it may name.
pub fn pipeline(bytes: &[u8]) {
    let directory = directory("pipeline");
    let shader = directory.join("heat.wgsl");
    if !shader.is_file() {
        fs::write(&shader, include_str!("../shaders/pipelines/heat.wgsl")).expect("a shader");
    }
    let file = directory.join("pipeline.toml");
    fs::write(&file, bytes).expect("a file");
    if let Ok(pipeline) = Pipeline::read(&file) {
        drop(pipeline.fill(1, &limits()));
    }
}
