//! How the lies of a web server are told.

use bytes::Bytes;
use hyper::{Response, StatusCode, header};
use serde_json::json;

use super::files::gzip;
use super::lie::WebLie;
use crate::response::{at, empty, json, login_page, value};
use crate::server::{Body, Reply, Step};

/// How long what was sent gets to leave before the connection breaks.
const TO_LEAVE: std::time::Duration = std::time::Duration::from_millis(20);
/// One line of an index, so that what is streamed is not refused for what it says.
const LINE: &[u8] = b"# This index is said to go on and on, and so it does, line after line.\n";

/// What this lie is in place of an answer, if it is one.
pub(super) fn in_place(lie: &WebLie) -> Option<Reply> {
    Some(match lie {
        WebLie::Status(status) => Reply::Say(refusal(*status)),
        WebLie::TooManyRequests { retry_after } => {
            let mut response = refusal(429);
            if let Some(text) = retry_after {
                let headers = response.headers_mut();
                headers.insert(header::RETRY_AFTER, value(text));
            }
            Reply::Say(response)
        }
        WebLie::HangUp => Reply::HangUp,
        WebLie::LoginPage => Reply::Say(login_page()),
        WebLie::Redirect { status, to } => Reply::Say(at(status_of(*status), to)),
        WebLie::NotModified => Reply::Say(empty(StatusCode::NOT_MODIFIED)),
        WebLie::Streamed { bytes } => {
            let some = Bytes::from(LINE.repeat(500));
            let pieces = bytes / some.len() + 1;
            let all = std::iter::repeat_n(Step::Send(some), pieces);
            Reply::Say(Response::new(Body::told(all)))
        }
        WebLie::GzipBomb { bytes } => {
            Reply::Say(encoded("gzip", Body::whole(gzip(&vec![0; *bytes]))))
        }
        WebLie::EndlessEmptyGzip => {
            let nothing = Bytes::from(gzip(b"").repeat(1_000));
            Reply::Say(encoded("gzip", Body::told([Step::Repeat(nothing)])))
        }
        _ => return None,
    })
}

/// `response`, as the lies have it.
pub(super) fn spoilt(response: Response<Body>, lies: &[WebLie]) -> Response<Body> {
    if response.status() == StatusCode::NOT_MODIFIED {
        return not_modified(response, lies);
    }
    lies.iter().fold(response, spoil)
}

fn not_modified(mut response: Response<Body>, lies: &[WebLie]) -> Response<Body> {
    if lies.contains(&WebLie::OtherTagInNotModified) {
        let headers = response.headers_mut();
        headers.insert(header::ETAG, value("\"of-something-else\""));
    }
    response
}

fn spoil(response: Response<Body>, lie: &WebLie) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let bytes = body.bytes();
    let mut says = |coding: &str| {
        head.headers.insert(header::CONTENT_ENCODING, value(coding));
    };
    let body = match lie {
        WebLie::Encoding(coding) => {
            says(coding);
            body
        }
        WebLie::Gzip => {
            says("gzip");
            Body::whole(gzip(&bytes))
        }
        WebLie::GzipTwice => {
            says("gzip");
            Body::whole(gzip(&gzip(&bytes)))
        }
        WebLie::GzipCut => {
            says("gzip");
            let whole = gzip(&bytes);
            Body::whole(whole[..whole.len() / 2].to_vec())
        }
        WebLie::Cut { sixteenths } => {
            head.headers
                .insert(header::CONTENT_LENGTH, bytes.len().into());
            cut(&bytes, *sixteenths)
        }
        WebLie::CutInChunks { sixteenths } => cut(&bytes, *sixteenths),
        WebLie::StallMidBody => {
            head.headers
                .insert(header::CONTENT_LENGTH, bytes.len().into());
            Body::told([Step::Send(bytes.slice(..bytes.len() / 2)), Step::Stall])
        }
        WebLie::SlowDrip {
            bytes: piece,
            pause,
        } => {
            let pieces: Vec<_> = bytes.chunks((*piece).max(1)).collect();
            let steps = pieces
                .into_iter()
                .flat_map(|piece| [Step::Send(bytes.slice_ref(piece)), Step::Wait(*pause)]);
            Body::told(steps)
        }
        _ => body,
    };
    Response::from_parts(head, body)
}

fn cut(bytes: &Bytes, sixteenths: u8) -> Body {
    let kept = bytes.len() * usize::from(sixteenths.min(16)) / 16;
    let kept = bytes.slice(..kept);
    Body::told([Step::Send(kept), Step::Wait(TO_LEAVE), Step::Fail])
}

fn encoded(coding: &str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_ENCODING, value(coding));
    response
}

fn refusal(status: u16) -> Response<Body> {
    let mut response = json(&json!({"errors": [{"message": "the kit says no"}]}));
    *response.status_mut() = status_of(status);
    response
}

fn status_of(status: u16) -> StatusCode {
    StatusCode::from_u16(status).expect("a test names a status that exists")
}
