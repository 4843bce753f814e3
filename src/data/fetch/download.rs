//! Downloads one file from the first of several places that has it whole.

use super::{Attempt, Failure};
use crate::data::Progress;
use crate::data::digest::Digest;
use crate::data::task::Task;
use crate::error::Result;
use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;
use ureq::Agent;

/// A place that has a file.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) url: String,
    pub(super) digest: Digest,
}

/// How long to wait for a server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// For its address, and again for a connection.
    pub(super) connect: Duration,
    /// For its next word.
    pub(super) silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { connect: Duration::from_secs(4), silence: Duration::from_secs(15) }
    }
}

/// What became of a download that the local disk is not to blame for.
pub(super) enum Outcome {
    Done,
    /// One reason per place tried.
    Failed(Vec<String>),
}

/// Downloads files and remembers which servers did not answer, so that each is waited for only once.
pub(super) struct Downloader<'a> {
    agent: Agent,
    silent: HashSet<String>,
    progress: &'a dyn Progress,
}

impl<'a> Downloader<'a> {
    pub(super) fn new(patience: Patience, progress: &'a dyn Progress) -> Self {
        let agent = Agent::config_builder()
            .timeout_resolve(Some(patience.connect))
            .timeout_connect(Some(patience.connect))
            .timeout_recv_response(Some(patience.silence))
            .timeout_per_read(Some(patience.silence))
            .build()
            .into();
        Self { agent, silent: HashSet::new(), progress }
    }

    /// Writes the first whole copy that `sources` have to `path`, safely on disk.
    pub(super) fn download(&mut self, sources: &[Source], path: &Path) -> Result<Outcome> {
        let mut reasons = Vec::new();
        for source in sources {
            let server = server_of(&source.url);
            if self.silent.contains(&server) {
                reasons.push(format!("{}: {server} did not answer before", source.url));
                continue;
            }
            let reason = match self.attempt(source, path) {
                Ok(()) => return Ok(Outcome::Done),
                Err(Failure::Local(error)) => return Err(error),
                Err(Failure::Unusable(reason)) => reason,
                Err(Failure::Silent(reason)) => {
                    self.silent.insert(server);
                    reason
                }
            };
            reasons.push(format!("{}: {reason}", source.url));
        }
        Ok(Outcome::Failed(reasons))
    }

    fn attempt(&self, source: &Source, path: &Path) -> Attempt<()> {
        let task = Task::start(self.progress, &source.url, Some(source.digest.bytes));
        let answer = self.agent.get(&source.url).call();
        let answer = answer.map_err(|error| match error {
            ureq::Error::StatusCode(code) => Failure::Unusable(format!("HTTP status {code}")),
            error => Failure::Silent(error.to_string()),
        })?;
        let mut body = answer.into_body().into_reader();
        source.digest.save(&mut body, path, |bytes| task.advance(bytes))?;
        Ok(())
    }
}

/// The scheme, host and port of `url`.
fn server_of(url: &str) -> String {
    url.split('/').take(3).collect::<Vec<_>>().join("/")
}
