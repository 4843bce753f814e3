// args: --threads 256 --buffer bodies=12K --buffer step=0.01 --buffer moved=zero:12K
// Bodies that draw each other near: arrays of structures with vectors of three.
struct Body { at: vec3f, mass: f32, speed: vec3f, pad: f32, push: vec4f }
@group(0) @binding(0) var<storage, read> bodies: array<Body>;
@group(0) @binding(1) var<uniform> step: f32;
@group(0) @binding(2) var<storage, read_write> moved: array<Body>;
@compute @workgroup_size(64)
fn nbody(@builtin(global_invocation_id) id: vec3u) {
    let own = bodies[id.x];
    var push = vec3f(0.0);
    for (var i = 0u; i < arrayLength(&bodies); i++) {
        let way = bodies[i].at - own.at;
        let far = dot(way, way) + 0.01;
        push += bodies[i].mass * way * inverseSqrt(far) / far;
    }
    moved[id.x] = Body(own.at + step * own.speed, own.mass, own.speed + step * push, 0.0, vec4f(push, 0.0));
}
