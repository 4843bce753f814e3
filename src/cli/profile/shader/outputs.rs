//! What a shader wrote: beside what was expected, and into files.

use super::super::super::hint;
use super::super::super::output::Output;
use super::super::ProfileArgs;
use super::subject::Subject;
use dann::profile::shader::{Difference, Dump, Filled, Ready};
use serde::Serialize;

/// What is to be done with what a shader writes.
pub struct Outputs<'a> {
    subject: &'a Subject,
    contents: &'a [Filled],
    tolerance: f64,
    /// The place among the resources, and the bytes.
    expected: Vec<(usize, Vec<u8>)>,
    dumps: Vec<(usize, &'a Dump)>,
}

/// A binding beside what was expected of it.
#[derive(Serialize)]
pub struct Checked {
    pub adapter: String,
    #[serde(flatten)]
    pub difference: Difference,
}

impl<'a> Outputs<'a> {
    /// Reads what is expected; errors name the flag.
    pub fn new(
        subject: &'a Subject,
        contents: &'a [Filled],
        args: &'a ProfileArgs,
        adapters: usize,
    ) -> anyhow::Result<Self> {
        let place = |flag: &str, place: &dann::profile::shader::Place| {
            let found = place.find(&subject.resources).map_err(|e| named(flag, &e))?;
            let resource = &subject.resources[found];
            let expected = "a binding that the entry point writes";
            anyhow::ensure!(
                resource.written,
                "{flag} {place}: expected {expected}, found one that it only reads"
            );
            Ok(found)
        };
        let mut expected = Vec::new();
        for expectation in &args.shader.expect {
            let at = place("--expect", &expectation.place)?;
            let (resource, shape) = (&subject.resources[at], contents[at].shape);
            let bytes = subject.shader.expected(resource, shape, &expectation.content);
            expected.push((at, bytes.map_err(|e| named("--expect", &e))?));
        }
        let dumps = args.shader.dump.iter().map(|dump| Ok((place("--dump", &dump.place)?, dump)));
        let dumps: Vec<_> = dumps.collect::<anyhow::Result<_>>()?;
        anyhow::ensure!(
            dumps.is_empty() || adapters == 1,
            "--dump: expected one adapter, as each would write the file, found {adapters}\nhint: --adapter NAME names one"
        );
        Ok(Self { subject, contents, tolerance: args.shader.tolerance, expected, dumps })
    }

    /// Compares and writes what there is after a run.
    pub fn of(&self, ready: &Ready<'_>) -> dann::error::Result<Vec<Checked>> {
        if self.expected.is_empty() && self.dumps.is_empty() {
            return Ok(vec![]);
        }
        let outputs = ready.outputs()?;
        let bytes =
            |at: usize| outputs.iter().find(|(place, _)| *place == at).map(|(_, bytes)| bytes.as_slice());
        let of =
            |at: usize| (&self.subject.resources[at], self.contents[at].shape, bytes(at).unwrap_or_default());
        for (at, dump) in &self.dumps {
            let (resource, shape, bytes) = of(*at);
            resource.dump(shape, bytes, &dump.file)?;
        }
        let compared = self.expected.iter().map(|(at, expected)| {
            let (resource, shape, bytes) = of(*at);
            let difference =
                self.subject.shader.difference(resource, shape, self.tolerance, [expected, bytes]);
            Checked { adapter: ready.adapter().to_owned(), difference }
        });
        Ok(compared.collect())
    }
}

/// What is wrong with the value of a flag.
fn named(flag: &str, e: &dann::error::Error) -> anyhow::Error {
    let text = hint::text(e);
    anyhow::anyhow!("{flag}: {}", text.trim_start_matches("--buffer "))
}

/// Tells how each binding stands to what was expected.
pub fn tell(all: &[Checked], tolerance: f64, out: &Output) -> anyhow::Result<()> {
    for Checked { adapter, difference } in all {
        let verdict = if difference.passes() { "as expected" } else { "NOT as expected" };
        out.text(format!("{}, {adapter}: {verdict}: {}", difference.name, apart(difference, tolerance)))?;
    }
    Ok(())
}

/// How far two contents are apart, in words.
pub fn apart(difference: &Difference, tolerance: f64) -> String {
    let Difference { numbers, beyond, largest, at, first, second, .. } = difference;
    let most = match largest {
        0.0 => return format!("{numbers} numbers, all the same"),
        largest if largest.is_finite() => format!("the largest difference is {largest:.3e}"),
        _ => "some are no numbers".to_owned(),
    };
    format!(
        "of {numbers} numbers {beyond} are further apart than {tolerance:e}; {most}, {at}: {first} and {second}"
    )
}

/// It is an error if anything is not as expected.
pub fn ensure(all: &[Checked]) -> anyhow::Result<()> {
    let wrong: Vec<String> = all
        .iter()
        .filter(|checked| !checked.difference.passes())
        .map(|Checked { adapter, difference }| {
            let Difference { name, at, first, second, beyond, .. } = difference;
            format!("{name}, {adapter}: expected {first} at {at}, found {second}; {beyond} numbers are off")
        })
        .collect();
    anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}
