//! Devices that lack something, that are lost, and encoders that are never submitted: errors, and no panics.

use crate::application::{Application, IMAGES, STEPS, adapter, config, data};
use dann::data::Dataset;
use dann::embed::{Classifier, Trainer, TrainerOptions, optional_features, required_limits};
use dann::error::Error;
use dann::gpu::{Options, Variant};
use dann::shape::MapShape;
use dann::train::StepMetrics;
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
fn a_device_of_too_few_storage_textures_trains_on_plain_kernels() {
    let limits = wgpu::Limits { max_storage_textures_per_shader_stage: 3, ..required_limits(&adapter()) };
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
    assert_eq!((trainer.steps_done(), trainer.steps_lost(), trainer.is_finished()), (3, 2, false));
    app.frame(&mut trainer, u64::MAX);
    assert_eq!((trainer.steps_done() + trainer.steps_lost(), trainer.is_finished()), (STEPS, true));
}

#[test]
fn a_dropped_encoder_takes_no_metrics_of_others_along() {
    let app = Application::new();
    let mut trainer = app.trainer();
    let [first, dropped, last] = [(); 3].map(|()| {
        let mut encoder = app.encoder();
        trainer.encode_steps(&mut encoder, 1).unwrap();
        encoder
    });
    app.submit(first);
    drop(dropped);
    app.submit(last);
    app.wait();
    let steps = |metrics: Vec<StepMetrics>| metrics.iter().map(|m| m.step).collect::<Vec<_>>();
    assert_eq!(steps(trainer.take_metrics().unwrap()), [0]);
    assert!(trainer.take_metrics().unwrap_err().to_string().contains("with steps 1 to 1"));
    assert_eq!(steps(trainer.take_metrics().unwrap()), [2]);
}

#[test]
fn a_checkpoint_in_a_dropped_encoder_takes_no_metrics_along() {
    let app = Application::new();
    let mut trainer = app.trainer();
    let mut first = app.encoder();
    trainer.encode_steps(&mut first, 1).unwrap();
    let mut dropped = app.encoder();
    trainer.encode_checkpoint(&mut dropped).unwrap();
    app.submit(first);
    drop(dropped);
    app.wait();
    assert_eq!(trainer.take_metrics().unwrap().len(), 1);
    let error = trainer.take_metrics().unwrap_err().to_string();
    assert!(error.contains("checkpoint") && error.contains("dropped"), "{error}");
    assert_eq!(app.frame(&mut trainer, 2).len(), 2);
}

#[test]
fn encoders_submitted_out_of_turn_are_reported() {
    let app = Application::new();
    let mut trainer = app.trainer();
    let [first, second] = [(); 2].map(|()| {
        let mut encoder = app.encoder();
        trainer.encode_steps(&mut encoder, 2).unwrap();
        encoder
    });
    app.submit(second);
    app.submit(first);
    app.wait();
    for found in ["steps 0 to 1 that ran behind step 4", "steps 2 to 3 that ran behind step 0"] {
        let error = trainer.take_metrics().unwrap_err().to_string();
        assert!(error.contains("in the order of their recording") && error.contains(found), "{error}");
    }
    assert_eq!((trainer.steps_done(), trainer.steps_lost()), (0, 4));
    // The device stands behind the batch that ran last, which the next one in turn still finds wrong.
    let mut encoder = app.encoder();
    trainer.encode_steps(&mut encoder, 1).unwrap();
    app.submit(encoder);
    app.wait();
    assert!(trainer.take_metrics().is_err());
    assert_eq!(app.frame(&mut trainer, 1)[0].step, 5);
}

#[test]
fn a_training_that_diverged_says_so_and_takes_no_more_steps() {
    let app = Application::new();
    let mut trainer = app.trainer();
    trainer.set_learning_rate(Some(f32::MAX)).unwrap();
    let mut diverged = None;
    for _ in 0..4 {
        let mut encoder = app.encoder();
        match trainer.encode_steps(&mut encoder, 1) {
            Ok(steps) => assert!(steps == 1 && diverged.is_none()),
            Err(error) => assert!(matches!(error, Error::Diverged(_)) && diverged.is_some(), "{error}"),
        }
        app.submit(encoder);
        app.wait();
        if let Err(error) = trainer.take_metrics() {
            assert!(matches!(error, Error::Diverged(_)), "{error}");
            diverged = Some(error);
        }
    }
    assert!(diverged.is_some());
}

#[test]
fn the_steps_before_the_one_that_diverged_are_given() {
    let app = Application::new();
    let mut config = config();
    // Rises from 0, so that the first steps change little.
    config.training.learning_rate.initial = f32::MAX.into();
    config.training.learning_rate.warmup = 0.999;
    let mut trainer = app.trainer_of(config);
    let given = app.frame(&mut trainer, 6);
    assert!(!given.is_empty() && given.len() < 6, "{}", given.len());
    let error = trainer.take_metrics().unwrap_err();
    assert!(matches!(&error, Error::Diverged(place) if place.starts_with(&format!("step {}:", given.len()))));
    assert_eq!((trainer.steps_done(), trainer.steps_lost()), (given.len() as u64, 6 - given.len() as u64));
    assert!(matches!(trainer.encode_steps(&mut app.encoder(), 1), Err(Error::Diverged(_))));
}

#[test]
fn labels_and_a_name_for_every_class_are_asked_for() {
    let app = Application::new();
    let (full, unlabelled) = (data(1), data(2));
    let made = |labels: Option<Vec<u16>>, classes: &[String]| {
        let labelled = Dataset::new(full.shape(), full.images().to_vec(), labels, classes.to_vec()).unwrap();
        let options = TrainerOptions::new(config(), &labelled, Some(&unlabelled));
        Trainer::new(&app.device, &app.queue, options).err().map(|error| error.to_string())
    };
    let labels = full.labels().map(<[u16]>::to_vec);
    assert_eq!(made(labels.clone(), full.classes()), None);
    let unnamed = made(None, full.classes()).expect("a refusal");
    assert!(
        unnamed.ends_with("expected a label for every image to learn from, found images without labels"),
        "{unnamed}"
    );
    let mut classes = full.classes().to_vec();
    classes.push("another".to_owned());
    let more = made(labels, &classes).expect("a refusal");
    assert!(
        more.contains("expected 10 names, one for each output of the label predictor, found 11"),
        "{more}"
    );
}

#[test]
fn images_of_another_size_are_refused_by_their_size() {
    let app = Application::new();
    let (labelled, full) = (data(1), data(2));
    let of = |shape: MapShape| {
        let images = vec![0; IMAGES * shape.len()];
        let unlabelled = Dataset::new(shape, images, None, vec![]).unwrap().with_origin("the camera");
        let options = TrainerOptions::new(config(), &labelled, Some(&unlabelled));
        Trainer::new(&app.device, &app.queue, options).err().map(|error| error.to_string())
    };
    assert_eq!(of(full.shape()), None);
    assert_eq!(of(MapShape::new(1, 12, 10)), None, "grey images fill all channels");
    for (shape, found) in [(MapShape::new(3, 10, 12), "3×10×12"), (MapShape::new(2, 12, 10), "2×12×10")] {
        let error = of(shape).expect("a refusal");
        let expected = "the camera: expected images of 3×12×10, as the model takes them";
        assert!(error.starts_with(expected) && error.ends_with(&format!("found {found}")), "{error}");
    }
}
