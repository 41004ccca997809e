//! Lies that are told by spoiling a good answer.

use bytes::Bytes;
use hyper::{HeaderMap, Method, Response, StatusCode, header};

use super::backend::Backend;
use super::route::Route;
use super::told::is_about;
use crate::digest::sha256;
use crate::lie::{Lie, Target};
use crate::response::value;
use crate::server::{Body, Call, Reply, Step};

/// How long what was sent gets to leave before the connection breaks.
const TO_LEAVE: std::time::Duration = std::time::Duration::from_millis(20);

impl Backend {
    /// Spoil an answer as the lies have it. Refusals stay as they are.
    pub(super) fn twist(&self, call: &Call, route: Route<'_>, response: Response<Body>) -> Reply {
        if !response.status().is_success() {
            return Reply::Say(response);
        }
        let mut reply = Reply::Say(response);
        for lie in self.told.all() {
            // What is no plain answer any more cannot be spoilt further.
            let Reply::Say(response) = reply else {
                return reply;
            };
            // Taken one by one, since another request may have used one up.
            let applies = is_about_headers(&lie, call, route) || is_about_body(&lie, call, route);
            let told = applies
                && self
                    .told
                    .take(|other, _| (*other == lie).then_some(()))
                    .is_some();
            reply = if told {
                spoilt(&lie, response)
            } else {
                Reply::Say(response)
            };
        }
        reply
    }
}

fn is_about_headers(lie: &Lie, call: &Call, route: Route<'_>) -> bool {
    match lie {
        Lie::ContentType { at, .. }
        | Lie::WrongDigestHeader { at }
        | Lie::NoDigestHeader { at } => is_about(*at, call, route),
        Lie::WrongRange => is_about(Target::Blobs, call, route),
        Lie::HeadOfFile => call.method == Method::HEAD && is_about(Target::Manifests, call, route),
        _ => false,
    }
}

fn is_about_body(lie: &Lie, call: &Call, route: Route<'_>) -> bool {
    match lie {
        Lie::StallMidBody { at, .. }
        | Lie::ResetMidBody { at, .. }
        | Lie::SlowDrip { at, .. }
        | Lie::Cut { at, .. }
        | Lie::LengthTooLong { at }
        | Lie::LengthTooShort { at }
        | Lie::NoLength { at }
        | Lie::ExtraBytes { at, .. }
        | Lie::SecondAnswer { at }
        | Lie::WrongBytes { at }
        | Lie::Endless { at }
        | Lie::EmptyBody { at }
        | Lie::InvalidJson { at } => call.method != Method::HEAD && is_about(*at, call, route),
        _ => false,
    }
}

