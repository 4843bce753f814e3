//! The list of all optimisers. A new one takes an op and a line in `optimizers!` below.

use super::adamw::AdamW;
use super::optimizer::Optimizer;
use super::sgd::Sgd;
use serde::{Deserialize, Serialize};

macro_rules! optimizers {
    ($($kind:ident),+ $(,)?) => {
        /// The optimiser of a recipe: `[training.optimizer]` with its `kind`.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "kind", rename_all = "lowercase")]
        #[non_exhaustive]
        pub enum OptimizerSpec {
            $(#[doc = concat!("See [`", stringify!($kind), "`].")] $kind($kind)),+
        }

        impl OptimizerSpec {
            /// The optimiser itself.
            #[cfg_attr(not(feature = "unstable"), visibility::make(pub(crate)))]
            pub fn optimizer(&self) -> &dyn Optimizer {
                match self {
                    $(Self::$kind(optimizer) => optimizer),+
                }
            }
        }
    };
}

optimizers!(Sgd, AdamW);
