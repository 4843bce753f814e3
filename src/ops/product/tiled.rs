//! The kernels whose operands are staged in workgroup memory.

use crate::gpu::{Binding, Kernel};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct TiledParams {
    /// What the columns count.
    pub size: [u32; 3],
    pub rows: u32,
    pub stride: [u32; 2],
    pub row_stride: u32,
    pub columns: u32,
    pub ones: u32,
    pub windows: u32,
    pub relu: u32,
    pub quads: u32,
    pub slices: u32,
    pub parts: u32,
    pub along_depth: u32,
    pub left_scale: f32,
    pub right_scale: f32,
    pub unscale: f32,
    pub reserved: [u32; 2],
}

/// The kernels of a family whose operands are staged in workgroup memory.
#[derive(Debug)]
pub struct Tiled {
    /// y, as it is or behind a ReLU.
    pub forward: Kernel,
    /// y behind ReLU and max-pooling.
    pub forward_pooled: Kernel,
    /// dx from d.
    pub backward_input: Kernel,
    /// Parts of y, or of dweight and dbias.
    pub sums: Kernel,
    /// dweight and dbias from d.
    pub backward_weight: Kernel,
}

impl Tiled {
    /// In the order of the fields.
    const fn new(source: &'static str, labels: [&'static str; 5]) -> Self {
        let tiled = Kernel { label: "", source, entry_point: "", workgroup_size: 128, bindings: &[] };
        let [forward, forward_pooled, backward_input, sums, backward_weight] = labels;
        Self {
            forward: Kernel { label: forward, entry_point: "forward", bindings: TILED_FORWARD, ..tiled },
            forward_pooled: Kernel {
                label: forward_pooled,
                entry_point: "forward_pooled",
                bindings: TILED_FORWARD_POOLED,
                ..tiled
            },
            backward_input: Kernel {
                label: backward_input,
                entry_point: "backward_input",
                bindings: TILED_BACKWARD_INPUT,
                ..tiled
            },
            sums: Kernel { label: sums, entry_point: "sums", bindings: TILED_SUMS, ..tiled },
            backward_weight: Kernel {
                label: backward_weight,
                entry_point: "backward_weight",
                bindings: TILED_BACKWARD_WEIGHT,
                ..tiled
            },
        }
    }
}

macro_rules! tiled {
    ($op:literal, $($source:expr),+) => {
        Tiled::new(
            concat!(
                $($source,)+
                include_str!("../../../shaders/product/tiles.wgsl"),
                include_str!("../../../shaders/product/tile_results.wgsl"),
                include_str!(concat!("../../../shaders/product/", $op, ".wgsl"))
            ),
            [
                concat!($op, ".forward"),
                concat!($op, ".forward_pooled"),
                concat!($op, ".backward_input"),
                concat!($op, ".sums"),
                concat!($op, ".backward_weight"),
            ],
        )
    };
}

/// Tiles of f32.
pub static WORKGROUP: Tiled =
    tiled!("workgroup_product", include_str!("../../../shaders/product/tile_sums.wgsl"));

/// Tiles of f16, added up in f32.
pub static HALF: Tiled =
    tiled!("half_product", "enable f16;\n", include_str!("../../../shaders/product/tile_sums.wgsl"));

/// Tiles of f16, added up in f32 by cooperative matrices.
pub static COOPERATIVE: Tiled =
    tiled!("cooperative_product", "enable f16;\nenable wgpu_cooperative_matrix;\n");

const TILED_FORWARD: &[Binding] = &[
    Binding::params::<TiledParams>(),
    Binding::read(1),
    Binding::read(2),
    Binding::read(3),
    Binding::read(4),
    Binding::read(5),
    Binding::write(6),
];

const TILED_FORWARD_POOLED: &[Binding] = &[
    Binding::params::<TiledParams>(),
    Binding::read(1),
    Binding::read(2),
    Binding::read(3),
    Binding::read(4),
    Binding::read(5),
    Binding::write(6),
    Binding::write(7),
];

const TILED_BACKWARD_INPUT: &[Binding] = &[
    Binding::params::<TiledParams>(),
    Binding::read(1),
    Binding::read(2),
    Binding::read(3),
    Binding::read(4),
    Binding::write(6),
];

const TILED_SUMS: &[Binding] = &[
    Binding::params::<TiledParams>(),
    Binding::read(1),
    Binding::read(2),
    Binding::read(3),
    Binding::read(4),
    Binding::write(8),
];

const TILED_BACKWARD_WEIGHT: &[Binding] = &[
    Binding::params::<TiledParams>(),
    Binding::read(1),
    Binding::read(2),
    Binding::read(3),
    Binding::read(4),
    Binding::write(8),
    Binding::write(9),
];
