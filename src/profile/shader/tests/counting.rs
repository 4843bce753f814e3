use super::*;

/// What the only entry point of `source` does.
fn counts(source: &str, texts: &[&str], workgroups: [u32; 3]) -> Counts {
    let shader = shader(source).unwrap();
    let (resources, contents) = filled(&shader, texts).unwrap();
    Job { shader: &shader, resources: &resources, contents: &contents, workgroups }.counts()
}

fn traffic(read: u64, written: u64) -> Traffic {
    Traffic { read: Some(read), written: Some(written) }
}

fn turns(counts: &Counts) -> Vec<Option<f64>> {
    counts.loops.iter().map(|turns| turns.turns).collect()
}

/// A kernel on one array, with two numbers in a uniform block, whose body may call `helper`.
fn on_array(body: &str) -> String {
    format!(
        "struct Sizes {{ n: u32, m: i32 }}
        @group(0) @binding(0) var<uniform> sizes: Sizes;
        @group(0) @binding(1) var<storage, read_write> y: array<f32>;
        @group(0) @binding(2) var<storage, read> x: array<u32>;
        var<workgroup> shared_: array<f32, 256>;
        fn helper(at: u32, sum: ptr<function, f32>) -> u32 {{
            if at >= sizes.n {{ return 0u; }}
            *sum += y[at];
            return at + 1u;
        }}
        @compute @workgroup_size(64)
        fn f(
            @builtin(global_invocation_id) id: vec3u,
            @builtin(local_invocation_index) local: u32,
            @builtin(workgroup_id) group: vec3u,
            @builtin(num_workgroups) groups: vec3u,
        ) {{ {body} }}"
    )
}

/// With `n` of 1,000 and `m` of 10, arrays of 64 KiB, and 16 workgroups of 64 threads.
fn of(body: &str) -> (Vec<Resource>, Counts) {
    let source = on_array(body);
    let resources = shader(&source).unwrap().resources().unwrap();
    let is_used = |text: &&str| resources.iter().any(|r| text.starts_with(&r.binding.to_string()));
    let texts: Vec<&str> = ["0=1000,10", "1=64K", "2=64K"].into_iter().filter(is_used).collect();
    let counts = counts(&source, &texts, [16, 1, 1]);
    (resources, counts)
}

/// What is touched of the array.
fn touched(body: &str) -> Traffic {
    let (resources, counts) = of(body);
    counts.traffic[resources.iter().position(|resource| resource.name == "y").unwrap()]
}

#[test]
fn a_guard_limits_what_is_touched() {
    let counted = counts(SCALE, &["0=1000u,2f", "1=64K", "1:0=128K"], [16, 1, 1]);
    assert_eq!(counted.traffic, [traffic(8, 0), traffic(4000, 0), traffic(0, 8000)]);
    assert_eq!((counted.threads, counted.is_exact), (1024.0, false));
    assert_eq!(counted.bytes(), Some(12_008));
    assert_eq!(counted.flops(), Some(1024.0));
    for guard in [
        "if id.x < sizes.n { y[id.x] = 1.0; }",
        "if id.x < sizes.n && group.x < 100u { y[id.x] = 1.0; }",
        "if id.x >= sizes.n || id.y > 3u { return; } y[id.x] = 1.0;",
        "if !(id.x < sizes.n) { return; } y[id.x] = 1.0;",
        "let i = id.x; if sizes.n <= i { return; } y[i] = 1.0;",
        "let at = vec2i(id.xy); if any(at >= vec2i(i32(sizes.n), 1)) { return; } y[at.x] = 1.0;",
        "var i = id.x; if i >= sizes.n { return; } y[i] = 1.0;",
        "y[min(id.x, sizes.n - 1u)] = 1.0;",
        "if id.x + 1u > sizes.n { return; } y[id.x] = 1.0;",
    ] {
        assert_eq!(touched(guard), traffic(0, 4000), "{guard}");
    }
}

#[test]
fn what_is_touched_is_no_more_than_threads_can() {
    // Sixteen workgroups of 64 threads, a value each.
    assert_eq!(touched("y[x[id.x]] = 1.0;"), traffic(0, 4096));
    assert_eq!(touched("y[id.x] = 1.0;"), traffic(0, 4096));
    assert_eq!(touched("y[id.x] *= 2.0;"), traffic(4096, 4096));
    // A value a workgroup, by one of its threads.
    assert_eq!(touched("if local == 0u { y[group.x] = 1.0; }"), traffic(0, 64));
    // Whole rows of eight.
    assert_eq!(touched("y[8u * id.x] = 1.0;"), traffic(0, 4096));
    assert_eq!(touched("for (var i = 0u; i < 8u; i++) { y[8u * id.x + i] = 1.0; }"), traffic(0, 32_768));
    assert_eq!(touched("for (var i = 0u; i < 64u; i++) { y[64u * id.x + i] = 1.0; }"), traffic(0, 65_536));
    // The same four bytes over and over.
    assert_eq!(touched("for (var i = 0u; i < x[0]; i++) { y[3] += 1.0; }"), traffic(4, 4));
    // Neither the place nor how often is known.
    let unknown = touched("for (var i = 0u; i < x[id.x]; i++) { y[x[i]] = 1.0; }");
    assert_eq!(unknown, Traffic { read: Some(0), written: None });
}

