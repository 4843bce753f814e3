// args: --threads 8 --buffer turn=0,1,0,0,0,0,1,0,1,0,0,0,2,3,4,5 --buffer p=zero:256 --expect p=3,1,2,0
// Matrices of several shapes, in blocks and in arrays; columns of three numbers lie 16 bytes apart.
struct Frame { turn: mat3x3f, corner: mat2x2f }
struct Point { at: vec3f, weight: f32, shear: mat2x2f }
@group(0) @binding(0) var<uniform> turn: Frame;
@group(0) @binding(1) var<storage, read_write> p: array<Point>;
@compute @workgroup_size(8)
fn turned(@builtin(global_invocation_id) id: vec3u) {
    p[id.x].at = turn.turn * vec3f(1.0, 2.0, 3.0);
    p[id.x].shear = transpose(turn.corner) * p[id.x].shear;
    p[id.x].weight = determinant(turn.corner) * 0.0;
}
