// Small pictures in a grid, read where the trainer keeps them: images of the batch with the class that is predicted for
// each, or the filters of the first layer.

struct Grid {
    columns: u32,
    rows: u32,
    first: u32,      // the first picture's row in the buffer
    labelled: u32,   // whether a class stands in the corner
    channels: u32,
    height: u32,
    width: u32,
    centred: u32,    // whether 0 is grey and the largest weight of a picture white or black: filters
    scale: vec4f,    // what turned colours into values
    shift: vec4f,
}

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) place: vec2f,                            // within the tile, from 0 to 1
    @location(1) @interpolate(flat) picture: u32,
    @location(2) @interpolate(flat) largest: f32,
}

@group(0) @binding(0) var<uniform> grid: Grid;
@group(0) @binding(1) var<storage, read> pictures: array<f32>;      // (N, C, H, W), the trainer's own buffer
@group(0) @binding(2) var<storage, read> predictions: array<u32>;   // (N), the trainer's own buffer

// The space around a picture, as a share of its tile.
const MARGIN = 0.06;

// Digits of 3 × 5 dots, a row of three bits each, the top row in the highest bits.
const DIGITS = array<u32, 10>(
    31599u, 11415u, 29671u, 29647u, 23497u, 31183u, 31215u, 29257u, 31727u, 31695u,
);

@vertex
fn corner(@builtin(vertex_index) vertex: u32, @builtin(instance_index) tile: u32) -> Corner {
    let unit = vec2f(f32(vertex & 1u), f32(vertex >> 1u));
    let cell = vec2f(f32(tile % grid.columns), f32(tile / grid.columns));
    let size = vec2f(f32(grid.columns), f32(grid.rows));
    let at = (cell + mix(vec2f(MARGIN), vec2f(1.0 - MARGIN), unit)) / size;
    var out: Corner;
    out.position = vec4f(at.x * 2.0 - 1.0, 1.0 - at.y * 2.0, 0.0, 1.0);
    out.place = unit;
    out.picture = grid.first + tile;
    out.largest = 0.0;
    if grid.centred != 0u {
        let count = grid.channels * grid.height * grid.width;
        for (var i = 0u; i < count; i++) {
            out.largest = max(out.largest, abs(pictures[out.picture * count + i]));
        }
    }
    return out;
}

fn value(picture: u32, channel: u32, place: vec2f) -> f32 {
    let i = min(u32(place.y * f32(grid.height)), grid.height - 1u);
    let j = min(u32(place.x * f32(grid.width)), grid.width - 1u);
    let c = min(channel, grid.channels - 1u);
    return pictures[((picture * grid.channels + c) * grid.height + i) * grid.width + j];
}

// 1 on the dots of a digit, 0 beside them; place runs from 0 to 1 over the digit.
fn dot_of(digit: u32, place: vec2f) -> f32 {
    if any(place < vec2f(0.0)) || any(place >= vec2f(1.0)) { return 0.0; }
    let column = u32(place.x * 3.0);
    let row = u32(place.y * 5.0);
    var digits = DIGITS;
    return f32(digits[digit] >> (14u - row * 3u - column) & 1u);
}

@fragment
fn pixel(in: Corner) -> @location(0) vec4f {
    var colour: vec3f;
    for (var c = 0u; c < 3u; c++) {
        let v = value(in.picture, c, in.place);
        if grid.centred != 0u { colour[c] = 0.5 + 0.5 * v / max(in.largest, 1e-10); }
        else { colour[c] = (v - grid.shift[c]) / grid.scale[c]; }
    }
    if grid.labelled != 0u {
        // A plate in the lower right corner, with the number of the class on it.
        let found = predictions[in.picture];
        let digits = select(1.0, 2.0, found >= 10u);
        let plate = (in.place - vec2f(1.0 - 0.26 * digits, 0.6)) / vec2f(0.26 * digits, 0.4);
        if all(plate >= vec2f(0.0)) {
            let at = plate * vec2f(digits, 1.0);
            let number = select(found % 10u, found / 10u, digits > 1.5 && at.x < 1.0);
            let ink = dot_of(number, (vec2f(fract(at.x), at.y) - 0.16) / 0.68);
            colour = mix(vec3f(0.05, 0.06, 0.08), vec3f(1.0, 0.85, 0.3), ink);
        }
    }
    return vec4f(clamp(colour, vec3f(0.0), vec3f(1.0)), 1.0);
}
