//! Values to be tried, and what came of them.

use super::duel::{ComparedOutput, Duel};
use super::report::ShaderReport;
use super::sources::Define;
use crate::error::{Error, Result};
use crate::profile::{Ratio, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;
use std::str::FromStr;

/// Values to be tried for an override constant, or for a name that directives or placeholders ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// The name.
    pub name: String,
    /// The values.
    pub values: Vec<String>,
}

impl FromStr for Sweep {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong =
            || Error::input("sweep", "NAME= and values between commas, as in 64,128", format!("{text:?}"));
        let (name, values) = text.split_once('=').ok_or_else(wrong)?;
        let Define { name, .. } = name.trim().parse().map_err(|_| wrong())?;
        let values: Vec<String> = values.split(',').map(|value| value.trim().to_owned()).collect();
        if values.iter().any(String::is_empty) { Err(wrong()) } else { Ok(Self { name, values }) }
    }
}

impl Sweep {
    /// All combinations of values, the last name's changing fastest.
    ///
    /// # Errors
    /// [`Error::Input`] when a name stands twice, or there are more than can be tried.
    pub fn grid(all: &[Self]) -> Result<Vec<Vec<Define>>> {
        for (index, sweep) in all.iter().enumerate() {
            if all[..index].iter().any(|other| other.name == sweep.name) {
                return Err(Error::input("sweep", format!("{} once", sweep.name), "it twice"));
            }
        }
        let count = all.iter().fold(1_usize, |count, sweep| count.saturating_mul(sweep.values.len()));
        if count > MOST {
            return Err(Error::input("sweep", format!("at most {MOST} combinations"), count));
        }
        let mut grid = vec![vec![]];
        for Self { name, values } in all {
            let with = |point: &Vec<Define>, value: &String| {
                let set = Define { name: name.clone(), value: Some(value.clone()) };
                [point.as_slice(), &[set]].concat()
            };
            grid = grid.iter().flat_map(|point| values.iter().map(move |value| with(point, value))).collect();
        }
        Ok(grid)
    }
}

/// As many combinations as somebody can wait for.
const MOST: usize = 4096;

/// A combination of values on an adapter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepPoint {
    /// What was set.
    pub values: BTreeMap<String, String>,
    /// Its times, if it ran.
    pub report: Option<ShaderReport>,
    /// Why it did not.
    pub reason: Option<String>,
    /// What it wrote, beside the first one that ran.
    pub outputs: Vec<ComparedOutput>,
}

impl SweepPoint {
    /// Its median, if it ran and wrote what the first one did.
    pub fn us(&self) -> Option<f64> {
        let report = self.report.as_ref()?;
        self.outputs.iter().all(ComparedOutput::passes).then_some(report.us.median)
    }

    /// `TILE=8 SIZE=64`
    pub fn name(&self) -> String {
        let all: Vec<String> = self.values.iter().map(|(name, value)| format!("{name}={value}")).collect();
        all.join(" ")
    }
}

/// All combinations on an adapter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SweepReport {
    /// The file.
    pub shader: String,
    /// Backend, name and driver.
    pub adapter: String,
    /// The fastest first; those that did not run, or wrote something else, last.
    pub points: Vec<SweepPoint>,
    /// The fastest one's time over that of the first combination that ran, turn by turn; none if it is the same one.
    pub over_first: Option<Ratio>,
    /// What that says of the fastest one.
    pub verdict: Option<Verdict>,
    /// Whether that is unclear because there was no time for more runs.
    pub ran_out: bool,
}

impl SweepReport {
    /// Of points in any order.
    pub fn new(shader: &str, adapter: &str, mut points: Vec<SweepPoint>) -> Self {
        let key = |point: &SweepPoint| point.us().unwrap_or(f64::INFINITY);
        points.sort_by(|a, b| key(a).total_cmp(&key(b)));
        let (shader, adapter) = (shader.to_owned(), adapter.to_owned());
        Self { shader, adapter, points, over_first: None, verdict: None, ran_out: false }
    }

    /// With what the fastest one takes against the first one.
    pub fn over_first(mut self, duel: &Duel) -> Self {
        self.verdict = Some(duel.verdict);
        self.over_first = Some(duel.ratio);
        self.ran_out = duel.ran_out;
        self
    }

    /// The fastest one, if one is right.
    pub fn best(&self) -> Option<&SweepPoint> {
        self.points.first().filter(|point| point.us().is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_have_every_combination_once() {
        let sweeps: Vec<Sweep> = ["A=1,2", "B=x, y,z"].iter().map(|text| text.parse().unwrap()).collect();
        let grid = Sweep::grid(&sweeps).unwrap();
        let named = |point: &Vec<Define>| {
            point.iter().map(|set| set.value.clone().unwrap()).collect::<Vec<_>>().join("")
        };
        assert_eq!(grid.iter().map(named).collect::<Vec<_>>(), ["1x", "1y", "1z", "2x", "2y", "2z"]);
        assert_eq!(grid[5][1], Define { name: "B".into(), value: Some("z".into()) });
        for text in ["A", "A=", "A=1,,2", "=1", "1=2", "A B=1"] {
            assert!(text.parse::<Sweep>().is_err(), "{text}");
        }
        let twice = [sweeps[0].clone(), sweeps[0].clone()];
        assert!(Sweep::grid(&twice).unwrap_err().to_string().contains("expected A once"));
        let vast = Sweep { name: "C".into(), values: vec!["1".into(); 1000] };
        assert!(Sweep::grid(&[vast.clone(), Sweep { name: "D".into(), ..vast }]).is_err());
    }
}
