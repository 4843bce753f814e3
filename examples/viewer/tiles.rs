//! Grids of small pictures, drawn from the trainer's buffers.

use crate::scene::scatter::{group, layout, pipeline_layout, read, uniform, uniform_entry};
use dann::embed::{View, Views};
use dann::model::Normalization;
use dann::wgpu;

/// One grid.
#[derive(Clone)]
pub struct Tiles {
    pipeline: wgpu::RenderPipeline,
    bindings: wgpu::BindGroup,
    pub count: u32,
    pub columns: u32,
    pub rows: u32,
}

/// What a grid shows.
struct Content<'a> {
    pictures: &'a View,
    first: u32,
    count: u32,
    columns: u32,
    labelled: bool,
    centred: bool,
    scale_shift: Vec<f32>,
}

impl Tiles {
    /// The target's images of the batch, with what is predicted for each.
    pub fn images(
        device: &wgpu::Device,
        format: wgpu::TextureFormat,
        views: &Views,
        normalization: &Normalization,
        columns: u32,
        most: u32,
    ) -> Self {
        let source_rows = views.labels.rows() as u32;
        let target_rows = views.batch.rows() as u32 - source_rows;
        let content = Content {
            pictures: &views.batch,
            first: source_rows,
            count: target_rows.min(most),
            columns,
            labelled: true,
            centred: false,
            scale_shift: normalization.scale_shift(),
        };
        Self::new(device, format, views, &content)
    }

    /// The filters of the first layer; `None` where that is no convolution.
    pub fn filters(
        device: &wgpu::Device,
        format: wgpu::TextureFormat,
        views: &Views,
        columns: u32,
    ) -> Option<Self> {
        let filters = views.filters.as_ref()?;
        let content = Content {
            pictures: filters,
            first: 0,
            count: filters.rows() as u32,
            columns,
            labelled: false,
            centred: true,
            scale_shift: vec![1.0, 0.0],
        };
        Some(Self::new(device, format, views, &content))
    }

    fn new(device: &wgpu::Device, format: wgpu::TextureFormat, views: &Views, content: &Content<'_>) -> Self {
        let rows = content.count.div_ceil(content.columns);
        let both = wgpu::ShaderStages::VERTEX_FRAGMENT;
        let layout = layout(device, &[uniform_entry(0, both), read(1, both), read(2, both)]);
        let grid = uniform(device, &content.words(rows));
        let resources = [grid.as_entire_binding(), content.pictures.binding(), views.predictions.binding()];
        let module = device.create_shader_module(wgpu::include_wgsl!("tiles.wgsl"));
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("tiles"),
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
                entry_point: Some("pixel"),
                compilation_options: Default::default(),
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        let bindings = group(device, &layout, &resources);
        Self { pipeline, bindings, count: content.count, columns: content.columns, rows }
    }

    /// Draws into the viewport of `pass`.
    pub fn draw(&self, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.draw(0..4, 0..self.count);
    }
}

impl Content<'_> {
    /// The grid's uniform block.
    fn words(&self, rows: u32) -> Vec<u32> {
        let [_, channels, height, width] = [0, 1, 2, 3].map(|d| self.pictures.shape[d] as u32);
        let mut words = vec![self.columns, rows, self.first, self.labelled.into()];
        words.extend([channels, height, width, self.centred.into()]);
        // Grey pictures have one number for all colours.
        for values in self.scale_shift.chunks(self.scale_shift.len() / 2) {
            words.extend((0..4).map(|c| values[c.min(values.len() - 1)].to_bits()));
        }
        words
    }
}
