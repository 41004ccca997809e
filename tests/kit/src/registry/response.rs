//! Answers without a story.

use hyper::{Response, StatusCode, header};
use serde_json::Value;

use crate::server::Body;

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
