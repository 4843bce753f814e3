//! Images that are stored on the device among those of a data set; twin and cases: `proof.rs`.

#[cfg(feature = "check")]
pub(crate) mod proof;

use super::kernels::store_image as wgsl;
use super::{expect, u32_of};
use crate::error::{Error, Result};
use crate::gpu::{Recording, Tensor, Work, by};

/// Where an image is stored.
#[derive(Debug)]
pub struct Place<'a> {
    /// Bytes of images, one right behind the other, four to a word.
    pub images: &'a Tensor,
    /// The number of the image among them.
    pub index: usize,
    /// (images of the data set), u32
    pub labels: &'a Tensor,
    /// The number of the image's label among them.
    pub slot: usize,
}

/// Stores x (1, C, H, W), whose values are those of bytes, and its label.
///
/// # Errors
/// [`Error::Input`] when the shapes do not fit.
pub fn store(rec: &mut Recording, x: &Tensor, place: &Place<'_>, label: u32) -> Result<()> {
    const OP: &str = "store_image";
    let &Place { images, index, labels, slot } = place;
    let count = x.map().len();
    expect(OP, "x", x, &[1, x.map().channels, x.map().height, x.map().width])?;
    expect(OP, "labels", labels, &[labels.len()])?;
    let end = index.checked_add(1).and_then(|images| images.checked_mul(count));
    if end.is_none_or(|end| end > 4 * images.len()) {
        let expected = format!("a place within {} bytes", 4 * images.len());
        return Err(Error::input(OP, expected, format!("image {index} of {count} bytes")));
    }
    if slot >= labels.len() {
        return Err(Error::input(OP, format!("one of {} labels", labels.len()), slot));
    }
    let first = index * count;
    let params =
        wgsl::Params { first: u32_of(OP, first)?, count: u32_of(OP, count)?, slot: u32_of(OP, slot)?, label };
    let words = (first + count).div_ceil(4) - first / 4;
    // A value is read, held within the range of a byte and rounded; a word is read and written.
    let work = Work::new(3 * count, by(x.dims())).moving(4 * count + 8 * words + 4);
    rec.dispatch(wgsl::Store { params: &params, x, images, labels }, words, work)
}
