//! Ranks that train one model together, each on a device of its own.

use super::config::Config;
use super::training_spec::Method;
use crate::error::{Error, Result};
use std::fmt;

/// What ranks say to each other; MPI gives it, and tests do. Every rank makes the same calls in the same order, and a rank that
/// cannot go on has to end the others.
pub trait Communicator: Send + Sync {
    /// The number of this rank, from 0.
    fn rank(&self) -> usize;

    /// How many ranks there are.
    fn size(&self) -> usize;

    /// Puts the sums over all ranks in place of `values`, of which each rank has as many: the same bits on every rank, and the
    /// same each time for the same number of ranks.
    fn sum(&self, values: &mut [f32]);

    /// Puts the bytes of rank 0 in place of `bytes`, of which each rank has as many.
    fn broadcast(&self, bytes: &mut [u8]);
}

impl dyn Communicator + '_ {
    /// Puts the means over all ranks in place of `values`.
    pub(super) fn mean(&self, values: &mut [f32]) {
        self.sum(values);
        let ranks = self.size() as f32;
        values.iter_mut().for_each(|value| *value /= ranks);
    }

    /// A number of rank 0, in place of this rank's.
    pub(super) fn number(&self, number: u64) -> u64 {
        let mut bytes = number.to_le_bytes();
        self.broadcast(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Refuses a recipe whose batch the ranks cannot share evenly.
    #[cfg(feature = "fit")]
    pub(crate) fn check(&self, config: &Config) -> Result<()> {
        let (rank, ranks) = (self.rank(), self.size());
        RankShare { rank, ranks }.config(config).map(|_| ())
    }

    /// A text of rank 0, which other ranks need not have.
    pub fn text(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(self.number(bytes.len() as u64) as usize, 0);
        self.broadcast(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl fmt::Debug for dyn Communicator + '_ {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rank {} of {}", self.rank(), self.size())
    }
}

/// The share of each batch that a rank looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RankShare {
    pub rank: usize,
    pub ranks: usize,
}

impl RankShare {
    /// Everything, where there is one rank.
    pub const ALL: Self = Self { rank: 0, ranks: 1 };

    /// The share of `peers`' rank.
    pub fn of(peers: Option<&dyn Communicator>) -> Self {
        peers.map_or(Self::ALL, |peers| Self { rank: peers.rank(), ranks: peers.size() })
    }

    /// `config` with this rank's part of a batch.
    ///
    /// # Errors
    /// [`Error::Input`] when the ranks cannot share a batch evenly.
    pub fn config(self, config: &Config) -> Result<Config> {
        let mut own = config.clone();
        let part = |key: &str, all: usize| match all % self.ranks {
            0 => Ok(all / self.ranks),
            _ => {
                let expected = format!("a multiple of the {} ranks that share it", self.ranks);
                Err(Error::input(key, expected, all))
            }
        };
        let training = &mut own.training;
        training.batch = part("training.batch", training.batch)?;
        let of_target = training.target_batch.filter(|_| training.method == Method::Dann);
        let of_target = of_target.map(|all| part("training.target_batch", all));
        training.target_batch = of_target.transpose()?;
        Ok(own)
    }

    /// An order of images as this rank visits them, which takes `own` of them of each batch: they come first, and all others
    /// behind them.
    pub fn order(self, order: Vec<u32>, own: usize) -> Vec<u32> {
        if self == Self::ALL {
            return order;
        }
        let batches = order.len() / (own * self.ranks);
        let (taken, rest) = order.split_at(batches * own * self.ranks);
        let is_own = |place: usize| place / own % self.ranks == self.rank;
        let part = |of_rank: bool| {
            let placed = taken.iter().enumerate();
            placed.filter(move |(place, _)| is_own(*place) == of_rank).map(|(_, image)| *image)
        };
        part(true).chain(part(false)).chain(rest.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_share_every_batch_of_an_order_and_leave_none_out() {
        let order: Vec<u32> = (0..11).map(|image| 100 + image).collect();
        let of = |rank| RankShare { rank, ranks: 2 }.order(order.clone(), 2);
        // Two batches of four images, of which each rank has two; three more are visited by nobody.
        assert_eq!(of(0)[..4], [100, 101, 104, 105]);
        assert_eq!(of(1)[..4], [102, 103, 106, 107]);
        for rank in [0, 1] {
            let mut all = of(rank);
            all.sort_unstable();
            assert_eq!(all, order);
        }
        assert_eq!(RankShare::ALL.order(order.clone(), 4), order);
    }
}
