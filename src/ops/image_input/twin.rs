//! An image as the network takes it, in f64: resized by averaging over the texels that each pixel stands for, and normalised.

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
    /// Top, left, height and width of what is seen of the image.
    pub crop: [f64; 4],
    /// Rows and columns that this is scaled to.
    pub cells: [usize; 2],
    /// The colour that transparent texels are laid on.
    pub ground: Option<[f64; 3]>,
}

/// image (SH, SW, 4) → y (C, H, W)
pub fn texture(image: &[f64], scale: &[f64], shift: &[f64], shape: ImageShape) -> Vec<f64> {
    let [height, width] = shape.to;
    let ground = shape.ground.unwrap_or_default();
    let colour = |row: usize, column: usize| -> [f64; 3] {
        let texel = &image[4 * (row * shape.from[1] + column)..];
        [0, 1, 2].map(|c| {
            let value = texel[if shape.grey { 0 } else { c }];
            let seen = if shape.linear { encoded(value) } else { value };
            if shape.ground.is_some() { seen * texel[3] + ground[c] * (1.0 - texel[3]) } else { seen }
        })
    };
    let [top, left, crop_height, crop_width] = shape.crop;
    // Where pixel `at` of `pixels` lies among `cells`, both with one middle.
    let cell = |at: usize, pixels: usize, cells: usize| {
        let cut = cells.saturating_sub(pixels) / 2;
        let margin = pixels.saturating_sub(cells) / 2;
        (at + cut).checked_sub(margin).filter(|&cell| cell < cells)
    };
    let mut y = vec![0.0; shape.channels * height * width];
    for i in 0..height {
        for j in 0..width {
            let cells = cell(i, height, shape.cells[0]).zip(cell(j, width, shape.cells[1]));
            let pixel = cells.map_or(ground, |(row, column)| {
                let rows = weights(row, shape.cells[0], [top, crop_height], shape.from[0]);
                let columns = weights(column, shape.cells[1], [left, crop_width], shape.from[1]);
                let mut pixel = [0.0; 3];
                for &(row, of_row) in &rows {
                    for &(column, of_column) in &columns {
                        let colour = colour(row, column);
                        (0..3).for_each(|c| pixel[c] += of_row * of_column * colour[c]);
                    }
                }
                pixel
            });
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

/// The texels that cell `cell` of `cells` averages along an axis of `texels`, of which a crop is seen that begins `from` and is
/// `wide`, and their weights, which add up to 1.
fn weights(cell: usize, cells: usize, [from, length]: [f64; 2], texels: usize) -> Vec<(usize, f64)> {
    let size = length / cells as f64;
    let wide = size.max(1.0);
    let low = from + (cell as f64 + 0.5) * size - wide / 2.0;
    let (first, last) = (from.floor().max(0.0), (from + length).ceil().min(texels as f64) - 1.0);
    let mut all = Vec::new();
    // One texel beyond each edge, standing for the outermost.
    for texel in first as isize - 1..=last as isize + 1 {
        let covered = (low + wide).min(texel as f64 + 1.0) - low.max(texel as f64);
        if covered > 0.0 {
            all.push((texel.clamp(first as isize, last as isize) as usize, covered / wide));
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

    fn shape(from: [usize; 2], to: [usize; 2], channels: usize) -> ImageShape {
        let crop = [0.0, 0.0, from[0] as f64, from[1] as f64];
        ImageShape { from, to, channels, grey: false, linear: false, crop, cells: to, ground: None }
    }

    /// Grey texels in a row, resized to `width` without normalisation.
    fn resized(row: &[f64], width: usize) -> Vec<f64> {
        let image: Vec<f64> = row.iter().flat_map(|&value| [value, 9.0, 9.0, 9.0]).collect();
        let (from, to) = ([1, row.len()], [1, width]);
        texture(&image, &[1.0], &[0.0], ImageShape { grey: true, ..shape(from, to, 1) })
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
    fn crops_are_scaled_to_cells_in_the_middle_and_laid_on_a_ground() {
        let row = |shape: ImageShape, alpha: f64| {
            let image: Vec<f64> = (1..=4).flat_map(|value| [f64::from(value), 0.0, 0.0, alpha]).collect();
            texture(&image, &[1.0; 3], &[0.0; 3], shape)[..shape.to[1]].to_vec()
        };
        let to = |width: usize, crop: [f64; 4]| ImageShape { crop, ..shape([1, 4], [1, width], 3) };
        close(&row(to(2, [0.0, 1.0, 1.0, 2.0]), 1.0), &[2.0, 3.0]);
        // Beyond its edge a crop goes on with its own texels.
        close(&row(to(4, [0.0, 1.0, 1.0, 2.0]), 1.0), &[2.0, 2.25, 2.75, 3.0]);
        let narrow =
            ImageShape { cells: [1, 2], ground: Some([9.0, 0.0, 0.0]), ..to(5, [0.0, 0.0, 1.0, 4.0]) };
        close(&row(narrow, 1.0), &[9.0, 1.5, 3.5, 9.0, 9.0]);
        close(&row(narrow, 0.5), &[9.0, 5.25, 6.25, 9.0, 9.0]);
        let wide = ImageShape { cells: [1, 4], ..to(2, [0.0, 0.0, 1.0, 4.0]) };
        close(&row(wide, 0.5), &[2.0, 3.0]);
    }

    #[test]
    fn colours_are_encoded_and_normalised() {
        let shape = ImageShape { linear: true, ..shape([1, 1], [1, 1], 3) };
        // Linear 0.214041 is 0.5 in sRGB, and 0.001 lies on the straight part.
        let y = texture(&[0.214_041_140_482_232_5, 0.001, 1.0, 0.3], &[2.0; 3], &[-1.0, 0.0, 1.0], shape);
        assert!((y[0] - 0.0).abs() < 1e-6 && (y[1] - 0.025_84).abs() < 1e-12 && (y[2] - 3.0).abs() < 1e-12);
        let values = values(&[1.0, 2.0, 3.0, 4.0], &[1.0, 10.0], &[0.5, 0.0], 1);
        assert_eq!(values, [1.5, 20.0, 3.5, 40.0]);
    }
}
