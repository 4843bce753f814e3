//! Ranks that `mpirun`, `srun` or another launcher of MPI programs has started.

use crate::train::Communicator;
use mpi::Threading;
use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{
    Communicator as _, CommunicatorCollectives as _, Destination as _, Root as _, Source as _,
};
use std::fmt;
use std::time::{Duration, Instant};

/// What rank 0 sends to the others when it has failed.
const FAILED: i32 = 1;
/// How long they wait for that, times their number.
const PATIENCE: Duration = Duration::from_secs(1);

/// All ranks of an MPI program. What fails within MPI ends all of them, as is MPI's way.
pub struct Mpi {
    /// MPI is shut down with it.
    _universe: Universe,
}

impl Mpi {
    /// Starts MPI; `None` where this process has done so before. Only the thread that does so may use it.
    pub fn start() -> Option<Self> {
        let (universe, _) = mpi::initialize_with_threading(Threading::Funneled)?;
        Some(Self { _universe: universe })
    }

    /// The number of this rank among those on the same machine.
    pub fn local_rank(&self) -> usize {
        let world = SimpleCommunicator::world();
        world.split_shared(world.rank()).rank() as usize
    }

    /// Whether it is for this rank, which has failed, to say so. What goes wrong on one rank often does so on all: then rank 0
    /// speaks, and the others hear of it here. Where rank 0 has not failed, the first of them does.
    pub fn speaks(&self) -> bool {
        let world = SimpleCommunicator::world();
        if world.rank() == 0 {
            (1..world.size()).for_each(|rank| world.process_at_rank(rank).send_with_tag(&0_u8, FAILED));
            return true;
        }
        let (began, patience) = (Instant::now(), PATIENCE * world.rank().min(10) as u32);
        while began.elapsed() < patience {
            if world.process_at_rank(0).immediate_probe_with_tag(FAILED).is_some() {
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Ends all ranks at once; the launcher says so, with `status`.
    pub fn abort(&self, status: u8) -> ! {
        SimpleCommunicator::world().abort(status.into())
    }
}

impl fmt::Debug for Mpi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mpi(rank {} of {})", self.rank(), self.size())
    }
}

impl Communicator for Mpi {
    fn rank(&self) -> usize {
        SimpleCommunicator::world().rank() as usize
    }

    fn size(&self) -> usize {
        SimpleCommunicator::world().size() as usize
    }

    fn sum(&self, values: &mut [f32]) {
        let own = values.to_vec();
        SimpleCommunicator::world().all_reduce_into(&own[..], values, SystemOperation::sum());
    }

    fn broadcast(&self, bytes: &mut [u8]) {
        SimpleCommunicator::world().process_at_rank(0).broadcast_into(bytes);
    }
}
