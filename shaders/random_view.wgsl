// Random windows onto a batch's images, and what is seen through them:
//   y[n,c,i,j] = x[n,c] at (top + down·i + across·j, …), bilinear between pixels, never beyond the window
// A window is a part of the image that is scaled to the size of y, mirrored, slanted, turned and zoomed. Where several pixels of x fall
// on one of y, that many places of it are averaged along each side, so that no pattern appears that was not there.
// What is drawn follows from the step's seed and the image by a counter-based generator.
// Twin: src/ops/random_view/proof.rs. Sources: torchvision's RandomResizedCrop, RandomHorizontalFlip and RandomAffine (rotation,
// shear and scale, edges repeated), but windows begin and end between pixels; the hash is PCG RXS-M-XS 32.
//
// Texels: drawn, x

struct Params {
    first: u32,       // the first row that is looked at
    end: u32,         // the first one behind them that is not
    channels: u32,    // C
    height: u32,      // H of x
    width: u32,       // W of x
    out_height: u32,  // H of y
    out_width: u32,   // W of y
    crop: f32,        // the least share of x that a window shows; 0: its middle of the size of y
    flip: f32,        // probability
    turn: f32,        // the tangent of half of the largest angle
    shear: f32,       // the tangent of the largest slant
    zoom: f32,        // most that a scale of 1 is changed by
}

import "shared/step.wgsl";
import "shared/pcg.wgsl";

const WORKGROUP_SIZE = 64u;
// Tells these draws from the masks of dropout, which count layers, and from those of other ops.
const SALT = 0xc0000000u;
// Numbers set aside for an image, and the first that belong to a try at a window.
const DRAWS = 64u;
const OF_TRY = 4u;
const TRIES = 10u;
// Widths of windows by their heights lie between 3/4 and 4/3: the logarithm to base 2 of 4/3.
const MOST_RATIO = 0.4150375;
// Most places along a side that are averaged into a pixel.
const MOST_TAPS = 16.0;
// Numbers of a window: where the first pixel of y lies in x, what a row and a column further add, and the window's edges.
const NUMBERS = 10u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read_write> windows: array<f32>;   // (N, 10)
@group(0) @binding(3) var<storage, read> drawn: array<f32>;           // (N, 10)
@group(0) @binding(4) var<storage, read> x: array<f32>;               // (N, C, H, W)
@group(0) @binding(5) var<storage, read_write> y: array<f32>;         // (N, C, out H, out W)

import "shared/draws.wgsl";

// Rows and columns from the top left corner of x: (top, left), (height, width).
struct Window {
    start: vec2f,
    size: vec2f,
}

// What is shown without a crop: the middle of x in the size of y, whole pixels from its corner.
fn middle(size: vec2f) -> Window {
    let shown = min(vec2f(f32(params.out_height), f32(params.out_width)), size);
    return Window(floor((size - shown) / 2.0), shown);
}

// A part of x of random area, proportions and place. If none of ten tries fits in, the largest of fit proportions.
fn part(image: u32, size: vec2f) -> Window {
    for (var k = 0u; k < TRIES; k++) {
        let first = OF_TRY * (k + 1u);
        let area = size.x * size.y * (params.crop + (1.0 - params.crop) * draw(image, first));
        let side = sqrt(area);
        let stretch = exp2(0.5 * MOST_RATIO * around(image, first + 1u));
        let shown = vec2f(side / stretch, side * stretch);
        if all(shown <= size) {
            return Window((size - shown) * vec2f(draw(image, first + 2u), draw(image, first + 3u)), shown);
        }
    }
    let shown = min(size, size.yx * (4.0 / 3.0));
    return Window((size - shown) / 2.0, shown);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn choose(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let image = params.first + id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if image >= params.end { return; }
    let size = vec2f(f32(params.height), f32(params.width));
    var window = middle(size);
    if params.crop > 0.0 { window = part(image, size); }
    let t = params.turn * around(image, 1u);
    let zoom = 1.0 + params.zoom * around(image, 2u);
    let cosine = (1.0 - t * t) / (1.0 + t * t) / zoom;
    let sine = 2.0 * t / (1.0 + t * t) / zoom;
    let side = select(1.0, -1.0, draw(image, 0u) < params.flip);
    let out = vec2f(f32(params.out_height), f32(params.out_width));
    let scale = window.size / out;
    // A slant moves what is seen a row further down by so many columns.
    let slant = params.shear * around(image, 3u);
    let down = vec2f(cosine + slant * sine, slant * cosine - sine) * scale;
    let across = vec2f(sine, cosine) * side * scale;
    // Pixels are squares around their middles: that of y's first one lies half a side away from its corner.
    let centre = window.start + 0.5 * window.size - 0.5;
    let first = centre - 0.5 * (out.x - 1.0) * down - 0.5 * (out.y - 1.0) * across;
    let last = window.start + max(window.size - 1.0, vec2f(0.0));
    let numbers = array(first.x, first.y, down.x, down.y, across.x, across.y, window.start.x, window.start.y, last.x, last.y);
    for (var k = 0u; k < NUMBERS; k++) { windows[image * NUMBERS + k] = numbers[k]; }
}

fn pair(image: u32, index: u32) -> vec2f {
    let at = image * NUMBERS + 2u * index;
    return vec2f(drawn[at], drawn[at + 1u]);
}

// How many places along a side of a pixel are averaged.
fn taps(side: vec2f) -> u32 {
    return u32(clamp(floor(length(side) + 0.5), 1.0, MOST_TAPS));
}

// x at a place between pixels of the plane that begins at `plane`. Windows come from memory that others can write: what they
// say is kept within the plane.
fn between(plane: u32, at: vec2f) -> f32 {
    let last = vec2u(params.height, params.width) - 1u;
    let before = min(vec2u(max(at, vec2f(0.0))), last);
    let behind = min(before + 1u, last);
    let share = at - vec2f(before);
    let above = plane + before.x * params.width;
    let below = plane + behind.x * params.width;
    let top = mix(x[above + before.y], x[above + behind.y], share.y);
    return mix(top, mix(x[below + before.y], x[below + behind.y], share.y), share.x);
}

// A thread a row of a plane of y.
@compute @workgroup_size(WORKGROUP_SIZE)
fn look(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let lines = params.channels * params.out_height;
    let line = params.first * lines + id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if line >= params.end * lines { return; }
    let of_plane = line / params.out_height;
    let image = of_plane / params.channels;
    let plane = of_plane * params.height * params.width;
    let down = pair(image, 1u);
    let across = pair(image, 2u);
    let start = pair(image, 3u);
    let last = pair(image, 4u);
    let first = pair(image, 0u) + f32(line % params.out_height) * down;
    let rows = taps(down);
    let columns = taps(across);
    for (var j = 0u; j < params.out_width; j++) {
        let middle = first + f32(j) * across;
        var sum = 0.0;
        for (var a = 0u; a < rows; a++) {
            let row = middle + ((f32(a) + 0.5) / f32(rows) - 0.5) * down;
            for (var b = 0u; b < columns; b++) {
                let at = row + ((f32(b) + 0.5) / f32(columns) - 0.5) * across;
                sum += between(plane, clamp(at, start, last));
            }
        }
        y[line * params.out_width + j] = sum / f32(rows * columns);
    }
}