fn spoilt(lie: &Lie, response: Response<Body>) -> Reply {
    let (mut head, body) = response.into_parts();
    let bytes = body.bytes();
    match lie {
        Lie::ResetMidBody { .. } => {
            promise(&mut head.headers, bytes.len());
            let body = broken_after(bytes.slice(..bytes.len() / 2));
            Reply::SayThenReset(Response::from_parts(head, body))
        }
        Lie::LengthTooShort { .. } => {
            promise(&mut head.headers, bytes.len() / 2);
            Reply::Raw(raw(head.status, &head.headers, &bytes).into())
        }
        Lie::SecondAnswer { .. } => {
            promise(&mut head.headers, bytes.len());
            let mut both = raw(head.status, &head.headers, &bytes);
            both.extend(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnobody");
            Reply::Raw(both.into())
        }
        lie => {
            spoil_headers(lie, head.status, &mut head.headers, bytes.len());
            let body = spoilt_body(lie, bytes).unwrap_or(body);
            Reply::Say(Response::from_parts(head, body))
        }
    }
}

fn spoil_headers(lie: &Lie, status: StatusCode, headers: &mut HeaderMap, length: usize) {
    match lie {
        Lie::StallMidBody { .. } | Lie::SlowDrip { .. } | Lie::Cut { .. } => {
            promise(headers, length);
        }
        Lie::LengthTooLong { .. } => promise(headers, length + 1024),
        Lie::ContentType { media_type, .. } if media_type.is_empty() => {
            headers.remove(header::CONTENT_TYPE);
        }
        Lie::ContentType { media_type, .. } => {
            headers.insert(header::CONTENT_TYPE, value(media_type));
        }
        Lie::WrongDigestHeader { .. } => {
            let wrong = value(&sha256(b"something else"));
            headers.insert("docker-content-digest", wrong);
        }
        Lie::NoDigestHeader { .. } => {
            headers.remove("docker-content-digest");
            headers.remove(header::ETAG);
        }
        Lie::HeadOfFile => {
            headers.remove("docker-content-digest");
            headers.remove(header::ETAG);
            let kind = value("application/octet-stream");
            headers.insert(header::CONTENT_TYPE, kind);
        }
        Lie::WrongRange if status == StatusCode::PARTIAL_CONTENT => {
            let wrong = format!("bytes 1-{length}/{length}");
            headers.insert(header::CONTENT_RANGE, value(&wrong));
        }
        _ => {}
    }
}

/// What comes in place of these bytes, if anything does.
fn spoilt_body(lie: &Lie, bytes: Bytes) -> Option<Body> {
    Some(match lie {
        Lie::StallMidBody { .. } => {
            let half = bytes.slice(..bytes.len() / 2);
            Body::told([Step::Send(half), Step::Stall])
        }
        Lie::SlowDrip {
            bytes: piece,
            pause,
            ..
        } => {
            let piece = (*piece).max(1);
            let pieces = (0..bytes.len()).step_by(piece).flat_map(|start| {
                let end = bytes.len().min(start + piece);
                [Step::Send(bytes.slice(start..end)), Step::Wait(*pause)]
            });
            Body::told(pieces)
        }
        Lie::Cut { sixteenths, .. } => {
            let kept = bytes.len() * usize::from((*sixteenths).min(16)) / 16;
            broken_after(bytes.slice(..kept))
        }
        Lie::LengthTooLong { .. } => broken_after(bytes),
        Lie::NoLength { .. } => Body::told([Step::Send(bytes)]),
        Lie::ExtraBytes { bytes: more, .. } => {
            let mut longer = bytes.to_vec();
            longer.resize(bytes.len() + more, b' ');
            Body::whole(longer)
        }
        Lie::WrongBytes { .. } => Body::whole(other_bytes(&bytes)),
        Lie::Endless { .. } => {
            let blanks = Bytes::from(vec![b' '; 64 << 10]);
            Body::told([Step::Send(bytes), Step::Repeat(blanks)])
        }
        Lie::EmptyBody { .. } => Body::empty(),
        Lie::InvalidJson { .. } => Body::whole("{\"tags\": [\"1.0.0\", "),
        _ => return None,
    })
}

fn promise(headers: &mut HeaderMap, length: usize) {
    headers.insert(header::CONTENT_LENGTH, length.into());
}

fn broken_after(bytes: Bytes) -> Body {
    Body::told([Step::Send(bytes), Step::Wait(TO_LEAVE), Step::Fail])
}

/// As many bytes, and not these. JSON with a digest in it stays JSON and names another digest.
fn other_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut other = bytes.to_vec();
    let in_json = other.first() == Some(&b'{');
    let digest = other.windows(7).rposition(|part| part == b"sha256:");
    match digest.filter(|_| in_json) {
        Some(at) if at + 7 < other.len() => {
            let digit = &mut other[at + 7];
            *digit = if *digit == b'0' { b'1' } else { b'0' };
        }
        _ => {
            let middle = other.len() / 2;
            if let Some(byte) = other.get_mut(middle) {
                *byte ^= 1;
            }
        }
    }
    other
}

/// An answer as it stands on the wire.
fn raw(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Vec<u8> {
    let mut raw = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        raw.extend(name.as_str().as_bytes());
        raw.extend(b": ");
        raw.extend(value.as_bytes());
        raw.extend(b"\r\n");
    }
    raw.extend(b"\r\n");
    raw.extend(body);
    raw
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_bytes_are_as_many_and_json_stays_json() {
        let manifest = br#"{"layers":[{"digest":"sha256:0abc"}]}"#;
        let other = other_bytes(manifest);
        assert_eq!(other, br#"{"layers":[{"digest":"sha256:1abc"}]}"#);
        assert_eq!(other_bytes(b"abc"), b"acc");
        assert_eq!(other_bytes(b""), b"");
    }
}
