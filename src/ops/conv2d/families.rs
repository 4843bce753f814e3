//! The kernels of each family that compute a case's convolution.

use super::proof::fusible;
use super::twin::Conv2dShape;
use crate::contract::Rig;
use crate::error::Result;
use crate::gpu::{Tensor, Variant};
use crate::ops::conv2d::Geometry;
use crate::ops::depthwise::Depthwise;
use crate::ops::gemm::{Epilogue, Gemm};
use crate::ops::pointwise::Pointwise;
use crate::ops::register_tiled::conv2d_tiled::Conv2dTiled;
use crate::ops::register_tiled::{Gradients, Parameters};
use crate::ops::stem::Stem;
use crate::ops::unfolded::Unfolded;
use crate::shape::MapShape;

/// What a case's kernels read and write.
pub struct Tensors {
    pub x: Tensor,
    pub weight: Tensor,
    pub dy: Tensor,
    pub y: Tensor,
    pub dx: Tensor,
    pub dweight: Tensor,
    /// The bias and its gradient, where there is one.
    pub bias: Option<(Tensor, Tensor)>,
}

/// Records the kernels of a convolution without bias.
macro_rules! record_all {
    ($rig:ident, $t:ident, $convolution:ident) => {{
        $convolution.forward(&mut $rig.rec, &$t.x, &$t.weight, &$t.y)?;
        $convolution.backward_input(&mut $rig.rec, &$t.dy, &$t.weight, &$t.dx)?;
        $convolution.backward_weight(&mut $rig.rec, &$t.x, &$t.dy, &$t.dweight)?;
        return Ok(true);
    }};
}

/// Records the kernels of the variant's family, where it takes the convolution; whether it does.
pub fn record(rig: &mut Rig<'_>, s: Conv2dShape, geometry: Geometry, t: &Tensors) -> Result<bool> {
    match (rig.variant(), &t.bias) {
        (Variant::Plain, _) => Ok(false),
        (_, Some(parameters)) => record_with_bias(rig, s, geometry, t, parameters),
        (_, None) => record_without_bias(rig, s, geometry, t),
    }
}

fn record_with_bias(
    rig: &mut Rig<'_>,
    s: Conv2dShape,
    geometry: Geometry,
    t: &Tensors,
    (bias, dbias): &(Tensor, Tensor),
) -> Result<bool> {
    let (variant, convolution) = (rig.variant(), fusible(s));
    let (rec, Tensors { x, weight, dy, y, dx, dweight, .. }) = (&mut rig.rec, t);
    let parameters = Some(Parameters { weight: dweight, bias: dbias });
    let gradients = Gradients { parameters, dx: Some(dx) };
    if let Some(gemm) = product(variant, s, geometry) {
        let saved = gemm.forward(rec, x, weight, bias, y)?;
        gemm.backward(rec, &saved, weight, dy, &gradients)?;
        return Ok(true);
    }
    let takes = variant == Variant::Register && geometry == Geometry::from((s.ph, s.pw));
    let tiled = if takes { Conv2dTiled::new(convolution) } else { None };
    let Some(tiled) = tiled else { return Ok(false) };
    let saved = tiled.forward(rec, x, weight, bias, y)?;
    tiled.backward(rec, &saved, weight, dy, &gradients)?;
    Ok(true)
}

fn record_without_bias(rig: &mut Rig<'_>, s: Conv2dShape, geometry: Geometry, t: &Tensors) -> Result<bool> {
    let (x, kernel) = (MapShape::new(s.c, s.h, s.w), (s.kh, s.kw));
    if let Some(depthwise) = Depthwise::new(x, s.o, kernel, geometry) {
        record_all!(rig, t, depthwise);
    }
    if rig.variant() == Variant::Register && record_on_software(rig, s, geometry, t)? {
        return Ok(true);
    }
    if let Some(stem) = Stem::new(x, s.o, kernel, geometry) {
        record_all!(rig, t, stem);
    }
    if product(rig.variant(), s, geometry).is_none() {
        return Ok(false);
    }
    let zeros = |rig: &mut Rig<'_>, label| rig.constant(label, &[s.o], &vec![0.0_f32; s.o]);
    let parameters = (zeros(rig, "no bias")?, zeros(rig, "a gradient that nothing takes")?);
    record_with_bias(rig, s, geometry, t, &parameters)
}

/// The convolution as a product, where the family takes it as one.
fn product(variant: Variant, s: Conv2dShape, geometry: Geometry) -> Option<Gemm> {
    let is_even = geometry.before == geometry.behind && geometry.groups == 1;
    is_even.then(|| Gemm::strided(variant, fusible(s), geometry.stride, Epilogue::Nothing))?
}

fn record_on_software(rig: &mut Rig<'_>, s: Conv2dShape, geometry: Geometry, t: &Tensors) -> Result<bool> {
    let (gpu, x, kernel) = (rig.rec.gpu().clone(), MapShape::new(s.c, s.h, s.w), (s.kh, s.kw));
    if let Some(pointwise) = Pointwise::new(&gpu, x, s.o, kernel, geometry) {
        record_all!(rig, t, pointwise);
    }
    if let Some(unfolded) = Unfolded::new(&gpu, x, s.o, kernel, geometry).filter(Unfolded::is_best) {
        record_all!(rig, t, unfolded);
    }
    if geometry != Geometry::from((s.ph, s.pw)) {
        return Ok(false);
    }
    let Some(tiled) = Conv2dTiled::without_bias(fusible(s)) else { return Ok(false) };
    let zeros = rig.constant("no bias", &[s.o], &vec![0.0_f32; s.o])?;
    let (rec, Tensors { x, weight, dy, y, dx, dweight, .. }) = (&mut rig.rec, t);
    let saved = tiled.forward(rec, x, weight, &zeros, y)?;
    let parameters = Some(Parameters { weight: dweight, bias: &zeros });
    tiled.backward(rec, &saved, weight, dy, &Gradients { parameters, dx: Some(dx) })?;
    Ok(true)
}
