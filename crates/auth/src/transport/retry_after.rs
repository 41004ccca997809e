//! How long a server wants to be left alone.

use std::time::{Duration, SystemTime};

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, HeaderName};

/// The longest that is believed. A server that says more is most likely wrong, and a wrong one must
/// not end the work for a day.
pub(super) const LONGEST: Duration = Duration::from_mins(10);

/// What `Retry-After` says ([RFC 9110, section 10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)),
/// at most [`LONGEST`]. A date is read against the `Date` of the same answer, so that clocks that go
/// wrong do not matter, and against `now` where there is none. `None` if it says nothing readable.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => LONGEST,
        Err(_) => {
            let until = httpdate::parse_http_date(text).ok()?;
            let now = date(headers, &DATE).unwrap_or(now);
            until.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST))
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// `now` is one minute past the epoch.
    #[track_caller]
    fn check(retry_after_header: &str, date: Option<&str>, expected: Option<u64>) {
        let mut headers = HeaderMap::new();
        headers.insert(
            RETRY_AFTER,
            HeaderValue::from_str(retry_after_header).unwrap(),
        );
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_str(date).unwrap());
        }
        let now = SystemTime::UNIX_EPOCH + Duration::from_mins(1);
        assert_eq!(
            retry_after(&headers, now),
            expected.map(Duration::from_secs)
        );
    }

    #[test]
    fn seconds_are_believed_up_to_ten_minutes() {
        check("0", None, Some(0));
        check("30", None, Some(30));
        check(" 30 ", None, Some(30));
        check("600", None, Some(600));
        check("601", None, Some(600));
        check("99999999999999999999999999", None, Some(600));
    }

    #[test]
    fn a_date_is_read_against_the_servers_clock_where_it_tells_it() {
        check("Thu, 01 Jan 1970 00:01:30 GMT", None, Some(30));
        check("Thu, 01 Jan 1970 00:00:30 GMT", None, Some(0));
        check("Fri, 02 Jan 1970 00:00:00 GMT", None, Some(600));
        check(
            "Sat, 21 Nov 2026 12:00:10 GMT",
            Some("Sat, 21 Nov 2026 12:00:00 GMT"),
            Some(10),
        );
        check("Thu, 01 Jan 1970 00:01:30 GMT", Some("soon"), Some(30));
    }

    #[test]
    fn what_cannot_be_read_says_nothing() {
        check("soon", None, None);
        check("", None, None);
        check("-1", None, None);
        check("1.5", None, None);
        assert_eq!(retry_after(&HeaderMap::new(), SystemTime::UNIX_EPOCH), None);
    }
}
