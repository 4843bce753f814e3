use super::*;
use std::path::PathBuf;

const ALL: &str = "
struct Body { at: vec3f, kind: u32 }
struct All { count: u32, bodies: array<Body> }
@group(0) @binding(0) var<storage, read_write> all: All;
@group(0) @binding(1) var<storage, read_write> turn: mat3x3f;
@group(0) @binding(2) var picture: texture_storage_2d<rgba8unorm, write>;
@compute @workgroup_size(1) fn f() {
    all.bodies[0].kind = 1u;
    turn[0] = turn[1];
    textureStore(picture, vec2u(0u), vec4f(1.0));
}";

const TOLERANCE: f64 = 1e-4;

/// What is found where `change` is made to what a binding holds.
fn difference(place: usize, change: impl FnOnce(&mut Vec<u8>)) -> Difference {
    let shader = shader(ALL).unwrap();
    let (resources, contents) = filled(&shader, &["all=zero:80", "picture=5x3"]).unwrap();
    let (resource, filled) = (&resources[place], &contents[place]);
    let mut changed = filled.each[0].clone();
    change(&mut changed);
    shader.difference(resource, filled.shape, TOLERANCE, [&filled.each[0], &changed])
}

fn put(bytes: &mut [u8], at: usize, value: f32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

#[test]
fn the_largest_difference_is_found_and_named() {
    let same = difference(0, |_| ());
    assert_eq!((same.numbers, same.beyond, same.largest, same.passes()), (17, 0, 0.0, true));
    // Of the four bodies behind the head, the second one's y.
    let moved = difference(0, |bytes| {
        put(bytes, 16 + 16 + 4, -3.0);
        put(bytes, 16 + 16 + 8, 2.0);
    });
    assert_eq!((moved.beyond, moved.largest, moved.at.as_str()), (2, 3.0, "all.bodies[1].at.y"));
    assert_eq!((moved.first, moved.second), (0.0, -3.0));
    let kind = difference(0, |bytes| bytes[16 + 48 + 12] = 1);
    assert_eq!((kind.beyond, kind.at.as_str()), (1, "all.bodies[3].kind"));
    let turned = difference(1, |bytes| put(bytes, 16 + 8, 7.0));
    assert_eq!((turned.numbers, turned.at.as_str()), (9, "turn[1].z"));
    // Nobody reads what lies between the columns.
    assert!(difference(1, |bytes| put(bytes, 12, 7.0)).passes());
    let painted = difference(2, |bytes| bytes[4 * (5 * 2 + 3) + 1] ^= 0x80);
    assert_eq!((painted.numbers, painted.beyond, painted.at.as_str()), (60, 1, "picture(3, 2).g"));
    assert!((painted.largest - 128.0 / 255.0).abs() < 1e-12, "{painted:?}");
}

#[test]
fn small_differences_pass_and_what_is_no_number_never_does() {
    assert!(difference(0, |bytes| put(bytes, 16, 0.9e-4)).passes());
    assert!(!difference(0, |bytes| put(bytes, 16, 1.1e-4)).passes());
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let found = difference(0, |bytes| put(bytes, 20, value));
        assert_eq!((found.passes(), found.at.as_str()), (false, "all.bodies[0].at.y"), "{value}");
    }
    // Nor if both are none.
    let shader = shader(ALL).unwrap();
    let (resources, contents) = filled(&shader, &["all=zero:80"]).unwrap();
    let mut bytes = contents[0].each[0].clone();
    put(&mut bytes, 16, f32::NAN);
    let found = shader.difference(&resources[0], contents[0].shape, TOLERANCE, [&bytes, &bytes]);
    assert_eq!((found.passes(), found.beyond, found.largest), (false, 1, f64::INFINITY));
}

#[test]
fn expectations_are_read_and_may_be_a_beginning() {
    let of = |text: &str| text.parse::<Expectation>().map(|found| found.content);
    let read = |text: &str| of(text).unwrap();
    let file = |name: &str| Content::File(PathBuf::from(name));
    assert_eq!((read("y=a.bin"), read("0:1=@a.bin")), (file("a.bin"), file("a.bin")));
    assert_eq!(read("y=1u,2u"), Content::Values(vec![Literal::U32(1), Literal::U32(2)], Rest::Nothing));
    for text in ["y", "y=", "y=64K", "y=zero:4", "y=8x8", "y=1u+4K", "a b=c"] {
        assert!(of(text).is_err(), "{text}");
    }
    let shader = shader(ALL).unwrap();
    let (resources, contents) = filled(&shader, &["all=zero:80", "picture=5x3"]).unwrap();
    let expected = |place: usize, text: &str| {
        let content = of(text).unwrap();
        shader.expected(&resources[place], contents[place].shape, &content)
    };
    assert_eq!(expected(0, "all=7").unwrap(), [7, 0, 0, 0]);
    assert_eq!(expected(0, "all=zero").unwrap(), [0; 80]);
    assert_eq!(expected(2, "picture=zero").unwrap().len(), 60);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("all.bin");
    std::fs::write(&path, [1; 79]).unwrap();
    let message = expected(0, &format!("all={}", path.display())).unwrap_err().to_string();
    assert!(message.contains("(storage all): expected 80 bytes, found 79"), "{message}");
    std::fs::write(&path, [1; 80]).unwrap();
    assert_eq!(expected(0, &format!("all={}", path.display())).unwrap(), [1; 80]);
}

#[test]
fn textures_are_written_as_pictures_and_read_again() {
    let shader = shader(ALL).unwrap();
    let (resources, contents) = filled(&shader, &["all=zero:80", "picture=5x3"]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("picture.png");
    let (resource, filled) = (&resources[2], &contents[2]);
    resource.dump(filled.shape, &filled.each[0], &path).unwrap();
    let content = Content::File(path.clone());
    assert_eq!(shader.expected(resource, filled.shape, &content).unwrap(), filled.each[0]);
    let message = resources[0].dump(contents[0].shape, &contents[0].each[0], &path).unwrap_err().to_string();
    assert!(message.contains("expected one texture of rgba8unorm or r8unorm"), "{message}");
}
