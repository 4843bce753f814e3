//! Classifying textures and buffers of the application.

use crate::application::{Application, IMAGES, config, data, texels, texture};
use dann::data::Dataset;
use dann::embed::{Classifier, ClassifierOptions, Gpu, Input, Picture, Texture};
use dann::gpu::{self, Options, choose};
use dann::model::Domain;
use dann::train::{Checkpoint, Evaluator, softmax};
use dann::wgpu::{self, TextureFormat};
use std::path::Path;
use wgpu::util::DeviceExt;

/// A model with something in it.
fn trained(app: &Application) -> Checkpoint {
    let mut trainer = app.trainer();
    app.frame(&mut trainer, 8);
    let mut encoder = app.encoder();
    trainer.encode_checkpoint(&mut encoder).unwrap();
    app.submit(encoder);
    app.wait();
    trainer.take_metrics().unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    trainer.checkpoint().unwrap().write(file.path()).unwrap();
    Checkpoint::read(file.path()).unwrap()
}

/// What `dann predict` would say.
fn expected(checkpoint: &Checkpoint, images: &Dataset) -> Vec<Vec<f64>> {
    let gpu = gpu::Gpu::open(&choose(None).unwrap(), Options::default()).unwrap();
    let model = checkpoint.model(&gpu).unwrap();
    let logits = Evaluator::new(&model, images, Domain::Target).unwrap().logits().unwrap();
    logits.chunks(10).map(softmax).collect()
}

fn assert_close(actual: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len());
    for (a, e) in actual.iter().zip(expected) {
        assert!((f64::from(*a) - e).abs() <= tolerance, "{what}: {actual:?}, expected {expected:?}");
    }
}

fn half(value: f32) -> [u8; 2] {
    // Enough for numbers from 2⁻¹⁴ to 1 and for 0.
    let bits = value.to_bits();
    let rounded = bits + 0xfff + (bits >> 13 & 1);
    let half = if value == 0.0 { 0 } else { (rounded >> 13) - (112 << 10) };
    (half as u16).to_le_bytes()
}

