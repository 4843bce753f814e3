//! The kernels of both families.

use crate::gpu::{Binding, Kernel};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
pub(super) struct Params {
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
    pub taps: u32,
    pub reserved: u32,
}

/// The kernels of a family, and how many results a workgroup of them computes.
pub(super) struct Family {
    pub forward: &'static Kernel,
    pub forward_pooled: &'static Kernel,
    pub backward_input: &'static Kernel,
    pub backward_weight: &'static Kernel,
    rows: usize,
    columns: usize,
}

impl Family {
    /// Threads for a product of `rows` × `columns`, computed in `parts`.
    pub fn threads(&self, rows: usize, columns: usize, parts: usize) -> usize {
        let workgroups = rows.div_ceil(self.rows) * columns.div_ceil(self.columns) * parts;
        workgroups * self.forward.workgroup_size as usize
    }
}

/// Operands staged in workgroup memory.
pub(super) const WORKGROUP: Family = Family {
    forward: &WORKGROUP_FORWARD,
    forward_pooled: &WORKGROUP_FORWARD_POOLED,
    backward_input: &WORKGROUP_BACKWARD_INPUT,
    backward_weight: &WORKGROUP_BACKWARD_WEIGHT,
    rows: 32,
    columns: 64,
};

/// One operand handed round in subgroups.
pub(super) const SUBGROUP: Family = Family {
    forward: &SUBGROUP_FORWARD,
    forward_pooled: &SUBGROUP_FORWARD_POOLED,
    backward_input: &SUBGROUP_BACKWARD_INPUT,
    backward_weight: &SUBGROUP_BACKWARD_WEIGHT,
    rows: 8,
    columns: 256,
};

const FORWARD: &[Binding] =
    &[Binding::params::<Params>(), Binding::read(1), Binding::read(2), Binding::read(3), Binding::write(4)];

const FORWARD_POOLED: &[Binding] = &[
    Binding::params::<Params>(),
    Binding::read(1),
    Binding::read(2),
    Binding::read(3),
    Binding::write(4),
    Binding::write(5),
];

const BACKWARD_INPUT: &[Binding] = &[
    Binding::params::<Params>(),
    Binding::read(2),
    Binding::read(6),
    Binding::read(7),
    Binding::read(8),
    Binding::write(9),
];

const BACKWARD_WEIGHT: &[Binding] = &[
    Binding::params::<Params>(),
    Binding::read(1),
    Binding::read(6),
    Binding::read(7),
    Binding::read(8),
    Binding::write(10),
];

const KERNEL: Kernel =
    Kernel { label: "product", source: "", entry_point: "", workgroup_size: 64, bindings: &[] };

const WORKGROUP_SOURCE: &str = concat!(
    include_str!("../../../shaders/product/operands.wgsl"),
    include_str!("../../../shaders/product/workgroup_product.wgsl")
);

/// y, as it is or behind a ReLU.
pub const WORKGROUP_FORWARD: Kernel = Kernel {
    label: "workgroup_product.forward",
    source: WORKGROUP_SOURCE,
    entry_point: "forward",
    bindings: FORWARD,
    ..KERNEL
};

/// y behind ReLU and max-pooling.
pub const WORKGROUP_FORWARD_POOLED: Kernel = Kernel {
    label: "workgroup_product.forward_pooled",
    source: WORKGROUP_SOURCE,
    entry_point: "forward_pooled",
    bindings: FORWARD_POOLED,
    ..KERNEL
};

/// dx from dy.
pub const WORKGROUP_BACKWARD_INPUT: Kernel = Kernel {
    label: "workgroup_product.backward_input",
    source: WORKGROUP_SOURCE,
    entry_point: "backward_input",
    bindings: BACKWARD_INPUT,
    ..KERNEL
};

/// Parts of dweight and dbias from dy.
pub const WORKGROUP_BACKWARD_WEIGHT: Kernel = Kernel {
    label: "workgroup_product.backward_weight",
    source: WORKGROUP_SOURCE,
    entry_point: "backward_weight",
    bindings: BACKWARD_WEIGHT,
    ..KERNEL
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

/// dweight and dbias from their parts.
pub const REDUCE: Kernel = Kernel {
    label: "product_reduce.reduce",
    source: include_str!("../../../shaders/product/product_reduce.wgsl"),
    entry_point: "reduce",
    bindings: &[Binding::params::<ReduceParams>(), Binding::read(1), Binding::write(2), Binding::write(3)],
    ..KERNEL
};
