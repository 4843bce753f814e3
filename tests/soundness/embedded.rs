//! What an application may write: its views, and what it has classified.

use crate::guard::{Hostile, families, trusted};
use dann::data::Dataset;
use dann::embed::{Classifier, ClassifierOptions, Input, Trainer, TrainerOptions, View, Views};
use dann::error::Error;
use dann::gpu::Gpu;
use dann::shape::MapShape;
use dann::train::{Checkpoint, Config};
use dann::wgpu;

const CLASSES: u32 = 10;
const ROUNDS: usize = 6;

const CONFIG: &str = r#"
[training]
epochs = 40
batch = 4
momentum = 0.9
learning_rate = { initial = 0.01, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 1.0, gamma = 10.0 }
augmentation = { shift = 3, invert = 0.5, contrast = 0.5, brightness = 0.25 }
[model]
feature_extractor = [
    { layer = "conv2d", outputs = 8, kernel = 5 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
]
label_predictor = [{ layer = "dropout", rate = 0.25 }, { layer = "dense", outputs = 10 }]
domain_classifier = [{ layer = "dense", outputs = 2 }]
[model.input]
channels = 3
height = 12
width = 10
normalization = { scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }
"#;

fn data() -> Dataset {
    let shape = MapShape::new(3, 12, 10);
    let count = 24;
    let images = (0..count * shape.len()).map(|i| (i * 37 % 251) as u8).collect();
    let labels = (0..count).map(|i| (i % 10) as u16).collect();
    let classes = (0..CLASSES).map(|class| class.to_string()).collect();
    Dataset::new(shape, images, Some(labels), classes).unwrap()
}

fn all(views: &Views) -> Vec<View> {
    let Views { features, logits, probabilities, predictions, labels, batch, parameters, .. } = views.clone();
    let named = [features, logits, probabilities, predictions, labels, batch];
    named.into_iter().chain(parameters.into_values()).collect()
}

fn overwrite(gpu: &Gpu, view: &View, hostile: &mut Hostile) {
    let words = hostile.words(view.buffer.size() as usize / 4, CLASSES);
    gpu.queue().write_buffer(&view.buffer, 0, bytemuck::cast_slice(&words));
}

/// The words of a view, as an application copies them.
fn words(gpu: &Gpu, view: &View) -> Vec<u32> {
    let range = view.bytes();
    let copy = gpu.device().create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: range.end - range.start,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(&view.buffer, range.start, &copy, 0, range.end - range.start);
    encoder.map_buffer_on_submit(&copy, wgpu::MapMode::Read, .., |result| result.unwrap());
    gpu.submit(encoder);
    gpu.wait().unwrap();
    bytemuck::cast_slice(&copy.get_mapped_range(..).unwrap()).to_vec()
}

#[test]
fn training_goes_on_whatever_is_written_into_its_views() {
    for variant in families() {
        let (gpu, mut hostile) = (trusted(variant), Hostile::new(21));
        let config = Config::parse("test", CONFIG).unwrap();
        let data = data();
        for _ in 0..ROUNDS {
            // One whose weights are no numbers any more takes no further steps: each round trains another.
            let options = TrainerOptions::new(config.clone(), &data, Some(&data));
            let mut trainer = Trainer::on(&gpu, options).unwrap();
            all(trainer.views()).iter().for_each(|view| overwrite(&gpu, view, &mut hostile));
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            assert_eq!(trainer.encode_steps(&mut encoder, 2).unwrap(), 2);
            trainer.encode_checkpoint(&mut encoder).unwrap();
            gpu.submit(encoder);
            gpu.wait().unwrap();
            // Weights that are no numbers end a training by an error that says so; nothing worse comes of them.
            if let Err(error) = trainer.take_metrics() {
                assert!(matches!(error, Error::Diverged(_)), "{error}");
            }
            assert!(words(&gpu, &trainer.views().labels).iter().all(|&label| label < CLASSES));
            assert!(words(&gpu, &trainer.views().predictions).iter().all(|&class| class < CLASSES));
        }
        gpu.healthy().unwrap();
    }
}

#[test]
fn a_classifier_names_a_class_whatever_it_is_given() {
    for variant in families() {
        let (gpu, mut hostile) = (trusted(variant), Hostile::new(22));
        let config = Config::parse("test", CONFIG).unwrap();
        let wanted = Checkpoint::of(&dann::model::Dann::new(&gpu, &config.model).unwrap(), &config, &[], 0);
        let mut values = wanted.unwrap().values().clone();
        for (_, tensor) in values.values_mut() {
            *tensor = hostile.reals(tensor.len());
        }
        let checkpoint = Checkpoint::from_values(&config, &[], 0, values).unwrap();
        let options = ClassifierOptions::default().rows(3);
        let classifier = Classifier::on(&gpu, &checkpoint, options).unwrap();
        let image = 3 * 12 * 10;
        let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: 256 + 3 * 4 * image,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let texture = gpu.device().create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: 17, height: 5, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba32Float,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let view = texture.create_view(&Default::default());
        for round in 0..ROUNDS {
            let reals = hostile.reals(buffer.size() as usize / 4);
            gpu.queue().write_buffer(&buffer, 0, bytemuck::cast_slice(&reals));
            let layout = wgpu::TexelCopyBufferLayout { bytes_per_row: Some(17 * 16), ..Default::default() };
            let texels = hostile.reals(17 * 5 * 4);
            let bytes = bytemuck::cast_slice(&texels);
            gpu.queue().write_texture(texture.as_image_copy(), bytes, layout, texture.size());
            let input = match round % 2 {
                0 => Input::Buffer { buffer: &buffer, offset: 256 },
                _ => Input::texture(&view),
            };
            let mut encoder = gpu.device().create_command_encoder(&Default::default());
            classifier.encode(&mut encoder, input).unwrap();
            gpu.submit(encoder);
            assert!(words(&gpu, classifier.predictions()).iter().all(|&class| class < CLASSES));
        }
        gpu.healthy().unwrap();
    }
}
