//! Devices whose textures are too narrow for some layers of the family that tiles in registers.

use crate::application::{Application, adapter, config, data};
use dann::embed::{Trainer, TrainerOptions, optional_features, required_limits};
use dann::gpu::{Gpu, Options, Recording, Tensor, Variant};
use dann::ops::register_tiled::conv_block::ConvBlock;
use dann::ops::register_tiled::conv_chain::ConvChain;
use dann::ops::register_tiled::conv2d_tiled::Conv2dTiled;
use dann::ops::register_tiled::{Convolution, Gradients, Parameters};
use dann::shape::MapShape;
use dann::wgpu;

const ROWS: usize = 2;
/// Partial sums of its weight's gradient are 48 · 32 / 4 texels wide.
const CONVOLUTION: Convolution =
    Convolution { x: MapShape::new(32, 6, 6), outputs: 48, kernel: (3, 3), padding: (1, 1) };

/// A device whose textures have at most so many texels to a side.
fn narrow(max_texture_dimension_2d: u32) -> Application {
    let limits = wgpu::Limits { max_texture_dimension_2d, ..required_limits(&adapter()) };
    Application::with(adapter(), optional_features(&adapter()), limits)
}

fn gpu(app: &Application) -> Gpu {
    Gpu::borrow(&app.device, &app.queue, Options::default().variant(Variant::Register)).unwrap()
}

fn noise(gpu: &Gpu, dims: &[usize]) -> Tensor {
    let value = |i: usize| (i as u32).wrapping_mul(2_654_435_761) as f32 / u32::MAX as f32 - 0.5;
    let values: Vec<f32> = (0..dims.iter().product()).map(value).collect();
    Tensor::from_slice(gpu, "noise", dims, &values).unwrap()
}

fn zeros(gpu: &Gpu, dims: &[usize]) -> Tensor {
    Tensor::zeros(gpu, "zeros", dims).unwrap()
}

/// The bits of the gradients of the weight and the bias: of a convolution by itself, then of one with ReLU and pooling.
fn gradients(gpu: &Gpu) -> Vec<Vec<u32>> {
    let x = noise(gpu, &CONVOLUTION.x_dims(ROWS));
    let (weight, bias) = (noise(gpu, &CONVOLUTION.weight_dims()), noise(gpu, &[48]));
    let parameters = Parameters { weight: &weight, bias: &bias };
    let results = || [zeros(gpu, &CONVOLUTION.weight_dims()), zeros(gpu, &[48])];
    let (alone, pooled) = (results(), results());
    let mut rec = Recording::new(gpu);

    let tiled = Conv2dTiled::new(CONVOLUTION).filter(|tiled| tiled.fits(gpu)).unwrap();
    let saved = tiled.forward(&mut rec, &x, &weight, &bias, &zeros(gpu, &[ROWS, 48, 6, 6])).unwrap();
    let into = Parameters { weight: &alone[0], bias: &alone[1] };
    let wanted = Gradients { parameters: Some(into), dx: None };
    tiled.backward(&mut rec, &saved, &weight, &noise(gpu, &[ROWS, 48, 6, 6]), &wanted).unwrap();

    let chain = ConvChain::from(ConvBlock::new(CONVOLUTION).filter(|block| block.fits(gpu)).unwrap());
    let saved = chain.forward(&mut rec, &x, &[parameters], &zeros(gpu, &[ROWS, 48, 3, 3])).unwrap();
    let into = Parameters { weight: &pooled[0], bias: &pooled[1] };
    let dy = noise(gpu, &[ROWS, 48, 3, 3]);
    chain.backward(&mut rec, &saved, &[&weight], &dy, Some(&[into]), None).unwrap();

    rec.submit();
    let bits = |tensor: &Tensor| tensor.read::<f32>(gpu).unwrap().iter().map(|v| v.to_bits()).collect();
    alone.iter().chain(&pooled).map(bits).collect()
}

#[test]
fn gradients_have_the_same_bits_where_partial_sums_are_wider_than_a_texture() {
    let (wide, narrow) = (Application::new(), narrow(256));
    let expected = gradients(&gpu(&wide));
    assert!(expected.iter().all(|bits| bits.iter().any(|&bits| f32::from_bits(bits) != 0.0)));
    assert!(expected == gradients(&gpu(&narrow)), "bits differ");
}

#[test]
fn layers_that_no_texture_of_the_device_holds_run_on_plain_kernels() {
    // In Winograd's domain a row of the second convolution takes 1,024 texels.
    let app = narrow(512);
    assert!(!ConvBlock::new(of_channels(16)).unwrap().fits(&gpu(&app)));
    assert!(ConvBlock::new(of_channels(16)).unwrap().fits(&gpu(&Application::new())));
    let block = r#"{ layer = "conv2d", outputs = 16, kernel = 5, padding = 2 }, { layer = "relu" },
        { layer = "max_pool2d", kernel = 2 }"#;
    let config = config().with(&[format!("model.feature_extractor=[{block}, {block}]")]);
    let (labelled, unlabelled) = (data(1), data(2));
    let options = TrainerOptions::new(config.unwrap(), &labelled, Some(&unlabelled))
        .gpu(Options::default().variant(Variant::Register));
    let mut trainer = Trainer::new(&app.device, &app.queue, options).unwrap();
    assert_eq!(trainer.gpu().variant(), Variant::Register);
    assert_eq!(app.frame(&mut trainer, 2).len(), 2);
}

/// A 5×5 convolution to as many outputs as it has channels.
fn of_channels(channels: usize) -> Convolution {
    let x = MapShape::new(channels, 6, 5);
    Convolution { x, outputs: channels, kernel: (5, 5), padding: (2, 2) }
}
