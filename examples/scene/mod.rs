//! What both examples share: data sets made up on the spot, and the picture of the features.

pub mod scatter;
pub mod toy;
