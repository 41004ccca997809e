//! Times in lock files.

/// Whether `text` is a time as Go's JSON decoder takes it: [RFC 3339][1], section 5.6, with capital
/// `T` and `Z`.
///
/// [1]: https://www.rfc-editor.org/rfc/rfc3339#section-5.6
pub(super) fn is_rfc3339(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else {
        return false;
    };
    let Some(rest) = rest.strip_prefix('T') else {
        return false;
    };
    let Some((clock, rest)) = rest.split_at_checked(8) else {
        return false;
    };
    is_date(date) && is_clock(clock) && is_zone(without_fraction(rest))
}

fn is_date(date: &str) -> bool {
    let Some([year, month, day]) = numbers(date, '-', [4, 2, 2]) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (1..=12).contains(&month) && (1..=days).contains(&day)
}

fn is_clock(clock: &str) -> bool {
    numbers(clock, ':', [2, 2, 2])
        .is_some_and(|[hour, minute, second]| hour < 24 && minute < 60 && second < 60)
}

fn without_fraction(text: &str) -> &str {
    let Some(fraction) = text.strip_prefix('.') else {
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
    let offset = zone.strip_prefix(['+', '-']);
    zone == "Z"
        || offset
            .and_then(|offset| numbers(offset, ':', [2, 2]))
            .is_some_and(|[hour, minute]| hour < 24 && minute < 60)
}

/// Exactly these many digits, with `separator` between them.
fn numbers<const N: usize>(text: &str, separator: char, digits: [usize; N]) -> Option<[u32; N]> {
    let mut parts = text.split(separator);
    let mut values = [0; N];
    for (value, digits) in values.iter_mut().zip(digits) {
        let part = parts.next()?;
        if part.len() != digits || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *value = part.parse().ok()?;
    }
    parts.next().is_none().then_some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: bool) {
        assert_eq!(is_rfc3339(text), expected, "{text}");
    }

    #[test]
    fn times_are_rfc_3339() {
        check("2006-01-02T15:04:05Z", true);
        check("2018-06-21T14:36:42.123456789-06:00", true);
        check("0001-01-01T00:00:00Z", true);
        check("2024-02-29T00:00:00Z", true);
    }

    #[test]
    fn other_times_are_refused() {
        check("2006-01-02", false);
        check("2006-01-02 15:04:05Z", false);
        check("2006-01-02t15:04:05z", false);
        check("2023-02-29T00:00:00Z", false);
        check("2006-13-01T00:00:00Z", false);
        check("2006-01-02T24:00:00Z", false);
        check("2006-01-02T15:04:05", false);
        check("2006-01-02T15:04:05.Z", false);
        check("2006-01-02T15:04:05+24:00", false);
        check("2006-01-02T5:04:05Z", false);
    }
}
