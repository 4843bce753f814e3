//! live_viewer on a screen without glass: it trains, a click pauses it, and a key lets it go on.

use super::running::Running;
use super::screen::Screen;
use image::RgbImage;
use std::process::Stdio;
use std::time::Duration;

/// The colour of the button that pauses.
const ACCENT: [u8; 3] = [47, 111, 237];
/// Where the curves stand: left, top, width and height.
const CURVES: [u32; 4] = [250, 24, 1020, 180];
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
    let viewer = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));

    let (x, y) = screen.until("the button that pauses", |screen| button(&screen.picture()));
    screen.until_it_moves(CURVES);
    screen.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", "1"]);
    // Beside the button, which would otherwise glow.
    screen.xdotool(&["mousemove", "120", "700"]);
    let still = screen.until("the curves stand still", |screen| {
        let before = screen.part(CURVES);
        std::thread::sleep(Duration::from_secs(1));
        (screen.part(CURVES) == before).then_some(before)
    });
    std::thread::sleep(Duration::from_secs(2));
    assert!(screen.part(CURVES) == still, "the curves moved although training was paused");

    // There is no window manager that would give the window the keys.
    screen.xdotool(&["search", "--onlyvisible", "--name", "dann: live viewer", "windowfocus", "--sync"]);
    screen.xdotool(&["key", "s"]);
    let model = scratch.path().join("model.safetensors");
    screen.until("a saved model", |_| model.exists().then_some(()));
    dann::train::Checkpoint::read(&model).unwrap();
    screen.xdotool(&["key", "space"]);
    screen.until("the curves move again", |screen| (screen.part(CURVES) != still).then_some(()));
    assert!(viewer.child().try_wait().unwrap().is_none(), "the viewer has ended");
}
