//! Which part of an artifact is asked for.

/// What a `Range` header comes to ([RFC 9110, section
/// 14](https://www.rfc-editor.org/rfc/rfc9110#section-14)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Everything: no range, several, or none that can be understood, which all may be ignored.
    Whole,
    /// The bytes from `start` up to but not including `end`; never empty, never beyond the size.
    Part {
        /// The first byte.
        start: u64,
        /// The byte after the last.
        end: u64,
    },
    /// Nothing of what is asked for is there.
    Unsatisfiable,
}

impl Wanted {
    /// Read a `Range` header for something of `size` bytes.
    ///
    /// Several ranges are answered with everything, once: no answer is longer than the artifact,
    /// whatever is asked for.
    pub(super) fn of(header: &str, size: u64) -> Self {
        let Some(("bytes", range)) = header.split_once('=') else {
            return Self::Whole;
        };
        let Some((first, last)) = range.split_once('-') else {
            return Self::Whole;
        };
        match (number(first), number(last)) {
            // The last so many bytes.
            (Number::None, Number::Of(0)) => Self::Unsatisfiable,
            (Number::None, Number::Of(length)) => Self::part(size.saturating_sub(length), size),
            (Number::Of(start), Number::None) => Self::part(start, size),
            (Number::Of(start), Number::Of(last)) if start <= last => {
                Self::part(start, last.saturating_add(1).min(size))
            }
            _ => Self::Whole,
        }
    }

    fn part(start: u64, end: u64) -> Self {
        if start < end {
            Self::Part { start, end }
        } else {
            Self::Unsatisfiable
        }
    }
}

enum Number {
    None,
    Of(u64),
    Bad,
}

fn number(text: &str) -> Number {
    if text.is_empty() {
        return Number::None;
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Number::Bad;
    }
    // Too large a number is beyond every end.
    Number::Of(text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Wanted) {
        assert_eq!(Wanted::of(header, 100), expected, "{header}");
    }

    fn part(start: u64, end: u64) -> Wanted {
        Wanted::Part { start, end }
    }

    #[test]
    fn one_range_is_a_part() {
        check("bytes=0-0", part(0, 1));
        check("bytes=10-19", part(10, 20));
        check("bytes=10-", part(10, 100));
        check("bytes=-10", part(90, 100));
        check("bytes=0-99", part(0, 100));
    }

    #[test]
    fn a_part_ends_where_the_artifact_ends() {
        check("bytes=90-1000", part(90, 100));
        check("bytes=-1000", part(0, 100));
        check("bytes=90-18446744073709551615", part(90, 100));
        check("bytes=90-99999999999999999999999999", part(90, 100));
    }

    #[test]
    fn what_is_beyond_the_end_is_unsatisfiable() {
        check("bytes=100-", Wanted::Unsatisfiable);
        check("bytes=100-200", Wanted::Unsatisfiable);
        check("bytes=99999999999999999999999999-", Wanted::Unsatisfiable);
        check("bytes=-0", Wanted::Unsatisfiable);
        assert_eq!(Wanted::of("bytes=-5", 0), Wanted::Unsatisfiable);
        assert_eq!(Wanted::of("bytes=0-", 0), Wanted::Unsatisfiable);
    }

    #[test]
    fn several_ranges_and_nonsense_are_answered_whole() {
        for header in [
            "bytes=0-1,3-4",
            "bytes=0-,0-,0-,0-",
            "bytes=-",
            "bytes=",
            "bytes",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes= 1-2",
            "bytes=1-2 ",
            "items=0-1",
            "",
        ] {
            check(header, Wanted::Whole);
        }
    }
}
