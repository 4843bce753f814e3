//! What both examples share: data sets made up on the spot, and the picture of the features.

#[allow(dead_code, reason = "the viewer's surface chooses its adapter")]
pub mod device;
pub mod scatter;
#[allow(dead_code, reason = "the viewer has letters of its own")]
pub mod text;
pub mod toy;
