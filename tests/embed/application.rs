//! An application with a device of its own, and small data sets for it.

use dann::data::Dataset;
use dann::embed::{Trainer, TrainerOptions, View, optional_features, required_features, required_limits};
use dann::shape::MapShape;
use dann::train::{Config, StepMetrics};
use dann::wgpu;
use dann::wgpu::util::{DeviceExt, TextureDataOrder};

pub const IMAGES: usize = 24;

/// Six steps an epoch, two epochs; every kind of layer.
const CONFIG: &str = r#"
[training]
epochs = 2
batch = 4
momentum = 0.9
seed = 5
learning_rate = { initial = 0.01, alpha = 10.0, beta = 0.75 }
lambda = { maximum = 1.0, gamma = 10.0 }
[model]
feature_extractor = [
    { layer = "conv2d", outputs = 8, kernel = 3 },
    { layer = "relu" },
    { layer = "max_pool2d", kernel = 2 },
    { layer = "batch_norm2d" },
]
label_predictor = [
    { layer = "dropout", rate = 0.25 },
    { layer = "dense", outputs = 12 },
    { layer = "relu" },
    { layer = "dense", outputs = 10 },
]
domain_classifier = [{ layer = "dense", outputs = 2 }]
[model.input]
channels = 3
height = 12
width = 10
normalization = { scale = [2.0, 2.0, 2.0], shift = [-1.0, -1.0, -1.0] }
"#;

pub const STEPS: u64 = 12;

pub fn config() -> Config {
    Config::parse("test", CONFIG).unwrap()
}

/// Made-up images; with another `salt`, others.
pub fn data(salt: u32) -> Dataset {
    let shape = MapShape::new(3, 12, 10);
    let noise = |i: usize| (i as u32 ^ salt).wrapping_mul(2_654_435_761).to_be_bytes()[0];
    let images = (0..IMAGES * shape.len()).map(noise).collect();
    let labels = (0..IMAGES).map(|i| (i % 10) as u16).collect();
    let classes = (0..10).map(|class| class.to_string()).collect();
    Dataset::new(shape, images, Some(labels), classes).unwrap()
}

pub struct Application {
    pub device: wgpu::Device,
    pub queue: wgpu::Queue,
}

impl Application {
    /// A device opened as the guide says.
    pub fn new() -> Self {
        let adapter = adapter();
        let features = required_features(&adapter) | optional_features(&adapter);
        let limits = required_limits(&adapter);
        Self::with(adapter, features, limits)
    }

    pub fn with(adapter: wgpu::Adapter, features: wgpu::Features, limits: wgpu::Limits) -> Self {
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("the application's"),
            required_features: features,
            required_limits: limits,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor)).unwrap();
        Self { device, queue }
    }

    pub fn trainer(&self) -> Trainer {
        self.trainer_of(config())
    }

    pub fn trainer_of(&self, config: Config) -> Trainer {
        let (labelled, unlabelled) = (data(1), data(2));
        let options = TrainerOptions::new(config, &labelled, Some(&unlabelled));
        Trainer::new(&self.device, &self.queue, options).unwrap()
    }

    pub fn encoder(&self) -> wgpu::CommandEncoder {
        self.device.create_command_encoder(&Default::default())
    }

    pub fn submit(&self, encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        self.queue.submit([encoder.finish()])
    }

    pub fn wait(&self) {
        self.device.poll(wgpu::PollType::wait_indefinitely()).unwrap();
    }

    /// A frame that trains `count` steps, and the metrics that are here after it.
    pub fn frame(&self, trainer: &mut Trainer, count: u64) -> Vec<StepMetrics> {
        let mut encoder = self.encoder();
        trainer.encode_steps(&mut encoder, count).unwrap();
        self.submit(encoder);
        self.wait();
        trainer.take_metrics().unwrap()
    }

    /// The values of a view, as the application copies them.
    pub fn read(&self, view: &View) -> Vec<f32> {
        bytemuck::cast_slice(&self.bytes(view)).to_vec()
    }

    pub fn read_whole(&self, view: &View) -> Vec<u32> {
        bytemuck::cast_slice(&self.bytes(view)).to_vec()
    }

    fn bytes(&self, view: &View) -> Vec<u8> {
        let range = view.bytes();
        let size = range.end - range.start;
        let copy = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = self.encoder();
        encoder.copy_buffer_to_buffer(&view.buffer, range.start, &copy, 0, size);
        encoder.map_buffer_on_submit(&copy, wgpu::MapMode::Read, .., |result| result.unwrap());
        self.submit(encoder);
        self.wait();
        copy.get_mapped_range(..).unwrap().to_vec()
    }
}

/// The adapter that the library would choose by itself.
pub fn adapter() -> wgpu::Adapter {
    let chosen = dann::gpu::choose(None).unwrap();
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
    let all = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
    let same = |adapter: &wgpu::Adapter| {
        let info = adapter.get_info();
        (info.backend, info.name) == (chosen.info.backend, chosen.info.name.clone())
    };
    all.into_iter().find(same).expect("the adapter of the library's choice")
}

/// A texture of one level.
pub fn texture(
    app: &Application,
    format: wgpu::TextureFormat,
    size: [u32; 2],
    bytes: &[u8],
) -> wgpu::TextureView {
    let descriptor = wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: size[0], height: size[1], depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    };
    let order = TextureDataOrder::LayerMajor;
    app.device
        .create_texture_with_data(&app.queue, &descriptor, order, bytes)
        .create_view(&Default::default())
}

/// Image `index`, each pixel `times` × `times` texels, as the bytes of a format.
pub fn texels(images: &Dataset, index: usize, times: usize, texel: impl Fn([u8; 3]) -> Vec<u8>) -> Vec<u8> {
    let (image, [height, width]) = (images.image(index), [12, 10]);
    let rgb = |i: usize, j: usize| [0, 1, 2].map(|c| image[(c * height + i / times) * width + j / times]);
    let places = (0..height * times).flat_map(|i| (0..width * times).map(move |j| (i, j)));
    places.flat_map(|(i, j)| texel(rgb(i, j))).collect()
}
