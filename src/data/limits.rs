//! How large a picture may be.

/// The longest side that JPEG can have. A picture that is much longer than wide takes memory by its length while it is
/// scaled, whatever its pixels are.
const LONGEST_SIDE: u64 = u16::MAX as u64;
/// The most memory that a decoder may use: generous for photos, tight for bombs.
pub(super) const DECODER_BYTES: u64 = 1 << 28;
/// The largest file that is read: none of a picture that can be decoded is larger by much.
pub(super) const FILE_BYTES: u64 = 1 << 30;

/// Whether a picture of this size that takes so many `bytes` when it is decoded is too large, and what to do, in words.
pub(super) fn check(width: u64, height: u64, bytes: u64) -> Result<(), String> {
    let beyond =
        |limit: &str| Err(format!("{height}×{width} pixels, beyond the limit of {limit}; scale it down"));
    if width.max(height) > LONGEST_SIDE {
        return beyond("65,535 pixels a side");
    }
    if bytes > DECODER_BYTES {
        return beyond("256 MiB when decoded");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_pictures_are_fine_as_long_as_they_fit_into_memory() {
        assert_eq!(check(65_535, 1300, 3 * 65_535 * 1300), Ok(()));
        let wide = check(65_536, 1, 3 * 65_536).unwrap_err();
        assert_eq!(wide, "1×65536 pixels, beyond the limit of 65,535 pixels a side; scale it down");
        let large = check(10_000, 9000, 270_000_000).unwrap_err();
        assert_eq!(large, "9000×10000 pixels, beyond the limit of 256 MiB when decoded; scale it down");
    }
}
