//! live_viewer on a screen without glass: it trains, a click pauses it, and a key lets it go on.

use image::RgbImage;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The colour of the button that pauses.
const ACCENT: [u8; 3] = [47, 111, 237];
/// Where the curves stand: left, top, width and height.
const CURVES: [u32; 4] = [250, 24, 1020, 180];
/// How long a machine with much else to do may take for anything.
const PATIENCE: Duration = Duration::from_secs(90);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

struct Screen {
    display: String,
    _server: Running,
}

impl Screen {
    fn new() -> Self {
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut number).unwrap();
        Self { display: format!(":{}", number.trim()), _server: Running(server) }
    }

    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        super::runtime_directory(&mut command).env("DISPLAY", &self.display);
        command
    }

    fn picture(&self) -> RgbImage {
        let output = self.command("import").args(["-window", "root", "png:-"]).output().unwrap();
        image::load_from_memory(&output.stdout).expect("a picture of the screen").into_rgb8()
    }

    fn curves(&self) -> RgbImage {
        let [left, top, width, height] = CURVES;
        image::imageops::crop_imm(&self.picture(), left, top, width, height).to_image()
    }

    fn xdotool(&self, arguments: &[&str]) {
        assert!(self.command("xdotool").args(arguments).status().unwrap().success(), "{arguments:?}");
    }

    /// Waits until the screen shows what is wanted.
    fn until<T>(&self, wanted: &str, mut find: impl FnMut(&Self) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = find(self) {
                return found;
            }
            if began.elapsed() > PATIENCE {
                let file = std::env::temp_dir().join("live_viewer_failed.png");
                self.picture().save(&file).ok();
                panic!("{wanted}: not within {PATIENCE:?}; the screen is in {}", file.display());
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }

    /// Waits until the curves differ from what they were.
    fn until_they_move(&self) {
        let before = self.curves();
        self.until("the curves move", |screen| (screen.curves() != before).then_some(()));
    }
}

/// The middle of the button that pauses.
fn button(picture: &RgbImage) -> Option<(u64, u64)> {
    let places: Vec<(u64, u64)> = picture
        .enumerate_pixels()
        .filter(|(.., pixel)| pixel.0 == ACCENT)
        .map(|(x, y, _)| (x.into(), y.into()))
        .collect();
    let count = places.len() as u64;
    let sum = places.iter().fold((0, 0), |(x, y), place| (x + place.0, y + place.1));
    (count > 500).then(|| (sum.0 / count, sum.1 / count))
}

#[test]
fn the_window_trains_pauses_at_a_click_and_goes_on_at_a_key() {
    if !["Xvfb", "xdotool", "import"].into_iter().all(super::installed) {
        return;
    }
    let Some(program) = super::program("live_viewer") else { return };
    let scratch = tempfile::tempdir().unwrap();
    let screen = Screen::new();
    let mut command = screen.command(program);
    command.arg("--out").arg(scratch.path());
    let mut viewer = Running(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());

    let (x, y) = screen.until("the button that pauses", |screen| button(&screen.picture()));
    screen.until_they_move();
    screen.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]);
    // Beside the button, which would otherwise glow.
    screen.xdotool(&["mousemove", "120", "700"]);
    let still = screen.until("the curves stand still", |screen| {
        let before = screen.curves();
        std::thread::sleep(Duration::from_secs(1));
        (screen.curves() == before).then_some(before)
    });
    std::thread::sleep(Duration::from_secs(2));
    assert!(screen.curves() == still, "the curves moved although training was paused");

    // There is no window manager that would give the window the keys.
    screen.xdotool(&["search", "--onlyvisible", "--name", "dann: live viewer", "windowfocus", "--sync"]);
    screen.xdotool(&["key", "s"]);
    let model = scratch.path().join("model.safetensors");
    screen.until("a saved model", |_| model.exists().then_some(()));
    dann::train::Checkpoint::read(&model).unwrap();
    screen.xdotool(&["key", "space"]);
    screen.until("the curves move again", |screen| (screen.curves() != still).then_some(()));
    assert!(viewer.0.try_wait().unwrap().is_none(), "the viewer has ended");
}
