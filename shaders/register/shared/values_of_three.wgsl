// The three channels of a texel that count. An image has no fourth: a quarter less to do.

alias Values = vec3f;

fn values_of(t: vec4f) -> Values {
    return t.xyz;
}

fn texel_of(v: Values) -> vec4f {
    return vec4f(v, 0.0);
}