#[test]
fn turns_of_loops_are_counted() {
    for (body, expected) in [
        ("for (var i = 0; i < sizes.m; i++) { y[i] = 1.0; }", Some(10.0)),
        ("for (var i = 0u; i <= 9u; i += 2u) { y[i] = 1.0; }", Some(5.0)),
        ("for (var i = sizes.m; i > 0; i--) { y[i] = 1.0; }", Some(10.0)),
        ("for (var i = -sizes.m; i <= sizes.m; i++) { y[i + 10] = 1.0; }", Some(21.0)),
        ("for (var s = 128u; s > 0u; s >>= 1u) { y[s] = 1.0; }", Some(8.0)),
        ("for (var s = 1u; s < 256u; s *= 2u) { y[s] = 1.0; }", Some(8.0)),
        ("for (var s = 1u; s < 256u; s = s << 1u) { y[s] = 1.0; }", Some(8.0)),
        ("var i = 0u; while i < 7u { y[i] = 1.0; i += 1u; }", Some(7.0)),
        ("var i = 0u; loop { if i >= 7u { break; } y[i] = 1.0; continuing { i++; } }", Some(7.0)),
        ("var i = 0u; while i < 7u && x[i] < 4u { y[i] = 1.0; i++; }", Some(7.0)),
        ("var i = 0u; while x[i] < 4u && i < 7u && x[i] > 1u { y[i] = 1.0; i++; }", Some(7.0)),
        ("var i = 0u; while i < 7u || x[i] < 4u { y[i] = 1.0; i++; }", None),
        ("var i = 3u; while i != 10u { y[i] = 1.0; i++; }", Some(7.0)),
        ("for (var i = id.x; i < sizes.n; i += 64u * groups.x) { y[i] = 1.0; }", Some(1.0)),
        ("for (var i = local; i < 256u; i += 64u) { shared_[i] = 1.0; }", Some(4.0)),
        ("for (var i = 0u; i < x[id.x]; i++) { y[i] = 1.0; }", None),
        ("var i = x[id.x]; loop { if i == 1u { break; } i = select(i / 2u, 3u * i, (i & 1u) == 1u); }", None),
        ("for (var i = 0u; i < 9u; i++) { if y[i] > 0.0 { i += 2u; } }", None),
    ] {
        let (_, counted) = of(body);
        assert_eq!(turns(&counted), [expected], "{body}");
        assert_eq!(counted.most_turns(), expected, "{body}");
        assert_eq!(counted.flops().is_some(), expected.is_some(), "{body}");
    }
    // The inner one depends on the outer one.
    let (_, counted) = of("for (var i = 0u; i < 4u; i++) { for (var j = 0u; j <= i; j++) { y[j] += 1.0; } }");
    assert_eq!(turns(&counted), [Some(4.0), Some(4.0)]);
    assert_eq!(counted.thread[&Counted::Arithmetic("f32")], 16.0);
    assert!(!counted.is_exact);
    // Of a thread together, as software adapters count them.
    let of_thread = |body: &str| -> Vec<_> { of(body).1.loops.iter().map(|it| it.of_thread).collect() };
    let nested = "for (var i = 0u; i < 300u; i++) { for (var j = 0u; j < 300u; j++) { y[j] += 1.0; } }";
    assert_eq!(of_thread(nested), [Some(300.0), Some(90_000.0)]);
    assert_eq!(of_thread(&format!("{nested} {nested}")), [300.0, 90_000.0, 300.0, 90_000.0].map(Some));
    assert_eq!(of_thread(&nested.replace("i < 300u", "i < x[id.x]")), [None, None]);
    assert_eq!(of_thread(&nested.replace("j < 300u", "j < x[id.x]")), [Some(300.0), None]);
    // Counters beside the one that ends the loop.
    let body = "var at = 5u; for (var i = 0u; i < 10u; i++) { y[at] = 1.0; at += 3u; }";
    assert_eq!(touched(body), traffic(0, 4 * 31));
}

