//! The features of the batch as a picture: projected on the GPU, and drawn from the buffers that the trainer keeps them
//! in. An application's own code; the trainer gives it nothing but the buffers.

use dann::embed::Views;
use dann::wgpu::{self, util::DeviceExt};

/// Rounds of power iteration for the first picture, and for each one after it.
const FIRST_ROUNDS: u32 = 24;
const ROUNDS: u32 = 3;
/// Standard deviations from the middle of the picture to its edge.
const RANGE: f32 = 2.8;

/// How the points are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    Domain,
    Class,
}

/// The colours of the classes, in their order, as the shader states them.
pub fn colours_of_classes() -> Vec<[u8; 3]> {
    let shader = include_str!("scatter.wgsl");
    let colour = |line: &str| {
        let (_, behind) = line.split_once("{ return vec3f(")?;
        let parts: Vec<f32> =
            behind.split_once(')')?.0.split(',').map_while(|p| p.trim().parse().ok()).collect();
        <[f32; 3]>::try_from(parts).ok().map(|parts| parts.map(|part| (255.0 * part) as u8))
    };
    shader.lines().filter_map(colour).collect()
}

/// Projects features to a plane.
pub struct Projection {
    /// (N) pairs of f32, in standard deviations.
    pub points: wgpu::Buffer,
    pub rows: u32,
    features: u32,
    bindings: wgpu::BindGroup,
    passes: [wgpu::ComputePipeline; 5],
    rounds: u32,
}

impl Projection {
    pub fn new(device: &wgpu::Device, views: &Views) -> Self {
        let rows = views.features.rows() as u32;
        let features = views.features.strides()[0] as u32;
        let shape = uniform(device, &[rows, features]);
        let room = |label, values: u32, usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(label),
                size: u64::from(values) * 4,
                usage: usage | wgpu::BufferUsages::STORAGE,
                mapped_at_creation: false,
            })
        };
        let mean = room("mean", features, wgpu::BufferUsages::empty());
        let points = room("points", 2 * rows, wgpu::BufferUsages::COPY_SRC);
        // Any plane but those that no feature varies in.
        let start: Vec<f32> = (0..2 * features).map(|i| (i as f32 * 12.9898).sin()).collect();
        let axes = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("axes"),
            contents: bytemuck::cast_slice(&start),
            usage: wgpu::BufferUsages::STORAGE,
        });
        let stages = wgpu::ShaderStages::COMPUTE;
        let layout =
            layout(device, &[uniform_entry(0, stages), read(1, stages), write(2), write(3), write(4)]);
        let module = device.create_shader_module(wgpu::include_wgsl!("projection.wgsl"));
        let pipeline_layout = pipeline_layout(device, &layout);
        let pass = |name| {
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(name),
                compilation_options: Default::default(),
                cache: None,
            })
        };
        let resources = [
            shape.as_entire_binding(),
            views.features.binding(),
            mean.as_entire_binding(),
            axes.as_entire_binding(),
            points.as_entire_binding(),
        ];
        Self {
            bindings: group(device, &layout, &resources),
            passes: ["centre", "project", "turn", "straighten", "scale"].map(pass),
            points,
            rows,
            features,
            rounds: FIRST_ROUNDS,
        }
    }

    /// Records the projection of the features that are there by then.
    pub fn encode(&mut self, encoder: &mut wgpu::CommandEncoder) {
        let [centre, project, turn, straighten, scale] = &self.passes;
        let each_feature = self.features.div_ceil(64);
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_bind_group(0, &self.bindings, &[]);
        let mut run = |pipeline, groups| {
            pass.set_pipeline(pipeline);
            pass.dispatch_workgroups(groups, 1, 1);
        };
        run(centre, each_feature);
        for _ in 0..self.rounds {
            run(project, self.rows);
            run(turn, each_feature);
            run(straighten, 1);
        }
        run(project, self.rows);
        run(scale, 1);
        self.rounds = ROUNDS;
    }
}

/// Draws the points of a projection.
#[derive(Clone)]
pub struct Scatter {
    pipeline: wgpu::RenderPipeline,
    bindings: wgpu::BindGroup,
    look: wgpu::Buffer,
    pub source_rows: u32,
    pub rows: u32,
}

