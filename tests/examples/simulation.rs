//! sim_to_real: two renderers, two trainers on what they draw, and a report.

use std::process::Command;

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
