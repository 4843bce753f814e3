// Ten kinds of objects as signed distance fields, one in each cell of a grid. The simulation draws them plainly; the stand-in for
// reality has other materials, textured grounds, a lens, blur, noise and a cast of colour.

struct Cell {
    across: vec4f,  // rows of the rotation; behind each a part of the object's place: x, y
    down: vec4f,
    ahead: vec4f,   // and its size
    colour: vec4f,  // of the object; behind it the strength of its stripes
    light: vec4f,   // where it comes from; behind it what is there without it
    ground: vec4f,  // its colour; behind it the height of its waves
    waves: vec4f,   // two directions
    tint: vec4f,    // what each colour is multiplied by; behind it the strength of the lens
    detail: vec4f,  // kind, phase, noise, blur
}

struct Grid {
    columns: f32,
    side: f32,  // pixels of a cell
}

@group(0) @binding(0) var<uniform> grid: Grid;
@group(0) @binding(1) var<storage, read> cells: array<Cell>;

@vertex
fn corner(@builtin(vertex_index) index: u32) -> @builtin(position) vec4f {
    return vec4f(f32(index & 1u) * 4.0 - 1.0, f32(index >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

fn block(p: vec3f, half: vec3f) -> f32 {
    let q = abs(p) - half;
    return length(max(q, vec3f(0.0))) + min(max(q.x, max(q.y, q.z)), 0.0);
}

fn beams(p: vec3f, half: f32, wide: f32) -> f32 {
    // Of a cube, its edges alone.
    let q = abs(p) - half;
    let r = abs(q + wide) - wide;
    let along = array(vec3f(q.x, r.y, r.z), vec3f(r.x, q.y, r.z), vec3f(r.x, r.y, q.z));
    var nearest = 10.0;
    for (var i = 0; i < 3; i++) {
        let a = along[i];
        nearest = min(nearest, length(max(a, vec3f(0.0))) + min(max(a.x, max(a.y, a.z)), 0.0));
    }
    return nearest;
}

fn cone(p: vec3f) -> f32 {
    // A tip at the top, and a bound from below.
    let side = dot(vec2f(length(p.xz), p.y - 0.8), normalize(vec2f(1.6, 0.75)));
    return max(side, -0.8 - p.y);
}

fn shape(kind: i32, p: vec3f) -> f32 {
    switch kind {
        case 0: { return length(p) - 0.78; }
        case 1: { return block(p, vec3f(0.58)); }
        case 2: { return length(vec2f(length(p.xz) - 0.62, p.y)) - 0.24; }
        case 3: { let d = vec2f(length(p.xz) - 0.42, abs(p.y) - 0.75); return length(max(d, vec2f(0.0))) + min(max(d.x, d.y), 0.0); }
        case 4: { return cone(p); }
        case 5: { return (abs(p.x) + abs(p.y) + abs(p.z) - 0.95) * 0.577; }
        case 6: { return block(p, vec3f(0.8, 0.09, 0.8)); }
        case 7: { return min(min(block(p, vec3f(0.85, 0.2, 0.2)), block(p, vec3f(0.2, 0.85, 0.2))), block(p, vec3f(0.2, 0.2, 0.85))); }
        case 8: { return beams(p, 0.68, 0.11); }
        default: { return min(block(p - vec3f(0.0, -0.5, 0.0), vec3f(0.7, 0.24, 0.3)), block(p - vec3f(-0.46, 0.1, 0.0), vec3f(0.24, 0.75, 0.3))); }
    }
}

fn distance_at(cell: Cell, at: vec3f) -> f32 {
    let q = (at - vec3f(cell.across.w, cell.down.w, 0.0)) / cell.ahead.w;
    let p = vec3f(dot(cell.across.xyz, q), dot(cell.down.xyz, q), dot(cell.ahead.xyz, q));
    return shape(i32(cell.detail.x), p) * cell.ahead.w;
}

fn normal_at(cell: Cell, at: vec3f) -> vec3f {
    let e = vec2f(0.01, -0.01);
    return normalize(
        e.xyy * distance_at(cell, at + e.xyy) + e.yyx * distance_at(cell, at + e.yyx)
        + e.yxy * distance_at(cell, at + e.yxy) + e.xxx * distance_at(cell, at + e.xxx)
    );
}

// From 0 to 1, of no pattern.
fn speckle(place: vec2f, salt: f32) -> f32 {
    return fract(sin(dot(place, vec2f(12.9898, 78.233)) + salt * 37.719) * 43758.547);
}

fn ground_at(cell: Cell, uv: vec2f) -> vec3f {
    let phases = vec3f(0.0, 2.1, 4.2) + cell.detail.y;
    let waves = sin(dot(cell.waves.xy, uv) + phases) + sin(dot(cell.waves.zw, uv) - phases.zxy);
    return cell.ground.rgb + cell.ground.w * 0.5 * waves;
}

@fragment
fn pixel(@builtin(position) position: vec4f) -> @location(0) vec4f {
    let place = floor(position.xy / grid.side);
    let cell = cells[u32(place.y * grid.columns + place.x)];
    var uv = (position.xy / grid.side - place - 0.5) * vec2f(2.4, -2.4);
    uv *= 1.0 + cell.tint.w * dot(uv, uv);
    var colour = ground_at(cell, uv);
    var depth = 0.4;
    var nearest = 10.0;
    var distance = 0.0;
    for (var i = 0; i < 32 && depth < 3.6; i++) {
        distance = distance_at(cell, vec3f(uv, 2.0 - depth));
        nearest = min(nearest, distance);
        if distance < 0.006 { break; }
        depth += distance;
    }
    // What is out of focus covers less of what is behind it, and reaches further.
    let cover = 1.0 - smoothstep(0.0, cell.detail.w + 0.02, nearest);
    if cover > 0.0 {
        let at = vec3f(uv, 2.0 - depth);
        let normal = normal_at(cell, at);
        let stripes = cell.colour.w * sin(9.0 * dot(normal, vec3f(1.0, 0.7, 0.4)) + 7.0 * uv.y + cell.detail.y);
        let lit = cell.light.w + (1.0 - cell.light.w) * max(dot(normal, normalize(cell.light.xyz)), 0.0);
        colour = mix(colour, (cell.colour.rgb + stripes) * lit, cover);
    }
    let noise = vec3f(speckle(position.xy, cell.detail.y), speckle(position.xy, 1.7), speckle(position.xy, 5.1)) - 0.5;
    return vec4f(colour * cell.tint.rgb + cell.detail.z * noise, 1.0);
}
