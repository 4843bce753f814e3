//! Two shaders against each other, run turn by turn on the same data.

use super::Difference;
use super::job::Job;
use super::plan::Filled;
use super::reflect::Resource;
use super::report::ShaderReport;
use super::rounds::{self, Taken};
use super::run::{Bench, Ready};
use crate::error::Result;
use crate::profile::{Ratio, Verdict};
use serde::Serialize;
use std::time::Instant;

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
    /// Whether it does not tell because there was no time for more runs.
    pub ran_out: bool,
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

impl Bench {
    /// Times two shaders turn by turn until it is known which is faster, or that it is the same within the share `margin`:
    /// at least `rounds` times four runs of each where there is time, and at most 2,000 of each. Everything gets back what it held at first before each run. Numbers that both
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
        let began = Instant::now();
        let taken = rounds::taken(rounds, margin, &mut |which| self.run(both[which]), &|| began.elapsed());
        let Taken { times, ratios, ran_out } = taken?;
        let [first, second] = [0, 1].map(|which| self.report(both[which], &times[which]));
        // There is at least one.
        let ratio = Ratio::of(&ratios, margin).unwrap_or(Ratio::NONE);
        let outputs = both[0].outputs()?;
        let outputs = both[0].job().compared(&outputs, both[1].job(), &both[1].outputs()?, tolerance);
        let verdict = ratio.verdict();
        let ran_out = ran_out && verdict == Verdict::Unclear;
        Ok(Duel { first, second, ratio, verdict, ran_out, outputs })
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
                filled.seeded_from = same.seeded_from;
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
