//! What a training learns from, told once when everything that could be refused was not.

use crate::cli::output::{Output, wrapped};
use dann::error::Result;
use dann::fit::{Observer, Sets, State};
use dann::train::{Adopted, Method};

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
        let frozen = state.frozen().map(|part| wrapped(&part.to_string()));
        let ranks = (state.ranks() > 1).then(|| {
            let rows = state.config().training.batch / state.ranks();
            format!("{} ranks share each batch: {rows} rows of a domain each", state.ranks())
        });
        let adopted = state.adopted().map(|adopted| wrapped(&start(adopted)));
        lines(state.sets(), state.config().training.method)
            .into_iter()
            .chain(ranks)
            .chain(adopted)
            .chain(frozen)
            .try_for_each(|line| self.out.remark_on(line))
    }
}

/// What a training has taken of the model that it starts from.
fn start(adopted: &Adopted) -> String {
    let Adopted { anew, unused, .. } = adopted;
    let listed = |layers: &[String], words: &str| match layers {
        [] => String::new(),
        layers => format!("; {} {words}", layers.join(" and ")),
    };
    let anew = listed(anew, "begins anew, with another shape or for other classes");
    format!("starts from what the other model has learned{anew}{}", listed(unused, "of it is not used"))
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
