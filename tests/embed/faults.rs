//! Devices that lack something, that are lost, and encoders that are never submitted: errors, and no panics.

use crate::application::{Application, adapter, config, data};
use dann::embed::{Classifier, Trainer, TrainerOptions, optional_features, required_limits};
use dann::error::Error;
use dann::gpu::{Options, Variant};
use dann::wgpu;

fn refusal(app: &Application) -> String {
    let (labelled, unlabelled) = (data(1), data(2));
    let options = TrainerOptions::new(config(), &labelled, Some(&unlabelled));
    match Trainer::new(&app.device, &app.queue, options) {
        Ok(_) => panic!("a trainer on such a device"),
        Err(e) => e.to_string(),
    }
}

#[test]
fn a_device_with_too_low_limits_is_refused_by_the_limits_name() {
    let all = required_limits(&adapter());
    let few_buffers = wgpu::Limits { max_storage_buffers_per_shader_stage: 4, ..all.clone() };
    let small_groups = wgpu::Limits { max_compute_invocations_per_workgroup: 32, ..all.clone() };
    let narrow = wgpu::Limits { max_compute_workgroup_size_x: 16, ..all };
    let cases = [
        (few_buffers, "max_storage_buffers_per_shader_stage of at least 8, found 4"),
        (small_groups, "max_compute_invocations_per_workgroup of at least 256, found 32"),
        (narrow, "max_compute_workgroup_size_x of at least 256, found 16"),
    ];
    for (limits, words) in cases {
        let app = Application::with(adapter(), wgpu::Features::empty(), limits);
        let said = refusal(&app);
        assert!(
            said.starts_with("the application's wgpu device: expected") && said.contains(words),
            "{said}"
        );
    }
}

#[test]
fn a_device_without_storage_textures_trains_on_plain_kernels() {
    let limits = wgpu::Limits { max_storage_textures_per_shader_stage: 2, ..required_limits(&adapter()) };
    let app = Application::with(adapter(), optional_features(&adapter()), limits);
    let (labelled, unlabelled) = (data(1), data(2));
    let options = TrainerOptions::new(config(), &labelled, Some(&unlabelled))
        .gpu(Options::default().variant(Variant::Register));
    let mut trainer = Trainer::new(&app.device, &app.queue, options).unwrap();
    assert_eq!(trainer.gpu().variant(), Variant::Plain);
    assert_eq!(app.frame(&mut trainer, 2).len(), 2);
}

#[test]
fn steps_are_paced_without_timestamps() {
    let app = Application::with(adapter(), wgpu::Features::empty(), required_limits(&adapter()));
    let mut trainer = app.trainer();
    app.frame(&mut trainer, 1);
    assert_eq!(trainer.gpu_time(), None);
    app.frame(&mut trainer, 2);
    assert!(trainer.step_budget(std::time::Duration::from_secs(10)) > 1);
}

#[test]
fn a_destroyed_device_gives_errors_and_the_last_checkpoint_survives() {
    let app = Application::new();
    let mut trainer = app.trainer();
    let mut encoder = app.encoder();
    trainer.encode_steps(&mut encoder, 3).unwrap();
    trainer.encode_checkpoint(&mut encoder).unwrap();
    app.submit(encoder);
    app.wait();
    assert_eq!(trainer.take_metrics().unwrap().len(), 3);
    let checkpoint = trainer.checkpoint().expect("a checkpoint").step;
    let classifier = Classifier::load(&app.device, &app.queue, trainer.checkpoint().unwrap()).unwrap();
    // Steps on their way when the device goes.
    let mut encoder = app.encoder();
    trainer.encode_steps(&mut encoder, 2).unwrap();
    app.submit(encoder);
    app.device.destroy();

    let mut late = app.encoder();
    let errors = [
        trainer.encode_steps(&mut late, 1).err(),
        trainer.encode_checkpoint(&mut late).err(),
        trainer.take_metrics().err(),
        Trainer::on(trainer.gpu(), TrainerOptions::new(config(), &data(1), Some(&data(2)))).err(),
        Classifier::load(&app.device, &app.queue, trainer.checkpoint().unwrap()).err(),
    ];
    for (call, error) in errors.into_iter().enumerate() {
        match error {
            Some(Error::DeviceLost(words)) => {
                assert!(words.contains("lost or destroyed"), "call {call}: {words}")
            }
            other => panic!("call {call}: {other:?}"),
        }
    }
    let buffer = |device: &wgpu::Device| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 4096,
            usage: wgpu::BufferUsages::STORAGE,
            mapped_at_creation: false,
        })
    };
    let input = buffer(&app.device);
    assert!(classifier.encode(&mut late, dann::embed::Input::buffer(&input)).is_err());

    let survivor = trainer.checkpoint().expect("the checkpoint from before");
    assert_eq!((survivor.step, checkpoint), (3, 3));
    // It goes on living on another device.
    let other = Application::new();
    let (labelled, unlabelled) = (data(1), data(2));
    let options = TrainerOptions::new(config(), &labelled, Some(&unlabelled)).start(survivor);
    let mut again = Trainer::new(&other.device, &other.queue, options).unwrap();
    assert_eq!(other.frame(&mut again, 1).len(), 1);
}

#[test]
fn a_destroyed_device_is_refused_from_the_start() {
    let app = Application::new();
    app.device.destroy();
    assert!(refusal(&app).contains("lost or destroyed"));
}

#[test]
fn steps_in_a_dropped_encoder_are_reported_and_training_goes_on() {
    let app = Application::new();
    let mut trainer = app.trainer();
    app.frame(&mut trainer, 1);
    let mut encoder = app.encoder();
    trainer.encode_steps(&mut encoder, 2).unwrap();
    drop(encoder);
    let error = trainer.take_metrics().unwrap_err().to_string();
    assert!(error.contains("expected to be submitted, found it was dropped with steps 1 to 2"), "{error}");
    let next = app.frame(&mut trainer, 2);
    assert_eq!(next.iter().map(|m| m.step).collect::<Vec<_>>(), [3, 4]);
}
