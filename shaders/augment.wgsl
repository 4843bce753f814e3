// Random views of a batch's images: moved, and each channel inverted, stretched, shaded and shifted in value.
//   y[n,c,i,j] = ±contrast · (1 + s[n] · f[n,c](i, j)) · x[n,c, clamp(i + di), clamp(j + dj)] + brightness
// where colours change too, x is g + s'[n] · (cos t · (x - g) + sin t · k × (x - g)): g is the mean of the three channels, and
// k the axis of greys, around which hues lie in a circle.
// f is a sum of octaves, each of half the wavelength and 0.6 of the height of the one before, as photos are rough at every
// scale. An octave is bilinear between the nodes of a grid laid over the image: a number of the image's and half of one of
// the channel's, as a photo's channels are alike, both drawn evenly from [-1, 1).
// What is drawn follows from the step's seed, the image and the channel by a counter-based generator; nothing is stored.
// Twin: src/ops/augment/proof.rs. Sources: torchvision's RandomAffine (translate, edges repeated), RandomInvert and
// ColorJitter (hue and saturation here around the mean of the channels); TorchIO's RandomBiasField, but of both signs; the hash is PCG RXS-M-XS 32.

struct Params {
    first: u32,       // the first row that is changed
    end: u32,         // the first one behind them that is not
    channels: u32,    // C
    height: u32,      // H
    width: u32,       // W
    shift: u32,       // most pixels to either side
    invert: f32,      // probability
    contrast: f32,    // most that 1 is changed by
    brightness: f32,  // most that is added
    shading: f32,     // most that s is
    saturation: f32,  // most that 1 is changed by
    hue: f32,         // the tangent of half of the largest angle
}

import "shared/step.wgsl";
import "shared/pcg.wgsl";

const WORKGROUP_SIZE = 64u;
// Tells these draws from the masks of dropout, which count layers.
const SALT = 0x80000000u;
// Numbers set aside for an image, and the first that belong to a channel.
const DRAWS = 1024u;
const OF_CHANNEL = 4u;
// Numbers of a fourth channel, which images in colour do not have.
const OF_COLOURS = 16u;
// Cells on a side of the first octave's grid; each octave has twice as many as the one before.
const CELLS = 3u;
const OCTAVES = 4u;
const PERSISTENCE = 0.6;
// The share of a channel's own number in a node.
const OWN = 0.5;
const INVERSE_ROOT_3 = 0.57735027;
// Numbers set aside for an octave: more than its nodes.
const OF_OCTAVE = 1024u;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<uniform> step: Step;
@group(0) @binding(2) var<storage, read> x: array<f32>;        // (N, C, H, W)
@group(0) @binding(3) var<storage, read_write> y: array<f32>;  // (N, C, H, W)

import "shared/draws.wgsl";

// A whole number from −shift to shift.
fn offset(image: u32, index: u32) -> i32 {
    return i32(draw(image, index) * f32(2u * params.shift + 1u)) - i32(params.shift);
}

// Where pixel `index` of `size` lies on the grid: the node before it, and how far towards the next.
struct Place {
    node: u32,
    share: f32,
}

fn place(index: u32, size: u32, cells: u32) -> Place {
    let last = max(size, 2u) - 1u;
    let along = index * cells;
    let node = min(along / last, cells - 1u);
    return Place(node, f32(along - node * last) / f32(last));
}

// What the nodes of a field are drawn from: the image's numbers and the channel's.
struct Field {
    image: u32,
    channel: u32,
}

fn even(random: u32) -> f32 {
    return 2.0 * unit(random) - 1.0;
}

fn node(field: Field, index: u32) -> f32 {
    return even(pcg(field.image ^ index)) + OWN * even(pcg(field.channel ^ index));
}

// An octave between two nodes of a row of its grid, of which `first` is the first one's number.
fn across(field: Field, first: u32, at: Place) -> f32 {
    let left = node(field, first + at.node);
    return left + at.share * (node(field, first + at.node + 1u) - left);
}

// f in a pixel.
fn shade(field: Field, row: u32, column: u32) -> f32 {
    var sum = 0.0;
    var height = 1.0;
    var cells = CELLS;
    for (var octave = 0u; octave < OCTAVES; octave++) {
        let down = place(row, params.height, cells);
        let right = place(column, params.width, cells);
        let first = octave * OF_OCTAVE + down.node * (cells + 1u);
        let above = across(field, first, right);
        let below = across(field, first + cells + 1u, right);
        sum += height * (above + down.share * (below - above));
        height *= PERSISTENCE;
        cells *= 2u;
    }
    return sum;
}

// What a colour is multiplied by, and how far towards the hue a quarter of the circle away.
fn colours(image: u32) -> vec2f {
    let saturation = 1.0 + params.saturation * around(image, OF_COLOURS);
    let t = params.hue * around(image, OF_COLOURS + 1u);
    return saturation * vec2f(1.0 - t * t, 2.0 * t) / (1.0 + t * t);
}

// Channel `c` of the pixel at `index` of an image's planes, of which `first` is the first, with other colours.
fn coloured(first: u32, index: u32, c: u32, change: vec2f) -> f32 {
    let plane = params.height * params.width;
    let own = x[first + c * plane + index];
    let next = x[first + (c + 1u) % 3u * plane + index];
    let behind = x[first + (c + 2u) % 3u * plane + index];
    let grey = (own + next + behind) / 3.0;
    return grey + change.x * (own - grey) + change.y * (behind - next) * INVERSE_ROOT_3;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn views(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
    let lines = params.channels * params.height;
    let row = params.first * lines + id.y * workgroups.x * WORKGROUP_SIZE + id.x;
    if row >= params.end * lines { return; }
    let plane = row / params.height;
    let image = plane / params.channels;
    let own = OF_CHANNEL * (1u + plane % params.channels);
    let sign = select(1.0, -1.0, draw(image, own) < params.invert);
    let contrast = sign * (1.0 + params.contrast * around(image, own + 1u));
    let brightness = params.brightness * around(image, own + 2u);
    let i = clamp(i32(row % params.height) + offset(image, 0u), 0, i32(params.height) - 1);
    let dj = offset(image, 1u);
    let c = plane % params.channels;
    let planes = image * params.channels * params.height * params.width;
    let line = u32(i) * params.width;
    let first = plane * params.height * params.width + line;
    let field = Field(hash(image, 3u), hash(image, own + 3u));
    let shading = params.shading * draw(image, 2u);
    let change = colours(image);
    let in_colours = params.channels == 3u && (params.saturation > 0.0 || params.hue > 0.0);
    for (var j = 0u; j < params.width; j++) {
        let column = clamp(i32(j) + dj, 0, i32(params.width) - 1);
        var factor = contrast;
        if params.shading > 0.0 {
            factor *= 1.0 + shading * shade(field, row % params.height, j);
        }
        var value = x[first + u32(column)];
        if in_colours { value = coloured(planes, line + u32(column), c, change); }
        y[row * params.width + j] = factor * value + brightness;
    }
}
