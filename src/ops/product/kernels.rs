//! The kernels that hand operands round in subgroups, and those that all families of products share.

use crate::gpu::{Binding, Kernel};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct SubgroupParams {
    /// N, OH, OW
    pub map: [u32; 3],
    pub pooled: u32,
    /// N, PH, PW
    pub pool: [u32; 3],
    pub relu: u32,
    /// C, KH, KW
    pub taps: [u32; 3],
    pub outputs: u32,
    /// N, H, W
    pub x: [u32; 3],
    pub pad_h: u32,
    pub pad_w: u32,
    pub splits: u32,
    pub split: u32,
    pub reserved: u32,
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct ReduceParams {
    pub parts: u32,
    pub outputs: u32,
    pub columns: u32,
    pub pixels: u32,
    pub relu: u32,
    pub reserved: [u32; 3],
}

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct BorderParams {
    /// Maps, height, width.
    pub size: [u32; 3],
    /// With the border.
    pub height: u32,
    pub width: u32,
    pub border_h: u32,
    pub border_w: u32,
    pub reserved: u32,
}

const FORWARD: &[Binding] = &[
    Binding::params::<SubgroupParams>(),
    Binding::read(1),
    Binding::read(2),
    Binding::read(3),
    Binding::write(4),
];

const FORWARD_POOLED: &[Binding] = &[
    Binding::params::<SubgroupParams>(),
    Binding::read(1),
    Binding::read(2),
    Binding::read(3),
    Binding::write(4),
    Binding::write(5),
];

const BACKWARD_INPUT: &[Binding] = &[
    Binding::params::<SubgroupParams>(),
    Binding::read(2),
    Binding::read(6),
    Binding::read(7),
    Binding::read(8),
    Binding::write(9),
];

const BACKWARD_WEIGHT: &[Binding] = &[
    Binding::params::<SubgroupParams>(),
    Binding::read(1),
    Binding::read(6),
    Binding::read(7),
    Binding::read(8),
    Binding::write(10),
];

const KERNEL: Kernel =
    Kernel { label: "product", source: "", entry_point: "", workgroup_size: 64, bindings: &[] };

const BORDER: Kernel =
    Kernel { source: include_str!("../../../shaders/product/product_border.wgsl"), ..KERNEL };

/// A map with a border of zeros.
pub const BORDER_VALUES: Kernel = Kernel {
    label: "product_border.values",
    entry_point: "values",
    bindings: &[Binding::params::<BorderParams>(), Binding::read(1), Binding::write(4)],
    ..BORDER
};

/// The gradient in front of a ReLU, with a border of zeros.
pub const BEFORE_RELU: Kernel = Kernel {
    label: "product_border.before_relu",
    entry_point: "before_relu",
    bindings: &[Binding::params::<BorderParams>(), Binding::read(1), Binding::read(2), Binding::write(4)],
    ..BORDER
};

/// The gradient in front of a ReLU and max-pooling, with a border of zeros.
pub const BEFORE_POOLING: Kernel = Kernel {
    label: "product_border.before_pooling",
    entry_point: "before_pooling",
    bindings: &[
        Binding::params::<BorderParams>(),
        Binding::read(1),
        Binding::read(2),
        Binding::read(3),
        Binding::write(4),
    ],
    ..BORDER
};

const SUBGROUP_SOURCE: &str = concat!(
    include_str!("../../../shaders/product/operands.wgsl"),
    include_str!("../../../shaders/product/subgroup_product.wgsl")
);

/// y, as it is or behind a ReLU.
pub const SUBGROUP_FORWARD: Kernel = Kernel {
    label: "subgroup_product.forward",
    source: SUBGROUP_SOURCE,
    entry_point: "forward",
    bindings: FORWARD,
    ..KERNEL
};

/// y behind ReLU and max-pooling.
pub const SUBGROUP_FORWARD_POOLED: Kernel = Kernel {
    label: "subgroup_product.forward_pooled",
    source: SUBGROUP_SOURCE,
    entry_point: "forward_pooled",
    bindings: FORWARD_POOLED,
    ..KERNEL
};

/// dx from dy.
pub const SUBGROUP_BACKWARD_INPUT: Kernel = Kernel {
    label: "subgroup_product.backward_input",
    source: SUBGROUP_SOURCE,
    entry_point: "backward_input",
    bindings: BACKWARD_INPUT,
    ..KERNEL
};

/// Parts of dweight and dbias from dy.
pub const SUBGROUP_BACKWARD_WEIGHT: Kernel = Kernel {
    label: "subgroup_product.backward_weight",
    source: SUBGROUP_SOURCE,
    entry_point: "backward_weight",
    bindings: BACKWARD_WEIGHT,
    ..KERNEL
};

const REDUCE: Kernel =
    Kernel { source: include_str!("../../../shaders/product/product_reduce.wgsl"), ..KERNEL };

/// dweight and dbias from their parts.
pub const REDUCE_GRADIENTS: Kernel = Kernel {
    label: "product_reduce.gradients",
    entry_point: "gradients",
    bindings: &[Binding::params::<ReduceParams>(), Binding::read(1), Binding::write(2), Binding::write(3)],
    ..REDUCE
};

/// y from its parts.
pub const REDUCE_FORWARD: Kernel = Kernel {
    label: "product_reduce.forward",
    entry_point: "forward",
    bindings: &[Binding::params::<ReduceParams>(), Binding::read(1), Binding::read(4), Binding::write(5)],
    ..REDUCE
};
