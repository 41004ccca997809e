//! Whether a client's copy is still good ([RFC 9110, section
//! 13](https://www.rfc-editor.org/rfc/rfc9110#section-13)).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use hyper::HeaderMap;
use hyper::header::{
    HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};

use super::range::Wanted;

/// What conditions are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Validators<'a> {
    /// The entity tag with its quotes, if there is one; it is a strong one.
    pub(super) tag: Option<&'a str>,
    pub(super) modified: SystemTime,
    pub(super) size: u64,
}

/// How a request is to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With the artifact, or a part of it.
    Send(Wanted),
    /// 304: the client has it.
    NotModified,
    /// 412: the client wants another.
    PreconditionFailed,
}

/// Judge a GET or HEAD request. Only a GET has a range.
pub(super) fn judge(headers: &HeaderMap, is_get: bool, known: Validators<'_>) -> Outcome {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(wanted) = text(&IF_MATCH) {
        if !known.is_named_in(wanted, Comparison::Strong) {
            return Outcome::PreconditionFailed;
        }
    } else if text(&IF_UNMODIFIED_SINCE)
        .and_then(date)
        .is_some_and(|since| known.second() > since)
    {
        return Outcome::PreconditionFailed;
    }
    if let Some(had) = text(&IF_NONE_MATCH) {
        if known.is_named_in(had, Comparison::Weak) {
            return Outcome::NotModified;
        }
    } else if text(&IF_MODIFIED_SINCE)
        .and_then(date)
        .is_some_and(|since| known.second() <= since)
    {
        return Outcome::NotModified;
    }
    let mut ranges = headers.get_all(RANGE).iter();
    match (
        ranges.next().and_then(|range| range.to_str().ok()),
        ranges.next(),
    ) {
        (Some(range), None) if is_get && known.is_range_for(text(&IF_RANGE)) => {
            Outcome::Send(Wanted::of(range, known.size))
        }
        _ => Outcome::Send(Wanted::Whole),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

impl Validators<'_> {
    fn is_named_in(&self, list: &str, comparison: Comparison) -> bool {
        // No tag of ours holds a comma.
        list.split(',').map(str::trim).any(|item| {
            let item = match comparison {
                Comparison::Weak => item.strip_prefix("W/").unwrap_or(item),
                Comparison::Strong => item,
            };
            item == "*" || Some(item) == self.tag
        })
    }

    /// Whether a range may be answered with a part: only if the rest that the client has is of the
    /// same bytes.
    fn is_range_for(&self, validator: Option<&str>) -> bool {
        match validator {
            None => true,
            Some(tag) if tag.starts_with('"') => Some(tag) == self.tag,
            // A weak tag is no date either.
            Some(text) => date(text) == Some(self.second()),
        }
    }

    /// The time as `Last-Modified` says it.
    fn second(&self) -> SystemTime {
        let since = self.modified.duration_since(UNIX_EPOCH).unwrap_or_default();
        UNIX_EPOCH + Duration::from_secs(since.as_secs())
    }
}

fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    const SEND: Outcome = Outcome::Send(Wanted::Whole);
    const PART: Outcome = Outcome::Send(Wanted::Part { start: 0, end: 2 });

    #[track_caller]
    fn check(headers: &[(HeaderName, &str)], expected: Outcome) {
        assert_eq!(judged(headers, true, Some("\"tag\"")), expected);
    }

    fn judged(headers: &[(HeaderName, &str)], is_get: bool, tag: Option<&str>) -> Outcome {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect();
        let modified = date(SAME).unwrap() + Duration::from_millis(700);
        let size = 100;
        judge(
            &headers,
            is_get,
            Validators {
                tag,
                modified,
                size,
            },
        )
    }

    #[test]
    fn a_client_that_has_the_same_bytes_is_told_so() {
        check(&[(IF_NONE_MATCH, "\"tag\"")], Outcome::NotModified);
        check(&[(IF_NONE_MATCH, "W/\"tag\"")], Outcome::NotModified);
        check(&[(IF_NONE_MATCH, "\"a\", \"tag\"")], Outcome::NotModified);
        check(&[(IF_NONE_MATCH, "*")], Outcome::NotModified);
        check(&[(IF_MODIFIED_SINCE, SAME)], Outcome::NotModified);
        check(&[(IF_MODIFIED_SINCE, AFTER)], Outcome::NotModified);
    }

    #[test]
    fn a_client_that_has_other_bytes_gets_these() {
        check(&[], SEND);
        check(&[(IF_NONE_MATCH, "\"other\"")], SEND);
        check(&[(IF_NONE_MATCH, "tag")], SEND);
        check(&[(IF_MODIFIED_SINCE, BEFORE)], SEND);
        check(&[(IF_MODIFIED_SINCE, "yesterday")], SEND);
    }

    #[test]
    fn a_tag_decides_over_a_date() {
        check(
            &[(IF_NONE_MATCH, "\"other\""), (IF_MODIFIED_SINCE, AFTER)],
            SEND,
        );
        check(
            &[(IF_MATCH, "\"tag\""), (IF_UNMODIFIED_SINCE, BEFORE)],
            SEND,
        );
    }

    #[test]
    fn a_client_that_wants_other_bytes_is_refused() {
        check(&[(IF_MATCH, "\"other\"")], Outcome::PreconditionFailed);
        check(&[(IF_MATCH, "W/\"tag\"")], Outcome::PreconditionFailed);
        check(
            &[(IF_UNMODIFIED_SINCE, BEFORE)],
            Outcome::PreconditionFailed,
        );
        check(&[(IF_MATCH, "*")], SEND);
        check(&[(IF_UNMODIFIED_SINCE, SAME)], SEND);
    }

    #[test]
    fn a_part_is_sent_only_to_who_has_the_rest_of_the_same_bytes() {
        let range = (RANGE, "bytes=0-1");
        check(std::slice::from_ref(&range), PART);
        check(&[range.clone(), (IF_RANGE, "\"tag\"")], PART);
        check(&[range.clone(), (IF_RANGE, SAME)], PART);
        check(&[range.clone(), (IF_RANGE, "\"other\"")], SEND);
        check(&[range.clone(), (IF_RANGE, "W/\"tag\"")], SEND);
        check(&[range.clone(), (IF_RANGE, BEFORE)], SEND);
        check(&[range.clone(), (IF_RANGE, AFTER)], SEND);
        check(&[range.clone(), (RANGE, "bytes=5-6")], SEND);
        assert_eq!(judged(&[range], false, None), SEND);
    }

    #[test]
    fn without_a_tag_no_tag_matches() {
        let none = |headers: &[(HeaderName, &str)]| judged(headers, true, None);
        assert_eq!(none(&[(IF_NONE_MATCH, "\"tag\"")]), SEND);
        assert_eq!(none(&[(IF_MATCH, "\"tag\"")]), Outcome::PreconditionFailed);
        assert_eq!(none(&[(RANGE, "bytes=0-1"), (IF_RANGE, "\"tag\"")]), SEND);
    }
}
