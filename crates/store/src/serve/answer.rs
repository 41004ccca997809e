//! One request, one answer.

use std::convert::Infallible;
use std::fs::File;
use std::sync::Arc;

use hyper::body::{Body as _, Incoming};
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HOST,
    HeaderValue, LAST_MODIFIED,
};
use hyper::{Method, Request, Response, StatusCode, Version};

use super::ServeLimits;
use super::body::{Content, Stream};
use super::conditions::{Outcome, Validators, judge};
use super::connection::Lane;
use super::files::{self, Found, Known, Stamp};
use super::memory::{Entry, Memory};
use super::range::Wanted;
use super::target::Target;
use crate::Store;
use crate::name::StoredPath;

/// Answers requests from memory and from disk.
#[derive(Debug)]
pub(super) struct Answerer {
    store: Store,
    memory: Memory,
}

/// What is to be sent, and from where.
struct Sendable {
    known: Arc<Known>,
    /// Not opened if everything is in memory.
    file: Option<Arc<File>>,
}

impl Answerer {
    pub(super) fn new(store: Store, limits: &ServeLimits) -> Self {
        Self {
            store,
            memory: Memory::new(limits.max_memory_bytes),
        }
    }

    /// Never an error: whatever is wrong is an answer.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        lane: &Arc<Lane>,
    ) -> Result<Response<Content>, Infallible> {
        lane.begin_answer();
        Ok(self.respond(&request, lane).await)
    }

    async fn respond(&self, request: &Request<Incoming>, lane: &Arc<Lane>) -> Response<Content> {
        if is_ambiguous(request) {
            return closing(StatusCode::BAD_REQUEST);
        }
        let is_get = request.method() == Method::GET;
        if !is_get && request.method() != Method::HEAD {
            let mut response = closing(StatusCode::METHOD_NOT_ALLOWED);
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allowed);
            return response;
        }
        let path = match Target::of(request.uri().path()) {
            Target::Root => return empty(StatusCode::OK),
            Target::Nothing => return empty(StatusCode::NOT_FOUND),
            Target::Refused => return closing(StatusCode::BAD_REQUEST),
            Target::File(path) => path,
        };
        let sendable = match self.find(&path).await {
            Ok(Some(sendable)) => sendable,
            Ok(None) => return empty(StatusCode::NOT_FOUND),
            Err(error) => {
                tracing::warn!(%path, %error, "cannot serve a file");
                return empty(StatusCode::INTERNAL_SERVER_ERROR);
            }
        };
        let known = &sendable.known;
        let validators = Validators {
            tag: known.tag.as_ref().and_then(|tag| tag.to_str().ok()),
            modified: known.modified,
            size: known.size,
        };
        match judge(request.headers(), is_get, validators) {
            Outcome::Send(wanted) => self.send(&sendable, wanted, is_get, lane),
            Outcome::NotModified => about(StatusCode::NOT_MODIFIED, known),
            Outcome::PreconditionFailed => empty(StatusCode::PRECONDITION_FAILED),
        }
    }

    /// Look in memory first, and believe it only as far as the file is still the same.
    async fn find(&self, path: &str) -> std::io::Result<Option<Sendable>> {
        if let Some(known) = self.recall(path) {
            return Ok(Some(Sendable { known, file: None }));
        }
        let Ok(stored) = StoredPath::parse(path) else {
            return Ok(None);
        };
        let root = self.store.shared_root();
        let blocking = &self.store.options().blocking;
        let known = match self.memory.get(path) {
            Some(Entry::File(known)) => Some(known),
            _ => None,
        };
        let find = move || files::find(&root, &stored, known);
        let found = blocking.run(find).await??;
        let Some(found) = found else {
            self.memory.forget(path);
            return Ok(None);
        };
        self.memory.put(path, &found);
        let Found { known, file, .. } = found;
        let file = known.bytes.is_none().then_some(file);
        Ok(Some(Sendable { known, file }))
    }

    /// What memory has whole. The calls in here are answered by the kernel without a disk: the
    /// names were looked up a moment ago.
    fn recall(&self, path: &str) -> Option<Arc<Known>> {
        let root = self.store.shared_root();
        let (path, known) = match self.memory.get(path)? {
            Entry::File(known) => (path.to_owned(), known),
            Entry::Link(linked) => {
                if files::link_target(&root, path)? != linked.target {
                    return None;
                }
                match self.memory.get(&linked.path)? {
                    Entry::File(known) => (linked.path, known),
                    Entry::Link(_) => return None,
                }
            }
        };
        let is_whole = known.bytes.is_some();
        (is_whole && Stamp::now(&root, &path)? == known.stamp).then_some(known)
    }

    fn send(
        &self,
        sendable: &Sendable,
        wanted: Wanted,
        is_get: bool,
        lane: &Arc<Lane>,
    ) -> Response<Content> {
        let known = &sendable.known;
        let (status, range) = match wanted {
            Wanted::Whole => (StatusCode::OK, 0..known.size),
            Wanted::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start..end),
            Wanted::Unsatisfiable => return unsatisfiable(known.size),
        };
        let mut response = about(status, known);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, known.content_type.clone());
        if status == StatusCode::PARTIAL_CONTENT {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
            let (first, last, size) = (range.start, range.end - 1, known.size);
            insert(
                &mut response,
                CONTENT_RANGE,
                &format!("bytes {first}-{last}/{size}"),
            );
        } else {
            headers.insert(CONTENT_LENGTH, known.length.clone());
        }
        *response.body_mut() = match (&known.bytes, &sendable.file) {
            _ if !is_get => Content::Nothing,
            (Some(bytes), _) => Content::Memory(slice(bytes, &range)),
            (None, Some(file)) => {
                let blocking = self.store.options().blocking.clone();
                Content::File(Stream::new(
                    Arc::clone(file),
                    range,
                    Arc::clone(lane),
                    blocking,
                ))
            }
            (None, None) => return empty(StatusCode::INTERNAL_SERVER_ERROR),
        };
        response
    }
}

