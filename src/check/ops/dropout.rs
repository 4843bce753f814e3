//! dropout: y and dx from x and dy under one mask.

use super::*;
use crate::check::contract::real_output;
use crate::ops::{Step, dropout as kernels};
use crate::reference::dropout as reference;

pub struct Dropout;

struct Settings {
    rate: f32,
    seed: u32,
    salt: u32,
}

fn settings(case: &Case) -> Result<Settings> {
    let dims = &case.array("x")?.dims;
    case.expect_reals("x", dims)?;
    case.expect_reals("dy", dims)?;
    // Sizes are below 2³².
    Ok(Settings {
        rate: case.real("rate")?,
        seed: case.size("seed")? as u32,
        salt: case.size("salt")? as u32,
    })
}

impl Op for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["rate", "seed", "salt"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x", "dy"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let Settings { rate, seed, salt } = settings(rig.case)?;
        let step = rig.step(Step { seed, ..Default::default() })?;
        for (from, to) in [("x", "y"), ("dy", "dx")] {
            let from = rig.input(from)?;
            let to = rig.output(to, from.dims())?;
            kernels::apply(&mut rig.rec, &step, &from, &to, rate, salt)?;
        }
        Ok(())
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let Settings { rate, seed, salt } = settings(case)?;
        let dims = &case.array("x")?.dims;
        let apply = |tensor| Ok(reference::apply(&case.reals(tensor)?, f64::from(rate), seed ^ salt));
        Ok(reals([("y", dims, apply("x")?), ("dx", dims, apply("dy")?)]))
    }

    /// 1 − rate and the division, which WGSL allows 2.5 units in the last place; what is dropped is exactly 0.
    fn bounds(&self, _: &Case, twin: &Arrays) -> Result<Bounds> {
        let bound = |name| Ok((name, Bound::rounding(&real_output(twin, name)?, 4)));
        ["y", "dx"].into_iter().map(bound).collect()
    }

    fn gradients(&self) -> &'static [Gradient] {
        OF_INPUT
    }
}
