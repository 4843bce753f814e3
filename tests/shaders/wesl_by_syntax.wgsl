// args: --threads 64 --buffer y=zero:256 --expect y=1,0,0
// WESL that is known by what it has, not by its file's name; a binding comes from a module.
import package::parts::rows::{y, at};

@compute @workgroup_size(16)
fn by_syntax(@builtin(global_invocation_id) id: vec3u) {
    y[at(id)] = select(0.0, 1.0, id.x == 0u);
}
