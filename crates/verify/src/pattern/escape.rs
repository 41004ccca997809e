//! What a backslash stands before: a character, or a class of them.

use super::class::{Class, is_surrogate};
use super::error::{Fault, Reason};
use super::named;

/// The code and the rest after the escape of a single character that `text` begins with.
///
/// It follows [`parseEscape`][1]: letters and digits have a meaning or are refused, so that one
/// can be given to them later; other ASCII characters are themselves.
///
/// [1]: https://github.com/golang/go/blob/go1.26.0/src/regexp/syntax/parse.go
pub(super) fn character(text: &str) -> Result<(u32, &str), Reason> {
    let mut rest = text[1..].chars();
    let Some(c) = rest.next() else {
        return Err(Fault::TrailingBackslash.of(""));
    };
    let code = match c {
        '0' => Some(octal(c, &mut rest)),
        // A digit alone would be a back-reference.
        '1'..='7'
            if rest
                .as_str()
                .starts_with(|next| ('0'..='7').contains(&next)) =>
        {
            Some(octal(c, &mut rest))
        }
        'x' => hexadecimal(&mut rest),
        'a' => Some(0x07),
        'f' => Some(0x0c),
        'n' => Some(0x0a),
        'r' => Some(0x0d),
        't' => Some(0x09),
        'v' => Some(0x0b),
        c if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(u32::from(c)),
        _ => None,
    };
    let rest = rest.as_str();
    match code.filter(|code| !is_surrogate(*code)) {
        Some(code) => Ok((code, rest)),
        None => Err(Fault::Escape.of(&text[..text.len() - rest.len()])),
    }
}

/// Up to three digits, of which `first` is one.
fn octal(first: char, rest: &mut std::str::Chars<'_>) -> u32 {
    let mut code = first.to_digit(8).unwrap_or_default();
    for _ in 1..3 {
        let Some(digit) = rest.clone().next().and_then(|c| c.to_digit(8)) else {
            break;
        };
        rest.next();
        code = code * 8 + digit;
    }
    code
}

/// Two digits, or any number of them in braces. `None`, with the character behind which it was
/// clear taken, if it is neither.
fn hexadecimal(rest: &mut std::str::Chars<'_>) -> Option<u32> {
    let first = rest.next()?;
    if first != '{' {
        let second = rest.next();
        return Some(first.to_digit(16)? * 16 + second?.to_digit(16)?);
    }
    let mut code = None;
    loop {
        match rest.next()? {
            '}' => return code,
            c => {
                let so_far = code.unwrap_or(0) * 16 + c.to_digit(16)?;
                if so_far > u32::from(char::MAX) {
                    return None;
                }
                code = Some(so_far);
            }
        }
    }
}

/// The class and the rest after the `\d`, `\p{…}` or the like that `text` begins with. `None` if it
/// begins with something else.
pub(super) fn class(text: &str, fold: bool) -> Result<Option<(Class, &str)>, Reason> {
    let mut rest = text.chars();
    let (Some('\\'), Some(letter)) = (rest.next(), rest.next()) else {
        return Ok(None);
    };
    if let 'p' | 'P' = letter {
        return unicode(text, letter == 'P', fold).map(Some);
    }
    let ranges: &[_] = match letter.to_ascii_lowercase() {
        'd' => &[('0', '9')],
        's' => &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')],
        'w' => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        _ => return Ok(None),
    };
    let class = named::finished(Class::ranges(ranges), letter.is_ascii_uppercase(), fold);
    let class = class.ok_or_else(|| Reason::internal(text))?;
    Ok(Some((class, rest.as_str())))
}

/// `\pL`, `\p{Greek}`, `\P{^Greek}`: `text` begins with the backslash.
fn unicode(text: &str, negated: bool, fold: bool) -> Result<(Class, &str), Reason> {
    let after = &text[2..];
    let (name, rest) = match after.chars().next() {
        Some('{') => match after.find('}') {
            Some(end) => (&after[1..end], &after[end + 1..]),
            None => return Err(Fault::CharacterRange.of(text)),
        },
        Some(c) => after.split_at(c.len_utf8()),
        None => ("", after),
    };
    let (bare, flipped) = match name.strip_prefix('^') {
        Some(bare) => (bare, true),
        None => (name, false),
    };
    match named::unicode(bare, negated != flipped, fold) {
        Some(class) => Ok((class, rest)),
        None => Err(Fault::CharacterRange.of(&text[..text.len() - rest.len()])),
    }
}
