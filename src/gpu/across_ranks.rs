//! What is made alike over ranks that train together, in the midst of a recording.

use super::Tensor;

/// Something that a dispatch has computed of this rank's rows, and that dispatches behind it are to have of the rows of all ranks,
/// if the recipe asks for that.
pub(crate) trait AcrossRanks: Send + Sync {
    /// Where it lies.
    fn tensors(&self) -> Vec<Tensor>;

    /// Puts what holds for all rows in place of `values`, which hold for this rank's: those of one tensor behind those of the
    /// other. `mean` puts means over all of the `ranks` ranks in place of what it is given.
    fn join(&self, values: &mut [f32], ranks: usize, mean: &mut dyn FnMut(&mut [f32]));
}
