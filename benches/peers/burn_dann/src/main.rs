//! One DANN training step of the paper's network in Burn, on the same adapters as this project's own kernels.
//!
//! `burn_dann [BATCH [SAMPLES [STEPS]]]` prints JSON lines: what it is, the label losses of a few steps on one batch,
//! then the time of a step for every sample. Batch, labels and parameters stay on the device all the time.
#![recursion_limit = "256"]

mod network;

use burn::optim::{GradientsParams, ModuleOptimizer, SgdConfig, momentum::MomentumConfig};
use burn::prelude::*;
use burn::tensor::{Device, DeviceKind, Distribution};
use network::Network;
use serde_json::json;
use std::time::Instant;

const LEARNING_RATE: f64 = 0.01;
/// Enough for the loss to fall, few enough for software adapters.
const CHECK_STEPS: usize = 4;

/// The network, its optimiser and the one batch that it is trained on.
struct Training {
    device: Device,
    network: Option<Network>,
    optimizer: ModuleOptimizer,
    images: Tensor<4>,
    labels: Tensor<1, Int>,
}

impl Training {
    fn new(device: &Device, batch: usize) -> Self {
        device.seed(0);
        // PyTorch's definition of momentum, which has no dampening.
        let momentum = MomentumConfig::new().with_momentum(0.9).with_dampening(0.0);
        let classes: Vec<i32> = (0..batch).map(|row| (7 * row % 10) as i32).collect();
        Self {
            device: device.clone(),
            network: Some(Network::new(device)),
            optimizer: SgdConfig::new().with_momentum(Some(momentum)).init(),
            images: Tensor::random([2 * batch, 3, 28, 28], Distribution::Uniform(-1.0, 1.0), device),
            labels: Tensor::from_ints(classes.as_slice(), device),
        }
    }

    /// Takes a step and gives its label loss, still on the device.
    fn step(&mut self) -> Tensor<1> {
        let network = self.network.take().expect("a network between steps");
        let (label_loss, domain_loss) = network.losses(self.images.clone(), self.labels.clone());
        let gradients = (label_loss.clone() + domain_loss).backward();
        let gradients = GradientsParams::from_grads(gradients, &network);
        self.network = Some(self.optimizer.step(LEARNING_RATE, network, gradients));
        label_loss
    }

    /// Milliseconds a step, over `count` steps.
    fn time(&mut self, count: usize) -> f64 {
        self.device.sync().expect("a device at work");
        let began = Instant::now();
        (0..count).for_each(|_| drop(self.step()));
        self.device.sync().expect("a device at work");
        1e3 * began.elapsed().as_secs_f64() / count as f64
    }
}

fn device() -> (&'static str, Device) {
    #[cfg(feature = "vulkan")]
    return ("vulkan", Device::vulkan(DeviceKind::DefaultDevice));
    #[cfg(not(feature = "vulkan"))]
    return ("wgpu", Device::wgpu(DeviceKind::DefaultDevice));
}

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse().expect("a whole number"));
    let mut number = |default: usize| numbers.next().unwrap_or(default);
    let (batch, samples, steps) = (number(64), number(3), number(1));
    let (mode, device) = device();
    println!("{}", json!({ "peer": "Burn", "version": "0.22.1", "mode": mode }));
    let mut training = Training::new(&device.autodiff(), batch);
    let losses: Vec<f32> = (0..CHECK_STEPS).map(|_| training.step().into_scalar()).collect();
    println!("{}", json!({ "losses": losses }));
    for _ in 0..samples {
        println!("{}", json!({ "step_ms": training.time(steps) }));
    }
}
