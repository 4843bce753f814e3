//! augment: random views of images; y from x.

use super::*;
use crate::check::contract::real_output;
use crate::ops::Step;
use crate::ops::augment::{self as kernels, Augmentation};
use crate::reference::augment as reference;
use crate::shape::MapShape;

pub struct Augment;

fn settings(case: &Case) -> Result<(Augmentation, u32)> {
    case.dims::<4>("x")?;
    // Sizes are below 2³².
    let (shift, seed) = (case.size("shift")? as u32, case.size("seed")? as u32);
    let (invert, contrast) = (case.real("invert")?, case.real("contrast")?);
    Ok((Augmentation { shift, invert, contrast, brightness: case.real("brightness")? }, seed))
}

impl Op for Augment {
    fn name(&self) -> &'static str {
        "augment"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["shift", "invert", "contrast", "brightness", "seed"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["x"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        let (augmentation, seed) = settings(rig.case)?;
        let step = rig.step(Step { seed, ..Default::default() })?;
        let x = rig.input("x")?;
        let y = rig.output("y", x.dims())?;
        kernels::views(&mut rig.rec, &step, &x, &y, &augmentation)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let (Augmentation { shift, invert, contrast, brightness }, seed) = settings(case)?;
        let dims @ [_, c, h, w] = case.dims("x")?;
        let (invert, contrast, brightness) = (invert.into(), contrast.into(), brightness.into());
        let settings = reference::Settings { shift, invert, contrast, brightness };
        let y = reference::views(&case.reals("x")?, MapShape::new(c, h, w), settings, seed);
        Ok(reals([("y", &dims, y)]))
    }

    /// Three roundings make the factor and the summand each, two more y.
    fn bounds(&self, case: &Case, twin: &Arrays) -> Result<Bounds> {
        let (Augmentation { brightness, .. }, _) = settings(case)?;
        let y = real_output(twin, "y")?;
        let magnitudes: Vec<f64> = y.iter().map(|y| y.abs() + 2.0 * f64::from(brightness)).collect();
        Ok([("y", Bound::rounding(&magnitudes, 8))].into())
    }
}