/// Whether somebody between the client and here may have read the request differently, or may read
/// the next one differently: content where none belongs, however its length is told; no or two
/// hosts. (What is no HTTP at all, hyper refuses.)
fn is_ambiguous(request: &Request<Incoming>) -> bool {
    let headers = request.headers();
    let hosts = headers.get_all(HOST).iter().count();
    !request.body().is_end_stream()
        || hosts > 1
        || (hosts == 0 && request.version() >= Version::HTTP_11)
}

fn slice(bytes: &bytes::Bytes, range: &std::ops::Range<u64>) -> bytes::Bytes {
    let index = |offset: u64| {
        usize::try_from(offset)
            .unwrap_or(bytes.len())
            .min(bytes.len())
    };
    bytes.slice(index(range.start)..index(range.end))
}

fn about(status: StatusCode, known: &Known) -> Response<Content> {
    let mut response = bare(status);
    let headers = response.headers_mut();
    headers.insert(LAST_MODIFIED, known.last_modified.clone());
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Some(tag) = &known.tag {
        headers.insert(ETAG, tag.clone());
    }
    response
}

fn unsatisfiable(size: u64) -> Response<Content> {
    let mut response = empty(StatusCode::RANGE_NOT_SATISFIABLE);
    insert(&mut response, CONTENT_RANGE, &format!("bytes */{size}"));
    response
}

fn closing(status: StatusCode) -> Response<Content> {
    let mut response = empty(status);
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

fn empty(status: StatusCode) -> Response<Content> {
    let mut response = bare(status);
    let none = HeaderValue::from_static("0");
    response.headers_mut().insert(CONTENT_LENGTH, none);
    response
}

fn bare(status: StatusCode) -> Response<Content> {
    let mut response = Response::new(Content::Nothing);
    *response.status_mut() = status;
    response
}

fn insert(response: &mut Response<Content>, name: hyper::header::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(name, value);
    }
}
