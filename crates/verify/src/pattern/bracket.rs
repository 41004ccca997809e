//! `[…]`

use super::class::Class;
use super::error::{Fault, Reason};
use super::{escape, named};

/// The class and the rest after the brackets that `text` begins with.
///
/// It follows [`parseClass`][1]: `]` right after the opening and `-` anywhere are themselves where
/// they cannot be anything else, and so is a `[` that opens no `[:name:]`.
///
/// [1]: https://github.com/golang/go/blob/go1.26.0/src/regexp/syntax/parse.go
pub(super) fn class(text: &str, fold: bool) -> Result<(Class, &str), Reason> {
    let mut class = Class::empty();
    let mut rest = &text[1..];
    let negated = rest.starts_with('^');
    if negated {
        rest = &rest[1..];
    }
    let mut first = true;
    while first || !rest.starts_with(']') {
        first = false;
        let (item, after) = match member_class(rest, fold)? {
            Some(found) => found,
            None => range(rest, text, fold)?,
        };
        class.add(&item);
        rest = after;
    }
    let class = if negated { class.negated() } else { class };
    Ok((class, &rest[1..]))
}

/// A class inside the brackets: `[:alpha:]`, `\d`, `\pL`.
fn member_class(text: &str, fold: bool) -> Result<Option<(Class, &str)>, Reason> {
    if !text.starts_with("[:") {
        return escape::class(text, fold);
    }
    // As in Go, it may end behind the brackets that it is in.
    let Some(end) = text[2..].find(":]") else {
        return Ok(None);
    };
    let (whole, rest) = text.split_at(end + 4);
    match named::posix(&whole[2..whole.len() - 2], fold) {
        Some(class) => Ok(Some((class, rest))),
        None => Err(Fault::CharacterRange.of(whole)),
    }
}

/// `a` or `a-z`; `brackets` is all from the opening one.
fn range<'t>(text: &'t str, brackets: &str, fold: bool) -> Result<(Class, &'t str), Reason> {
    let (low, mut rest) = character(text, brackets)?;
    let mut high = low;
    let mut after = rest.chars();
    // In `[a-]` the `-` is itself.
    if after.next() == Some('-') && after.next().is_some_and(|next| next != ']') {
        (high, rest) = character(&rest[1..], brackets)?;
        if high < low {
            return Err(Fault::CharacterRange.of(&text[..text.len() - rest.len()]));
        }
    }
    let class = named::finished(Class::range(low, high), false, fold);
    Ok((class.ok_or_else(|| Reason::internal(brackets))?, rest))
}

fn character<'t>(text: &'t str, brackets: &str) -> Result<(u32, &'t str), Reason> {
    let mut rest = text.chars();
    match rest.next() {
        None => Err(Fault::MissingBracket.of(brackets)),
        Some('\\') => escape::character(text),
        Some(c) => Ok((u32::from(c), rest.as_str())),
    }
}
