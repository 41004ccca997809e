//! What a plain scalar means to [go-yaml v2][1].
//!
//! [1]: https://github.com/yaml/go-yaml/blob/v2.4.4/resolve.go

use super::event::Scalar;
use super::fault::{Fault, Problem};

/// A tag that changes what a scalar means. Any other makes it text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KnownTag {
    Bool,
    Int,
    Float,
    Null,
    Binary,
}

/// What `text` means without quotes.
pub(super) fn resolve(text: &str) -> Scalar<'_> {
    let Some(first) = text.bytes().next() else {
        return Scalar::Null;
    };
    match first {
        b'+' | b'-' | b'0'..=b'9' => signed_word(text)
            .or_else(|| number(text))
            .unwrap_or(Scalar::Text(text)),
        b'.' => dotted(text).unwrap_or(Scalar::Text(text)),
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        _ => Scalar::Text(text),
    }
}

/// What `text` means under a tag, in quotes or not.
///
/// # Deviation
///
/// `!!binary` is refused; Helm reads base64 in it.
pub(super) fn resolve_tagged(tag: KnownTag, text: &str) -> Result<Scalar<'_>, Fault> {
    let resolved = resolve(text);
    match (tag, resolved) {
        (KnownTag::Bool, Scalar::Bool(_))
        | (KnownTag::Int, Scalar::Int(_))
        | (KnownTag::Float, Scalar::Float(_))
        | (KnownTag::Null, Scalar::Null) => Ok(resolved),
        #[expect(clippy::cast_precision_loss, reason = "as go-yaml does")]
        (KnownTag::Float, Scalar::Int(value)) => Ok(Scalar::Float(value as f64)),
        (tag, _) => {
            let what = format!("`{}` as {tag:?}", Problem::shortened(text).escape_debug());
            Err(Problem::Tag(what).into())
        }
    }
}

fn word(text: &str) -> Scalar<'_> {
    // Most texts that begin like a word are longer than any.
    if text.len() > "false".len() {
        return Scalar::Text(text);
    }
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            Scalar::Bool(true)
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Scalar::Bool(false)
        }
        "~" | "null" | "Null" | "NULL" => Scalar::Null,
        _ => Scalar::Text(text),
    }
}

fn signed_word(text: &str) -> Option<Scalar<'static>> {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => Some(Scalar::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => Some(Scalar::Float(f64::NEG_INFINITY)),
        _ => None,
    }
}

/// `.5` and the like. Go takes any float here that its `ParseFloat` takes, with underscores nowhere.
fn dotted(text: &str) -> Option<Scalar<'static>> {
    match text {
        ".nan" | ".NaN" | ".NAN" => return Some(Scalar::Float(f64::NAN)),
        ".inf" | ".Inf" | ".INF" => return Some(Scalar::Float(f64::INFINITY)),
        _ => {}
    }
    float(text)
}

fn number(text: &str) -> Option<Scalar<'static>> {
    // Most of what begins with a digit is a version or a time.
    if !text.bytes().all(may_be_in_number) {
        return None;
    }
    let without;
    let plain = if text.contains('_') {
        without = text.replace('_', "");
        &without
    } else {
        text
    };
    integer(plain).map(Scalar::Int).or_else(|| float(plain))
}

fn may_be_in_number(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
        || matches!(byte, b'+' | b'-' | b'.' | b'_' | b'o' | b'O' | b'x' | b'X')
}

/// Go's `ParseInt(text, 0, 64)`, or else `ParseUint`, which knows no sign.
fn integer(text: &str) -> Option<i128> {
    let (negative, signed, digits) = match text.as_bytes().first()? {
        b'-' => (true, true, text.get(1..)?),
        b'+' => (false, true, text.get(1..)?),
        _ => (false, false, text),
    };
    let (radix, digits) = radix(digits)?;
    if digits.is_empty() || !digits.bytes().all(|byte| char::from(byte).is_digit(radix)) {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    let fits = i64::try_from(value).is_ok() || (!signed && u64::try_from(value).is_ok());
    fits.then_some(value)
}

fn radix(digits: &str) -> Option<(u32, &str)> {
    let rest = digits.strip_prefix('0').filter(|rest| !rest.is_empty());
    let Some(rest) = rest else {
        return Some((10, digits));
    };
    Some(match rest.as_bytes().first()? {
        b'x' | b'X' => (16, rest.get(1..)?),
        b'b' | b'B' => (2, rest.get(1..)?),
        b'o' | b'O' => (8, rest.get(1..)?),
        _ => (8, rest),
    })
}

/// `[-+]? (.[0-9]+ | [0-9]+(.[0-9]*)?) ([eE][-+]?[0-9]+)?`, and not too large a one.
fn float(text: &str) -> Option<Scalar<'static>> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        None => (unsigned, None),
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    if let Some(exponent) = exponent {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if digits.is_empty() || !are_digits(digits) {
            return None;
        }
    }
    let value: f64 = text.parse().ok()?;
    value.is_finite().then_some(Scalar::Float(value))
}
