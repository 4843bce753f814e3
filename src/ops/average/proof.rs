//! The exponential moving average: `torch.optim.swa_utils.AveragedModel` with `get_ema_multi_avg_fn`.
//!
//! `average ← stays · average + (1 − stays) · value`
//!
//! Proof of average: the new average from the old one and the value.

use crate::contract::{Arrays, Bound, Bounds, Case, Op, Rig, SEED, absolute, real_output, reals};
use crate::error::Result;
use crate::ops::{Step, average as host};

/// average and value of any shape → the new average.
pub fn update(average: &[f64], value: &[f64], stays: f64) -> Vec<f64> {
    average.iter().zip(value).map(|(average, value)| stays * average + (1.0 - stays) * value).collect()
}

pub struct Average;

fn dims(case: &Case) -> Result<&[usize]> {
    let dims = &case.array("value")?.dims;
    case.expect_reals("value", dims)?;
    case.expect_reals("average", dims)?;
    Ok(dims)
}

impl Op for Average {
    fn name(&self) -> &'static str {
        "average"
    }

    fn attributes(&self) -> &'static [&'static str] {
        &["stays"]
    }

    fn tensors(&self) -> &'static [&'static str] {
        &["average", "value"]
    }

    fn record(&self, rig: &mut Rig<'_>) -> Result<()> {
        dims(rig.case)?;
        let step = rig.step(Step { average: rig.case.real("stays")?, ..Step::default() })?;
        let value = rig.input("value")?;
        let average = rig.in_place("new_average", "average")?;
        host::update(&mut rig.rec, &step, &value, &average)
    }

    fn twin(&self, case: &Case) -> Result<Arrays> {
        let dims = dims(case)?;
        let stays = f64::from(case.real("stays")?);
        let new = update(&case.reals("average")?, &case.reals("value")?, stays);
        Ok(reals([("new_average", dims, new)]))
    }

    /// Two products, of one of which the factor is rounded, and a sum.
    fn bounds(&self, case: &Case, _: &Arrays) -> Result<Bounds> {
        let terms = real_output(&self.twin(&absolute(case))?, "new_average")?;
        Ok([("new_average", Bound::rounding(&terms, 4))].into())
    }

    fn cases(&self) -> Vec<Case> {
        cases()
    }
}

fn cases() -> Vec<Case> {
    let case = |name, dims: &[usize], stays: f64| {
        Case::new("average", name, SEED)
            .attribute("stays", stays)
            .normal("average", dims, 1.0)
            .normal("value", dims, 1.0)
    };
    vec![
        case("nothing stays", &[5, 3], 0.0),
        case("half", &[1], 0.5),
        case("ragged", &[17, 65], 0.998),
        case("all stays", &[300], 1.0),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiny_values_by_hand() {
        assert_eq!(update(&[4.0, -2.0], &[8.0, 6.0], 0.75), [5.0, 0.0]);
    }
}
