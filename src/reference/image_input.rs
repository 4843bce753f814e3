//! An image as the network takes it: resized by averaging over the texels that each pixel stands for, and normalised.

/// What [`texture`] makes of which image.
#[derive(Clone, Copy, Debug)]
pub struct ImageShape {
    /// Height and width of the image.
    pub from: [usize; 2],
    /// Height and width of the result.
    pub to: [usize; 2],
    /// C of the result: 1 or 3.
    pub channels: usize,
    /// The first component stands for all three.
    pub grey: bool,
    /// The values are linear light and are encoded as sRGB first.
    pub linear: bool,
}

/// image (SH, SW, 4) → y (C, H, W)
pub fn texture(image: &[f64], scale: &[f64], shift: &[f64], shape: ImageShape) -> Vec<f64> {
    let [height, width] = shape.to;
    let colour = |row: usize, column: usize| -> [f64; 3] {
        let texel = &image[4 * (row * shape.from[1] + column)..];
        [0, 1, 2].map(|c| {
            let value = texel[if shape.grey { 0 } else { c }];
            if shape.linear { encoded(value) } else { value }
        })
    };
    let mut y = vec![0.0; shape.channels * height * width];
    for i in 0..height {
        let rows = weights(i, height, shape.from[0]);
        for j in 0..width {
            let columns = weights(j, width, shape.from[1]);
            let mut pixel = [0.0; 3];
            for &(row, of_row) in &rows {
                for &(column, of_column) in &columns {
                    let colour = colour(row, column);
                    for c in 0..3 {
                        pixel[c] += of_row * of_column * colour[c];
                    }
                }
            }
            let luma = 0.2126 * pixel[0] + 0.7152 * pixel[1] + 0.0722 * pixel[2];
            for c in 0..shape.channels {
                let value = if shape.channels == 1 { luma } else { pixel[c] };
                y[(c * height + i) * width + j] = value * scale[c] + shift[c];
            }
        }
    }
    y
}

/// x (N, C, H, W) → y, where `plane` is H·W.
pub fn values(x: &[f64], scale: &[f64], shift: &[f64], plane: usize) -> Vec<f64> {
    let channel = |index: usize| index / plane % scale.len();
    x.iter().enumerate().map(|(i, value)| value * scale[channel(i)] + shift[channel(i)]).collect()
}

/// The texels that cell `cell` of `cells` averages along an axis of `texels`, and their weights, which add up to 1.
fn weights(cell: usize, cells: usize, texels: usize) -> Vec<(usize, f64)> {
    let size = texels as f64 / cells as f64;
    let wide = size.max(1.0);
    let low = (cell as f64 + 0.5) * size - wide / 2.0;
    let mut all = Vec::new();
    // One texel beyond each edge, standing for the outermost.
    for texel in -1..=texels as isize {
        let covered = (low + wide).min(texel as f64 + 1.0) - low.max(texel as f64);
        if covered > 0.0 {
            all.push((texel.clamp(0, texels as isize - 1) as usize, covered / wide));
        }
    }
    all
}

/// IEC 61966-2-1
fn encoded(light: f64) -> f64 {
    if light <= 0.003_130_8 { 12.92 * light } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Grey texels in a row, resized to `width` without normalisation.
    fn resized(row: &[f64], width: usize) -> Vec<f64> {
        let image: Vec<f64> = row.iter().flat_map(|&value| [value, 9.0, 9.0, 9.0]).collect();
        let (from, to) = ([1, row.len()], [1, width]);
        texture(&image, &[1.0], &[0.0], ImageShape { from, to, channels: 1, grey: true, linear: false })
    }

    fn close(actual: &[f64], expected: &[f64]) {
        let near = |(a, b): (&f64, &f64)| (a - b).abs() < 1e-12;
        assert!(actual.len() == expected.len() && actual.iter().zip(expected).all(near), "{actual:?}");
    }

    #[test]
    fn smaller_images_average_and_larger_ones_interpolate() {
        close(&resized(&[1.0, 2.0, 3.0, 4.0], 4), &[1.0, 2.0, 3.0, 4.0]);
        close(&resized(&[1.0, 2.0, 3.0, 4.0], 2), &[1.5, 3.5]);
        // Three texels for two cells: the middle one is shared.
        close(&resized(&[0.0, 6.0, 12.0], 2), &[2.0, 10.0]);
        // Centres of the cells at 0.25, 0.75, 1.25 and 1.75 between texels at 0.5 and 1.5.
        close(&resized(&[0.0, 4.0], 4), &[0.0, 1.0, 3.0, 4.0]);
    }

    #[test]
    fn colours_are_encoded_and_normalised() {
        let shape = ImageShape { from: [1, 1], to: [1, 1], channels: 3, grey: false, linear: true };
        // Linear 0.214041 is 0.5 in sRGB, and 0.001 lies on the straight part.
        let y = texture(&[0.214_041_140_482_232_5, 0.001, 1.0, 0.3], &[2.0; 3], &[-1.0, 0.0, 1.0], shape);
        assert!((y[0] - 0.0).abs() < 1e-6 && (y[1] - 0.025_84).abs() < 1e-12 && (y[2] - 3.0).abs() < 1e-12);
        let values = values(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0], &[0.5, 0.0], 1);
        assert_eq!(values, [1.5, 20.0, 3.5, 40.0]);
    }
}
