//! Two shaders against each other, run turn by turn on the same data.

use super::Difference;
use super::job::Job;
use super::plan::Filled;
use super::reflect::Resource;
use super::report::ShaderReport;
use super::run::{Bench, Ready};
use crate::error::Result;
use crate::profile::{Ratio, Verdict};
use serde::Serialize;
use std::time::{Duration, Instant};

/// Two shaders on an adapter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Duel {
    /// The first one's times.
    pub first: ShaderReport,
    /// The second one's.
    pub second: ShaderReport,
    /// How much longer the second one takes.
    pub ratio: Ratio,
    /// What that says of the second one.
    pub verdict: Verdict,
    /// What both write, side by side.
    pub outputs: Vec<ComparedOutput>,
}

/// What two shaders write at one place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedOutput {
    /// The variable in the first shader, or in the second one where the first has none.
    pub name: String,
    /// How far the two are apart.
    pub difference: Option<Difference>,
    /// Why they cannot be compared.
    pub reason: Option<String>,
}

impl ComparedOutput {
    /// Whether both are the same, as far as is asked for.
    pub fn passes(&self) -> bool {
        self.difference.as_ref().is_some_and(Difference::passes)
    }
}

/// In which order both run: what changes steadily, such as a clock or a temperature, weighs the same on both, and so does what
/// changes ever faster.
const ROUND: [usize; 8] = [0, 1, 1, 0, 1, 0, 0, 1];
/// Rounds that do not count.
const WARM_UP: usize = 1;
/// In a round.
const PAIRS: usize = ROUND.len() / 2;
/// Until times tell something, so many times more rounds are run.
const MORE: usize = 64;
/// But not more, as any two pairs are looked at.
const MOST: usize = 500;
/// No further round is begun after so long: three times what a machine that is busy with other work needs.
const ENOUGH: Duration = Duration::from_secs(90);

impl Bench {
    /// Times two shaders turn by turn until it is known which is faster, or that it is the same within the share `margin`:
    /// at least `rounds` times four runs of each, and at most 2,000 of each. Everything gets back what it held at first before each run. Numbers that both
    /// write may be apart by the share `tolerance`.
    ///
    /// # Errors
    /// As [`Bench::time`].
    pub fn duel(
        &mut self,
        both: [&Ready<'_>; 2],
        rounds: usize,
        margin: f64,
        tolerance: f64,
    ) -> Result<Duel> {
        let (mut times, mut ratios) = ([vec![], vec![]], Vec::new());
        let began = Instant::now();
        let mut enough = rounds.clamp(1, MOST);
        let most = (enough * MORE).min(MOST);
        for round in 0.. {
            let counts = round >= WARM_UP || began.elapsed() > ENOUGH;
            let mut us = Vec::with_capacity(ROUND.len());
            for which in ROUND {
                us.push(self.run(both[which])?);
            }
            if !counts {
                continue;
            }
            for (took, which) in us.iter().zip(ROUND) {
                times[which].push(*took);
            }
            // Two that follow each other closely find the machine in the same state, more or less.
            for (pair, order) in us.chunks(2).zip(ROUND.chunks(2)) {
                let [first, second] = if order[0] == 0 { [pair[0], pair[1]] } else { [pair[1], pair[0]] };
                ratios.push(second.max(1e-3) / first.max(1e-3));
            }
            let done = ratios.len() / PAIRS;
            let is_over = began.elapsed() > ENOUGH || done >= most;
            if done >= enough || is_over {
                let found = Ratio::of(&ratios, margin);
                if is_over || found.is_some_and(|ratio| ratio.verdict() != Verdict::Unclear) {
                    break;
                }
                enough += enough.div_ceil(2);
            }
        }
        let [first, second] = [0, 1].map(|which| self.report(both[which], &times[which]));
        // There is at least one round.
        let ratio = Ratio::of(&ratios, margin).unwrap_or(Ratio::NONE);
        let outputs = both[0].outputs()?;
        let outputs = both[0].job().compared(&outputs, both[1].job(), &both[1].outputs()?, tolerance);
        Ok(Duel { first, second, ratio, verdict: ratio.verdict(), outputs })
    }
}

/// The one of `others` that stands at the same place, or else has the same name.
fn partner<'a>(resource: &Resource, others: &'a [Resource]) -> Option<(usize, &'a Resource)> {
    let is_partner =
        |same: &dyn Fn(&Resource) -> bool| others.iter().enumerate().find(|(_, other)| same(other));
    is_partner(&|other| other.place() == resource.place())
        .or_else(|| is_partner(&|other| other.name == resource.name))
}

impl Job<'_> {
    /// Gives what this one holds to those of another shader's `resources` that stand at the same place, or have the same
    /// name, and are as large.
    pub fn share(&self, resources: &[Resource], contents: &mut [Filled]) {
        for (resource, filled) in resources.iter().zip(contents) {
            let Some((place, own)) = partner(resource, self.resources) else { continue };
            let same = &self.contents[place];
            if (own.count, same.shape) == (resource.count, filled.shape) {
                filled.each.clone_from(&same.each);
            }
        }
    }
}

/// What shaders wrote: the place among what they bind, and the bytes.
type Outputs = [(usize, Vec<u8>)];

impl Job<'_> {
    /// Compares what this one wrote with what another one did, each by [`Ready::outputs`].
    pub fn compared(
        &self,
        outputs: &Outputs,
        other: &Job<'_>,
        others: &Outputs,
        tolerance: f64,
    ) -> Vec<ComparedOutput> {
        let alone = |name: &str, which: &str| ComparedOutput {
            name: name.to_owned(),
            difference: None,
            reason: Some(format!("only the {which} one writes it")),
        };
        let (mut met, mut all) = (Vec::new(), Vec::new());
        for (place, bytes) in outputs {
            let resource = &self.resources[*place];
            let of_partner = partner(resource, other.resources)
                .and_then(|(index, _)| others.iter().find(|(place, _)| *place == index));
            let Some((index, other_bytes)) = of_partner else {
                all.push(alone(&resource.name, "first"));
                continue;
            };
            met.push(*index);
            let (name, sizes) = (resource.name.clone(), [bytes.len(), other_bytes.len()]);
            let shape = self.contents[*place].shape;
            let is_same_size = sizes[0] == sizes[1];
            let difference = is_same_size
                .then(|| self.shader.difference(resource, shape, tolerance, [bytes, other_bytes]));
            let reason = (!is_same_size)
                .then(|| format!("it has {} bytes in one and {} in the other", sizes[0], sizes[1]));
            all.push(ComparedOutput { name, difference, reason });
        }
        let unmet = others.iter().filter(|(place, _)| !met.contains(place));
        all.extend(unmet.map(|(place, _)| alone(&other.resources[*place].name, "second")));
        all
    }
}
