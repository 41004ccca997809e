//! What a plain scalar means to readers of YAML 1.1.

/// Whether `text`, written without quotes, would be read as that text again: by go-yaml v2, and by
/// readers that know the numbers to base 60 which it does not.
///
/// See [resolve.go](https://github.com/yaml/go-yaml/blob/v2.4.2/resolve.go).
pub(super) fn is_text(text: &str) -> bool {
    if is_word(text) || is_base_60(text) {
        return false;
    }
    match text.bytes().next() {
        Some(b'.') => !text.parse::<f64>().is_ok_and(f64::is_finite),
        Some(b'+' | b'-' | b'0'..=b'9') => !(is_timestamp(text) || is_number(text)),
        _ => true,
    }
}

fn is_word(text: &str) -> bool {
    let cases = |lower: &str| {
        let mut capitalised = lower.to_owned();
        if let Some(first) = capitalised.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        text == lower || text == capitalised || text == lower.to_ascii_uppercase()
    };
    let words = [
        "y", "yes", "true", "on", "n", "no", "false", "off", "null", ".inf", "+.inf", "-.inf",
    ];
    matches!(
        text,
        "" | "~" | "<<" | ".nan" | ".NaN" | ".NAN" | ".Inf" | "+.Inf" | "-.Inf"
    ) || words.into_iter().any(cases)
}

/// An integer or a fraction that fits into 64 bits. What does not fit is text.
fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    is_integer(&plain) || (is_decimal(&plain) && plain.parse::<f64>().is_ok_and(f64::is_finite))
}

/// As Go's `ParseInt` and `ParseUint` to base 0, and `0b`.
fn is_integer(text: &str) -> bool {
    let (negative, signed, digits) = match text.as_bytes() {
        [b'-', ..] => (true, true, &text[1..]),
        [b'+', ..] => (false, true, &text[1..]),
        _ => (false, false, text),
    };
    let (radix, digits) = match digits.get(..2) {
        Some("0x" | "0X") => (16, &digits[2..]),
        Some("0o" | "0O") => (8, &digits[2..]),
        Some("0b" | "0B") => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.starts_with(['+', '-']) {
        return false;
    }
    let limit = match (negative, signed) {
        (true, _) => 1 << 63,
        (false, true) => i64::MAX as u64,
        (false, false) => u64::MAX,
    };
    u64::from_str_radix(digits, radix).is_ok_and(|value| value <= limit)
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let good_mantissa = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    good_mantissa
        && exponent.is_none_or(|exponent| {
            let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            !exponent.is_empty() && digits(exponent)
        })
}

/// `[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?`
fn is_base_60(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digit_or_blank = |byte: u8| byte.is_ascii_digit() || byte == b'_';
    let whole = match unsigned.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(digit_or_blank) => whole,
        Some(_) => return false,
        None => unsigned,
    };
    let mut parts = whole.split(':');
    let first = parts.next().unwrap_or_default();
    if !(first.starts_with(|character: char| character.is_ascii_digit())
        && first.bytes().all(digit_or_blank))
    {
        return false;
    }
    let mut count = 0;
    parts.all(|part| {
        count += 1;
        matches!(part.as_bytes(), [b'0'..=b'9'] | [b'0'..=b'5', b'0'..=b'9'])
    }) && count > 0
}

/// As Go parses the four layouts that go-yaml knows, with one or two digits each after the year.
fn is_timestamp(text: &str) -> bool {
    timestamp(text).is_some()
}

fn timestamp(text: &str) -> Option<()> {
    let (year, rest) = text.split_at_checked(4)?;
    let year: u32 = year
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| year.parse().ok())??;
    let (month, rest) = number(rest.strip_prefix('-')?, 1, 12)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 1, 31)?;
    if day > days(year, month) {
        return None;
    }
    if rest.is_empty() {
        return Some(());
    }
    let (clock, zoned) = match rest.strip_prefix(['T', 't']) {
        Some(clock) => (clock, true),
        None => (rest.strip_prefix(' ')?.trim_start_matches(' '), false),
    };
    let (_, rest) = number(clock, 0, 23)?;
    let (_, rest) = number(rest.strip_prefix(':')?, 0, 59)?;
    let (_, rest) = number(rest.strip_prefix(':')?, 0, 59)?;
    let rest = without_fraction(rest);
    let ends = if zoned {
        is_zone(rest)
    } else {
        rest.is_empty()
    };
    ends.then_some(())
}

/// A number of one or two digits.
fn number(text: &str, least: u32, most: u32) -> Option<(u32, &str)> {
    let digits = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(digits)?;
    let number = number.parse().ok()?;
    (least..=most).contains(&number).then_some((number, rest))
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn without_fraction(text: &str) -> &str {
    let Some(fraction) = text.strip_prefix(['.', ',']) else {
        return text;
    };
    let rest = fraction.trim_start_matches(|digit: char| digit.is_ascii_digit());
    if rest.len() == fraction.len() {
        text
    } else {
        rest
    }
}

fn is_zone(zone: &str) -> bool {
    if zone == "Z" {
        return true;
    }
    let Some(offset) = zone.strip_prefix(['+', '-']) else {
        return false;
    };
    let two = |text: &str, most: u32| {
        text.len() == 2
            && text.bytes().all(|byte| byte.is_ascii_digit())
            && text.parse::<u32>().is_ok_and(|number| number <= most)
    };
    // Go takes 24 hours and 60 minutes too.
    offset
        .split_once(':')
        .is_some_and(|(hours, minutes)| two(hours, 24) && two(minutes, 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: bool, scalars: &[&str]) {
        for scalar in scalars {
            assert_eq!(is_text(scalar), text, "{scalar}");
        }
    }

    #[test]
    fn words_of_yaml_1_1_are_no_text() {
        check(
            false,
            &[
                "", "~", "null", "Null", "NULL", "yes", "Yes", "YES", "y", "N", "On", "off",
                "TRUE", ".inf", "+.Inf", "-.INF", ".NaN", "<<",
            ],
        );
        check(true, &["nUll", "yEs", "none", "truE", "inf", "nan", "oN"]);
    }

    #[test]
    fn what_a_reader_takes_for_a_number_is_no_text() {
        check(
            false,
            &[
                "0",
                "-1",
                "+1",
                "1_000",
                "0x1F",
                "0o17",
                "0b11",
                "-0b11",
                "017",
                "08",
                "1.",
                ".5",
                "1.5e3",
                "-1e-3",
                "1_",
                "18446744073709551616",
                "190:20:30",
                "1:30.5",
                "+1:2",
            ],
        );
        check(
            true,
            &[
                "-", "+", ".", "..", "0x", "1.2.3", "1e", "e3", "_1", "1e999", ".5e999", "0xg",
                "1:60", "1:", ":1", "1:2:x", "--1", "+-1", ".1_0",
            ],
        );
    }

    #[test]
    fn what_a_reader_takes_for_a_time_is_no_text() {
        check(
            false,
            &[
                "2020-01-01",
                "2020-1-2",
                "2024-02-29",
                "2020-01-01T00:00:00Z",
                "2020-01-01t1:2:3.5+24:60",
                "2020-01-01 10:00:00",
                "2020-01-01   10:00:00,123",
            ],
        );
        check(
            true,
            &[
                "2023-02-29",
                "2020-13-01",
                "2020-01-01T00:00:00",
                "2020-01-01 10:00:00Z",
                "2020-01-01T00:00:00+1:00",
                "20200-01-01",
                "2020-01-01x",
            ],
        );
    }
}
