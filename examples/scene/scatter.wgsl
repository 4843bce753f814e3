// The points, one square each, out of which discs (source) and rings (target) are cut; coloured by domain or by class:
// that of the label for the source, which has labels, and of the prediction for the target.

struct Look {
    source_rows: u32,
    by_class: u32,
    radius: f32,   // in pixels
    range: f32,    // standard deviations from the middle to the edge
    size: vec2f,   // of the picture in pixels
    shade: f32,    // what colours are multiplied by: 1 on dark grounds, less on light ones
}

struct Corner {
    @builtin(position) position: vec4f,
    @location(0) offset: vec2f,      // in pixels from the centre
    @location(1) colour: vec3f,
    @location(2) ring: f32,
}

@group(0) @binding(0) var<uniform> look: Look;
@group(0) @binding(1) var<storage, read> points: array<vec2f>;      // (N)
@group(0) @binding(2) var<storage, read> labels: array<u32>;        // (S), the trainer's own buffer
@group(0) @binding(3) var<storage, read> predictions: array<u32>;   // (N), the trainer's own buffer

const SOURCE = vec3f(0.26, 0.62, 0.95);
const TARGET = vec3f(1.0, 0.55, 0.2);

fn colour_of_class(number: u32) -> vec3f {
    switch number % 10u {
        case 0u: { return vec3f(0.35, 0.60, 0.92); }
        case 1u: { return vec3f(0.98, 0.58, 0.22); }
        case 2u: { return vec3f(0.42, 0.78, 0.38); }
        case 3u: { return vec3f(0.92, 0.35, 0.36); }
        case 4u: { return vec3f(0.68, 0.52, 0.88); }
        case 5u: { return vec3f(0.72, 0.52, 0.42); }
        case 6u: { return vec3f(0.95, 0.55, 0.80); }
        case 7u: { return vec3f(0.65, 0.67, 0.70); }
        case 8u: { return vec3f(0.82, 0.80, 0.30); }
        default: { return vec3f(0.30, 0.80, 0.86); }
    }
}

@vertex
fn corner(@builtin(vertex_index) vertex: u32, @builtin(instance_index) row: u32) -> Corner {
    let is_target = row >= look.source_rows;
    var out: Corner;
    let corner = vec2f(f32(vertex & 1u), f32(vertex >> 1u)) * 2.0 - 1.0;
    out.offset = corner * (look.radius + 1.0);
    let place = points[row] / look.range;
    out.position = vec4f(place + out.offset * 2.0 / look.size, 0.0, 1.0);
    out.ring = select(0.0, 1.0, is_target);
    out.colour = select(SOURCE, TARGET, is_target);
    if look.by_class != 0u {
        if is_target { out.colour = colour_of_class(predictions[row]); }
        else { out.colour = colour_of_class(labels[row]); }
    }
    out.colour *= look.shade;
    return out;
}

@fragment
fn cut(in: Corner) -> @location(0) vec4f {
    let distance = length(in.offset);
    let disc = clamp(look.radius - distance + 0.5, 0.0, 1.0);
    let hole = clamp(look.radius * 0.55 - distance + 0.5, 0.0, 1.0) * in.ring;
    let alpha = disc * (1.0 - hole) * 0.85;
    return vec4f(in.colour * alpha, alpha);
}
