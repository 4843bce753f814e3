//! Heights and widths of recipes.

use serde::{Deserialize, Serialize};

/// A height and a width; in TOML `5` stands for `[5, 5]`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SizeForm", into = "SizeForm")]
pub struct Size2(pub usize, pub usize);

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "a number, or [height, width]")]
enum SizeForm {
    Square(usize),
    Oblong([usize; 2]),
}

impl From<SizeForm> for Size2 {
    fn from(form: SizeForm) -> Self {
        match form {
            SizeForm::Square(side) => Self(side, side),
            SizeForm::Oblong([height, width]) => Self(height, width),
        }
    }
}

impl From<Size2> for SizeForm {
    fn from(Size2(height, width): Size2) -> Self {
        if height == width { Self::Square(height) } else { Self::Oblong([height, width]) }
    }
}

impl From<Size2> for (usize, usize) {
    fn from(Size2(height, width): Size2) -> Self {
        (height, width)
    }
}
