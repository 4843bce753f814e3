//! A temporary directory with tiny data sets and a configuration for them, and the program run in it.

use image::{Rgb, RgbImage};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

/// Height and width of every image.
pub const SIDE: usize = 8;
/// Images of the source's training part; the other parts are smaller still.
pub const SOURCE_TRAIN: usize = 16;
pub const TARGET_TRAIN: usize = 12;
pub const TEST: usize = 10;

/// Two epochs of three steps on the two data sets.
pub const CONFIG: &str = include_str!("../../src/fit/tiny.toml");

/// `source` (IDX), `target` (the layout of MNIST-M's release) and `tiny.toml` in a directory of their own.
pub struct Sandbox(TempDir);

impl Sandbox {
    pub fn new() -> Self {
        let sandbox = Self(tempfile::tempdir().expect("a temporary directory"));
        write_idx(&sandbox.path("source"), "train", SOURCE_TRAIN);
        write_idx(&sandbox.path("source"), "t10k", TEST);
        write_released(&sandbox.path("target/mnist_m"), "train", TARGET_TRAIN);
        write_released(&sandbox.path("target/mnist_m"), "test", TEST);
        sandbox.write("tiny.toml", CONFIG);
        sandbox
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).expect(name);
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).expect(name)
    }

    /// Changes the bytes of a file.
    pub fn edit(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = self.read(name);
        change(&mut bytes);
        self.write(name, bytes);
    }

    /// The program with arguments as typed, split at spaces, in this directory; one that hangs is a test that fails.
    pub fn dann(&self, arguments: &str) -> assert_cmd::Command {
        self.patiently(self.program(arguments))
    }

    /// The same as a plain command.
    pub fn program(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dann"));
        command.args(arguments.split_whitespace());
        self.within(command)
    }

    /// A command in this directory, ended after a while.
    pub fn patiently(&self, command: Command) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::from_std(command);
        command.timeout(Duration::from_secs(120));
        command
    }

    /// A command in this directory.
    pub fn within(&self, mut command: Command) -> Command {
        // Keeps Mesa from complaining on stderr. What `dann tune` has found for the user, and compiled pipelines, are not for
        // tests.
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/cache");
        command.current_dir(self.path("")).env("XDG_CACHE_HOME", cache);
        command.env("XDG_RUNTIME_DIR", std::env::temp_dir());
        command
    }

    /// What the program prints; it must succeed.
    pub fn text(&self, arguments: &str) -> String {
        let output = self.dann(arguments).assert().success().get_output().stdout.clone();
        String::from_utf8(output).expect("UTF-8 on stdout")
    }

    /// The objects that the program prints under `--json`; it must succeed.
    pub fn json(&self, arguments: &str) -> Vec<Value> {
        let text = self.text(&format!("{arguments} --json"));
        text.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// Trains with `tiny.toml` and further arguments into the directory `out`.
    pub fn train(&self, out: &str, arguments: &str) -> Vec<Value> {
        self.json(&format!("{} --out {out} {arguments}", Self::TRAIN))
    }

    pub const TRAIN: &str = "train --config tiny.toml --source source --target target";

    /// The program must refuse, say all of `words` on stderr and nothing on stdout, and write nothing. Gives what it said.
    pub fn refused(&self, arguments: &str, words: &[&str]) -> String {
        let before = self.files();
        let output = self.dann(arguments).output().expect("the program starts");
        let said = String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(matches!(code, Some(1 | 2)), "{arguments}: exit code {code:?}\n{said}");
        for word in words {
            assert!(said.contains(word), "{arguments}: {word:?} is not in\n{said}");
        }
        assert!(output.stdout.is_empty(), "{arguments}: prints something");
        assert_eq!(self.files(), before, "{arguments}: writes something");
        said.into_owned()
    }

    /// As [`refused`](Self::refused), for training that would write to `out`.
    pub fn refuses_to_train(&self, arguments: &str, words: &[&str]) {
        self.refused(&format!("{} --out out {arguments}", Self::TRAIN), words);
        assert!(!self.path("out").exists());
    }

    /// Every path below, with the length of its file.
    fn files(&self) -> Vec<(PathBuf, u64)> {
        let mut found = Vec::new();
        let mut open = vec![self.0.path().to_path_buf()];
        while let Some(directory) = open.pop() {
            for entry in fs::read_dir(directory).expect("a listing") {
                let entry = entry.expect("an entry");
                let kind = entry.metadata().expect("metadata");
                found.push((entry.path(), kind.len()));
                open.extend(kind.is_dir().then(|| entry.path()));
            }
        }
        found.sort();
        found
    }
}

/// Which digit image `index` shows.
pub fn digit(index: usize) -> u8 {
    (index % 10) as u8
}

/// A digit is a bright square at a place of its own on a ground that differs from image to image.
pub fn pixel(index: usize, row: usize, column: usize) -> u8 {
    let digit = usize::from(digit(index));
    let (top, left) = (1 + 3 * (digit / 5), 1 + digit % 5);
    let inside = (top..top + 3).contains(&row) && (left..left + 2).contains(&column);
    if inside { 230 } else { (index * 7 % 40) as u8 }
}

/// A part of an IDX data set.
pub fn write_idx(directory: &Path, part: &str, count: usize) {
    fs::create_dir_all(directory).expect("the source's directory");
    let word = |value: usize| (value as u32).to_be_bytes();
    let mut images = [word(0x803), word(count), word(SIDE), word(SIDE)].concat();
    let places = (0..SIDE * SIDE).map(|place| (place / SIDE, place % SIDE));
    images.extend((0..count).flat_map(|i| places.clone().map(move |(row, column)| pixel(i, row, column))));
    let mut labels = [word(0x801), word(count)].concat();
    labels.extend((0..count).map(digit));
    fs::write(directory.join(format!("{part}-images-idx3-ubyte")), images).expect("images");
    fs::write(directory.join(format!("{part}-labels-idx1-ubyte")), labels).expect("labels");
}

/// The same digits, inverted and tinted.
fn write_released(directory: &Path, part: &str, count: usize) {
    let images = directory.join(format!("mnist_m_{part}"));
    fs::create_dir_all(&images).expect("the target's directory");
    let mut list = String::new();
    for index in 0..count {
        let name = format!("{index:08}.png");
        target_image(index).save(images.join(&name)).expect("a PNG file");
        list += &format!("{name} {}\n", digit(index));
    }
    fs::write(directory.join(format!("mnist_m_{part}_labels.txt")), list).expect("a list");
}

pub fn target_image(index: usize) -> RgbImage {
    RgbImage::from_fn(SIDE as u32, SIDE as u32, |x, y| {
        let value = pixel(index, y as usize, x as usize);
        Rgb([255 - value, 200u8.saturating_sub(value), value / 2])
    })
}