impl Scatter {
    pub fn new(
        device: &wgpu::Device,
        target: wgpu::TextureFormat,
        views: &Views,
        projection: &Projection,
    ) -> Self {
        let stages = wgpu::ShaderStages::VERTEX;
        let both = wgpu::ShaderStages::VERTEX_FRAGMENT;
        let layout =
            layout(device, &[uniform_entry(0, both), read(1, stages), read(2, stages), read(3, stages)]);
        let look = uniform(device, &[0; 8]);
        let resources = [
            look.as_entire_binding(),
            projection.points.as_entire_binding(),
            views.labels.binding(),
            views.predictions.binding(),
        ];
        let module = device.create_shader_module(wgpu::include_wgsl!("scatter.wgsl"));
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("scatter"),
            layout: Some(&pipeline_layout(device, &layout)),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("corner"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState {
                topology: wgpu::PrimitiveTopology::TriangleStrip,
                ..Default::default()
            },
            depth_stencil: None,
            multisample: Default::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("cut"),
                compilation_options: Default::default(),
                targets: &[Some(wgpu::ColorTargetState {
                    format: target,
                    blend: Some(wgpu::BlendState::PREMULTIPLIED_ALPHA_BLENDING),
                    write_mask: wgpu::ColorWrites::ALL,
                })],
            }),
            multiview_mask: None,
            cache: None,
        });
        Self {
            pipeline,
            bindings: group(device, &layout, &resources),
            look,
            source_rows: views.labels.rows() as u32,
            rows: projection.rows,
        }
    }

    /// Sets what the next pictures look like, from the next submission on; `shade` is what colours are multiplied by.
    pub fn look(&self, queue: &wgpu::Queue, colours: Colours, shade: f32, radius: f32, size: [f32; 2]) {
        let by_class = u32::from(colours == Colours::Class);
        let [width, height] = size.map(f32::to_bits);
        let words = [
            self.source_rows,
            by_class,
            radius.to_bits(),
            RANGE.to_bits(),
            width,
            height,
            shade.to_bits(),
            0,
        ];
        queue.write_buffer(&self.look, 0, bytemuck::cast_slice(&words));
    }

    /// Draws into the viewport of `pass`.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.draw(0..4, 0..self.rows);
    }
}

/// A uniform buffer of words, filled up to whole blocks of 16 bytes.
pub fn uniform(device: &wgpu::Device, words: &[u32]) -> wgpu::Buffer {
    let mut words = words.to_vec();
    words.resize(words.len().next_multiple_of(4), 0);
    device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: None,
        contents: bytemuck::cast_slice(&words),
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
    })
}

fn entry(
    binding: u32,
    visibility: wgpu::ShaderStages,
    ty: wgpu::BufferBindingType,
) -> wgpu::BindGroupLayoutEntry {
    let ty = wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    wgpu::BindGroupLayoutEntry { binding, visibility, ty, count: None }
}

pub fn uniform_entry(binding: u32, stages: wgpu::ShaderStages) -> wgpu::BindGroupLayoutEntry {
    entry(binding, stages, wgpu::BufferBindingType::Uniform)
}

pub fn read(binding: u32, stages: wgpu::ShaderStages) -> wgpu::BindGroupLayoutEntry {
    entry(binding, stages, wgpu::BufferBindingType::Storage { read_only: true })
}

fn write(binding: u32) -> wgpu::BindGroupLayoutEntry {
    entry(binding, wgpu::ShaderStages::COMPUTE, wgpu::BufferBindingType::Storage { read_only: false })
}

pub fn layout(device: &wgpu::Device, entries: &[wgpu::BindGroupLayoutEntry]) -> wgpu::BindGroupLayout {
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries })
}

pub fn pipeline_layout(device: &wgpu::Device, layout: &wgpu::BindGroupLayout) -> wgpu::PipelineLayout {
    device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    })
}

/// A bind group of resources numbered from 0.
pub fn group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    resources: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(resources)
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource: resource.clone() })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}
