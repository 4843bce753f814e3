//! What would lead a kernel or a copy out of its tensors is refused, in words.

use crate::guard::trusted;
use dann::error::Error;
use dann::gpu::{Element, Gpu, Recording, Tensor, Upload, Variant};
use dann::model::{Batch, Dann, MetricsBuffer};
use dann::ops::gemm::{Epilogue, Gemm};
use dann::ops::max_pool2d::{self, Window};
use dann::ops::optimizer::{Operands, Optimizer as _, Settings};
use dann::ops::register_tiled::conv_block::ConvBlock;
use dann::ops::register_tiled::conv_chain::ConvChain;
use dann::ops::register_tiled::conv2d_tiled::Conv2dTiled;
use dann::ops::register_tiled::{Convolution, Gradients, Parameters, dense_chain};
use dann::ops::sgd::Sgd;
use dann::ops::softmax_cross_entropy::{self, Counts};
use dann::ops::{Step, dropout, relu};
use dann::shape::MapShape;
use dann::train::Config;

fn real(gpu: &Gpu, dims: &[usize]) -> Tensor {
    Tensor::zeros(gpu, "real", dims).unwrap()
}

fn whole(gpu: &Gpu, dims: &[usize]) -> Tensor {
    Tensor::zeros_of::<u32>(gpu, "whole", dims).unwrap()
}

/// The words of an error about what was given.
fn words<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("it was not refused"),
        Err(error @ (Error::Input { .. } | Error::BeyondLimit { .. })) => error.to_string(),
        Err(other) => panic!("{other}"),
    }
}

fn assert_says<T>(result: Result<T, Error>, expected: &str) {
    let said = words(result);
    assert!(said.contains(expected), "{said}");
}

#[test]
fn tensors_refuse_other_values_than_their_own() {
    let gpu = trusted(Variant::Plain);
    let (reals, labels) = (real(&gpu, &[3]), whole(&gpu, &[3]));
    let step = Tensor::zeros_of::<Step>(&gpu, "step", &[1, Step::WORDS]).unwrap();
    assert_eq!((reals.element(), labels.element()), (Element::Real, Element::Whole));
    assert_says(reals.write(&gpu, &[1_u32]), "expected one of u32, found a tensor of f32 in shape [3]");
    assert_says(labels.write(&gpu, &[1.0_f32]), "expected one of f32, found a tensor of u32");
    assert_says(labels.read::<f32>(&gpu), "expected one of f32, found a tensor of u32");
    assert_says(step.read::<u32>(&gpu), "expected one of u32, found a tensor of steps");
    labels.write(&gpu, &[7_u32, 8]).unwrap();
    assert_eq!(labels.read::<u32>(&gpu).unwrap(), [7, 8, 0]);
}

#[test]
fn nothing_is_written_past_the_end() {
    let gpu = trusted(Variant::Plain);
    let (x, y) = (real(&gpu, &[3]), real(&gpu, &[3]));
    assert_says(x.write(&gpu, &[0.0_f32; 4]), "at most 12 bytes");
    assert_says(
        Tensor::from_slice(&gpu, "x", &[usize::MAX, 2], &[0.0_f32; 2]),
        "values of 4 bytes for shape",
    );
    assert_says(Tensor::zeros(&gpu, "x", &[usize::MAX, 2]), "what this device can bind");
    let upload = Upload::new(&gpu, 20).unwrap();
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let three = [0_u8; 12];
    assert_says(upload.encode(&gpu, &mut encoder, &[(&x, &three), (&y, &three)]), "at most 20 bytes");
    assert_says(upload.encode(&gpu, &mut encoder, &[(&x, &[0; 16])]), "for tensors of [12]");
    upload.encode(&gpu, &mut encoder, &[(&x, &three), (&y, &three[..8])]).unwrap();
    gpu.submit(encoder);
    gpu.wait().unwrap();
}

