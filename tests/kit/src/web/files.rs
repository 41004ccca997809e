//! Answering for files, as it should be done.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::{Method, Response, StatusCode, header};

use super::lie::WebLie;
use super::telling::{in_place, spoilt};
use crate::digest::sha256;
use crate::response::{empty, part, value};
use crate::server::{Answer, Body, Call, Login, Reply};

/// The files of one server, how it serves them, and the lies it tells.
#[derive(Debug, Default)]
pub(super) struct Files(Mutex<State>);

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) files: BTreeMap<String, File>,
    /// The user and the password that are asked for.
    pub(super) login: Option<(String, String)>,
    pub(super) compresses: bool,
    pub(super) told: Vec<Told>,
}

/// A lie about a path, and how often it is still told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) path: String,
    pub(super) lie: WebLie,
    pub(super) left: u32,
}

impl Told {
    fn tell(&mut self) -> WebLie {
        if self.left != u32::MAX {
            self.left -= 1;
        }
        self.lie.clone()
    }
}

#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) content_type: String,
    pub(super) bytes: Bytes,
    /// The `ETag` of what was first served here.
    pub(super) first_tag: String,
}

impl Files {
    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    pub(super) fn put(&mut self, path: &str, content_type: &str, bytes: Bytes) {
        let before = self.files.get(path).map(|file| file.first_tag.clone());
        let file = File {
            content_type: content_type.to_owned(),
            first_tag: before.unwrap_or_else(|| tag_of(&bytes)),
            bytes,
        };
        self.files.insert(path.to_owned(), file);
    }

    /// The lies that are told in the answer to one request, which count as told by that: the first one
    /// in place of an answer alone, else of those about the body the first, and all others.
    fn told_of(&mut self, path: &str) -> Vec<WebLie> {
        let mut active: Vec<&mut Told> = self
            .told
            .iter_mut()
            .filter(|told| told.path == path && told.left > 0)
            .collect();
        if let Some(first) = active.iter().position(|told| told.lie.is_in_place()) {
            return vec![active.swap_remove(first).tell()];
        }
        let mut spoilt = false;
        active.retain(|told| !told.lie.is_about_body() || !std::mem::replace(&mut spoilt, true));
        active.into_iter().map(Told::tell).collect()
    }

    fn admits(&self, call: &Call) -> bool {
        let Some((user, password)) = &self.login else {
            return true;
        };
        let login = Login::Basic {
            user: user.clone(),
            password: password.clone(),
        };
        call.header("authorization")
            .is_some_and(|shown| Login::read(shown) == login)
    }
}

impl Answer for Files {
    fn answer(&self, call: &Call) -> Reply {
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return Reply::Say(empty(StatusCode::METHOD_NOT_ALLOWED));
        }
        self.with(|state| {
            let lies = state.told_of(&call.path);
            if let Some(reply) = lies.iter().find_map(in_place) {
                return reply;
            }
            if !state.admits(call) {
                return Reply::Say(challenge());
            }
            let Some(file) = state.files.get(&call.path) else {
                return Reply::Say(empty(StatusCode::NOT_FOUND));
            };
            let compressed = state.compresses
                && call
                    .header("accept-encoding")
                    .is_some_and(|accepted| accepted.contains("gzip"));
            let response = file.response(call, &lies, compressed);
            Reply::Say(spoilt(response, &lies))
        })
    }
}

fn challenge() -> Response<Body> {
    let mut response = empty(StatusCode::UNAUTHORIZED);
    let basic = value("Basic realm=\"kit\"");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, basic);
    response
}

impl File {
    fn response(&self, call: &Call, lies: &[WebLie], compressed: bool) -> Response<Body> {
        let date = lies.iter().find_map(|lie| match lie {
            WebLie::LastModified(date) => Some(date.as_str()),
            _ => None,
        });
        let tag = self.tag(lies, compressed);
        let known = !lies.contains(&WebLie::IgnoresConditions)
            && match date {
                Some(date) => call.header("if-modified-since") == Some(date),
                None => call
                    .header("if-none-match")
                    .is_some_and(|tags| names(tags, &tag)),
            };
        // A range of what the file was before is no range of it.
        let changed = call.header("if-range").is_some_and(|known| known != tag);
        let mut response = if known {
            empty(StatusCode::NOT_MODIFIED)
        } else if compressed {
            Response::new(Body::whole(gzip(&self.bytes)))
        } else if changed {
            Response::new(Body::whole(self.bytes.clone()))
        } else {
            part(call, &self.bytes)
        };
        let headers = response.headers_mut();
        match date {
            Some(date) => headers.insert(header::LAST_MODIFIED, value(date)),
            None => headers.insert(header::ETAG, value(&tag)),
        };
        headers.insert(header::CONTENT_TYPE, value(&self.content_type));
        if compressed {
            headers.insert(header::CONTENT_ENCODING, value("gzip"));
            headers.insert(header::VARY, value("accept-encoding"));
        }
        response
    }

    fn tag(&self, lies: &[WebLie], compressed: bool) -> String {
        let told = lies.iter().find_map(|lie| match lie {
            WebLie::Tag(tag) => Some(tag.clone()),
            WebLie::FirstTag => Some(self.first_tag.clone()),
            _ => None,
        });
        let tag = told.unwrap_or_else(|| tag_of(&self.bytes));
        // What is compressed on the way is the same only in meaning.
        let weak = if compressed { "W/" } else { "" };
        format!("{weak}{tag}")
    }
}

fn tag_of(bytes: &[u8]) -> String {
    format!("\"{}\"", sha256(bytes))
}

/// Whether a list of tags has this one, strong or weak.
fn names(tags: &str, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    tags.split(',')
        .any(|known| known.trim() == "*" || opaque(known) == opaque(tag))
}

/// `bytes`, compressed.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder
        .write_all(bytes)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}
