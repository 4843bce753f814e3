//! A batch taken from a data set of bytes: `torchvision.transforms.functional.to_tensor`, then `normalize` with
//! `scale = 1/std` and `shift = −mean/std`.
//!
//! `x[b,c,h,w] = images[indices[b], c, h, w] / 255 · scale[c] + shift[c]`, where a grey image has its one
//! channel read for every c.

/// The shapes of a gathering: images (N, DC, H, W), scale and shift (C), x (B, C, H, W).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatherBatchShape {
    /// DC, the channels stored: 1 or C.
    pub dc: usize,
    /// C, the channels wanted.
    pub c: usize,
    /// H, height.
    pub h: usize,
    /// W, width.
    pub w: usize,
}

/// images (N, DC, H, W), indices (B), scale and shift (C) → x (B, C, H, W).
pub fn forward(
    images: &[u8],
    indices: &[u32],
    scale: &[f64],
    shift: &[f64],
    s: GatherBatchShape,
) -> Vec<f64> {
    debug_assert!(s.dc == 1 || s.dc == s.c);
    let plane = s.h * s.w;
    let mut x = Vec::new();
    for &index in indices {
        for c in 0..s.c {
            let stored = if s.dc == 1 { 0 } else { c };
            for i in 0..plane {
                let byte = images[(index as usize * s.dc + stored) * plane + i];
                x.push(f64::from(byte) / 255.0 * scale[c] + shift[c]);
            }
        }
    }
    x
}

/// labels (N), indices (B) → the labels of the batch (B).
pub fn labels(labels: &[u32], indices: &[u32]) -> Vec<u32> {
    indices.iter().map(|&index| labels[index as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCALE: [f64; 2] = [2.0, 10.0];
    const SHIFT: [f64; 2] = [-1.0, 100.0];

    #[test]
    fn colour_images_by_hand() {
        let s = GatherBatchShape { dc: 2, c: 2, h: 1, w: 2 };
        let images = [0, 255, 51, 102, 255, 0, 153, 204];
        assert_eq!(
            forward(&images, &[1, 0, 1], &SCALE, &SHIFT, s),
            [[1.0, -1.0, 106.0, 108.0], [-1.0, 1.0, 102.0, 104.0], [1.0, -1.0, 106.0, 108.0]].concat()
        );
    }

    #[test]
    fn grey_images_are_read_for_every_channel() {
        let s = GatherBatchShape { dc: 1, c: 2, h: 2, w: 1 };
        assert_eq!(forward(&[0, 255, 255, 51], &[1], &SCALE, &SHIFT, s), [1.0, -0.6, 110.0, 102.0]);
    }

    #[test]
    fn labels_follow_their_images() {
        assert_eq!(labels(&[7, 8, 9], &[2, 0, 2]), [9, 7, 9]);
    }
}
