// Builds a batch from values that were computed of every image before: the rows that `order` names from a start that moves
// every step.
//   x[n,v] = values[order[start + n], v]
// Twin: src/ops/gather_rows/proof.rs.
//
// Rows that one binding cannot hold lie in several chunks; each gets a dispatch that fills the rows it holds. A thread copies
// eight values of a row, so that the row is looked up once for them; neighbours copy neighbouring values.

struct Params {
    rows: u32,           // rows of this domain in the batch
    first_row: u32,      // where they start in x
    length: u32,         // V, the values of a row
    chunk_first: u32,    // first row of this chunk
    chunk_count: u32,    // rows in this chunk
    domain: u32,         // 0 source, 1 target: whose start of the step applies
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 64u;
const RUN = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> order: array<u32>;        // (images of the data set)
@group(0) @binding(3) var<storage, read> chunk: array<f32>;        // (chunk_count, V)
@group(0) @binding(4) var<storage, read_write> x: array<f32>;      // (batch, V)

// Where there is no image, the row becomes NaN.
import "shared/order.wgsl";

@compute @workgroup_size(WORKGROUP_SIZE)
fn gather(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let runs = (params.length + RUN - 1u) / RUN;
    let row = index / runs;
    if row >= params.rows { return; }
    let image = image_of(row);
    let to = (params.first_row + row) * params.length;
    if image == NONE {
        for (var v = index % runs; v < params.length; v += runs) { x[to + v] = bitcast<f32>(image); }
        return;
    }
    if image < params.chunk_first || image - params.chunk_first >= params.chunk_count { return; }
    let origin = (image - params.chunk_first) * params.length;
    for (var v = index % runs; v < params.length; v += runs) { x[to + v] = chunk[origin + v]; }
}
