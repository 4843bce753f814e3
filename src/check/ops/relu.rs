//! relu and leaky_relu: y and dx from x and dy.

use super::*;
use crate::check::contract::real_output;
use crate::ops::relu as kernels;
use crate::reference::relu as reference;

pub struct Relu {
    pub leaky: bool,
}

impl Relu {
    fn slope(&self, case: &Case) -> Result<f32> {
        if self.leaky { case.real("slope") } else { Ok(0.0) }
    }
}

/// x of any shape, dy like it.
fn dims(case: &Case) -> Result<&[usize]> {
    let dims = &case.array("x")?.dims;
    case.expect_reals("x", dims)?;
    case.expect_reals("dy", dims)?;
    Ok(dims)
}

impl Op for Relu {
    fn name(&self) -> &'static str {
        if self.leaky { "leaky_relu" } else { "relu" }
    }

    fn attributes(&self) -> &'static [&'static str] {
        if self.leaky { &["slope"] } else { &[] }
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let (slope, dims) = (self.slope(rig.case)?, dims(rig.case)?);
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        let (y, dx) = (rig.output("y", dims)?, rig.output("dx", dims)?);
        kernels::forward(&mut rig.rec, &x, &y, slope)?;
        kernels::backward(&mut rig.rec, &x, &dy, &dx, slope)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let (slope, dims) = (f64::from(self.slope(case)?), dims(case)?);
        let (x, dy) = (case.reals("x")?, case.reals("dy")?);
        Ok(reals([
            ("y", dims, reference::forward(&x, slope)),
            ("dx", dims, reference::backward(&x, &dy, slope)),
        ]))
    }

    /// At most one product, and none without a slope.
    fn bounds(&self, _: &Case, twin: &Arrays) -> Result<Bounds> {
        let bound = |name| {
            let values = real_output(twin, name)?;
            Ok((name, if self.leaky { Bound::rounding(&values, 1) } else { Bound::exact(values.len()) }))
        };
        ["y", "dx"].into_iter().map(bound).collect()
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }
}
