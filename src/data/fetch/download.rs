//! Downloads one file from the first of several places that has it whole.

use super::{Attempt, Failure};
use crate::data::Progress;
use crate::data::digest::Digest;
use crate::data::task::Task;
use crate::error::Result;
use std::collections::HashSet;
use std::io::Read;
use std::path::Path;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig};

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

impl Patience {
    /// What asks servers and waits no longer than that. Whom the system trusts is trusted, as networks that look into their
    /// traffic have certificates of their own.
    pub(super) fn agent(self) -> Agent {
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
        Agent::config_builder()
            .tls_config(tls)
            .timeout_resolve(Some(self.connect))
            .timeout_connect(Some(self.connect))
            .timeout_recv_response(Some(self.silence))
            .timeout_per_read(Some(self.silence))
            .build()
            .into()
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
        Self { agent: patience.agent(), silent: HashSet::new(), progress }
    }

    /// Writes the first whole copy that `sources` have to `path`, safely on disk.
    pub(super) fn download(&mut self, sources: &[Source], path: &Path) -> Result<Outcome> {
        let take = |source: &Source, body: &mut dyn Read, task: &Task| {
            Ok(source.digest.save(body, path, |bytes| task.advance(bytes))?)
        };
        self.first(sources, |source| (&source.url, Some(source.digest.bytes)), take)
    }

    /// Hands what `places` send to `take`, one after the other, until it can use it. `of` gives a place's address and, if
    /// it is known, how many bytes there are.
    pub(super) fn first<P>(
        &mut self,
        places: &[P],
        of: impl Fn(&P) -> (&str, Option<u64>),
        take: impl Fn(&P, &mut dyn Read, &Task) -> Attempt<()>,
    ) -> Result<Outcome> {
        let mut reasons = Vec::new();
        for place in places {
            let (url, bytes) = of(place);
            let server = server_of(url);
            if self.silent.contains(&server) {
                reasons.push(format!("{url}: {server} did not answer before"));
                continue;
            }
            let reason = match self.attempt(url, bytes, |body, task| take(place, body, task)) {
                Ok(()) => return Ok(Outcome::Done),
                Err(Failure::Local(error)) => return Err(error),
                Err(Failure::Unusable(reason)) => reason,
                Err(Failure::Silent(reason)) => {
                    self.silent.insert(server);
                    reason
                }
            };
            reasons.push(format!("{url}: {reason}"));
        }
        Ok(Outcome::Failed(reasons))
    }

    fn attempt(
        &self,
        url: &str,
        bytes: Option<u64>,
        take: impl Fn(&mut dyn Read, &Task) -> Attempt<()>,
    ) -> Attempt<()> {
        let task = Task::start(self.progress, url, bytes);
        let answer = self.agent.get(url).call();
        let answer = answer.map_err(Failure::of)?;
        let mut body = answer.into_body().into_reader();
        take(&mut body, &task)
    }
}

/// The scheme, host and port of `url`.
fn server_of(url: &str) -> String {
    url.split('/').take(3).collect::<Vec<_>>().join("/")
}
