//! How a digit is laid over its patch of a photo.

/// How a digit is laid over its patch of a photo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Blend {
    /// 255 − photo wherever the digit's value is above 0, as in MNIST-M as it was released. The digit is a mask: where
    /// it is inverted back, no trace of its outline is left. In the order of the digits, as there.
    #[default]
    Invert,
    /// |photo − digit| of the grey digit. Its soft outline draws a contour into the photo, and with that contour the
    /// data set is much easier than the released one. In an order that the seed draws.
    Difference,
}

impl Blend {
    /// What becomes of one value of the photo under `ink`, the digit's value there.
    pub(super) fn of(self, photo: u8, ink: u8) -> u8 {
        match self {
            Self::Invert if ink > 0 => u8::MAX - photo,
            Self::Invert => photo,
            Self::Difference => photo.abs_diff(ink),
        }
    }
}
