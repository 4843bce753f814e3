//! A few words in a picture, in letters of three by five pixels.

use image::{Rgba, RgbaImage};

/// Picture's pixels on a side of a letter's.
const SCALE: u32 = 3;

/// The rows of a letter, the top one in the highest bits; of others nothing.
fn rows(letter: char) -> u16 {
    match letter {
        '0' => 0o75557,
        '1' => 0o26227,
        '2' => 0o71747,
        '3' => 0o71717,
        '4' => 0o55711,
        '5' => 0o74717,
        '6' => 0o74757,
        '7' => 0o71122,
        '8' => 0o75757,
        '9' => 0o75717,
        'a' => 0o25755,
        'b' => 0o65656,
        'c' => 0o34443,
        'd' => 0o65556,
        'e' => 0o74647,
        'g' => 0o34553,
        'i' => 0o72227,
        'l' => 0o44447,
        'n' => 0o65555,
        'o' => 0o25552,
        'p' => 0o65644,
        'r' => 0o65655,
        's' => 0o34216,
        't' => 0o72222,
        'u' => 0o55557,
        _ => 0,
    }
}

/// Writes `words` from (`left`, `top`) on, and gives where they end.
pub fn write(picture: &mut RgbaImage, words: &str, left: u32, top: u32, colour: [u8; 3]) -> u32 {
    let [red, green, blue] = colour;
    for (at, letter) in (0..).zip(words.chars()) {
        let rows = rows(letter);
        for place in (0..15).filter(|place| rows >> (14 - place) & 1 == 1) {
            let (x, y) = (left + SCALE * (4 * at + place % 3), top + SCALE * (place / 3));
            for pixel in 0..SCALE * SCALE {
                let (x, y) = (x + pixel % SCALE, y + pixel / SCALE);
                if x < picture.width() && y < picture.height() {
                    picture.put_pixel(x, y, Rgba([red, green, blue, 255]));
                }
            }
        }
    }
    left + 4 * SCALE * words.chars().count() as u32
}
