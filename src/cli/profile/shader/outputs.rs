//! What a shader wrote: beside what was expected, and into files.

use super::super::super::hint;
use super::super::super::output::Output;
use super::super::ProfileArgs;
use super::subject::Subject;
use dann::error::Result;
use dann::profile::shader::{
    Difference, Dump, Expectation, Filled, Output as Written, Pipeline, Place, Ready, ReadyPipeline,
};
use serde::Serialize;

/// What is to be done with what is written.
pub struct Outputs<'a> {
    tolerance: f64,
    /// What is expected: bytes.
    expected: Vec<(Written<'a>, Vec<u8>)>,
    dumps: Vec<(Written<'a>, &'a Dump)>,
}

/// A binding beside what was expected of it.
#[derive(Serialize)]
pub struct Checked {
    pub adapter: String,
    #[serde(flatten)]
    pub difference: Difference,
}

/// Of a shader; errors name the flag.
pub fn of_shader<'a>(
    subject: &'a Subject,
    contents: &[Filled],
    args: &'a ProfileArgs,
    adapters: usize,
) -> anyhow::Result<Outputs<'a>> {
    let find = |flag: &str, place: &Place| {
        let found = place.find(&subject.resources).map_err(|e| named(flag, &e))?;
        let resource = &subject.resources[found];
        let expected = "a binding that the entry point writes";
        anyhow::ensure!(
            resource.written,
            "{flag} {place}: expected {expected}, found one that it only reads"
        );
        let shape = contents[found].shape;
        Ok(Written { name: &resource.name, shader: &subject.shader, resource, shape })
    };
    let mut outputs = Outputs::new(args.shader.tolerance(None));
    outputs.add(["--expect", "--dump"], (&args.shader.expect, &args.shader.dump), &find)?;
    outputs.check(adapters)?;
    Ok(outputs)
}

/// Of a pipeline, by its file and by flags.
pub fn of_pipeline<'a>(
    pipeline: &'a Pipeline,
    contents: &[Vec<Filled>],
    args: &'a ProfileArgs,
    path: &str,
) -> anyhow::Result<Outputs<'a>> {
    let find = |label: &str, place: &Place| pipeline.output(place, contents).map_err(|e| named(label, &e));
    let mut outputs = Outputs::new(args.shader.tolerance(pipeline.tolerance()));
    let labels = ["expect", "dump"].map(|key| format!("{path}: {key}"));
    outputs.add([&labels[0], &labels[1]], (pipeline.expectations(), pipeline.dumps()), &find)?;
    outputs.add(["--expect", "--dump"], (&args.shader.expect, &args.shader.dump), &find)?;
    Ok(outputs)
}

impl<'a> Outputs<'a> {
    fn new(tolerance: f64) -> Self {
        Self { tolerance, expected: vec![], dumps: vec![] }
    }

    /// Reads what is expected; errors begin with what it comes from.
    fn add(
        &mut self,
        [expect, dump]: [&str; 2],
        (expectations, dumps): (&[Expectation], &'a [Dump]),
        find: &dyn Fn(&str, &Place) -> anyhow::Result<Written<'a>>,
    ) -> anyhow::Result<()> {
        for Expectation { place, content } in expectations {
            let written = find(expect, place)?;
            let bytes = written.shader.expected(written.resource, written.shape, content);
            let bytes = bytes.map_err(|e| named(expect, &e))?;
            self.expected.push((written, bytes));
        }
        for one in dumps {
            self.dumps.push((find(dump, &one.place)?, one));
        }
        Ok(())
    }

    fn check(&self, adapters: usize) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.dumps.is_empty() || adapters == 1,
            "--dump: expected one adapter, as each would write the file, found {adapters}\nhint: --adapter NAME names one"
        );
        Ok(())
    }

    pub fn tolerance(&self) -> f64 {
        self.tolerance
    }

    pub fn is_empty(&self) -> bool {
        self.expected.is_empty() && self.dumps.is_empty()
    }

    /// Compares and writes what `read` finds.
    fn done(&self, adapter: &str, read: &dyn Fn(&Written<'_>) -> Result<Vec<u8>>) -> Result<Vec<Checked>> {
        for (written, dump) in &self.dumps {
            written.resource.dump(written.shape, &read(written)?, &dump.file)?;
        }
        let compared = self.expected.iter().map(|(written, expected)| {
            let Written { name, shader, resource, shape } = written;
            let found = read(written)?;
            let difference = shader.difference(resource, *shape, self.tolerance, [expected, &found]);
            let difference = Difference { name: (*name).to_owned(), ..difference };
            Ok(Checked { adapter: adapter.to_owned(), difference })
        });
        compared.collect()
    }
}

/// Compares and writes what there is after a run.
pub fn written(outputs: &Outputs<'_>, ready: &Ready<'_>) -> Result<Vec<Checked>> {
    if outputs.is_empty() {
        return Ok(vec![]);
    }
    let all = ready.outputs()?;
    let of = |written: &Written<'_>| {
        let found = all.iter().find(|(place, _)| ready.resource(*place).place() == written.resource.place());
        Ok(found.map(|(_, bytes)| bytes.clone()).unwrap_or_default())
    };
    outputs.done(ready.adapter(), &of)
}

/// The same after a run of a pipeline.
pub fn written_by(outputs: &Outputs<'_>, ready: &ReadyPipeline<'_>, adapter: &str) -> Result<Vec<Checked>> {
    let of = |written: &Written<'_>| Ok(ready.read(written.name)?.unwrap_or_default());
    outputs.done(adapter, &of)
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
