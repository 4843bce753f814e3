//! What training makes of images, for people to look at.

use super::config::Config;
use super::device_data::DeviceData;
use super::views::Views;
use crate::data::Dataset;
use crate::error::Result;
use crate::gpu::{Gpu, Recording, Tensor};
use crate::model::{Domain, Normalization};
use crate::ops::Step;

/// The views of all images of `data`, images of `domain`, that a step with `seed` shows the network; `None` where it shows
/// them as they are.
///
/// # Errors
/// [`crate::error::Error::Input`] when the images do not fit the model, [`crate::error::Error::OutOfMemory`].
pub(crate) fn views_of(
    gpu: &Gpu,
    config: &Config,
    (data, domain): (&Dataset, Domain),
    seed: u32,
) -> Result<Option<Dataset>> {
    let (input, rows) = (&config.model.input, data.len());
    let views = Views::new([config.training.augmentation_of(domain); 2], data.shape, input.shape());
    if views.are_none() {
        return Ok(None);
    }
    let normalization = input.normalization_of(domain);
    let on_device = DeviceData::upload(gpu, data, Domain::Source, normalization)?;
    let step = Step::table(gpu, "step", 1)?;
    step.write(gpu, &[Step { seed, ..Step::default() }])?;
    let x = Tensor::zeros(gpu, "x", &[rows, input.channels, input.height, input.width])?;
    let gathered = views.gathered(gpu, &x)?;
    let mut recording = Recording::new(gpu);
    on_device.record_images(&mut recording, &step, &gathered, 0, rows)?;
    views.record(&mut recording, &step, (&gathered, &x), rows)?;
    recording.submit();
    let bytes = bytes(&x.read(gpu)?, input.height * input.width, normalization);
    let seen = Dataset::new(input.shape(), bytes, data.labels.clone(), data.classes.clone())?;
    Ok(Some(seen.with_origin(&data.origin)))
}

/// Values back to the bytes that they come from, as far as bytes reach: planes of `plane` values, (N, C, …).
fn bytes(values: &[f32], plane: usize, normalization: &Normalization) -> Vec<u8> {
    let channels = normalization.scale.iter().zip(&normalization.shift).cycle();
    let of_plane = |(values, (scale, shift)): (&[f32], (&f32, &f32))| {
        let (scale, shift) = (*scale, *shift);
        let byte = |value: &f32| (255.0 * (value - shift) / scale).round().clamp(0.0, 255.0) as u8;
        values.iter().map(byte).collect::<Vec<_>>()
    };
    values.chunks(plane).zip(channels).flat_map(of_plane).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{Options, choose};
    use crate::shape::MapShape;
    use crate::train::Augmentation;

    #[test]
    fn values_become_the_bytes_that_they_come_from() {
        let normalization = Normalization { scale: vec![2.0, 4.0], shift: vec![-1.0, 0.5] };
        let value =
            |byte: u8, k: usize| f32::from(byte) / 255.0 * normalization.scale[k] + normalization.shift[k];
        let values = [value(0, 0), value(255, 0), value(7, 1), value(130, 1), 9.0, -9.0, f32::NAN, 0.5];
        assert_eq!(bytes(&values, 2, &normalization), [0, 255, 7, 130, 255, 0, 0, 0]);
    }

    #[test]
    fn views_show_what_training_sees() {
        let gpu = choose(None).and_then(|adapter| Gpu::open(&adapter, Options::default())).expect("a device");
        let mut config = Config::preset("paper").expect("a preset");
        let input = config.model.input.shape();
        let ramp: Vec<u8> = (0..3 * input.len()).map(|i| (i % input.width * 9) as u8).collect();
        let data = Dataset::new(MapShape { ..input }, ramp, None, vec![]).expect("images");
        config.training.augmentation = None;
        assert!(views_of(&gpu, &config, (&data, Domain::Source), 1).expect("views").is_none());
        config.training.augmentation = Some(Augmentation { flip: 1.0, ..Augmentation::default() });
        let seen = views_of(&gpu, &config, (&data, Domain::Source), 1).expect("views").expect("other images");
        let row = |data: &Dataset| data.image(1)[..input.width].to_vec();
        assert!(row(&seen).iter().eq(row(&data).iter().rev()), "{:?}", row(&seen));
    }
}