#[test]
fn operations_are_counted_by_type() {
    let (_, counted) = of("let a = vec3f(y[0], y[1], y[2]);
         y[3] = dot(a, a) + fma(a.x, a.y, a.z);
         y[4] = sqrt(a.x) / 3.0;
         let i = id.x * 2u + 1u;
         shared_[local] = f32(i);
         workgroupBarrier();
         y[5] = shared_[63u - local];");
    // A scalar product of three takes 5, a sum 1, fma 2, a root and a division 2.
    assert_eq!(counted.thread[&Counted::Arithmetic("f32")], 10.0);
    // A product, a sum, a conversion, a difference.
    assert_eq!(counted.thread[&Counted::Arithmetic("u32")], 4.0);
    assert_eq!(counted.thread[&Counted::Load("storage")], 3.0);
    assert_eq!(counted.thread[&Counted::Store("storage")], 3.0);
    assert_eq!(counted.thread[&Counted::Load("workgroup")], 1.0);
    assert_eq!(counted.thread[&Counted::Store("workgroup")], 1.0);
    assert_eq!(counted.thread[&Counted::Barrier], 1.0);
    assert_eq!((counted.workgroup_bytes, counted.is_exact), (1024, true));
    assert_eq!(counted.flops(), Some(10.0 * 1024.0));
}

#[test]
fn functions_are_followed_with_what_they_are_given() {
    let body = "var sum = 0.0; let next = helper(id.x, &sum); y[next] = sum;";
    assert_eq!(touched(body), traffic(4000, 4 * 1001));
    let matrix = "
        @group(0) @binding(0) var<storage, read> a: array<f32>;
        @group(0) @binding(1) var<storage, read> b: array<f32>;
        @group(0) @binding(2) var<storage, read_write> c: array<f32>;
        const N = 64u;
        fn at(row: u32, column: u32) -> u32 { return row * N + column; }
        @compute @workgroup_size(8, 8) fn gemm(@builtin(global_invocation_id) id: vec3u) {
            var sum = 0.0;
            for (var k = 0u; k < N; k++) { sum += a[at(id.y, k)] * b[at(k, id.x)]; }
            c[at(id.y, id.x)] = sum;
        }";
    let counted = counts(matrix, &["0=64K", "1=64K", "2=64K"], [8, 8, 1]);
    let whole = 4 * 64 * 64;
    assert_eq!(counted.traffic, [traffic(whole, 0), traffic(whole, 0), traffic(0, whole)]);
    assert_eq!(counted.flops(), Some(2.0 * 64.0 * 64.0 * 64.0));
    assert!(counted.is_exact);
}

#[test]
fn textures_and_atomics_are_counted() {
    let source = "
        @group(0) @binding(0) var t: texture_2d<f32>;
        @group(0) @binding(1) var s: sampler;
        @group(0) @binding(2) var w: texture_storage_2d<rgba8unorm, write>;
        @group(0) @binding(3) var<storage, read_write> bins: array<atomic<u32>, 16>;
        @compute @workgroup_size(8, 8) fn f(@builtin(global_invocation_id) id: vec3u) {
            let colour = textureSampleLevel(t, s, vec2f(id.xy), 0.0) + textureLoad(t, id.xy, 0);
            textureStore(w, id.xy, colour);
            atomicAdd(&bins[u32(colour.x * 15.0)], 1u);
        }";
    let counted = counts(source, &["0=64x64", "2=64x64"], [4, 4, 1]);
    // 32×32 threads, two texels of four bytes read and one written; anywhere in 16 bins.
    let expected = [traffic(8192, 0), traffic(0, 0), traffic(0, 4096), traffic(64, 64)];
    assert_eq!(counted.traffic, expected);
    assert_eq!(counted.thread[&Counted::Sample], 1.0);
    assert_eq!(counted.thread[&Counted::TexelLoad], 1.0);
    assert_eq!(counted.thread[&Counted::TexelStore], 1.0);
    assert_eq!(counted.thread[&Counted::Atomic("storage")], 1.0);
}

#[test]
fn every_sample_of_a_texel_is_counted() {
    let source = "
        @group(0) @binding(0) var t: texture_multisampled_2d<f32>;
        @group(0) @binding(1) var<storage, read_write> y: array<vec4f, 1>;
        @compute @workgroup_size(8, 8) fn f(@builtin(global_invocation_id) id: vec3u) {
            for (var i = 0; i < 4; i++) { y[0] = textureLoad(t, id.xy, i); }
        }";
    // 32×32 threads and texels of four bytes, four of each.
    assert_eq!(counts(source, &["0=32x32"], [4, 4, 1]).traffic[0], traffic(16_384, 0));
}

/// What it may take long to count is not counted to the end.
#[test]
fn functions_that_call_each_other_many_times_are_given_up() {
    let mut source = "@group(0) @binding(0) var<storage, read_write> y: array<u32>;
        fn f0(i: u32) -> u32 { y[i] += 1u; return i + 1u; }\n"
        .to_owned();
    for level in 1..24 {
        let below = level - 1;
        source += &format!("fn f{level}(i: u32) -> u32 {{ return f{below}(i) + f{below}(i + 1u); }}\n");
    }
    source += "@compute @workgroup_size(1) fn f() { y[0] = f23(1u); }";
    let began = std::time::Instant::now();
    let counted = counts(&source, &["0=64K"], [1, 1, 1]);
    assert!(began.elapsed().as_secs() < 20);
    assert_eq!((counted.flops(), counted.bytes(), counted.is_exact), (None, None, false));
}

#[test]
fn a_break_in_the_middle_of_a_case_leaves_open_what_it_leaves_behind() {
    let of_case = |case: &str| {
        let loops = "for (var i = 0u; i < n; i++) { y[id.x] += 1.0; }";
        turns(&of(&format!("var n = 4u; switch x[id.x] {{ case 0u {{ {case} }} default {{}} }} {loops}")).1)
    };
    assert_eq!(of_case("n = 8u;"), [Some(8.0)]);
    assert_eq!(of_case("if x[1] > 2u { n = 1000u; break; } n = 8u;"), [None]);
}
