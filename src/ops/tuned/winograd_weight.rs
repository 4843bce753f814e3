//! The weight's side of Winograd's domain.

use super::super::{expect, u32_of};
use super::Convolution;
use super::winograd::{Winograd, shader, weight_room};
use crate::error::Result;
use crate::gpu::{Binding, Kernel, Recording, Tensor, Texels, Work, by};

#[repr(C)]
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct Params {
    outputs: u32,
    channels: u32,
    out_groups: u32,
    reserved: u32,
}

const KERNEL: Kernel = Kernel {
    label: "winograd_weight",
    source: shader!("winograd_weight.wgsl"),
    entry_point: "",
    workgroup_size: 64,
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write_texels(2)],
};

/// Four outputs to a texel.
pub const FORWARD: Kernel = Kernel { label: "winograd_weight.forward", entry_point: "forward", ..KERNEL };

/// Four input channels to a texel.
pub const TURNED: Kernel = Kernel { label: "winograd_weight.turned", entry_point: "turned", ..KERNEL };

/// Three input channels beside each other, four outputs to a value.
pub const IMAGE: Kernel = Kernel {
    label: "winograd_weight.image",
    entry_point: "image",
    bindings: &[Binding::params::<Params>(), Binding::read(1), Binding::write(5)],
    ..KERNEL
};

/// dweight.
pub const GRADIENT: Kernel = Kernel {
    label: "winograd_weight.gradient",
    entry_point: "gradient",
    bindings: &[Binding::params::<Params>(), Binding::read_texels(3), Binding::write(4)],
    ..KERNEL
};

const OP: &str = "winograd_weight";

/// `out_groups`: of the side that lies four to a texel.
fn params(convolution: &Convolution, out_groups: usize) -> Result<Params> {
    Ok(Params {
        outputs: u32_of(OP, convolution.outputs)?,
        channels: u32_of(OP, convolution.x.channels)?,
        out_groups: u32_of(OP, out_groups)?,
        reserved: 0,
    })
}

/// Records the spectrum of `weight` (O, C, 5, 5) for the way from x, which has `from` groups of channels, to y, which has
/// `to`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub(super) fn forward(
    rec: &mut Recording,
    winograd: &Winograd,
    weight: &Tensor,
    (from, to): (usize, usize),
) -> Result<Texels> {
    let (channels, outputs) = (winograd.convolution.x.channels, winograd.convolution.outputs);
    transform(rec, winograd, &FORWARD, weight, (from, to), (outputs, channels))
}

/// Records the spectrum of `weight` for the way from dy, which has `from` groups of channels, to dx, which has `to`.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub(super) fn turned(
    rec: &mut Recording,
    winograd: &Winograd,
    weight: &Tensor,
    (from, to): (usize, usize),
) -> Result<Texels> {
    let (channels, outputs) = (winograd.convolution.x.channels, winograd.convolution.outputs);
    transform(rec, winograd, &TURNED, weight, (from, to), (channels, outputs))
}

/// `four`: how many channels lie four to a texel; `single`: how many do not.
fn transform(
    rec: &mut Recording,
    winograd: &Winograd,
    kernel: &'static Kernel,
    weight: &Tensor,
    (from, to): (usize, usize),
    (four, single): (usize, usize),
) -> Result<Texels> {
    expect(OP, "weight", weight, &winograd.convolution.weight_dims())?;
    let texels = weight_room(rec.gpu(), "spectrum of weight", from, to)?;
    let params = params(&winograd.convolution, to)?;
    let threads = four.div_ceil(4) * single;
    rec.dispatch(kernel, &params, &[weight, &texels], threads, work(weight, four * single))?;
    Ok(texels)
}

/// What the spectra of `kernels` kernels of `weight` take.
fn work(weight: &Tensor, kernels: usize) -> Work {
    Work::new(kernels * 13 * 29, by(weight.dims()))
}

/// Records the spectrum of `weight` (O, C, 5, 5), whose C is at most `channels`, into `spectrum`, which has `groups` of outputs.
///
/// # Errors
/// [`crate::error::Error::Input`] when the shapes do not fit.
pub(super) fn image(
    rec: &mut Recording,
    convolution: &Convolution,
    weight: &Tensor,
    (groups, channels): (usize, usize),
    spectrum: &Tensor,
) -> Result<()> {
    expect(OP, "weight", weight, &convolution.weight_dims())?;
    let work = work(weight, convolution.outputs * convolution.x.channels);
    rec.dispatch(&IMAGE, &params(convolution, groups)?, &[weight, spectrum], groups * channels, work)
}

/// Records dweight (O, C, 5, 5) from its spectrum, which has `groups` of outputs.
///
/// # Errors
/// [`crate::error::Error::Gpu`] when the kernel does not build.
pub(super) fn gradient(
    rec: &mut Recording,
    winograd: &Winograd,
    spectrum: &Texels,
    groups: usize,
    dweight: &Tensor,
) -> Result<()> {
    let params = params(&winograd.convolution, groups)?;
    let convolution = &winograd.convolution;
    let threads = convolution.outputs.div_ceil(4) * convolution.x.channels;
    let work = Work::new(convolution.outputs * convolution.x.channels * 13 * 31, by(dweight.dims()));
    rec.dispatch(&GRADIENT, &params, &[spectrum, dweight], threads, work)
}
