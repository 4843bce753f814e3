use super::*;

fn contents(texts: &[&str]) -> Result<Vec<Vec<u8>>> {
    let shader = shader(SCALE)?;
    let (_, contents) = filled(&shader, texts)?;
    Ok(contents.into_iter().map(|filled| filled.each.concat()).collect())
}

#[test]
fn buffers_hold_what_is_said_and_seeded_values_elsewhere() {
    let [params, x, y] = &contents(&["0=3u,0.5f", "1=1K", "1:0=64"]).unwrap()[..] else { panic!() };
    assert_eq!(params[..], [3_u32.to_le_bytes(), 0.5_f32.to_le_bytes()].concat());
    assert_eq!((x.len(), y.len()), (1024, 64));
    let values: Vec<f32> = bytemuck::pod_collect_to_vec(x);
    assert!(values.iter().all(|value| (-1.0..1.0).contains(value)));
    assert!(values.iter().any(|value| *value != values[0]));
    assert_eq!(contents(&["1=1K"]).unwrap()[1], *x, "the same seed, the same bytes");
    // Fewer values than a fixed size are filled up.
    assert_eq!(contents(&["0=7u"]).unwrap()[0], [7, 0, 0, 0, 0, 0, 0, 0]);
}

/// A binding's size is a multiple of 4 bytes, and what half of these lie behind is not.
#[test]
fn values_of_two_bytes_can_be_bound() {
    let sizes = |types: [&str; 2]| -> Vec<usize> {
        let text = format!(
            "enable f16; struct P {{ x: f16, y: f16, z: f16 }}
            @group(0) @binding(0) var<storage, read_write> a: {};
            @group(0) @binding(1) var<storage, read_write> b: {};
            @compute @workgroup_size(1) fn f() {{ _ = &a; _ = &b; }}",
            types[0], types[1]
        );
        let (_, contents) = filled(&shader(&text).unwrap(), &[]).unwrap();
        contents.iter().map(|filled| filled.each.concat().len()).collect()
    };
    assert_eq!(sizes(["f16", "array<f16, 3>"]), [4, 8]);
    let [pairs, triples] = sizes(["array<f16>", "array<P>"])[..] else { panic!() };
    assert!(pairs == 16 << 20 && triples.is_multiple_of(12) && triples >= 16 << 20, "{pairs} {triples}");
}

#[test]
fn values_without_a_suffix_are_what_the_type_has_there() {
    let expected = [3_u32.to_le_bytes(), 2_f32.to_le_bytes()].concat();
    assert_eq!(contents(&["0=3,2"]).unwrap()[0], expected);
    assert_eq!(contents(&["params=0x3,2.0"]).unwrap()[0], expected);
}

#[test]
fn a_header_and_zeros_stand_where_they_are_said_to() {
    let [_, x, y] = &contents(&["x=1.5,2.5+1K", "y=zero:128"]).unwrap()[..] else { panic!() };
    assert_eq!((x.len(), &x[..8]), (1032, &[1.5_f32.to_le_bytes(), 2.5_f32.to_le_bytes()].concat()[..]));
    let behind: Vec<f32> = bytemuck::pod_collect_to_vec(&x[8..]);
    assert!(behind.iter().all(|value| *value != 0.0 && value.abs() < 1.0));
    assert_eq!(*y, vec![0; 128]);
    assert_eq!(
        contents(&["y=1,2+zero:8"]).unwrap()[2],
        [&1_f32.to_le_bytes()[..], &2_f32.to_le_bytes(), &[0; 8]].concat()
    );
    assert!(contents(&["x=zero"]).unwrap()[1].iter().all(|byte| *byte == 0));
}

#[test]
fn bad_buffers_are_refused_by_name() {
    let refused = |texts: &[&str], words: &str| {
        let message = contents(texts).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains(words), "{texts:?}: {message}");
    };
    refused(&["x"], "buffer: expected [GROUP:]BINDING=");
    refused(&["1=0"], "buffer: expected");
    refused(&["1=3q"], "found \"1=3q\"");
    refused(&["1=@"], "buffer: expected");
    refused(&["1=6"], "(storage x): expected 0 bytes and elements of 4 bytes");
    refused(&["0=12"], "(uniform params): expected 8 bytes, found 12");
    refused(&["0=1u,2u,3u"], "(uniform params): expected 8 bytes, found 12");
    refused(&["0=1.5"], "(uniform params): expected a value that uint of 4 bytes can be");
    refused(&["1:7=64"], "buffer 1:7: expected one of 0:0 params, 0:1 x, 1:0 y");
    refused(&["z=64"], "buffer z: expected one of 0:0 params, 0:1 x, 1:0 y");
    refused(&["1=1K", "x=2K"], "buffer x: expected one description of each binding, found two of this one");
    refused(&["1=64x64"], "(storage x): expected a size in bytes");
    refused(&["1=@nowhere.bin"], "nowhere.bin: cannot read");
}

/// What cannot be bound is refused before anything of that size is made.
#[test]
fn sizes_are_checked_against_limits_first() {
    let shader = shader(SCALE).unwrap();
    let resources = shader.resources().unwrap();
    let limits = wgpu::Limits::default();
    let refused = |text: &str| {
        let specs = specs(&[text]);
        shader.plan(&resources, &specs).unwrap().check(&limits).unwrap_err().to_string()
    };
    for text in ["1=2G", "1=200G", "1=17179869183G", "1=1+200G"] {
        let message = refused(text);
        assert!(
            message.contains("at most 134217728, the adapter's max_storage_buffer_binding_size"),
            "{message}"
        );
    }
    let most = specs(&["1=128M", "1:0=64"]);
    shader.plan(&resources, &most).unwrap().check(&limits).unwrap();
    assert!("1=18446744073709551616".parse::<BufferSpec>().is_err());
    // Nor does what no machine has end the program.
    let vast = specs(&["1=17179869180G"]);
    let message = shader.plan(&resources, &vast).unwrap().fill(1).unwrap_err().to_string();
    assert!(message.contains("no memory on the host for buffer 0:1"), "{message}");
}
