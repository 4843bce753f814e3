//! One training over the ranks of an MPI program.

#[cfg(feature = "mpi")]
use super::Interrupted;
use super::Interrupts;
use crate::cli::gpu::GpuArgs;
#[cfg(feature = "mpi")]
use anyhow::Context as _;
#[cfg(feature = "mpi")]
use dann::fit::Mpi;
use dann::fit::{Sets, Training, follow};
use dann::gpu::Gpu;
use dann::train::{Communicator, Config};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where launchers of MPI programs say which process this is, of how many, and which one on its machine: Open MPI; MPICH and
/// its kin; Slurm with PMIx.
const LAUNCHERS: [[&str; 3]; 3] = [
    ["OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"],
    ["PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"],
    ["PMIX_RANK", "SLURM_NTASKS", "SLURM_LOCALID"],
];

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

/// The number of this process and how many there are, where a launcher has started several.
pub fn launched() -> Option<(usize, usize)> {
    let ranks = LAUNCHERS.iter().find_map(|[rank, of, _]| Some((number(rank)?, number(of)?)));
    ranks.filter(|(_, of)| *of > 1)
}

/// The number of this process among those on its machine, where a launcher has started several; among all of them, where it
/// does not say.
pub fn launched_here() -> Option<usize> {
    let (rank, _) = launched()?;
    Some(LAUNCHERS.iter().find_map(|[rank, _, local]| number(rank).and(number(local))).unwrap_or(rank))
}

/// What rank 0 tells the others to train.
#[derive(Serialize, Deserialize)]
struct Recipe {
    config: String,
    source: PathBuf,
    target: PathBuf,
}

/// The ranks that train together; of a program started alone, none.
pub struct Ranks {
    #[cfg(feature = "mpi")]
    mpi: Option<Arc<Mpi>>,
}

#[cfg(feature = "mpi")]
impl Ranks {
    /// Starts MPI where a launcher has started several processes.
    pub fn start() -> anyhow::Result<Self> {
        let mpi = launched().map(|_| Mpi::start().context("MPI cannot be started twice")).transpose()?;
        Ok(Self { mpi: mpi.map(Arc::new) })
    }

    fn peers(&self) -> Option<Arc<dyn Communicator>> {
        self.mpi.clone().map(|mpi| mpi as Arc<dyn Communicator>)
    }

    fn local_rank(&self) -> Option<usize> {
        self.mpi.as_ref().map(|mpi| mpi.local_rank())
    }

    /// Ends all ranks where this one has failed: the others would wait for it.
    pub fn end(self, ended: anyhow::Result<()>, interrupts: &Interrupts) -> anyhow::Result<()> {
        let Some(mpi) = self.mpi else { return ended };
        let interrupted = ended.as_ref().err().and_then(|error| error.downcast_ref::<Interrupted>());
        if interrupted.is_some() || interrupts.asked() && ended.is_ok() {
            // A launcher that ends its ranks no longer answers one that takes its leave in order.
            interrupted.iter().for_each(|told| log::warn!("{told}"));
            std::process::exit(Interrupted::STATUS.into());
        }
        let Err(error) = &ended else { return ended };
        if mpi.speaks() {
            log::error!("rank {}: {}", mpi.rank(), crate::cli::told(error));
        } else {
            // Whoever has spoken ends all.
            std::thread::sleep(std::time::Duration::from_secs(10));
        }
        mpi.abort(1)
    }
}

#[cfg(not(feature = "mpi"))]
impl Ranks {
    /// Refuses to be one of several that know nothing of each other.
    #[allow(clippy::unused_self)]
    pub fn start() -> anyhow::Result<Self> {
        let several = launched();
        anyhow::ensure!(
            several.is_none(),
            "{} processes were started as ranks of one MPI program: expected a dann that is built with MPI, found one \
             without\n\
             hint: cargo install --path . --features mpi builds one",
            several.map_or(1, |(_, of)| of)
        );
        Ok(Self {})
    }

    fn peers(&self) -> Option<Arc<dyn Communicator>> {
        None
    }

    fn local_rank(&self) -> Option<usize> {
        None
    }

    pub fn end(self, ended: anyhow::Result<()>, _: &Interrupts) -> anyhow::Result<()> {
        ended
    }
}

impl Ranks {
    /// How the launcher was called, in front of a command that is to do the same.
    pub fn launcher(&self) -> String {
        self.peers().map_or(String::new(), |peers| format!("mpirun -n {} ", peers.size()))
    }

    /// Watches for who asks this rank for an end, which it tells rank 0.
    pub fn interrupts(&self) -> anyhow::Result<Interrupts> {
        if self.peers().is_some() { Interrupts::watch_in_silence() } else { Interrupts::watch() }
    }

    /// The ranks that this one, not being the first, is to follow.
    pub fn to_follow(&self) -> Option<Arc<dyn Communicator>> {
        self.peers().filter(|peers| peers.rank() > 0)
    }

    /// Tells the other ranks what to train, and shares the training with them.
    pub fn share(&self, training: Training, source: &Path, target: &Path) -> anyhow::Result<Training> {
        let Some(peers) = self.peers() else { return Ok(training) };
        let (source, target) = (source.to_path_buf(), target.to_path_buf());
        let recipe = Recipe { config: training.config().to_toml()?, source, target };
        peers.text(&serde_json::to_string(&recipe)?);
        Ok(training.peers(peers))
    }

    /// Trains what rank 0 says, and says nothing of it.
    pub fn follow(
        &self,
        peers: Arc<dyn Communicator>,
        gpu: &GpuArgs,
        interrupts: &Interrupts,
    ) -> anyhow::Result<()> {
        log::set_max_level(log::LevelFilter::Error);
        let Recipe { config, source, target } = serde_json::from_str(&peers.text(""))?;
        let config = Config::parse("the recipe of rank 0", &config)?;
        let sets = Sets::read(&source, &target, &config)?;
        Ok(follow(&config, &sets, &|| self.open(gpu), peers, &|| interrupts.asked())?)
    }

    /// The device of this rank.
    pub fn open(&self, gpu: &GpuArgs) -> dann::error::Result<Gpu> {
        match self.local_rank() {
            Some(rank) => gpu.open_for_rank(rank),
            None => gpu.open(),
        }
    }
}
