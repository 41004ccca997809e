//! Times as Go reads and writes them.

use std::fmt;
use std::time::{Duration, SystemTime};

const DAY: i64 = 86_400;

/// A point in time and how far from UTC its writer was.
///
/// The default is Go's zero time, which is what Go keeps where no time is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    /// Since 1970.
    seconds: i64,
    nanoseconds: u32,
    offset_seconds: i32,
}

impl Default for Time {
    fn default() -> Self {
        Self {
            seconds: days_from_civil(1, 1, 1) * DAY,
            nanoseconds: 0,
            offset_seconds: 0,
        }
    }
}

impl Time {
    /// Read what Go's [`time.Time.UnmarshalJSON`][1] takes: RFC 3339 with capital `T` and `Z`, and
    /// hours of one digit and a comma before the fraction, too.
    ///
    /// [1]: https://pkg.go.dev/time@go1.26.0#Time.UnmarshalJSON
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut rest = Rest(text.as_bytes());
        let year = rest.number(4)?;
        rest.byte(b'-')?;
        let month = rest.number(2)?;
        rest.byte(b'-')?;
        let day = rest.number(2)?;
        rest.byte(b'T')?;
        let hour = rest.hour()?;
        rest.byte(b':')?;
        let minute = rest.number(2)?;
        rest.byte(b':')?;
        let second = rest.number(2)?;
        let nanoseconds = rest.fraction();
        let offset = rest.zone()?;
        let in_range = (1..=12).contains(&month)
            && (1..=days_in(month, year)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60
            && rest.0.is_empty();
        in_range.then(|| {
            let days = days_from_civil(year, month, day);
            let local = days * DAY + hour * 3600 + minute * 60 + second;
            Self {
                seconds: local - i64::from(offset),
                nanoseconds,
                offset_seconds: offset,
            }
        })
    }

    /// Since 1970 in seconds and nanoseconds, or `None` for Go's zero time.
    pub(super) fn since_epoch(self) -> Option<(i64, u32)> {
        let zero = Self::default();
        let is_zero = self.seconds == zero.seconds && self.nanoseconds == 0;
        (!is_zero).then_some((self.seconds, self.nanoseconds))
    }
}

/// A point in time from seconds and nanoseconds since 1970.
pub(super) fn system_time(seconds: i64, nanoseconds: u32) -> Option<SystemTime> {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let at = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole)
    };
    at?.checked_add(Duration::from_nanos(nanoseconds.into()))
}

impl fmt::Display for Time {
    /// As Go's `time.Time.MarshalJSON` does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.seconds + i64::from(self.offset_seconds);
        let (days, clock) = (local.div_euclid(DAY), local.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (clock / 3600, clock / 60 % 60, clock % 60);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )?;
        if self.nanoseconds > 0 {
            let digits = format!("{:09}", self.nanoseconds);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        if self.offset_seconds == 0 {
            return f.write_str("Z");
        }
        let sign = if self.offset_seconds < 0 { '-' } else { '+' };
        let minutes = self.offset_seconds.unsigned_abs() / 60;
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// What is left of a text.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn byte(&mut self, expected: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        (*first == expected).then_some(())
    }

    /// Exactly `digits` digits.
    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |value, byte| {
            byte.is_ascii_digit()
                .then(|| value * 10 + i64::from(byte - b'0'))
        })
    }

    fn hour(&mut self) -> Option<i64> {
        let digits = if self.0.get(1).is_some_and(u8::is_ascii_digit) {
            2
        } else {
            1
        };
        self.number(digits)
    }

    /// Nanoseconds; more digits than nine count for nothing.
    fn fraction(&mut self) -> u32 {
        let Some((b'.' | b',', rest)) = self.0.split_first() else {
            return 0;
        };
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return 0;
        }
        let (digits, rest) = rest.split_at(count);
        self.0 = rest;
        digits
            .iter()
            .chain(std::iter::repeat(&b'0'))
            .take(9)
            .fold(0, |value, byte| value * 10 + u32::from(byte - b'0'))
    }

    /// Seconds east of UTC.
    fn zone(&mut self) -> Option<i32> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        let sign = match first {
            b'Z' => return Some(0),
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = self.number(2)?;
        self.byte(b':')?;
        let minutes = self.number(2)?;
        // Go reads 24 hours, too, but cannot write them.
        if hours > 23 || minutes > 60 {
            return None;
        }
        i32::try_from(sign * (hours * 3600 + minutes * 60)).ok()
    }
}

fn days_in(month: i64, year: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar, in which years are counted from March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The other way round.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, written: &str) {
        assert_eq!(
            Time::parse(text).map(|time| time.to_string()).as_deref(),
            Some(written)
        );
    }

    #[test]
    fn times_are_written_as_go_writes_them() {
        check("2006-01-02T15:04:05Z", "2006-01-02T15:04:05Z");
        check(
            "2016-10-06T16:23:20.499814565-06:00",
            "2016-10-06T16:23:20.499814565-06:00",
        );
        check("2020-02-29T00:00:00.500+00:00", "2020-02-29T00:00:00.5Z");
        check("2020-02-29T5:00:00,25-00:00", "2020-02-29T05:00:00.25Z");
        check(
            "1969-12-31T23:59:59.1234567891Z",
            "1969-12-31T23:59:59.123456789Z",
        );
        check("0000-03-01T00:00:00+05:30", "0000-03-01T00:00:00+05:30");
        check("9999-12-31T23:59:59+00:60", "9999-12-31T23:59:59+01:00");
        check(&Time::default().to_string(), "0001-01-01T00:00:00Z");
    }

    #[test]
    fn what_go_does_not_read_is_no_time() {
        for text in [
            "",
            "2020-01-01",
            "2020-01-01 00:00:00Z",
            "2020-01-01t00:00:00Z",
            "2020-01-01T00:00:00z",
            "2020-01-01T00:00:00",
            "2020-01-01T00:00:00.Z",
            "2023-02-29T00:00:00Z",
            "2020-13-01T00:00:00Z",
            "2020-01-00T00:00:00Z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00:60:00Z",
            "2020-01-01T00:00:60Z",
            "2020-01-01T00:00:00+0100",
            "2020-01-01T00:00:00Z ",
            "+020-01-01T00:00:00Z",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_time_is_go_s_zero_time() {
        assert_eq!(Time::default().since_epoch(), None);
        let written = Time::parse("0001-01-01T01:00:00+01:00").unwrap();
        assert_eq!(written.since_epoch(), None);
        let (seconds, nanoseconds) = Time::parse("1969-12-31T23:59:58.5Z")
            .unwrap()
            .since_epoch()
            .unwrap();
        assert_eq!(
            system_time(seconds, nanoseconds),
            SystemTime::UNIX_EPOCH.checked_sub(Duration::from_millis(1500))
        );
    }
}
