//! embed_headless: its frames are pictures, and the clouds in them merge.

use std::collections::BTreeSet;
use std::process::Command;

/// After 20 the clouds are 0.33 to 0.63 times as far apart as at first, which is 0.75 to 1.37 standard deviations (three seeds).
const FRAMES: usize = 20;
const SIZE: (u32, u32) = (1024, 512);

#[test]
fn the_frames_show_the_clouds_merging() {
    let Some(program) = super::program("embed_headless") else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(["--frames", &FRAMES.to_string(), "--steps", "24", "--out"]).arg(directory.path());
    let output = super::runtime_directory(&mut command).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    // A line a frame, with the distance between the clouds at its end.
    let apart: Vec<f32> = said
        .lines()
        .filter(|line| line.starts_with("step"))
        .map(|line| line.rsplit(' ').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(apart.len(), FRAMES, "{said}");
    let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
    let (first, last) = (mean(&apart[..4]), mean(&apart[FRAMES - 4..]));
    assert!(first > 0.5 && last < 0.75 * first, "from {first:.2} to {last:.2} standard deviations\n{said}");
    for frame in 0..FRAMES {
        let file = directory.path().join(format!("frame_{frame:03}.png"));
        let picture = image::open(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())).into_rgb8();
        assert_eq!(picture.dimensions(), SIZE);
        // On the left the domains: blue points and orange ones.
        let count = |is: fn([u8; 3]) -> bool| {
            let left = picture.enumerate_pixels().filter(|(x, ..)| *x < SIZE.0 / 2);
            left.filter(|(.., pixel)| is(pixel.0)).count()
        };
        let (blue, orange) = (count(|[r, _, b]| b > 180 && r < 100), count(|[r, _, b]| r > 180 && b < 100));
        assert!(blue > 300 && orange > 300, "frame {frame}: {blue} blue and {orange} orange pixels");
        // On the right, below what its points are, the classes' ten colours.
        let named = image::imageops::crop_imm(&picture, SIZE.0 / 2 + 8, 26, 240, 15).to_image();
        let colours: BTreeSet<_> =
            named.pixels().map(|pixel| pixel.0).filter(|c| *c.iter().max().unwrap() > 100).collect();
        assert!(colours.len() >= 10, "frame {frame}: {colours:?}");
    }
}

#[test]
fn bad_arguments_are_refused() {
    let Some(program) = super::program("embed_headless") else { return };
    let output = Command::new(program).args(["--out", "frames", "--source", "somewhere"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("--target"), "{said}");
}