#[test]
fn textures_of_many_formats_and_sizes_are_classified_as_their_images() {
    let app = Application::new();
    let checkpoint = trained(&app);
    let images = data(3);
    let expected = expected(&checkpoint, &images);
    let classifier = Classifier::load(&app.device, &app.queue, &checkpoint).unwrap();
    assert_eq!(classifier.classes(), checkpoint.classes);
    let byte = |v: u8| f32::from(v) / 255.0;
    let rgba = |[r, g, b]: [u8; 3]| vec![r, g, b, 255];
    let bgra = |[r, g, b]: [u8; 3]| vec![b, g, r, 255];
    let floats = |rgb: [u8; 3]| {
        [rgb.map(byte).as_slice(), &[1.0]].concat().iter().flat_map(|v| v.to_le_bytes()).collect()
    };
    let halves =
        |rgb: [u8; 3]| [rgb.map(byte).as_slice(), &[1.0]].concat().iter().flat_map(|&v| half(v)).collect();
    type Texel<'a> = &'a dyn Fn([u8; 3]) -> Vec<u8>;
    // Half floats hold a byte to 2⁻¹² of its size, and an sRGB texel is decoded by the device to its own accuracy.
    let formats: [(TextureFormat, Texel<'_>, f64); 6] = [
        (TextureFormat::Rgba8Unorm, &rgba, 1e-5),
        (TextureFormat::Bgra8Unorm, &bgra, 1e-5),
        (TextureFormat::Rgba8UnormSrgb, &rgba, 5e-3),
        (TextureFormat::Bgra8UnormSrgb, &bgra, 5e-3),
        (TextureFormat::Rgba16Float, &halves, 5e-3),
        (TextureFormat::Rgba32Float, &floats, 1e-5),
    ];
    for (index, (format, texel, tolerance)) in formats.into_iter().enumerate() {
        for times in [1, 3] {
            let size = [10 * times as u32, 12 * times as u32];
            let view = texture(&app, format, size, &texels(&images, index, times, texel));
            let mut encoder = app.encoder();
            classifier.encode(&mut encoder, Input::texture(&view)).unwrap();
            app.submit(encoder);
            let what = format!("{format:?}, {times} texels a pixel");
            let actual = app.read(classifier.probabilities());
            assert_close(&actual, &expected[index], tolerance, &what);
            let best = dann::train::argmax(&actual) as u32;
            assert_eq!(app.read_whole(classifier.predictions()), [best], "{what}");
        }
    }
}

#[test]
fn grey_textures_fill_all_channels() {
    let app = Application::new();
    let checkpoint = trained(&app);
    // Grey images: all planes as the first.
    let coloured = data(3);
    let grey = coloured.images().chunks(360).flat_map(|image| image[..120].repeat(3)).collect();
    let images = Dataset::new(coloured.shape(), grey, None, vec![]).unwrap();
    let expected = expected(&checkpoint, &images);
    let classifier = Classifier::load(&app.device, &app.queue, &checkpoint).unwrap();
    let view = texture(&app, TextureFormat::R8Unorm, [10, 12], &texels(&images, 4, 1, |[r, ..]| vec![r]));
    let mut encoder = app.encoder();
    classifier.encode(&mut encoder, Input::texture(&view)).unwrap();
    app.submit(encoder);
    assert_close(&app.read(classifier.probabilities()), &expected[4], 1e-5, "R8Unorm");
}

#[test]
fn several_pictures_are_classified_in_one_call() {
    let app = Application::new();
    let checkpoint = trained(&app);
    let images = data(3);
    let expected = expected(&checkpoint, &images);
    let gpu = Gpu::borrow(&app.device, &app.queue, Options::default()).unwrap();
    let classifier = Classifier::on(&gpu, &checkpoint, ClassifierOptions::default().rows(3)).unwrap();
    let rgba = |[r, g, b]: [u8; 3]| vec![r, g, b, 255];
    let view = |index, times: usize| {
        let size = [10 * times as u32, 12 * times as u32];
        texture(&app, TextureFormat::Rgba8Unorm, size, &texels(&images, index, times, rgba))
    };
    // One by one, one of them larger; then a part of another one, in the first row alone.
    let pictures = [(5, 1), (6, 4), (7, 1)].map(|(index, times)| Picture::new(&view(index, times)));
    let mut encoder = app.encoder();
    classifier.encode(&mut encoder, Input::pictures(&pictures)).unwrap();
    app.submit(encoder);
    for (row, actual) in app.read(classifier.probabilities()).chunks(10).enumerate() {
        assert_close(actual, &expected[5 + row], 1e-5, &format!("row {row}"));
    }
    let mut encoder = app.encoder();
    let all = [Picture::new(&view(8, 2)).crop(0.0, 0.0, 20.0, 24.0)];
    classifier.encode(&mut encoder, Input::pictures(&all)).unwrap();
    let error = classifier.encode(&mut encoder, Input::pictures(&vec![all[0].clone(); 4])).unwrap_err();
    assert!(error.to_string().contains("expected at most 3 pictures, as many as it has rows, found 4"));
    app.submit(encoder);
    for (row, actual) in app.read(classifier.probabilities()).chunks(10).enumerate() {
        assert_close(actual, &expected[if row == 0 { 8 } else { 5 + row }], 1e-5, &format!("row {row}"));
    }
}

#[test]
fn buffers_of_several_rows_are_classified() {
    let app = Application::new();
    let checkpoint = trained(&app);
    let images = data(3);
    let expected = expected(&checkpoint, &images);
    let gpu = Gpu::borrow(&app.device, &app.queue, Options::default()).unwrap();
    let none = Classifier::on(&gpu, &checkpoint, ClassifierOptions::default().rows(0)).unwrap_err();
    assert_eq!(none.to_string(), "the rows of a classifier: expected at least 1, found 0");
    let options = ClassifierOptions::default().rows(5);
    let classifier = Classifier::on(&gpu, &checkpoint, options).unwrap();
    // Behind 64 other values.
    let mut values = vec![f32::NAN; 64];
    values.extend(images.images()[..5 * 360].iter().map(|&byte| f32::from(byte) / 255.0));
    let buffer = app.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents: bytemuck::cast_slice(&values),
        usage: wgpu::BufferUsages::STORAGE,
    });
    let mut encoder = app.encoder();
    classifier.encode(&mut encoder, Input::Buffer { buffer: &buffer, offset: 256 }).unwrap();
    app.submit(encoder);
    let actual = app.read(classifier.probabilities());
    assert_eq!(classifier.probabilities().shape, [5, 10]);
    for (row, actual) in actual.chunks(10).enumerate() {
        assert_close(actual, &expected[row], 1e-5, &format!("row {row}"));
    }

    let mut encoder = app.encoder();
    let mut refused = |input: Input<'_>| classifier.encode(&mut encoder, input).unwrap_err().to_string();
    let error = refused(Input::Buffer { buffer: &buffer, offset: 512 });
    assert!(error.contains("expected 7200 bytes from the offset on"), "{error}");
    let error = refused(Input::Buffer { buffer: &buffer, offset: 2 });
    assert!(error.contains("expected an offset that is a multiple of"), "{error}");
    let vertices = app.device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 7200,
        usage: wgpu::BufferUsages::VERTEX,
        mapped_at_creation: false,
    });
    let error = refused(Input::buffer(&vertices));
    assert!(error.contains("expected usages with STORAGE, found BufferUsages(VERTEX)"), "{error}");
    // Whole numbers are none of the formats.
    let view = texture(&app, TextureFormat::Rgba8Uint, [1, 1], &[0; 4]);
    let holds = Texture::default();
    let error = refused(Input::Texture { view: &view, holds });
    assert!(error.contains("expected float or normalised values"), "{error}");
}

#[test]
fn models_come_from_directories_files_and_bytes() {
    let app = Application::new();
    let checkpoint = trained(&app);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("model.safetensors");
    checkpoint.write(&file).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    let images = data(3);
    let view = texture(
        &app,
        TextureFormat::Rgba8Unorm,
        [10, 12],
        &texels(&images, 0, 1, |[r, g, b]| vec![r, g, b, 255]),
    );
    let classified = |classifier: Classifier| {
        let mut encoder = app.encoder();
        classifier.encode(&mut encoder, Input::texture(&view)).unwrap();
        app.submit(encoder);
        app.read(classifier.probabilities())
    };
    let load = |path: &Path| Classifier::load(&app.device, &app.queue, path);
    let from_file = classified(load(&file).unwrap());
    assert_eq!(classified(load(directory.path()).unwrap()), from_file);
    assert_eq!(classified(Classifier::load(&app.device, &app.queue, bytes.as_slice()).unwrap()), from_file);
    let missing = load(&directory.path().join("nowhere")).err().unwrap().to_string();
    assert!(missing.contains("nowhere: expected a finished run"), "{missing}");
    let short = Classifier::load(&app.device, &app.queue, &bytes[..100]).err().unwrap().to_string();
    assert!(short.starts_with("the model's bytes: expected a whole safetensors file"), "{short}");
    assert_eq!((IMAGES, config().model.input.width), (24, 10), "what the sizes above stand for");
}
