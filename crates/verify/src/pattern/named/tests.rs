use std::fmt::Write as _;

use serde::Deserialize;

use super::{Class, unicode};

/// What Go 1.26.8 has in `[\p{class}]`, after `(?i)` if `fold`, surrogates left out.
#[derive(Deserialize)]
struct Row {
    class: String,
    fold: bool,
    #[serde(default)]
    refused: bool,
    #[serde(default)]
    characters: u32,
    /// Of the ranges as they are written by [`spelled`].
    #[serde(default)]
    fnv1a: String,
}

/// `41-5a 61-7a`
fn spelled(ranges: &[(u32, u32)]) -> String {
    let ranges = ranges.iter().map(|(low, high)| format!("{low:x}-{high:x}"));
    ranges.collect::<Vec<_>>().join(" ")
}

fn ranges(class: &Class) -> Vec<(u32, u32)> {
    class.iter().flat_map(without_surrogates).collect()
}

fn without_surrogates((low, high): (u32, u32)) -> Vec<(u32, u32)> {
    if low < 0xd800 && high > 0xdfff {
        vec![(low, 0xd7ff), (0xe000, high)]
    } else {
        vec![(low, high)]
    }
}

fn fnv1a(text: &str) -> String {
    let hash = text.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    format!("{hash:08x}")
}

#[test]
fn a_class_has_the_characters_that_it_has_in_go() {
    let rows = include_str!("../../../tests/data/unicode-classes.jsonl");
    let mut refused = 0;
    for (number, row) in rows.lines().enumerate() {
        let row: Row = serde_json::from_str(row).unwrap();
        let Some(class) = unicode(&row.class, false, row.fold) else {
            assert!(row.refused, "{} is a class in Go", row.class);
            refused += 1;
            continue;
        };
        assert!(!row.refused, "{} is no class in Go", row.class);
        let ranges = ranges(&class);
        let characters: u32 = ranges.iter().map(|(low, high)| high - low + 1).sum();
        assert_eq!(
            characters,
            row.characters,
            "line {}: {}",
            number + 1,
            row.class
        );
        assert_eq!(
            fnv1a(&spelled(&ranges)),
            row.fnv1a,
            "line {}: {}",
            number + 1,
            row.class
        );
    }
    assert_eq!((rows.lines().count(), refused), (446, 46));
}

#[test]
fn a_character_has_the_other_cases_that_it_has_in_go() {
    let mut cases = String::new();
    let mut count = 0;
    for code in (0..=u32::from(char::MAX)).filter(|code| char::from_u32(*code).is_some()) {
        let orbit = Class::range(code, code).folded().unwrap();
        let orbit: Vec<u32> = orbit.iter().flat_map(|(low, high)| low..=high).collect();
        // As `unicode.SimpleFold` goes round.
        let next = orbit
            .iter()
            .find(|other| **other > code)
            .unwrap_or(&orbit[0]);
        let next = *next;
        if next != code {
            count += 1;
            write!(cases, "{code:x}>{next:x} ").unwrap();
        }
    }
    assert_eq!((count, fnv1a(&cases).as_str()), (2878, "9c541287"));
}
