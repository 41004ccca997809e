//! The order in which go-yaml writes keys.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use crate::yaml::Node;

/// The entries of `map` in go-yaml's order: numbers in keys by their value, letters after
/// everything else ([sorter.go][1]).
///
/// [1]: https://github.com/yaml/go-yaml/blob/v2.4.2/sorter.go
pub(super) fn sorted(map: &BTreeMap<String, Node>) -> Vec<(&str, &Node)> {
    let entries = map.iter().map(|(key, node)| (key.as_str(), node)).collect();
    merge_sort(entries)
}

/// The standard library's sort may panic when an order is none, and go-yaml's is none for every set
/// of keys (`a`, `A0`, …): keys are a stranger's.
fn merge_sort<'a>(mut entries: Vec<(&'a str, &'a Node)>) -> Vec<(&'a str, &'a Node)> {
    if entries.len() < 2 {
        return entries;
    }
    let right = merge_sort(entries.split_off(entries.len() / 2));
    let mut merged = Vec::with_capacity(entries.len() + right.len());
    let mut left = merge_sort(entries).into_iter().peekable();
    let mut right = right.into_iter().peekable();
    while let (Some((one, _)), Some((other, _))) = (left.peek(), right.peek()) {
        let first = if compare(other, one).is_lt() {
            right.next()
        } else {
            left.next()
        };
        merged.extend(first);
    }
    merged.extend(left);
    merged.extend(right);
    merged
}

fn compare(one: &str, other: &str) -> Ordering {
    let same = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(one, other)| one == other)
        .count();
    // Not in the middle of a character.
    let mut same = same;
    while !(one.is_char_boundary(same) && other.is_char_boundary(same)) {
        same -= 1;
    }
    let (before, one, other) = (&one[..same], &one[same..], &other[same..]);
    let (Some(first), Some(second)) = (one.chars().next(), other.chars().next()) else {
        return one.len().cmp(&other.len());
    };
    match (first.is_alphabetic(), second.is_alphabetic()) {
        (true, true) => return first.cmp(&second),
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        (false, false) => {}
    }
    // A zero counts within a number that has begun before.
    let begun = (first == '0' || second == '0')
        && before
            .bytes()
            .rev()
            .take_while(u8::is_ascii_digit)
            .any(|digit| digit != b'0');
    let (first_number, first_digits) = number(one, begun);
    let (second_number, second_digits) = number(other, begun);
    first_number
        .cmp(&second_number)
        .then(first_digits.cmp(&second_digits))
        .then(first.cmp(&second))
}

/// The number that `text` begins with, and how many digits it has.
fn number(text: &str, begun: bool) -> (i64, usize) {
    let digits = text.bytes().take_while(u8::is_ascii_digit);
    let value = digits.clone().fold(i64::from(begun), |value, digit| {
        // Go does not look at overflow here.
        value.wrapping_mul(10).wrapping_add(i64::from(digit - b'0'))
    });
    (value, digits.count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(keys: &str, expected: &str) {
        let map = keys
            .split(' ')
            .map(|key| (key.to_owned(), Node::Null))
            .collect();
        let keys: Vec<_> = sorted(&map).into_iter().map(|(key, _)| key).collect();
        assert_eq!(keys.join(" "), expected);
    }

    #[test]
    fn numbers_in_keys_count_by_their_value() {
        check("a10 a9 a1", "a1 a9 a10");
        check("a2b a10b a2a", "a2a a2b a10b");
        check("v100 v1000 v99", "v99 v100 v1000");
    }

    #[test]
    fn letters_come_after_everything_else() {
        check("b a B A", "A B a b");
        check("a_b ab a-b a.b", "a-b a.b a_b ab");
        check("ä a z", "a z ä");
        check("aa a", "a aa");
    }
}
