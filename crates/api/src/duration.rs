//! Durations as resources write them.

use std::time::Duration;

/// What an interval looks like: numbers, each with one of the units `ms`, `s`, `m`, `h`.
pub(crate) const INTERVAL_PATTERN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$";

/// What a timeout looks like: as an interval, without hours.
pub(crate) const TIMEOUT_PATTERN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$";

/// The longest duration that Go can hold, in nanoseconds.
const MAX_NANOSECONDS: u64 = i64::MAX as u64;

/// Read a duration as resources write it: `1h30m`, `1.5h`, `100ms`.
///
/// Accepts what the schema accepts in an interval (numbers with an optional fraction, each followed by
/// `ms`, `s`, `m` or `h`, in any order and as often as wanted) and gives the value Go's
/// [`time.ParseDuration`](https://pkg.go.dev/time@go1.25.0#ParseDuration) gives, to the nanosecond.
///
/// # Errors
///
/// If the text is something else (`30`, `-1s`, `1us`, an empty text), or means more than Go can hold
/// (2^63 - 1 nanoseconds, about 292 years).
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let fail = |reason| ParseDurationError {
        text: text.to_owned(),
        reason,
    };
    if text.is_empty() {
        return Err(fail(Reason::Form));
    }
    let mut rest = text;
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, after) = next_part(rest).map_err(fail)?;
        total = total
            .checked_add(nanoseconds)
            .filter(|sum| *sum <= MAX_NANOSECONDS)
            .ok_or_else(|| fail(Reason::TooLong))?;
        rest = after;
    }
    Ok(Duration::from_nanos(total))
}

/// Read one number with its unit; returns it in nanoseconds, and the text after it.
fn next_part(text: &str) -> Result<(u64, &str), Reason> {
    let (whole, mut rest) = digits(text);
    let mut fraction = "";
    if let Some(after_point) = rest.strip_prefix('.') {
        (fraction, rest) = digits(after_point);
        if fraction.is_empty() {
            return Err(Reason::Form);
        }
    }
    if whole.is_empty() {
        return Err(Reason::Form);
    }
    let (unit, rest) = unit(rest).ok_or(Reason::Form)?;
    let whole: u64 = whole.parse().map_err(|_| Reason::TooLong)?;
    let nanoseconds = whole
        .checked_mul(unit)
        .and_then(|sum| sum.checked_add(part_of(fraction, unit)))
        .filter(|sum| *sum <= MAX_NANOSECONDS)
        .ok_or(Reason::TooLong)?;
    Ok((nanoseconds, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The unit at the start of `text`, in nanoseconds, and the text after it.
fn unit(text: &str) -> Option<(u64, &str)> {
    const UNITS: [(&str, u64); 4] = [
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
    ];
    UNITS
        .iter()
        .find_map(|(name, nanoseconds)| Some((*nanoseconds, text.strip_prefix(name)?)))
}

/// How many nanoseconds `0.<fraction>` of `unit` are, cut off and not rounded, computed as Go does it:
/// digits that do not fit 63 bits are passed over, and the product is taken in floating point.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "Go computes it so, and the last nanosecond must be the same"
)]
fn part_of(fraction: &str, unit: u64) -> u64 {
    let mut digits: u64 = 0;
    let mut scale: f64 = 1.0;
    for digit in fraction.bytes().map(|byte| u64::from(byte - b'0')) {
        if digits > MAX_NANOSECONDS / 10 {
            break;
        }
        let next = digits * 10 + digit;
        if next > MAX_NANOSECONDS + 1 {
            break;
        }
        digits = next;
        scale *= 10.0;
    }
    (digits as f64 * (unit as f64 / scale)) as u64
}

/// A text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid duration {text:?}: {reason}")]
pub struct ParseDurationError {
    text: String,
    reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("write numbers with the units h, m, s or ms, as in 1h30m")]
    Form,
    #[error("it is longer than 292 years")]
    TooLong,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Duration) {
        assert_eq!(parse_duration(text), Ok(expected));
    }

    #[track_caller]
    fn check_refused(text: &str, reason: &str) {
        let error = parse_duration(text).map_err(|error| error.to_string());
        assert_eq!(error, Err(format!("invalid duration {text:?}: {reason}")));
    }

    #[test]
    fn numbers_with_units_are_added_up() {
        check("1h30m", Duration::from_mins(90));
        check("90s", Duration::from_secs(90));
        check("100ms", Duration::from_millis(100));
        check("1ms1h", Duration::from_millis(3_600_001));
        check("1m1m", Duration::from_mins(2));
        check("0s", Duration::ZERO);
        check("007s", Duration::from_secs(7));
    }

    #[test]
    fn a_fraction_is_cut_off_where_go_cuts_it_off() {
        check("1.5h", Duration::from_mins(90));
        check("0.1ms", Duration::from_micros(100));
        check("0.0000001ms", Duration::ZERO);
        // The two that Go's own table has for fractions that do not fit 63 bits.
        check("0.100000000000000000000h", Duration::from_mins(6));
        check("0.3333333333333333333h", Duration::from_mins(20));
        check("0.9223372036854775807s", Duration::from_nanos(922_337_203));
    }

    #[test]
    fn anything_else_is_refused() {
        let form = "write numbers with the units h, m, s or ms, as in 1h30m";
        for text in [
            "", "30", "0", "-1s", "+1s", "1us", "1µs", "1ns", "1d", "1H", ".5s", "1.s", "1.5.5s",
            "s", "1 s", " 1s", "1s ", "1h\n", "1h30", "１h", "1e3s", "∞",
        ] {
            check_refused(text, form);
        }
    }

    #[test]
    fn a_duration_that_go_cannot_hold_is_refused() {
        let too_long = "it is longer than 292 years";
        check(
            "2562047h47m16.854775807s",
            Duration::from_nanos(MAX_NANOSECONDS),
        );
        check_refused("2562047h47m16.854775808s", too_long);
        check_refused("2562048h", too_long);
        check_refused("9223372036855ms", too_long);
        check_refused("99999999999999999999h", too_long);
        check_refused("18446744073709551615h", too_long);
    }

    #[test]
    fn exactly_what_the_pattern_of_an_interval_accepts_has_the_form_of_a_duration() {
        let pattern = regex::Regex::new(INTERVAL_PATTERN).unwrap();
        let pieces = ["1", "0", ".", "h", "m", "s", "ms", "u", " "];
        let mut texts = vec![String::new()];
        for _ in 0..5 {
            let longer: Vec<String> = texts
                .iter()
                .flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}")))
                .collect();
            for text in &longer {
                assert_eq!(
                    parse_duration(text).is_ok(),
                    pattern.is_match(text),
                    "{text:?}"
                );
            }
            texts = longer;
        }
    }
}
