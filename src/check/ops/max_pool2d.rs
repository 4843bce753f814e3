//! max_pool2d: y, argmax and dx from x and dy.

use super::*;
use crate::ops::max_pool2d::{self as kernels, Window};
use crate::reference::max_pool2d::{self as reference, MaxPool2dShape};

pub struct MaxPool2d;

fn window(case: &Case) -> Result<Window> {
    Ok(Window { kernel: case.pair("kernel")?, stride: case.pair("stride")? })
}

fn shape(case: &Case) -> Result<MaxPool2dShape> {
    let [n, c, h, w] = case.dims("x")?;
    let window = window(case)?;
    let (out_h, out_w) = window.out_size((h, w))?;
    case.expect_reals("dy", &[n, c, out_h, out_w])?;
    let ((kh, kw), (sh, sw)) = (window.kernel, window.stride);
    Ok(MaxPool2dShape { n, c, h, w, kh, kw, sh, sw })
}

impl Op for MaxPool2d {
    fn name(&self) -> &'static str {
        "max_pool2d"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["kernel", "stride"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        shape(rig.case)?;
        let window = window(rig.case)?;
        let (x, dy) = (rig.input("x")?, rig.input("dy")?);
        let y = rig.output("y", dy.dims())?;
        let argmax = rig.whole_output("argmax", dy.dims())?;
        let dx = rig.output("dx", x.dims())?;
        kernels::forward(&mut rig.rec, &x, &y, &argmax, window)?;
        kernels::backward(&mut rig.rec, &argmax, &dy, &dx, window)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let s = shape(case)?;
        let dy = case.reals("dy")?;
        let (y, argmax) = reference::forward(&case.reals("x")?, s);
        let dx = reference::backward(&dy, &argmax, s);
        let out = [s.n, s.c, s.out_h(), s.out_w()];
        let mut outputs = reals([("y", &out, y), ("dx", &[s.n, s.c, s.h, s.w], dx)]);
        outputs.insert("argmax".into(), Array::u32(&out, argmax));
        Ok(outputs)
    }

    /// y is one of the inputs, and so is dx where windows do not overlap; where they do, it adds up at most
    /// one value for each window that covers a pixel.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let s = shape(case)?;
        let y = Bound::exact(case.array("dy")?.len());
        if s.kh <= s.sh && s.kw <= s.sw {
            return Ok([("y", y), ("dx", Bound::exact(case.array("x")?.len()))].into());
        }
        let Some(Values::U32(argmax)) = twin.get("argmax").map(|array| &array.values) else {
            return Err(Error::input("max_pool2d", "an output \"argmax\" of whole numbers", "none"));
        };
        let magnitude = reference::backward(&absolute(case).reals("dy")?, argmax, s);
        Ok([("y", y), ("dx", Bound::rounding(&magnitude, s.kh.div_ceil(s.sh) * s.kw.div_ceil(s.sw)))].into())
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }
}
