// The maps of Winograd's domain, F(4×4, 5×5) with the points 0, ±1, ±2, ±1/2 and infinity, along one side of a tile. See
// winograd_transform.wgsl.

struct Four { c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f }

struct Five { c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f, c4: vec4f }

struct Eight { c0: vec4f, c1: vec4f, c2: vec4f, c3: vec4f, c4: vec4f, c5: vec4f, c6: vec4f, c7: vec4f }

// Bᵀ of eight values.
fn input_points(d: Eight) -> Eight {
    let even1 = d.c2 + d.c6 - 4.25 * d.c4;
    let odd1 = d.c1 + d.c5 - 4.25 * d.c3;
    let even2 = d.c6 + 0.25 * d.c2 - 1.25 * d.c4;
    let odd2 = 0.5 * d.c1 - 2.5 * d.c3 + 2.0 * d.c5;
    let even3 = d.c6 + 4.0 * d.c2 - 5.0 * d.c4;
    let odd3 = 2.0 * d.c1 - 2.5 * d.c3 + 0.5 * d.c5;
    return Eight(
        d.c0 - d.c6 + 5.25 * (d.c4 - d.c2), even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2,
        even3 + odd3, even3 - odd3, d.c7 - d.c1 + 5.25 * (d.c3 - d.c5),
    );
}

// B of eight points.
fn pixels(v: Eight) -> Eight {
    let s1 = v.c1 + v.c2;
    let t1 = v.c1 - v.c2;
    let s2 = v.c3 + v.c4;
    let t2 = v.c3 - v.c4;
    let s3 = v.c5 + v.c6;
    let t3 = v.c5 - v.c6;
    return Eight(
        v.c0, t1 + 0.5 * t2 + 2.0 * t3 - v.c7, s1 + 0.25 * s2 + 4.0 * s3 - 5.25 * v.c0,
        5.25 * v.c7 - 4.25 * t1 - 2.5 * (t2 + t3), 5.25 * v.c0 - 4.25 * s1 - 1.25 * s2 - 5.0 * s3,
        t1 + 2.0 * t2 + 0.5 * t3 - 5.25 * v.c7, s1 + s2 + s3 - v.c0, v.c7,
    );
}

// A of four values.
fn gradient_points(d: Four) -> Eight {
    let even1 = d.c0 + d.c2;
    let odd1 = d.c1 + d.c3;
    let even2 = d.c0 + 4.0 * d.c2;
    let odd2 = 2.0 * d.c1 + 8.0 * d.c3;
    let even3 = d.c0 + 0.25 * d.c2;
    let odd3 = 0.5 * d.c1 + 0.125 * d.c3;
    return Eight(d.c0, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, even3 + odd3, even3 - odd3, d.c3);
}

// Aᵀ of eight points.
fn values(m: Eight) -> Four {
    let s1 = m.c1 + m.c2;
    let t1 = m.c1 - m.c2;
    let s2 = m.c3 + m.c4;
    let t2 = m.c3 - m.c4;
    let s3 = m.c5 + m.c6;
    let t3 = m.c5 - m.c6;
    return Four(
        m.c0 + s1 + s2 + s3, t1 + 2.0 * t2 + 0.5 * t3, s1 + 4.0 * s2 + 0.25 * s3, t1 + 8.0 * t2 + 0.125 * t3 + m.c7,
    );
}

// Factors of G's rows of the points ±1, ±2 and ±1/2.
const ONE = -2.0 / 9.0;
const TWO = 1.0 / 90.0;
const HALF = 2.0 / 45.0;

// G of five taps.
fn points(g: Five) -> Eight {
    let even1 = ONE * (g.c0 + g.c2 + g.c4);
    let odd1 = ONE * (g.c1 + g.c3);
    let even2 = TWO * (g.c0 + 4.0 * g.c2 + 16.0 * g.c4);
    let odd2 = TWO * (2.0 * g.c1 + 8.0 * g.c3);
    let even3 = HALF * (16.0 * g.c0 + 4.0 * g.c2 + g.c4);
    let odd3 = HALF * (8.0 * g.c1 + 2.0 * g.c3);
    return Eight(g.c0, even1 + odd1, even1 - odd1, even2 + odd2, even2 - odd2, even3 + odd3, even3 - odd3, g.c4);
}

// Gᵀ of eight points.
fn taps(u: Eight) -> Five {
    let s1 = ONE * (u.c1 + u.c2);
    let t1 = ONE * (u.c1 - u.c2);
    let s2 = TWO * (u.c3 + u.c4);
    let t2 = TWO * (u.c3 - u.c4);
    let s3 = HALF * (u.c5 + u.c6);
    let t3 = HALF * (u.c5 - u.c6);
    return Five(
        u.c0 + s1 + s2 + 16.0 * s3, t1 + 2.0 * t2 + 8.0 * t3, s1 + 4.0 * (s2 + s3), t1 + 8.0 * t2 + 2.0 * t3,
        s1 + 16.0 * s2 + s3 + u.c7,
    );
}
