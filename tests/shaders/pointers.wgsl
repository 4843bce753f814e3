// args: --threads 16 --buffer y=zero:64 --expect y=7
// Functions that change what their arguments point to.
struct State { a: f32, b: array<f32, 3> }
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
fn add(to: ptr<function, f32>, more: f32) { *to += more; }
fn fill(state: ptr<function, State>) {
    for (var i = 0; i < 3; i++) { (*state).b[i] = f32(i); }
    (*state).a = 4.0;
}
@compute @workgroup_size(16)
fn pointers(@builtin(global_invocation_id) id: vec3u) {
    var state: State;
    fill(&state);
    var sum = state.a;
    add(&sum, state.b[1] + state.b[2]);
    y[id.x] = sum;
}
