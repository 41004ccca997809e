//! Answers without a story.

use bytes::Bytes;
use hyper::{Method, Response, StatusCode, header};
use serde_json::Value;

use crate::server::{Body, Call};

/// A header value. What a test puts into a header has to fit into one.
pub(crate) fn value(text: &str) -> header::HeaderValue {
    header::HeaderValue::from_bytes(text.as_bytes()).expect("the text of a header has no newline")
}

/// 200 and JSON.
pub(crate) fn json(body: &Value) -> Response<Body> {
    json_text(body.to_string())
}

/// 200 and text that says it is JSON.
pub(crate) fn json_text(body: String) -> Response<Body> {
    let mut response = Response::new(Body::whole(body));
    let kind = value("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// A status and nothing else.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A status and a place to look at.
pub(crate) fn at(status: StatusCode, location: &str) -> Response<Body> {
    let mut response = empty(status);
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, value(location));
    response
}

/// 201 for content that is now at `location`.
pub(crate) fn created(location: &str, digest: &str) -> Response<Body> {
    let mut response = at(StatusCode::CREATED, location);
    let headers = response.headers_mut();
    headers.insert("docker-content-digest", value(digest));
    response
}

/// 200 and the page of a portal that wants somebody to log in.
pub(crate) fn login_page() -> Response<Body> {
    let page = "<!DOCTYPE html><html><head><title>Log in</title></head>\
                <body><form action=\"/login\"><input name=\"user\"></form></body></html>\n";
    let mut response = Response::new(Body::whole(page));
    let kind = value("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// 200 and these bytes, or the part of them that was asked for.
pub(crate) fn part(call: &Call, bytes: &Bytes) -> Response<Body> {
    let length = bytes.len();
    let range = call.header("range").filter(|_| call.method == Method::GET);
    let (status, bytes, content_range) = match range.and_then(|range| byte_range(range, length)) {
        None => (StatusCode::OK, bytes.clone(), None),
        Some(Err(())) => (
            StatusCode::RANGE_NOT_SATISFIABLE,
            Bytes::new(),
            Some(format!("bytes */{length}")),
        ),
        Some(Ok((first, last))) => (
            StatusCode::PARTIAL_CONTENT,
            bytes.slice(first..=last),
            Some(format!("bytes {first}-{last}/{length}")),
        ),
    };
    let mut response = Response::new(Body::whole(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, value("bytes"));
    if let Some(content_range) = content_range {
        headers.insert(header::CONTENT_RANGE, value(&content_range));
    }
    response
}

/// The one range of a `Range` header: `None` if there is none that has to be honoured, an error if
/// it cannot be.
fn byte_range(text: &str, length: usize) -> Option<Result<(usize, usize), ()>> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let range = match (first, last) {
        ("", suffix) => {
            let suffix: usize = suffix.parse().ok()?;
            (length.saturating_sub(suffix), length.checked_sub(1))
        }
        (first, "") => (first.parse().ok()?, length.checked_sub(1)),
        (first, last) => {
            let last: usize = last.parse().ok()?;
            (
                first.parse().ok()?,
                length.checked_sub(1).map(|end| end.min(last)),
            )
        }
    };
    Some(match range {
        (first, Some(last)) if first <= last => Ok((first, last)),
        _ => Err(()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_what_there_is() {
        assert_eq!(byte_range("bytes=0-3", 10), Some(Ok((0, 3))));
        assert_eq!(byte_range("bytes=4-", 10), Some(Ok((4, 9))));
        assert_eq!(byte_range("bytes=-4", 10), Some(Ok((6, 9))));
        assert_eq!(byte_range("bytes=4-100", 10), Some(Ok((4, 9))));
        assert_eq!(byte_range("bytes=10-", 10), Some(Err(())));
        assert_eq!(byte_range("bytes=0-", 0), Some(Err(())));
        assert_eq!(byte_range("lines=0-1", 10), None);
    }
}
