// The gradient of a convolution's weight behind ReLU and 2×2 max-pooling, of any number of channels; see pooled_sums.wgsl.
// Twins: src/ops/conv2d/twin.rs, max_pool2d/proof.rs.

import "register/shared/values_of_four.wgsl";
import "register/shared/pooled_sums.wgsl";
