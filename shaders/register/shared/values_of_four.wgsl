// The four channels of a texel that count.

alias Values = vec4f;

fn values_of(t: vec4f) -> Values {
    return t;
}

fn texel_of(v: Values) -> vec4f {
    return v;
}
