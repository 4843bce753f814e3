//! How pictures become the bytes that a model takes, for whoever decodes them: as the program itself brings them there.

use crate::model::InputSpec;
use crate::shape::{Fit, Frame};
use serde_json::{Value, json};

/// For programs: what an image is brought to (`resize`, rows and columns), by which rule (`fit`), and of what the middle is
/// taken (`crop`).
pub fn described(input: &InputSpec) -> Value {
    let frame = input.frame();
    let (rows, columns) = frame.resized();
    json!({
        "layout": "NCHW",
        "type": "uint8",
        "channels": input.channels,
        "channel_order": channel_order(input.channels),
        "fit": frame.fit,
        "resize": [rows, columns],
        "crop": [frame.height, frame.width],
        "filter": "bilinear, widened where images shrink (antialiased)",
        "background": if matches!(frame.fit, Fit::Pad | Fit::Centre) { json!([0, 0, 0]) } else { Value::Null },
        "transparent": [255, 255, 255],
    })
}

/// For people.
pub fn in_words(input: &InputSpec) -> String {
    let frame = input.frame();
    let colours = match input.channels {
        3 => "red, green, blue; grey pictures have their value in all three",
        _ => "the grey of the picture in each channel",
    };
    format!("{colours}; pictures of other sizes are {}", fitted(frame))
}

fn channel_order(channels: usize) -> &'static str {
    if channels == 3 { "RGB" } else { "grey" }
}

/// What is done to pictures of other sizes.
fn fitted(frame: Frame) -> String {
    let (rows, columns) = frame.resized();
    let middle = match (rows, columns) == (frame.height, frame.width) {
        true => String::new(),
        false => format!(", of which the middle {}×{} are taken", frame.height, frame.width),
    };
    match frame.fit {
        Fit::Resize => format!("resized to {rows}×{columns}, each side by itself{middle}"),
        Fit::Scale => format!(
            "cut to the largest middle of the proportions {rows}:{columns}, which is resized to {rows}×{columns}{middle}"
        ),
        Fit::Crop => "cropped to their middle, after smaller ones were scaled up until they cover it".into(),
        Fit::Pad => {
            "laid on the middle of black, after larger ones were scaled down until they fit in".into()
        }
        Fit::Centre => {
            "cropped to their middle where they are larger, and laid on the middle of black where smaller"
                .into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Normalization;
    use crate::shape::MapShape;

    fn input(fit: Fit, resize: Option<usize>) -> InputSpec {
        let normalization = Normalization { scale: vec![2.0; 3], shift: vec![-1.0; 3] };
        InputSpec { fit, resize, ..InputSpec::new(MapShape::new(3, 64, 48), normalization) }
    }

    #[test]
    fn programs_are_told_what_a_frame_does() {
        let told = described(&input(Fit::Scale, Some(80)));
        assert_eq!((&told["fit"], &told["channel_order"]), (&json!("scale"), &json!("RGB")));
        assert_eq!((&told["resize"], &told["crop"]), (&json!([80, 60]), &json!([64, 48])));
        assert_eq!(described(&input(Fit::Resize, None))["resize"], json!([64, 48]));
        // Nothing is seen of a background where the picture covers all.
        assert_eq!(described(&input(Fit::Crop, None))["background"], Value::Null);
        assert_eq!(described(&input(Fit::Pad, None))["background"], json!([0, 0, 0]));
    }

    #[test]
    fn people_are_told_so_too() {
        let told = in_words(&input(Fit::Scale, Some(80)));
        assert!(told.contains("resized to 80×60, of which the middle 64×48 are taken"), "{told}");
        assert!(in_words(&input(Fit::Resize, None)).ends_with("resized to 64×48, each side by itself"));
        let every = [Fit::Resize, Fit::Crop, Fit::Pad, Fit::Scale, Fit::Centre]
            .map(|fit| in_words(&input(fit, None)));
        assert_eq!(every.iter().collect::<std::collections::BTreeSet<_>>().len(), every.len());
    }
}
