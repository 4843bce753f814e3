//! The network of Ganin et al., JMLR 17(59) 2016, figure 4a.

use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::pool::{MaxPool2d, MaxPool2dConfig};
use burn::nn::{Linear, LinearConfig};
use burn::prelude::*;
use burn::tensor::{Device, activation::relu};

const LAMBDA: f32 = 0.5;
const FEATURES: usize = 768;

/// Two convolutions, three dense layers for the label, two for the domain.
#[derive(Module, Debug)]
pub struct Network {
    convolutions: [Conv2d; 2],
    pool: MaxPool2d,
    label_predictor: [Linear; 3],
    domain_classifier: [Linear; 2],
}

impl Network {
    pub fn new(device: &Device) -> Self {
        let convolution = |from, to| Conv2dConfig::new([from, to], [5, 5]).init(device);
        let dense = |from, to| LinearConfig::new(from, to).init(device);
        Self {
            convolutions: [convolution(3, 32), convolution(32, 48)],
            pool: MaxPool2dConfig::new([2, 2]).with_strides([2, 2]).init(),
            label_predictor: [dense(FEATURES, 100), dense(100, 100), dense(100, 10)],
            domain_classifier: [dense(FEATURES, 100), dense(100, 2)],
        }
    }

    /// L_y of the labelled rows, which come first, and L_d as the sum of both domains' means.
    pub fn losses(&self, images: Tensor<4>, labels: Tensor<1, Int>) -> (Tensor<1>, Tensor<1>) {
        let [source] = labels.dims();
        let [rows, ..] = images.dims();
        let maps = self.convolutions.iter().fold(images, |x, conv| self.pool.forward(relu(conv.forward(x))));
        let features = maps.reshape([rows, FEATURES]);
        let logits = dense_layers(&self.label_predictor, features.clone().slice([0..source]));
        let told = dense_layers(&self.domain_classifier, reverse_gradient(features));

        let device = labels.device();
        let cross_entropy = CrossEntropyLossConfig::new().init(&device);
        let domain = |value: i32, count: usize| Tensor::<1, Int>::full([count], value, &device);
        let of_source = cross_entropy.forward(told.clone().slice([0..source]), domain(0, source));
        let of_target = cross_entropy.forward(told.slice([source..rows]), domain(1, rows - source));
        (cross_entropy.forward(logits, labels), of_source + of_target)
    }
}

/// Dense layers with ReLU between them.
fn dense_layers(layers: &[Linear], x: Tensor<2>) -> Tensor<2> {
    let (last, hidden) = layers.split_last().expect("a layer");
    last.forward(hidden.iter().fold(x, |x, layer| relu(layer.forward(x))))
}

/// The value x with the gradient of -λ·x: the first two terms cancel out, and the constant has no gradient.
fn reverse_gradient(x: Tensor<2>) -> Tensor<2> {
    let constant = x.clone().detach().mul_scalar(1.0 + LAMBDA);
    constant - x.mul_scalar(LAMBDA)
}
