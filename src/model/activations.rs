//! What a network takes of memory for each image.

use super::spec::ModelSpec;
use crate::error::Result;

impl ModelSpec {
    /// Numbers that all layers together give for one image, which a recording of the forward pass keeps.
    ///
    /// # Errors
    /// As [`ModelSpec::check`].
    pub(crate) fn activations(&self) -> Result<usize> {
        let graphs = self.graphs()?;
        let given: usize = graphs.iter().flat_map(|graph| &graph.nodes).map(|node| node.y.len()).sum();
        Ok(self.input.shape().len() + given)
    }
}
