//! sim_to_real: two renderers, two trainers on what they draw, and a report.

use super::running::Running;
use super::screen::Screen;
use std::collections::BTreeSet;
use std::process::{Command, Stdio};

#[test]
fn two_renderers_are_trained_on_and_reported_on() {
    let Some(program) = super::program("sim_to_real") else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(["--headless", "--frames", "2", "--steps", "1", "--pictures"]).arg(directory.path());
    let output = super::runtime_directory(&mut command).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for words in ["before training: ", "after 2 frames: source-only ", " %, DANN ", " points"] {
        assert!(said.contains(words), "{words:?} is not in\n{said}");
    }
    let [simulation, reality] = ["simulation.png", "reality.png"]
        .map(|name| image::open(directory.path().join(name)).expect("a picture").into_rgb8());
    // Of six by six objects, drawn before even, dark grounds and before others.
    let corners = |picture: &image::RgbImage| -> u32 {
        let places = (0..6).flat_map(|row| (0..6).map(move |column| (48 * column + 1, 48 * row + 1)));
        places.map(|(x, y)| picture.get_pixel(x, y).0.into_iter().map(u32::from).sum::<u32>()).sum()
    };
    assert_eq!(simulation.dimensions(), (288, 288));
    assert!(corners(&simulation) < 36 * 96 && corners(&reality) > 36 * 150);
    let bright = simulation.pixels().filter(|pixel| pixel.0.iter().all(|part| *part > 100)).count();
    assert!(bright > 5000, "{bright} pixels of objects");
}

/// Where the window shows what both renderers draw, and the losses: left, top, width and height.
const STREAMS: [[u32; 4]; 2] = [[20, 40, 300, 300], [360, 40, 300, 300]];
const LOSSES: [u32; 4] = [700, 620, 400, 130];

#[test]
fn the_window_shows_both_streams_and_what_is_learned() {
    if !["Xvfb", "xdotool", "import"].into_iter().all(super::installed) {
        return;
    }
    let Some(program) = super::program("sim_to_real") else { return };
    let screen = Screen::new();
    let mut command = screen.command(program);
    let window = Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()));
    // Objects before even grounds have far fewer colours than those before waves.
    screen.until("both streams", |screen| {
        let colours = STREAMS.map(|stream| {
            let part = screen.part(stream);
            part.pixels().map(|pixel| pixel.0).collect::<BTreeSet<_>>().len()
        });
        (colours[0] > 1000 && colours[1] > 4 * colours[0]).then_some(())
    });
    screen.until_it_moves(LOSSES);
    screen.until_it_moves(STREAMS[1]);
    assert!(window.child().try_wait().unwrap().is_none(), "the window has closed");
}
