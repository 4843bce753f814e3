//! Pictures within the page.

use crate::error::Result;
use crate::report::pictures::Picture;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Pictures of images with longer sides are photographs, which JPEG holds in a tenth of the bytes.
const LONGEST_OF_PNG: u32 = 48;

/// The picture as an address that holds it, where its images have sides of at most `side`.
///
/// # Errors
/// [`crate::error::Error::Input`] when it cannot be encoded.
pub fn data_uri(picture: &Picture, side: u32) -> Result<String> {
    let (kind, bytes) = match side <= LONGEST_OF_PNG {
        true => ("png", picture.png()?),
        false => ("jpeg", picture.jpeg()?),
    };
    Ok(format!("data:image/{kind};base64,{}", STANDARD.encode(bytes)))
}

/// Whether images of such sides are shown pixel by pixel.
pub fn is_small(side: u32) -> bool {
    side <= LONGEST_OF_PNG
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Dataset;
    use crate::shape::MapShape;

    #[test]
    fn pictures_lie_within_the_page_and_large_ones_take_little_room() {
        let uri = |side: usize| {
            let noise =
                (0..side * side).map(|i| (i as u32).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
            let data = Dataset::new(MapShape::new(1, side, side), noise, None, vec![]).expect("an image");
            data_uri(&Picture::of(&data, 0), side as u32).expect("a picture")
        };
        assert!(uri(4).starts_with("data:image/png;base64,iVBORw"));
        assert!(uri(64).starts_with("data:image/jpeg;base64,/9j/"));
        assert!(is_small(28) && !is_small(96));
    }
}
