//! What a polite guest does not do.

use crate::application::{Application, IMAGES, STEPS, config, data};
use crate::skip::skip;
use dann::embed::{Classifier, Evaluator, Gpu, Input, View};
use dann::gpu::Options;
use dann::model::Domain;
use dann::wgpu;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Runs a call of the library's between two submissions of the application: wgpu numbers a device's submissions, and
/// maps buffers under numbers of their own, so that nothing of either kind can have come between.
fn quietly<T>(app: &Application, call: impl FnOnce() -> T) -> T {
    let number = || {
        // The number is shown to nobody but readers of logs.
        let text = format!("{:?}", app.submit(app.encoder()));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u64>().unwrap_or_else(|_| panic!("no number in {text}"))
    };
    let before = number();
    let result = call();
    assert_eq!(number(), before + 1, "the library submitted something or mapped a buffer");
    result
}

fn texture(app: &Application) -> wgpu::TextureView {
    let texture = app.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: 40, height: 30, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8UnormSrgb,
        usage: wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    });
    texture.create_view(&Default::default())
}

#[test]
fn nothing_is_submitted_and_no_error_reaches_the_application() {
    let app = Application::new();
    let scopes = [wgpu::ErrorFilter::Validation, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Internal]
        .map(|filter| app.device.push_error_scope(filter));
    let mut averaged = config();
    averaged.training.average = Some(0.9);
    let mut trainer = quietly(&app, || app.trainer_of(averaged));
    let test = data(5);
    let mut evaluator = quietly(&app, || Evaluator::new(&trainer, &test, Domain::Target, 10).unwrap());
    let mut steps = Vec::new();
    while (steps.len() as u64) < STEPS {
        let mut encoder = app.encoder();
        quietly(&app, || {
            trainer.encode_steps(&mut encoder, 5).unwrap();
            trainer.encode_checkpoint(&mut encoder).unwrap();
            trainer.set_lambda(Some(0.5)).unwrap();
            evaluator.encode(&mut encoder, &trainer).unwrap();
        });
        app.submit(encoder);
        app.wait();
        steps.extend(quietly(&app, || trainer.take_metrics().unwrap()));
        quietly(&app, || (trainer.take_warnings(), evaluator.take().unwrap()));
    }
    let checkpoint = trainer.checkpoint().unwrap();
    let classifier = quietly(&app, || Classifier::load(&app.device, &app.queue, checkpoint).unwrap());
    let (mut encoder, view) = (app.encoder(), texture(&app));
    quietly(&app, || classifier.encode(&mut encoder, Input::texture(&view)).unwrap());
    app.submit(encoder);
    app.wait();
    assert_eq!(trainer.gpu().traffic().submissions, 0, "by the library's own count");
    quietly(&app, || drop((trainer, classifier, evaluator)));
    let [validation, memory, internal] = scopes;
    for scope in [internal, memory, validation] {
        let error = pollster::block_on(scope.pop());
        assert!(error.is_none(), "{error:?}");
    }
}

#[test]
fn a_device_without_the_features_that_are_asked_for_is_refused_by_their_names() {
    let app = Application::new();
    let wanted = wgpu::Features::MULTIVIEW;
    let error =
        Gpu::borrow(&app.device, &app.queue, Options::default().features(wanted)).expect_err("refused");
    assert!(error.to_string().contains("a device opened with MULTIVIEW, found one without"), "{error}");
}

#[test]
fn frames_are_taken_in_without_a_submission_or_an_error() {
    let app = Application::new();
    let filters =
        [wgpu::ErrorFilter::Validation, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Internal];
    let scopes = filters.map(|filter| app.device.push_error_scope(filter));
    let mut trainer = quietly(&app, || crate::frames::trainer(&app, 8));
    let (mut encoder, view) = (app.encoder(), texture(&app));
    quietly(&app, || {
        (0..8).for_each(|label| trainer.push_source(&mut encoder, &view, label).unwrap());
        (0..8).for_each(|_| trainer.push_target(&mut encoder, &view).unwrap());
        assert_eq!(trainer.encode_steps(&mut encoder, 3).unwrap(), 3);
    });
    app.submit(encoder);
    app.wait();
    assert_eq!(quietly(&app, || trainer.take_metrics().unwrap()).len(), 3);
    assert_eq!(trainer.gpu().traffic().submissions, 0, "by the library's own count");
    for scope in scopes.into_iter().rev() {
        let error = pollster::block_on(scope.pop());
        assert!(error.is_none(), "{error:?}");
    }
}

