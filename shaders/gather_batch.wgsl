// Builds a batch from a data set of bytes: the rows that `order` names from a start that moves every step.
//   x[n,c,i,j] = byte / 255 · scale[c] + shift[c];  grey images fill every channel
// Twin: src/ops/gather_batch/proof.rs.
//
// A data set larger than one binding lies in several chunks; each gets a dispatch that fills the rows
// whose image it holds. A thread fills eight neighbours of a plane, so that what they share is looked up once.

struct Params {
    rows: u32,           // rows of this domain in the batch
    first_row: u32,      // where they start in x
    channels: u32,       // C of x
    plane: u32,          // H·W
    data_channels: u32,  // DC of the data set: 1 or C
    chunk_first: u32,    // first image of this chunk
    chunk_count: u32,    // images in this chunk
    domain: u32,         // 0 source, 1 target: whose start of the step applies
}

import "shared/step.wgsl";

const WORKGROUP_SIZE = 64u;
const RUN = 8u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> order: array<u32>;            // (images of the data set)
@group(0) @binding(3) var<storage, read> chunk: array<u32>;            // (chunk_count, DC, H, W) bytes, four to a word
@group(0) @binding(4) var<storage, read> scale_shift: array<f32>;      // (2, C)
@group(0) @binding(5) var<storage, read_write> x: array<f32>;          // (batch, C, H, W)
@group(0) @binding(6) var<storage, read> data_labels: array<u32>;      // (images of the data set)
@group(0) @binding(7) var<storage, read_write> labels: array<u32>;     // (rows)

// Where there is no image, the row becomes NaN, and its label no class.
import "shared/order.wgsl";

@compute @workgroup_size(WORKGROUP_SIZE)
fn images(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let runs = (params.plane + RUN - 1u) / RUN;
    let plane = index / runs;
    let row = plane / params.channels;
    if row >= params.rows { return; }
    let image = image_of(row);
    let c = plane % params.channels;
    let first = index % runs * RUN;
    let to = ((params.first_row + row) * params.channels + c) * params.plane + first;
    if image == NONE {
        for (var k = 0u; k < min(RUN, params.plane - first); k++) { x[to + k] = bitcast<f32>(image); }
        return;
    }
    if image < params.chunk_first || image - params.chunk_first >= params.chunk_count { return; }
    let channel = min(c, params.data_channels - 1u);
    let scale = scale_shift[c];
    let shift = scale_shift[params.channels + c];
    let source = ((image - params.chunk_first) * params.data_channels + channel) * params.plane + first;
    var word = chunk[source / 4u];
    for (var k = 0u; k < min(RUN, params.plane - first); k++) {
        let byte = source + k;
        if k > 0u && byte % 4u == 0u { word = chunk[byte / 4u]; }
        let value = f32(word >> (8u * (byte % 4u)) & 0xffu);
        x[to + k] = value / 255.0 * scale + shift;
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn labels_of_rows(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let row = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if row >= params.rows { return; }
    let image = image_of(row);
    labels[row] = select(data_labels[min(image, arrayLength(&data_labels) - 1u)], NONE, image == NONE);
}
