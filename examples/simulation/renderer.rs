//! Draws a grid of objects into a texture. An application's own code; the library sees nothing of it but the texture.

use super::{Look, Objects};
use dann::embed::Picture;
use dann::wgpu;

/// Objects in a row of the grid, and in a column.
pub const COLUMNS: u32 = 6;
/// Pixels of a cell's side: more than the network looks at.
pub const SIDE: u32 = 48;
/// Objects in a picture.
pub const OBJECTS: usize = (COLUMNS * COLUMNS) as usize;
const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A renderer of one look.
pub struct Renderer {
    objects: Objects,
    cells: wgpu::Buffer,
    bindings: wgpu::BindGroup,
    pipeline: wgpu::RenderPipeline,
    /// What is drawn.
    pub picture: wgpu::TextureView,
}

impl Renderer {
    /// A renderer of the objects that follow from a seed.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, look: Look, seed: u64) -> Self {
        let buffer = |size: usize, usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("objects"),
                size: size as u64,
                usage: usage | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let cells = buffer(OBJECTS * size_of::<super::Cell>(), wgpu::BufferUsages::STORAGE);
        let grid = buffer(16, wgpu::BufferUsages::UNIFORM);
        queue.write_buffer(&grid, 0, bytemuck::cast_slice(&[COLUMNS as f32, SIDE as f32, 0.0, 0.0]));
        let pipeline = pipeline(device);
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("objects"),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: grid.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: cells.as_entire_binding() },
            ],
        });
        let side = COLUMNS * SIDE;
        let picture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("objects"),
            size: wgpu::Extent3d { width: side, height: side, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: FORMAT,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT
                | wgpu::TextureUsages::TEXTURE_BINDING
                | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let picture = picture.create_view(&Default::default());
        Self { objects: Objects::new(look, seed), cells, bindings, pipeline, picture }
    }

    /// Records that the next objects are drawn, once in each submission; gives their classes.
    pub fn draw(&mut self, queue: &wgpu::Queue, encoder: &mut wgpu::CommandEncoder) -> Vec<u16> {
        let (cells, labels): (Vec<_>, Vec<_>) = (0..OBJECTS).map(|_| self.objects.next()).unzip();
        queue.write_buffer(&self.cells, 0, bytemuck::cast_slice(&cells));
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("objects"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &self.picture,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.draw(0..3, 0..1);
        labels
    }

    /// The objects, one by one.
    pub fn pictures(&self) -> Vec<Picture> {
        let corner = |cell: u32| [cell % COLUMNS, cell / COLUMNS].map(|place| (place * SIDE) as f32);
        let picture =
            |[left, top]: [f32; 2]| Picture::new(&self.picture).crop(left, top, SIDE as f32, SIDE as f32);
        (0..OBJECTS as u32).map(corner).map(picture).collect()
    }
}

fn pipeline(device: &wgpu::Device) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::include_wgsl!("objects.wgsl"));
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("objects"),
        layout: None,
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("corner"),
            compilation_options: Default::default(),
            buffers: &[],
        },
        primitive: Default::default(),
        depth_stencil: None,
        multisample: Default::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("pixel"),
            compilation_options: Default::default(),
            targets: &[Some(FORMAT.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}
