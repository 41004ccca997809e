//! Telling whether an index is still the one that is held.

use std::time::{Duration, SystemTime};

use http::header::{DATE, ETAG, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use http::{HeaderMap, HeaderName, HeaderValue};
use httpdate::parse_http_date;

/// The longest entity tag that is kept and sent back, in bytes. It goes into every request.
const MAX_ETAG_BYTES: usize = 1_024;
/// Dates have whole seconds, so within one a file may change and keep its date.
const RESOLUTION: Duration = Duration::from_secs(1);

/// What a server said by which it will know again what it sent:
/// [RFC 9110, section 8.8](https://www.rfc-editor.org/rfc/rfc9110#section-8.8).
///
/// They are worth something only together with the bytes they came with, and for the same URL and
/// credential; keeping the three together is the caller's business.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Validators {
    /// The `ETag`, with its quotes.
    pub etag: Option<String>,
    /// The `Last-Modified`, as it was written.
    pub last_modified: Option<String>,
}

impl Validators {
    /// Whether there are none, so that the next request can only be an unconditional one.
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }

    /// Those of an answer that can be relied on.
    ///
    /// A tag has to be one ([RFC 9110, section 8.8.3](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3)):
    /// sent back, `*` would match whatever there is. What was modified in the very second in which it
    /// was sent may be modified again in it, and keep its date and any tag that is made of the date;
    /// a date in the server's future says nothing of the past.
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let age = age(headers);
        let fresh = matches!(age, Some(Ok(age)) if age < RESOLUTION);
        let etag = text(headers, &ETAG).filter(|tag| is_entity_tag(tag) && !fresh);
        let last_modified = text(headers, &LAST_MODIFIED)
            .filter(|_| matches!(age, Some(Ok(age)) if age >= RESOLUTION));
        Self {
            etag: etag.map(str::to_owned),
            last_modified: last_modified.map(str::to_owned),
        }
    }

    /// The header that asks for nothing if nothing has changed. The tag where there is one: a date is
    /// looked at only by servers that know no tags, and is the less exact.
    pub(crate) fn condition(&self) -> Option<(HeaderName, HeaderValue)> {
        if let Some(tag) = self.etag.as_deref().filter(|tag| is_entity_tag(tag)) {
            return Some((IF_NONE_MATCH, HeaderValue::from_str(tag).ok()?));
        }
        let date = self.last_modified.as_deref()?;
        parse_http_date(date).ok()?;
        Some((IF_MODIFIED_SINCE, HeaderValue::from_str(date).ok()?))
    }

    /// Whether an answer that says "not modified" names another tag, or without tags another date,
    /// than was asked about. It is then about something else than what is held:
    /// [RFC 9111, section 4.3.4](https://www.rfc-editor.org/rfc/rfc9111#section-4.3.4).
    pub(crate) fn contradicted_by(&self, headers: &HeaderMap) -> bool {
        let other = |held: &str, header, same: fn(&str, &str) -> bool| {
            text(headers, header).is_some_and(|told| !same(held, told))
        };
        match (&self.etag, &self.last_modified) {
            (Some(tag), _) => other(tag, &ETAG, is_same),
            (None, Some(date)) => other(date, &LAST_MODIFIED, |held, told| held == told),
            (None, None) => false,
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// How old the file was when it was sent, by the server's own clock: an error if it is from that
/// clock's future.
fn age(headers: &HeaderMap) -> Option<Result<Duration, ()>> {
    let date = |name| -> Option<SystemTime> { parse_http_date(text(headers, name)?).ok() };
    let age = date(&DATE)?.duration_since(date(&LAST_MODIFIED)?);
    Some(age.map_err(|_| ()))
}

/// `"…"` or `W/"…"`, with nothing in it that would end it early.
fn is_entity_tag(text: &str) -> bool {
    let quoted = opaque(text);
    let inside = quoted
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    text.len() <= MAX_ETAG_BYTES
        && inside.is_some_and(|tag| {
            tag.bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'"')
        })
}

/// The tag without its mark of weakness, which makes no difference to whether it is the same:
/// [RFC 9110, section 8.8.3.2](https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3.2).
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// Whether two tags are of the same file. Servers that compress (Caddy, Apache, Jetty) add a mark to the tag
/// of what they compress, and may leave it out where there is nothing to compress: in "not modified".
fn is_same(held: &str, told: &str) -> bool {
    fn plain(tag: &str) -> &str {
        let tag = opaque(tag).trim_end_matches('"');
        let marked = tag
            .strip_suffix("--gzip")
            .or_else(|| tag.strip_suffix("-gzip"));
        marked.unwrap_or(tag)
    }
    opaque(held) == opaque(told) || plain(held) == plain(told)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: &str = "Sat, 21 Nov 2026 12:00:00 GMT";
    const A_SECOND_BEFORE: &str = "Sat, 21 Nov 2026 11:59:59 GMT";
    const A_SECOND_AFTER: &str = "Sat, 21 Nov 2026 12:00:01 GMT";

    fn headers(lines: &[(HeaderName, &str)]) -> HeaderMap {
        lines
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn validators(etag: Option<&str>, last_modified: Option<&str>) -> Validators {
        Validators {
            etag: etag.map(str::to_owned),
            last_modified: last_modified.map(str::to_owned),
        }
    }

    #[track_caller]
    fn check_tag(tag: &str, kept: bool) {
        let read = Validators::read(&headers(&[(ETAG, tag)]));
        assert_eq!(read, validators(kept.then_some(tag), None));
    }

    #[test]
    fn only_what_is_a_tag_is_kept() {
        check_tag(r#""5f3-62a""#, true);
        check_tag(r#"W/"5f3""#, true);
        check_tag(r#""""#, true);
        check_tag("*", false);
        check_tag("5f3", false);
        check_tag(r#""a", "b""#, false);
        check_tag(r#"w/"5f3""#, false);
        check_tag("\"", false);
        check_tag(&format!("\"{}\"", "a".repeat(MAX_ETAG_BYTES)), false);
    }

    #[track_caller]
    fn check_date(last_modified: &str, expected: &Validators) {
        let lines = [
            (ETAG, r#""a""#),
            (DATE, NOON),
            (LAST_MODIFIED, last_modified),
        ];
        assert_eq!(&Validators::read(&headers(&lines)), expected);
    }

    #[test]
    fn what_may_still_change_within_its_second_is_not_relied_on() {
        let both = validators(Some(r#""a""#), Some(A_SECOND_BEFORE));
        check_date(A_SECOND_BEFORE, &both);
        check_date(NOON, &Validators::default());
    }

    #[test]
    fn a_date_from_the_future_is_not_relied_on() {
        check_date(A_SECOND_AFTER, &validators(Some(r#""a""#), None));
        check_date("soon", &validators(Some(r#""a""#), None));
        let without_clock = headers(&[(LAST_MODIFIED, NOON)]);
        assert!(Validators::read(&without_clock).is_empty());
    }

    #[track_caller]
    fn check_condition(held: &Validators, expected: Option<(&HeaderName, &str)>) {
        let condition = held.condition();
        let shown = condition
            .as_ref()
            .map(|(name, value)| (name, value.to_str().unwrap()));
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_tag_is_asked_about_before_a_date() {
        let tag = r#"W/"a""#;
        check_condition(
            &validators(Some(tag), Some(NOON)),
            Some((&IF_NONE_MATCH, tag)),
        );
        check_condition(
            &validators(None, Some(NOON)),
            Some((&IF_MODIFIED_SINCE, NOON)),
        );
        check_condition(&Validators::default(), None);
    }

    #[test]
    fn what_was_spoiled_in_keeping_is_not_sent() {
        for tag in ["*", "a\r\nHost: evil.example", "\"a\r\nb\"", ""] {
            check_condition(&validators(Some(tag), None), None);
        }
        check_condition(&validators(None, Some("yesterday")), None);
    }

    #[test]
    fn a_tag_is_known_again_without_the_mark_of_compression() {
        for marked in [r#""a-gzip""#, r#"W/"a-gzip""#, r#""a--gzip""#] {
            let tag = validators(Some(marked), None);
            check_contradicts(&tag, &[(ETAG, r#""a""#)], false);
            check_contradicts(&tag, &[(ETAG, marked)], false);
            check_contradicts(&tag, &[(ETAG, r#""b""#)], true);
            check_contradicts(&tag, &[(ETAG, r#""b-gzip""#)], true);
            check_contradicts(&tag, &[(ETAG, r#""""#)], true);
        }
    }

    #[track_caller]
    fn check_contradicts(held: &Validators, told: &[(HeaderName, &str)], expected: bool) {
        assert_eq!(held.contradicted_by(&headers(told)), expected);
    }

    #[test]
    fn not_modified_is_believed_only_of_what_was_asked_about() {
        let tag = validators(Some(r#""a""#), Some(NOON));
        check_contradicts(&tag, &[], false);
        check_contradicts(&tag, &[(ETAG, r#"W/"a""#)], false);
        check_contradicts(&tag, &[(LAST_MODIFIED, A_SECOND_AFTER)], false);
        check_contradicts(&tag, &[(ETAG, r#""b""#)], true);
        check_contradicts(&tag, &[(ETAG, r#""ab""#)], true);
        let date = validators(None, Some(NOON));
        check_contradicts(&date, &[(ETAG, r#""b""#), (LAST_MODIFIED, NOON)], false);
        check_contradicts(&date, &[(LAST_MODIFIED, A_SECOND_AFTER)], true);
    }
}
