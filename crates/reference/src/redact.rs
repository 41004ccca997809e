//! Keeping secrets that hide in URLs out of what people read.

/// `text` with the user info and the query of every URL in it taken out.
///
/// A URL here is anything with `://` between two characters that are not blank, which is how the
/// messages of HTTP libraries quote them. The query goes because signed URLs carry their
/// signature there.
///
/// ```
/// let text = "GET https://ci:hunter2@charts.example.com/index.yaml?sig=abc: 403";
/// assert_eq!(
///     portolan_reference::redacted(text),
///     "GET https://charts.example.com/index.yaml?[redacted] 403",
/// );
/// ```
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`'))
            .unwrap_or(after.len());
        let (url, tail) = after.split_at(end);
        push_redacted(&mut out, url);
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// What follows `://`, without its user info and query.
fn push_redacted(out: &mut String, url: &str) {
    let (base, query) = match url.split_once('?') {
        Some((base, _)) => (base, true),
        None => (url, false),
    };
    let authority_end = base.find('/').unwrap_or(base.len());
    let (authority, path) = base.split_at(authority_end);
    // The last `@`: a password may hold one, a host may not.
    out.push_str(
        authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host),
    );
    // A password may also hold a `/`; then the real host is further on, behind an `@`.
    match path.rsplit_once('@') {
        Some((_, rest)) if !authority.contains('@') && looks_like_user_info(authority) => {
            out.truncate(out.len() - authority.len());
            out.push_str(rest);
        }
        _ => out.push_str(path),
    }
    if query {
        out.push_str("?[redacted]");
    }
}

/// Whether `authority` + `path` is the front half of `user:pass/word@host`: a colon whose right side
/// is no port. `host/repo@sha256:…` is not: digests follow an `@` in names without user info.
fn looks_like_user_info(authority: &str) -> bool {
    authority
        .split_once(':')
        .is_some_and(|(_, port)| port.is_empty() || !port.bytes().all(|b| b.is_ascii_digit()))
}

/// At most 120 characters of a text somebody typed, for quoting it in an error.
pub(crate) fn shortened(text: &str) -> String {
    const MOST: usize = 120;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(redacted(text), expected);
    }

    #[test]
    fn user_info_never_survives() {
        check("https://user:pw@host/x", "https://host/x");
        check("https://token@host", "https://host");
        check("https://user:p@ss@host/x", "https://host/x");
        check("https://user:p/ss@host/x", "https://host/x");
        check(
            "a http://u:p@a/ b http://u:p@b/ c",
            "a http://a/ b http://b/ c",
        );
    }

    #[test]
    fn a_query_never_survives() {
        check("https://host/x?sig=abc", "https://host/x?[redacted]");
        check(
            "\"https://host/?a=b&c=d\": EOF",
            "\"https://host/?[redacted]\": EOF",
        );
    }

    #[test]
    fn a_digest_in_a_reference_is_no_user_info() {
        check("oci://host:5000/a@sha256:ab", "oci://host:5000/a@sha256:ab");
        check("oci://host/a@sha256:ab", "oci://host/a@sha256:ab");
    }

    #[test]
    fn text_without_a_url_stays() {
        check("nothing here: 100% fine?", "nothing here: 100% fine?");
        check("", "");
        check("://", "://");
    }
}