#[test]
fn metrics_arrive_only_when_the_application_polls() {
    let app = Application::new();
    let mut trainer = app.trainer();
    app.frame(&mut trainer, 1);
    let mut encoder = app.encoder();
    assert_eq!(trainer.encode_steps(&mut encoder, 2).unwrap(), 2);
    app.submit(encoder);
    // Long enough for the device to be done; but nobody has asked it.
    std::thread::sleep(Duration::from_millis(500));
    assert!(trainer.take_metrics().unwrap().is_empty(), "the library polled the device");
    assert_eq!((trainer.steps_done(), trainer.steps_encoded()), (1, 3));
    app.wait();
    let steps: Vec<u64> = trainer.take_metrics().unwrap().iter().map(|m| m.step).collect();
    assert_eq!(steps, [1, 2]);
}

#[test]
fn the_applications_handlers_stay_its_own() {
    let app = Application::new();
    let errors = Arc::new(AtomicUsize::new(0));
    let lost = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&errors);
    app.device.on_uncaptured_error(Arc::new(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    }));
    let counted = Arc::clone(&lost);
    app.device.set_device_lost_callback(move |_, _| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let mut trainer = app.trainer();
    app.frame(&mut trainer, 1);
    assert_eq!(errors.load(Ordering::Relaxed), 0, "an error of the library's");
    let _refused = app.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4,
        usage: wgpu::BufferUsages::empty(),
        mapped_at_creation: false,
    });
    assert_eq!(errors.load(Ordering::Relaxed), 1, "the application's handler is gone");
    app.device.destroy();
    app.device.poll(wgpu::PollType::Poll).ok();
    assert_eq!(lost.load(Ordering::Relaxed), 1, "the application's callback is gone");
}

#[test]
fn dropping_a_trainer_frees_its_memory() {
    let app = Application::new();
    let allocated = || {
        app.submit(app.encoder());
        app.wait();
        app.device
            .generate_allocator_report()
            .map(|report| report.allocations.iter().map(|allocation| allocation.size).sum::<u64>())
    };
    // What the device keeps for itself from the first use on.
    let mut first = app.trainer();
    app.frame(&mut first, 1);
    drop(first);
    let Some(before) = allocated() else {
        skip("this back end reports no allocations");
        return;
    };
    let mut trainers: Vec<_> = (0..3).map(|_| app.trainer()).collect();
    for trainer in &mut trainers {
        app.frame(trainer, 7);
        let mut encoder = app.encoder();
        trainer.encode_checkpoint(&mut encoder).unwrap();
        app.submit(encoder);
    }
    let with_three = allocated().unwrap();
    trainers.pop();
    let with_two = allocated().unwrap();
    drop(trainers);
    let after = allocated().unwrap();
    let images = (2 * IMAGES * 3 * 12 * 10) as u64;
    assert!(with_three > before + 3 * images, "{before} bytes, with three trainers {with_three}");
    assert!(with_two < with_three - images, "{with_three} bytes, with two trainers {with_two}");
    assert_eq!(after, before);
}

/// Views bind as what the documentation says they are, in the application's own passes.
#[test]
fn views_are_storage_and_vertex_buffers() {
    let app = Application::new();
    let mut trainer = app.trainer();
    app.frame(&mut trainer, 1);
    let views = trainer.views().clone();
    assert_eq!(views.features.shape, [8, 8, 5, 4]);
    assert_eq!((views.features.strides(), views.features.row_bytes()), (vec![160, 20, 4, 1], 640));
    assert_eq!((views.logits.shape.as_slice(), views.predictions.shape.as_slice()), (&[8, 10][..], &[8][..]));
    assert_eq!(
        (views.labels.shape.as_slice(), views.batch.shape.as_slice()),
        (&[4][..], &[8, 3, 12, 10][..])
    );
    let filters = views.filters.clone().unwrap();
    assert_eq!(filters.shape, [8, 3, 3, 3]);
    assert_eq!(filters.bytes(), views.parameters["feature_extractor.conv1.weight"].bytes());
    let mut all: Vec<&View> = vec![
        &views.features,
        &views.logits,
        &views.probabilities,
        &views.predictions,
        &views.labels,
        &views.batch,
        &filters,
    ];
    all.extend(views.parameters.values());
    let scope = app.device.push_error_scope(wgpu::ErrorFilter::Validation);
    let layout = app.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::VERTEX,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Storage { read_only: true },
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        }],
    });
    let target = app.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: 4, height: 4, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::Rgba8Unorm,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    });
    let target = target.create_view(&Default::default());
    for view in all {
        assert!(view.buffer.usage().contains(View::USAGE), "{:?}", view.buffer.usage());
        let group = app.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &layout,
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: view.binding() }],
        });
        let mut encoder = app.encoder();
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &target,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations::default(),
            })],
            ..Default::default()
        });
        pass.set_bind_group(0, &group, &[]);
        pass.set_vertex_buffer(0, view.slice());
        drop(pass);
        app.submit(encoder);
    }
    let error = pollster::block_on(scope.pop());
    assert!(error.is_none(), "{error:?}");
}