#[test]
fn ops_refuse_tensors_of_the_other_kind() {
    let gpu = trusted(Variant::Plain);
    let rec = &mut Recording::new(&gpu);
    let step = Tensor::zeros_of::<Step>(&gpu, "step", &[1, Step::WORDS]).unwrap();
    let (x, y) = (real(&gpu, &[4, 3]), real(&gpu, &[4, 3]));
    let (rows, labels) = (real(&gpu, &[4]), whole(&gpu, &[4]));
    let loss = softmax_cross_entropy::forward_backward(rec, &x, &rows, &rows, &y, Counts::alike(1.0));
    assert_says(loss, "labels: expected a tensor of u32, found f32");
    let loss = softmax_cross_entropy::forward_backward(rec, &x, &labels, &labels, &y, Counts::alike(1.0));
    assert_says(loss, "loss: expected a tensor of f32, found u32");
    assert_says(relu::forward(rec, &whole(&gpu, &[4, 3]), &y, 0.0), "x: expected a tensor of f32");
    assert_says(
        dropout::apply(rec, &real(&gpu, &[1, 8]), &x, &y, 0.5, 0),
        "step: expected a tensor of steps",
    );
    let [image, window] = [real(&gpu, &[1, 1, 4, 4]), real(&gpu, &[1, 1, 2, 2])];
    let pooling = Window::new((2, 2), (2, 2));
    let pooled = max_pool2d::backward(rec, &window, &window, &image, pooling);
    assert_says(pooled, "argmax: expected a tensor of u32");
    let scale = &real(&gpu, &[1]);
    let slots = std::slice::from_ref(&y);
    let operands = Operands { step: &step, grad: &x, scale, slots, weight: &y, faults: &rows };
    let sgd = Sgd::new(0.0);
    assert_says(sgd.record(rec, &operands, Settings::of(&sgd)), "faults: expected a tensor of u32");
}

#[test]
fn a_step_refuses_more_labels_than_rows() {
    let gpu = trusted(Variant::Plain);
    let config = Config::preset("paper").unwrap();
    let model = Dann::new(&gpu, &config.model).unwrap();
    let batch = Batch { x: real(&gpu, &[4, 3, 28, 28]), labels: whole(&gpu, &[5]), plain: None };
    let objective = config.training.objective().unwrap();
    let metrics_buffer = MetricsBuffer::new(&gpu, 1, &objective).unwrap();
    let step = Tensor::zeros_of::<Step>(&gpu, "step", &[1, Step::WORDS]).unwrap();
    let rec = &mut Recording::new(&gpu);
    let recorded = model.record_step(rec, &batch, &step, &metrics_buffer, &objective);
    assert_says(recorded, "labels of at most 4 rows");
    let other = model.parameters().read(&gpu, &real(&gpu, &[3]));
    assert_says(other, "a flat buffer of shape");
}

#[test]
fn pseudo_labels_want_rows_without_augmentation() {
    let gpu = trusted(Variant::Plain);
    let mut config = Config::preset("paper").unwrap();
    config.training.adaptation.pseudo_label = 1.0;
    let model = Dann::new(&gpu, &config.model).unwrap();
    let objective = config.training.objective().unwrap();
    let metrics_buffer = MetricsBuffer::new(&gpu, 1, &objective).unwrap();
    let step = Tensor::zeros_of::<Step>(&gpu, "step", &[1, Step::WORDS]).unwrap();
    let record = |plain| {
        let batch = Batch { x: real(&gpu, &[4, 3, 28, 28]), labels: whole(&gpu, &[2]), plain };
        model.record_step(&mut Recording::new(&gpu), &batch, &step, &metrics_buffer, &objective)
    };
    assert_says(record(None), "target rows without augmentation, for pseudo-labels, found none");
    assert_says(record(Some(real(&gpu, &[3, 3, 28, 28]))), "pseudo_label: given: expected shape [2, 10]");
    record(Some(real(&gpu, &[2, 3, 28, 28]))).unwrap();
}

