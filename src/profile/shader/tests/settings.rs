use super::*;

const SIZED: &str = "
#ifdef WIDE
const WIDTH = 2u * 8u;
#else
const WIDTH = 4u;
#endif
override LANES: u32 = 2u;
@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(LANES) fn f(@builtin(global_invocation_id) id: vec3u) { y[id.x] = {VALUE}; }
";

fn with(settings: &[(&str, &str)]) -> Result<Shader> {
    let settings = settings.iter().map(|(name, value)| format!("{name}={value}").parse().unwrap()).collect();
    Shader::parse(Path::new("sized.wgsl"), SIZED.into(), &Choices { settings, ..Default::default() })
}

#[test]
fn constants_without_a_type_are_known_too() {
    let text = "const SIDE = 64; const AREA = SIDE * SIDE; const HALF = 0.5; const WIDE: u32 = 3;
        @group(0) @binding(0) var<storage, read_write> y: array<f32>;
        @compute @workgroup_size(1) fn f() { y[WIDE] = HALF; }";
    let found = Shader::parse(Path::new("c.wgsl"), text.into(), &Choices::default()).unwrap();
    let values = ["SIDE", "AREA", "HALF", "WIDE", "y", "nothing"].map(|name| found.constant(name));
    assert_eq!(values, [Some(64), Some(4096), None, Some(3), None, None]);
}

#[test]
fn settings_are_override_constants_or_names_that_the_text_asks_for() {
    let found = with(&[("LANES", "32"), ("VALUE", "1.5"), ("WIDE", "true")]).unwrap();
    assert_eq!(found.workgroup_size(), [32, 1, 1]);
    assert!(found.source().contains("= 1.5;"), "{}", found.source());
    assert_eq!(
        (found.constant("LANES"), found.constant("WIDTH"), found.constant("y")),
        (Some(32), Some(16), None)
    );
    let message = with(&[("VALUE", "1.5"), ("WIDTH", "3")]).unwrap_err().to_string();
    assert!(message.contains("override WIDTH: expected an override constant, or a name that"), "{message}");
    let message = with(&[("VALUE", "1.5"), ("LANES", "wide")]).unwrap_err().to_string();
    assert!(message.contains("expected NAME=VALUE with a number"), "{message}");
}

#[test]
fn what_is_meant_for_another_shader_is_passed_over() {
    let overrides = vec!["OTHER=1".parse().unwrap(), "LANES=8".parse().unwrap()];
    let defines = vec!["NOWHERE".parse().unwrap(), "VALUE=1.0".parse().unwrap()];
    let strict = Choices { entry: Some("other".into()), overrides, defines, ..Default::default() };
    let lenient = Choices { is_lenient: true, ..strict.clone() };
    let parse = |choices: &Choices| Shader::parse(Path::new("sized.wgsl"), SIZED.into(), choices);
    assert!(parse(&strict).is_err());
    let found = parse(&lenient).unwrap();
    assert_eq!((found.entry(), found.workgroup_size()), ("f", [8, 1, 1]));
}
