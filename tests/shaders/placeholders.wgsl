// args: --threads 64 --define type=f32 --define size=32 --define op=+ --define zero=0.0 --buffer y=zero:256 --expect y=3
// A template, as programs fill them before they make a shader of it.
@group(0) @binding(0) var<storage, read_write> y: array<{type}>;
@compute @workgroup_size(${size})
fn placeholders(@builtin(global_invocation_id) id: vec3u) {
    var sum: {{type}} = #{zero};
    sum = sum $op 3;
    y[id.x] = sum;
}
