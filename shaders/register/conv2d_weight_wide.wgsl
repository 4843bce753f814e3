// Convolution, stride 1: the gradient of the weight, where there are many channels.
//   dweight[o,c,k,l] = Σ_{n,i,j} d[n,o,i,j] · x[n,c,i+k-pad_h,j+l-pad_w]
// `sums` sums over the images of one slice; `reduce` adds the slices up in their order.
// Twin: src/ops/conv2d/twin.rs. Source: torch.nn.functional.conv2d.
//
// A thread takes one tap × 16 input channels × 8 outputs: six texels for 128 multiply-adds.

struct Params {
    rows: u32,        // N
    outputs: u32,     // O
    height: u32,      // of d
    width: u32,       // of d
    in_groups: u32,   // C / 4
    out_groups: u32,  // texels of a column of d, two for eight outputs
    kernel_h: u32,
    kernel_w: u32,
    slices: u32,
    x_across: u32,    // images side by side in x
    x_width: u32,     // texels from one to the next
    x_height: u32,    // rows from one to the one below
    d_across: u32,    // the same of d
    d_width: u32,
    d_height: u32,
    d_top: u32,       // rows of zeros above an image of d
    d_left: u32,      // columns of zeros left of it
}

const WORKGROUP_SIZE = 64u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var x: texture_storage_2d<rgba32float, read>;         // (N, H, W, C/4) with its border
@group(0) @binding(2) var d: texture_storage_2d<rgba32float, read>;         // (N, OH, OW, O/4) with its border
@group(0) @binding(3) var<storage, read_write> parts_out: array<vec4f>;     // (slices, KH · KW, O, C/4)
@group(0) @binding(4) var<storage, read> parts: array<vec4f>;               // the same, read back
@group(0) @binding(5) var<storage, read_write> dweight: array<f32>;         // (O, C, KH, KW)

// What a thread sums up: tap (k, l), the input groups from c4 on, the outputs from 8 · o8 on.
struct Place { slice: u32, tap: u32, o8: u32, c4: u32 }

fn place(thread: u32) -> Place {
    let blocks = (params.in_groups + 3u) / 4u;
    let pairs = params.out_groups / 2u;
    let taps = params.kernel_h * params.kernel_w;
    return Place(
        thread / (blocks * pairs * taps), thread / (blocks * pairs) % taps, thread / blocks % pairs,
        thread % blocks * 4u,
    );
}

// 16 channels of x: groups beyond the last are those of the last, and not stored.
fn load(at: vec2u, c4: u32) -> mat4x4f {
    let last = params.in_groups - 1u;
    return mat4x4f(
        textureLoad(x, at + vec2u(c4, 0u)), textureLoad(x, at + vec2u(min(c4 + 1u, last), 0u)),
        textureLoad(x, at + vec2u(min(c4 + 2u, last), 0u)), textureLoad(x, at + vec2u(min(c4 + 3u, last), 0u)),
    );
}

fn store(p: Place, output: u32, s: mat4x4f) {
    let o = 8u * p.o8 + output;
    if o >= params.outputs { return; }
    let at = ((p.slice * params.kernel_h * params.kernel_w + p.tap) * params.outputs + o) * params.in_groups + p.c4;
    parts_out[at] = s[0];
    if p.c4 + 1u < params.in_groups { parts_out[at + 1u] = s[1]; }
    if p.c4 + 2u < params.in_groups { parts_out[at + 2u] = s[2]; }
    if p.c4 + 3u < params.in_groups { parts_out[at + 3u] = s[3]; }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn sums(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let p = place(id.y * workgroups.x * WORKGROUP_SIZE + id.x);
    if p.slice >= params.slices { return; }
    let k = p.tap / params.kernel_w;
    let l = p.tap % params.kernel_w;
    // llvmpipe (Mesa 22.3) builds a program anew at each dispatch whose uniforms alone decide loops; this is 0.
    let zero = p.slice >> 31u;
    var s0 = mat4x4f(); var s1 = mat4x4f(); var s2 = mat4x4f(); var s3 = mat4x4f();
    var s4 = mat4x4f(); var s5 = mat4x4f(); var s6 = mat4x4f(); var s7 = mat4x4f();
    for (var n = p.slice; n < params.rows; n += params.slices) {
        let x_first = vec2u(
            n % params.x_across * params.x_width + l * params.in_groups,
            n / params.x_across * params.x_height + k,
        );
        let d_first = vec2u(
            n % params.d_across * params.d_width + params.d_left * params.out_groups + 2u * p.o8,
            n / params.d_across * params.d_height + params.d_top,
        );
        for (var i = 0u; i < params.height + zero; i++) {
            for (var j = 0u; j < params.width + zero; j++) {
                let v = load(x_first + vec2u(j * params.in_groups, i), p.c4);
                let at = d_first + vec2u(j * params.out_groups, i);
                let a = textureLoad(d, at);
                let b = textureLoad(d, at + vec2u(1u, 0u));
                s0 += v * a.x; s1 += v * a.y; s2 += v * a.z; s3 += v * a.w;
                s4 += v * b.x; s5 += v * b.y; s6 += v * b.z; s7 += v * b.w;
            }
        }
    }
    store(p, 0u, s0); store(p, 1u, s1); store(p, 2u, s2); store(p, 3u, s3);
    store(p, 4u, s4); store(p, 5u, s5); store(p, 6u, s6); store(p, 7u, s7);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn reduce(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let index = id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    let taps = params.kernel_h * params.kernel_w;
    let count = taps * params.outputs * params.in_groups;
    if index >= count { return; }
    var sum = vec4f(0.0);
    for (var s = 0u; s < params.slices; s++) { sum += parts[s * count + index]; }
    let tap = index / (params.outputs * params.in_groups);
    // Of the first of four channels.
    let first = index % (params.outputs * params.in_groups) * 4u;
    for (var c = 0u; c < 4u; c++) { dweight[(first + c) * taps + tap] = sum[c]; }
}
