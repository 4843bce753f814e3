//! What is done with bytes from outside: by the tests with a few thousand damaged inputs, by cargo-fuzz with millions.
//! Every one of these may refuse its input, none may panic or ask for more memory than the input can fill.

use dann::data::{self, Frame, Labels, Part};
use dann::profile::shader::{Choices, Shader};
use dann::train::{Checkpoint, Config};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const SIZE: Frame = Frame::new(8, 8);

/// A directory for what is read from files, on a file system in memory where there is one.
fn directory(name: &str) -> PathBuf {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    let root = ROOT.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_path_buf() } else { std::env::temp_dir() };
        parent.join(format!("dann-robustness-{}", std::process::id()))
    });
    // Tests run side by side, each in a thread of its own.
    let path = root.join(format!("{name}-{:?}", std::thread::current().id()));
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

/// A shader to be timed.
pub fn shader(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(shader) = Shader::parse(Path::new("shader.wgsl"), text.to_owned(), &Choices::default()) {
        drop(shader.resources());
    }
}
