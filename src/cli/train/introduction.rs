//! What a training learns from, told once when everything that could be refused was not.

use crate::cli::output::{Output, wrapped};
use dann::error::Result;
use dann::fit::{Observer, Sets, State};
use dann::train::Method;

/// Tells which images there are, of which sizes, and what is done to them.
pub struct Introduction<'a> {
    out: &'a Output,
    told: bool,
}

impl<'a> Introduction<'a> {
    pub fn new(out: &'a Output) -> Self {
        Self { out, told: false }
    }
}

impl Observer for Introduction<'_> {
    fn began(&mut self, state: &State<'_>) -> Result<()> {
        // A training that goes on after a lost device begins again.
        if std::mem::replace(&mut self.told, true) {
            return Ok(());
        }
        lines(state.sets(), state.config().training.method)
            .into_iter()
            .try_for_each(|line| self.out.remark_on(line))
    }
}

fn lines(sets: &Sets, method: Method) -> Vec<String> {
    let labelled =
        if method == Method::TargetOnly { ("target", &sets.target) } else { ("source", &sets.source) };
    let unlabelled = sets.unlabelled.iter().map(|data| (("target", &sets.target), data));
    std::iter::once((labelled, &sets.labelled))
        .chain(unlabelled)
        .map(|((domain, path), data)| wrapped(&format!("{domain} {}: {}", path.display(), data.summary())))
        .collect()
}
