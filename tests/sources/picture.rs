//! The picture of the house in ARCHITECTURE.md shows the arrows that [`super::architecture`] allows, but for those that follow
//! from others.

use crate::architecture::ARROWS;
use std::collections::BTreeSet;

type Arrow<'a> = (&'a str, &'a str);

/// Whether `from` may use `to`, directly or through others.
fn reaches(arrows: &[Arrow], from: &str, to: &str) -> bool {
    arrows.iter().any(|&(a, b)| a == from && (b == to || reaches(arrows, b, to)))
}

/// The arrows that do not follow from others.
fn reduced<'a>(arrows: &[Arrow<'a>]) -> BTreeSet<Arrow<'a>> {
    let detour = |&(from, to): &Arrow| {
        arrows.iter().any(|&(a, middle)| a == from && middle != to && reaches(arrows, middle, to))
    };
    arrows.iter().copied().filter(|arrow| !detour(arrow)).collect()
}

/// The arrows of a diagram.
fn drawn(text: &str) -> BTreeSet<Arrow<'_>> {
    text.lines().filter_map(|line| line.trim().split_once(" --> ")).collect()
}

#[test]
fn the_picture_shows_every_arrow() {
    let allowed: Vec<Arrow> =
        ARROWS.iter().flat_map(|(from, names)| names.iter().map(move |to| (*from, *to))).collect();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/ARCHITECTURE.md")).unwrap();
    let (drawn, expected) = (drawn(&text), reduced(&allowed));
    let missing: Vec<_> = expected.difference(&drawn).collect();
    let surplus: Vec<_> = drawn.difference(&expected).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing: {missing:?}, surplus: {surplus:?}");
}

#[test]
fn arrows_that_follow_from_others_are_left_out() {
    let all = [("c", "b"), ("b", "a"), ("c", "a"), ("d", "a")];
    assert_eq!(reduced(&all), BTreeSet::from([("c", "b"), ("b", "a"), ("d", "a")]));
    assert_eq!(drawn("graph BT\n    b --> a\n| b | a |\n"), BTreeSet::from([("b", "a")]));
}
