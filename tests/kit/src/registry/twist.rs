//! Lies that are told by spoiling a good answer.

use bytes::Bytes;
use hyper::{HeaderMap, Method, Response, StatusCode, header};

use super::backend::Backend;
use super::route::Route;
use super::told::is_about;
use crate::digest::sha256;
use crate::lie::Lie;
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
            let of_this = lie.target().is_none_or(|at| is_about(at, call, route));
            if !of_this || !is_twist(&lie) {
                continue;
            }
            // What is no plain answer any more cannot be spoilt further.
            let Reply::Say(response) = reply else {
                return reply;
            };
            // Counted here, since other lies may have been told of requests between.
            let told = self.told.take(|other, _| (*other == lie).then_some(()));
            reply = match told {
                Some(()) if call.method == Method::HEAD && !is_header_only(&lie) => {
                    Reply::Say(response)
                }
                Some(()) => twisted(&lie, route, response),
                None => Reply::Say(response),
            };
        }
        reply
    }
}

fn is_twist(lie: &Lie) -> bool {
    is_header_only(lie)
        || matches!(
            lie,
            Lie::StallMidBody { .. }
                | Lie::ResetMidBody { .. }
                | Lie::SlowDrip { .. }
                | Lie::Cut { .. }
                | Lie::LengthTooLong { .. }
                | Lie::LengthTooShort { .. }
                | Lie::NoLength { .. }
                | Lie::ExtraBytes { .. }
                | Lie::SecondAnswer { .. }
                | Lie::WrongBytes { .. }
                | Lie::Endless { .. }
                | Lie::EmptyBody { .. }
                | Lie::InvalidJson { .. }
        )
}

fn is_header_only(lie: &Lie) -> bool {
    matches!(
        lie,
        Lie::ContentType { .. }
            | Lie::WrongDigestHeader { .. }
            | Lie::NoDigestHeader { .. }
            | Lie::WrongRange
    )
}

fn twisted(lie: &Lie, route: Route<'_>, response: Response<Body>) -> Reply {
    let (mut head, body) = response.into_parts();
    let bytes = body.bytes();
    let half = bytes.len() / 2;
    let mut promise = |length: usize| {
        head.headers.insert(header::CONTENT_LENGTH, length.into());
    };
    let body = match lie {
        Lie::StallMidBody { .. } => {
            promise(bytes.len());
            Body::told([Step::Send(bytes.slice(..half)), Step::Stall])
        }
        Lie::ResetMidBody { .. } => {
            promise(bytes.len());
            let body = broken_after(bytes.slice(..half));
            return Reply::SayThenReset(Response::from_parts(head, body));
        }
        Lie::SlowDrip {
            bytes: piece,
            pause,
            ..
        } => {
            promise(bytes.len());
            let piece = (*piece).max(1);
            let pieces = (0..bytes.len()).step_by(piece).flat_map(|start| {
                let end = bytes.len().min(start + piece);
                [Step::Send(bytes.slice(start..end)), Step::Wait(*pause)]
            });
            Body::told(pieces)
        }
        Lie::Cut { sixteenths, .. } => {
            promise(bytes.len());
            let kept = bytes.len() * usize::from((*sixteenths).min(16)) / 16;
            broken_after(bytes.slice(..kept))
        }
        Lie::LengthTooLong { .. } => {
            promise(bytes.len() + 1024);
            broken_after(bytes)
        }
        Lie::LengthTooShort { .. } => {
            promise(half);
            return Reply::Raw(raw(head.status, &head.headers, &bytes));
        }
        Lie::SecondAnswer { .. } => {
            promise(bytes.len());
            let mut both = raw(head.status, &head.headers, &bytes).to_vec();
            both.extend(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnobody");
            return Reply::Raw(both.into());
        }
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
        Lie::ContentType { media_type, .. } => {
            if media_type.is_empty() {
                head.headers.remove(header::CONTENT_TYPE);
            } else {
                head.headers.insert(header::CONTENT_TYPE, value(media_type));
            }
            body
        }
        Lie::WrongDigestHeader { .. } => {
            let wrong = value(&sha256(b"something else"));
            head.headers.insert("docker-content-digest", wrong);
            body
        }
        Lie::NoDigestHeader { .. } => {
            head.headers.remove("docker-content-digest");
            head.headers.remove(header::ETAG);
            body
        }
        Lie::WrongRange if matches!(route, Route::Blob { .. }) => {
            if head.status == StatusCode::PARTIAL_CONTENT {
                let wrong = format!("bytes 1-{0}/{0}", bytes.len());
                head.headers.insert(header::CONTENT_RANGE, value(&wrong));
            }
            body
        }
        _ => body,
    };
    Reply::Say(Response::from_parts(head, body))
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
fn raw(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Bytes {
    let mut raw = format!("HTTP/1.1 {status}\r\n").into_bytes();
    for (name, value) in headers {
        raw.extend(name.as_str().as_bytes());
        raw.extend(b": ");
        raw.extend(value.as_bytes());
        raw.extend(b"\r\n");
    }
    raw.extend(b"\r\n");
    raw.extend(body);
    raw.into()
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