/// A 5×5 convolution of `channels` over maps of 12×12.
fn convolution(channels: usize) -> Convolution {
    Convolution { x: MapShape::new(channels, 12, 12), outputs: 16, kernel: (5, 5), padding: (0, 0) }
}

struct Layer {
    x: Tensor,
    weight: Tensor,
    bias: Tensor,
}

fn layer(gpu: &Gpu, convolution: &Convolution, rows: usize) -> Layer {
    let x = real(gpu, &convolution.x_dims(rows));
    Layer { x, weight: real(gpu, &convolution.weight_dims()), bias: real(gpu, &[16]) }
}

#[test]
fn a_backward_pass_refuses_what_another_forward_pass_left() {
    let gpu = trusted(Variant::Register);
    let rec = &mut Recording::new(&gpu);
    let (small, large) = (convolution(3), convolution(4));
    let Layer { x, weight, bias } = layer(&gpu, &small, 2);
    let of_large = layer(&gpu, &large, 2);
    let y = |rows| real(&gpu, &[rows, 16, 8, 8]);
    let pooled = |rows| real(&gpu, &[rows, 16, 4, 4]);
    const REFUSED: &str = "what a forward pass of the same shapes over";

    let tiled = Conv2dTiled::new(small).unwrap();
    let saved = tiled.forward(rec, &x, &weight, &bias, &y(2)).unwrap();
    let parameters = Parameters { weight: &weight, bias: &bias };
    let gradients = Gradients { parameters: Some(parameters), dx: None };
    assert_says(tiled.backward(rec, &saved, &weight, &y(3), &gradients), REFUSED);
    let of_other = Conv2dTiled::new(large).unwrap();
    let wider = Parameters { weight: &of_large.weight, bias: &bias };
    let wider = Gradients { parameters: Some(wider), dx: None };
    assert_says(of_other.backward(rec, &saved, &of_large.weight, &y(2), &wider), REFUSED);

    let chain = ConvChain::from(ConvBlock::new(small).unwrap());
    let saved = chain.forward(rec, &x, &[parameters], &pooled(2)).unwrap();
    let backward = |rec: &mut Recording, weights: &[&Tensor], rows| {
        chain.backward(rec, &saved, weights, &pooled(rows), Some(&[parameters]), None)
    };
    assert_says(backward(rec, &[&weight], 3), REFUSED);
    assert_says(backward(rec, &[], 2), "weights: expected one for each of 1 blocks");
    assert_says(backward(rec, &[&of_large.weight], 2), "weight: expected shape");
    assert_says(chain.forward(rec, &x, &[], &pooled(2)), "parameters: expected one for each of 1 blocks");

    let product = Gemm::new(Variant::Workgroup, small, Epilogue::Relu).unwrap();
    let saved = product.forward(rec, &x, &weight, &bias, &y(2)).unwrap();
    assert_says(product.backward(rec, &saved, &weight, &y(1), &gradients), REFUSED);
    let of_other = Gemm::new(Variant::Workgroup, large, Epilogue::Relu).unwrap();
    assert_says(of_other.backward(rec, &saved, &of_large.weight, &y(2), &wider), REFUSED);

    let [x, y] = [real(&gpu, &[4, 6]), real(&gpu, &[4, 5])];
    let (weight, bias) = (real(&gpu, &[5, 6]), real(&gpu, &[5]));
    let parameters = Parameters { weight: &weight, bias: &bias };
    let saved = dense_chain::forward(rec, &x, &[parameters], &y).unwrap();
    assert_says(dense_chain::backward(rec, &saved, &y, Some(&[]), None), "gradients of 1 layers");
    let other = real(&gpu, &[3, 5]);
    assert_says(
        dense_chain::backward(rec, &saved, &other, Some(&[parameters]), None),
        "dy: expected shape (4, 5)",
    );
}
