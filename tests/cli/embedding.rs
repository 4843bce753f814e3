//! Training embedded in an application gives the model of `dann train`.

use crate::sandbox::{SIDE, Sandbox};
use dann::data::{self, Frame, Labels, Part};
use dann::embed::{Trainer, TrainerOptions, optional_features, required_limits};
use dann::train::Config;
use dann::wgpu;

/// A device on the adapter that the program chooses.
fn device() -> (wgpu::Device, wgpu::Queue) {
    let chosen = dann::gpu::choose(None).unwrap();
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let all = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let same = |adapter: &wgpu::Adapter| {
        let info = adapter.get_info();
        (info.backend, &info.name) == (chosen.info.backend, &chosen.info.name)
    };
    let adapter = all.into_iter().find(same).expect("the program's adapter");
    let descriptor = wgpu::DeviceDescriptor {
        required_features: optional_features(&adapter),
        required_limits: required_limits(&adapter),
        ..Default::default()
    };
    pollster::block_on(adapter.request_device(&descriptor)).unwrap()
}

#[test]
fn embedded_training_gives_the_model_of_the_program() {
    let sandbox = Sandbox::new();
    sandbox.train("out", "--seed 3 --epochs 5");
    let config = Config::read(&sandbox.path("out/config.toml")).unwrap();
    let size = Frame::new(SIDE, SIDE);
    let load = |name, labels| data::load(&sandbox.path(name), Part::Train, size, labels).unwrap();
    let (source, target) = (load("source", Labels::Required), load("target", Labels::Ignored));
    let (device, queue) = device();
    let options = TrainerOptions::new(config, &source, Some(&target));
    let mut trainer = Trainer::new(&device, &queue, options).unwrap();
    while trainer.steps_done() < trainer.total_steps() {
        let mut encoder = device.create_command_encoder(&Default::default());
        trainer.encode_steps(&mut encoder, 4).unwrap();
        trainer.encode_checkpoint(&mut encoder).unwrap();
        queue.submit([encoder.finish()]);
        device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
        trainer.take_metrics().unwrap();
    }
    let mut model = trainer.checkpoint().unwrap().clone();
    // A finished run's model goes without what its optimiser kept.
    assert!(model.resumption.take().is_some());
    model.write(&sandbox.path("embedded.safetensors")).unwrap();
    assert!(sandbox.read("embedded.safetensors") == sandbox.read("out/model.safetensors"));
}
