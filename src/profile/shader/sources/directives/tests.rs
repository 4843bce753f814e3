use super::*;

fn given(names: &[(&str, Option<ShaderDefValue>)]) -> Given {
    names.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect()
}

fn located(line: usize) -> String {
    format!("s.wgsl:{line}")
}

/// The lines that are left of a text, with empty ones left out.
fn left(text: &str, names: &[(&str, Option<ShaderDefValue>)]) -> String {
    let text = followed(text, &mut given(names), false, &located).expect(text);
    text.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn refused(text: &str, names: &[(&str, Option<ShaderDefValue>)]) -> String {
    followed(text, &mut given(names), false, &located).expect_err(text).to_string()
}

#[test]
fn conditions_leave_the_lines_that_they_say() {
    let ways = "#if N == 1\na\n#else if N >= 4\nb\n# else ifdef LAST // and that\nc\n#else\nd\n#endif N\ne";
    let last = ("LAST", Some(ShaderDefValue::Bool(true)));
    for (number, expected) in [(1, "a e"), (4, "b e"), (5, "b e"), (-2, "c e")] {
        assert_eq!(left(ways, &[("N", Some(ShaderDefValue::Int(number))), last]), expected);
    }
    assert_eq!(left(ways, &[("N", Some(ShaderDefValue::UInt(2)))]), "d e");
    let within = "#ifdef A\n#if N > 1\na\n#endif\nb\n#else\n#ifndef A\nc\n#endif\n#endif";
    assert_eq!(left(within, &[]), "c");
    assert_eq!(left(within, &[("A", None), ("N", Some(ShaderDefValue::Int(1)))]), "b");
    assert_eq!(left("/*\n#elif\n*/ #{N}\n#N", &[("N", None)]), "/* #elif */ #{N} #N");
    let text = followed("a\n#ifdef A\nb\n#endif\nc", &mut Given::new(), false, &located).expect("a text");
    assert_eq!(text, "a\n\n\n\nc\n");
}

#[test]
fn a_value_from_outside_goes_before_that_of_the_text() {
    let guarded = "#ifndef N\n#define N 8\n#endif\n#if N == 8\neight\n#else\nother\n#endif";
    assert_eq!(left(guarded, &[]), "eight");
    assert_eq!(left(guarded, &[("N", Some(ShaderDefValue::Int(4)))]), "other");
    assert!(
        refused("#ifdef A\n#define N 8\n#endif", &[])
            .contains("s.wgsl:2: expected #define outside of conditions")
    );
    assert!(refused("#define N 8\n#define N 9", &[]).contains("s.wgsl:2: expected one value of N"));
    let of_module =
        followed("#define N 8", &mut Given::new(), true, &located).expect_err("a module").to_string();
    assert!(of_module.contains("s.wgsl:1: expected a module without #define"), "{of_module}");
}

#[test]
fn unknown_forms_are_refused_with_their_line_and_the_right_one() {
    for (line, expected) in [
        (
            "#elif SIZE == 4",
            "expected #else if NAME == VALUE, #else ifdef NAME or #else ifndef NAME, found \"#elif SIZE == 4\"",
        ),
        ("#elseif A", "expected #else if NAME == VALUE"),
        ("#else if A", "expected #else ifdef A, or #if NAME == VALUE"),
        ("#else A", "expected #else alone"),
        ("#elifdef A", "expected #else ifdef A"),
        ("#if A", "expected #ifdef A, or #if NAME == VALUE"),
        ("#if defined(A)", "expected #ifdef A"),
        ("#if !defined( A )", "expected #ifndef A"),
        (
            "#if A == 1 && B == 2",
            "expected #if NAME == VALUE (or !=, <, <=, >, >=), with one condition in a line",
        ),
        ("#if A = 1", "expected #if NAME == VALUE"),
        ("#ifdef A B", "expected #ifdef NAME, with one name alone"),
        ("#ifdef", "expected #ifdef NAME"),
        ("#include \"x.wgsl\"", "expected #import \"x.wgsl\""),
        ("#define A 2.0", "expected #define NAME, or #define NAME VALUE with a whole number"),
        ("#pragma once", "expected #ifdef, #ifndef, #if"),
    ] {
        let said = refused(&format!("a\n{line}\nb\n"), &[]);
        assert!(said.contains("s.wgsl:2: expected") && said.contains(expected), "{line}: {said}");
    }
}

#[test]
fn what_does_not_fit_together_is_refused_with_its_line() {
    assert!(
        refused("a\n#ifdef A\nb", &[])
            .contains("s.wgsl:2: expected directives that fit together, found \"#ifdef A\" without #endif")
    );
    assert!(
        refused("a\n\n#endif", &[])
            .contains("s.wgsl:3: expected directives that fit together, found \"#endif\" without #if")
    );
    assert!(refused("#else\n#endif", &[]).contains("s.wgsl:1"));
    assert!(refused("#ifdef A\n#else\n#else\n#endif", &[]).contains("s.wgsl:3"));
}

#[test]
fn values_that_are_not_there_or_cannot_be_compared_are_refused_with_their_line() {
    let said = refused("a\n#if SIZE == 4\n#endif", &[]);
    assert!(said.contains("s.wgsl:2: expected a value of SIZE (define SIZE=VALUE gives one)"), "{said}");
    assert!(
        refused("#if SIZE == 4\n#endif", &[("SIZE", None)])
            .contains("a whole number or a truth value of SIZE")
    );
    let truth = ShaderDefValue::Bool(false);
    let said = refused("#if FAST == 1\n#endif", &[("FAST", Some(truth))]);
    assert!(said.contains("expected true or false, as FAST is false"), "{said}");
    let said = refused("#ifdef FAST\n#endif", &[("FAST", Some(truth))]);
    assert!(said.contains("expected #if FAST == true, as FAST is given, and is false"), "{said}");
}

#[test]
fn conditions_and_names_for_values_ask() {
    for text in ["#ifdef N", " # else if N == 2", "let a = #N;", "#if M == N"] {
        assert!(ask(text, "N"), "{text}");
    }
    for text in ["#import N", "#define N 3", "#define_import_path N", "const N = 3;", "let a = #NO;"] {
        assert!(!ask(text, "N"), "{text}");
    }
}
