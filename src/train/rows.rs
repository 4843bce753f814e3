//! How many images a model looks at in one go where nothing is learned.

use crate::error::Result;
use crate::gpu::Gpu;
use crate::model::Dann;

/// More rows make nothing faster.
const MOST: usize = 256;
/// What the layers of all rows together may give, in bytes. A software adapter takes it from the memory of everything else.
const BYTES: usize = 1 << 30;
const BYTES_OF_SOFTWARE: usize = 1 << 28;

/// Rows to begin with for `images` images; there may not be memory for so many.
pub(super) fn rows_for(model: &Dann, images: usize) -> Result<usize> {
    let bytes = if is_software(model.gpu()) { BYTES_OF_SOFTWARE } else { BYTES };
    let an_image = size_of::<f32>() * model.spec().activations()?;
    Ok(images.min(MOST).min(bytes / an_image).max(1))
}

fn is_software(gpu: &Gpu) -> bool {
    gpu.device().adapter_info().device_type == wgpu::DeviceType::Cpu
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::{Options, choose};
    use crate::train::Config;

    #[test]
    fn rows_are_as_many_as_there_are_images_and_their_layers_have_room_for() {
        let gpu = choose(None).and_then(|adapter| Gpu::open(&adapter, Options::default())).expect("a device");
        let mut spec = Config::preset("paper").expect("a preset").model;
        let rows = |spec: &crate::model::ModelSpec, images| {
            rows_for(&Dann::new(&gpu, spec).expect("a model"), images).expect("a network")
        };
        assert_eq!((rows(&spec, 1), rows(&spec, 7), rows(&spec, 10_000)), (1, 7, MOST));
        // Its first two layers alone give 64 maps of 124 by 124: 3.9 MB an image.
        (spec.input.height, spec.input.width) = (128, 128);
        let large = rows(&spec, 10_000);
        assert!((1..MOST).contains(&large), "{large}");
    }
}
