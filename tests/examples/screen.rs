//! A screen without glass.

use super::running::Running;
use image::RgbImage;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a machine with much else to do may take for anything.
const PATIENCE: Duration = Duration::from_secs(90);

pub struct Screen {
    display: String,
    _server: Running,
}

impl Screen {
    pub fn new() -> Self {
        let mut server = Command::new("Xvfb");
        server.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]);
        let server = Running::start(server.stdout(Stdio::piped()).stderr(Stdio::null()));
        let mut number = String::new();
        let told = server.child().stdout.take().unwrap();
        BufReader::new(told).read_line(&mut number).unwrap();
        Self { display: format!(":{}", number.trim()), _server: server }
    }

    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        super::runtime_directory(&mut command).env("DISPLAY", &self.display);
        command
    }

    pub fn picture(&self) -> RgbImage {
        let output = self.command("import").args(["-window", "root", "png:-"]).output().unwrap();
        image::load_from_memory(&output.stdout).expect("a picture of the screen").into_rgb8()
    }

    /// A part of it: left, top, width and height.
    pub fn part(&self, [left, top, width, height]: [u32; 4]) -> RgbImage {
        image::imageops::crop_imm(&self.picture(), left, top, width, height).to_image()
    }

    pub fn xdotool(&self, arguments: &[&str]) {
        assert!(self.command("xdotool").args(arguments).status().unwrap().success(), "{arguments:?}");
    }

    /// Waits until the screen shows what is wanted.
    pub fn until<T>(&self, wanted: &str, mut find: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = find(self) {
                return found;
            }
            if began.elapsed() > PATIENCE {
                let file = std::env::temp_dir().join("window_failed.png");
                self.picture().save(&file).ok();
                panic!("{wanted}: not within {PATIENCE:?}; the screen is in {}", file.display());
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Waits until a part of the screen differs from what it was.
    pub fn until_it_moves(&self, part: [u32; 4]) {
        let before = self.part(part);
        self.until("the curves move", |screen| (screen.part(part) != before).then_some(()));
    }
}
