//! Redirects, and what is at the other end.

use hyper::{Method, Response, StatusCode};
use serde_json::json;

use super::backend::Backend;
use super::blobs::serve_blob;
use super::refusal::Refusal;
use super::route::Route;
use super::told::is_about;
use crate::lie::{Lie, RedirectTo};
use crate::response::{at, empty, json};
use crate::server::{Body, Call, Reply};

/// Where the other origin has what the registry has, for who comes without a login.
const STORAGE: &str = "/storage";

/// The same, for who logs in.
const ASKING: &str = "/asking";

/// The parameter that counts redirects.
const HOP: &str = "hop";

impl Backend {
    /// The redirect that is sent in place of a good answer, if one is.
    pub(super) fn redirected(&self, call: &Call, route: Route<'_>) -> Option<Response<Body>> {
        let other = self.origins.other_url();
        let honest = match route {
            Route::Blob { .. } if self.settings.redirect_blobs && is_read(call) => {
                let location = elsewhere_url(&other, STORAGE, call);
                Some(at(StatusCode::TEMPORARY_REDIRECT, &location))
            }
            _ => None,
        };
        let told = self.told.find(|lie| match lie {
            Lie::Redirect {
                at: target,
                status,
                to,
            } if is_about(*target, call, route) => Some((*status, to.clone())),
            _ => None,
        });
        let Some((status, to)) = told else {
            return honest;
        };
        let status = StatusCode::from_u16(status).expect("a test names a status that exists");
        let hops = call
            .parameter(HOP)
            .and_then(|hops| hops.parse::<u32>().ok());
        let hops = hops.unwrap_or_default();
        let location = match to {
            RedirectTo::OtherOrigin => elsewhere_url(&other, STORAGE, call),
            RedirectTo::OtherOriginAsking => elsewhere_url(&other, ASKING, call),
            RedirectTo::PlainHttp => elsewhere_url(&self.origins.plain_url(), STORAGE, call),
            RedirectTo::Chain(length) if hops >= length => return honest,
            RedirectTo::Relative if hops >= 1 => return honest,
            RedirectTo::Chain(_) => hop(call, &call.path, hops + 1),
            RedirectTo::Relative => {
                let (_, name) = call.path.rsplit_once('/').unwrap_or_default();
                // A digest without the dot would be read as a scheme.
                hop(call, &format!("./{name}"), 1)
            }
            RedirectTo::Loop => with_query(&call.path, &call.query),
            RedirectTo::Url(url) => url,
            RedirectTo::Nowhere => return Some(empty(status)),
        };
        Some(at(status, &location))
    }

    /// The other origin: object storage, and what pretends to be a registry. It knows nothing of
    /// the registry's logins.
    pub(super) fn elsewhere(&self, call: &Call) -> Reply {
        let logged_in = call.header("authorization").is_some();
        if let Some(path) = call.path.strip_prefix(STORAGE) {
            // Object stores refuse a request that is signed and also carries a login.
            if logged_in {
                return Refusal::bad("INVALIDARGUMENT", "only one auth mechanism allowed").into();
            }
            return self.unguarded(call, path);
        }
        if let Some(path) = call.path.strip_prefix(ASKING) {
            if !logged_in {
                return Refusal::unauthorized("Basic realm=\"elsewhere\"".to_owned()).into();
            }
            return self.unguarded(call, path);
        }
        Reply::Say(match Route::of(&call.path) {
            Route::Token => self.stolen_token(call),
            Route::Tags { repository } => json(&json!({ "name": repository, "tags": ["99.0.0"] })),
            _ => self
                .foreign_blob(call)
                .unwrap_or_else(|| empty(StatusCode::NOT_FOUND)),
        })
    }

    fn unguarded(&self, call: &Call, path: &str) -> Reply {
        let route = Route::of(path);
        match self.resource(call, route) {
            Ok(response) => self.twist(call, route, response),
            Err(refusal) => refusal.into(),
        }
    }

    /// What [`Lie::ForeignUrls`] points at.
    fn foreign_blob(&self, call: &Call) -> Option<Response<Body>> {
        let digest = call.path.strip_prefix("/foreign/")?;
        let blob = self.content().any_blob(digest)?;
        Some(serve_blob(call, digest, &blob))
    }
}

/// Where another origin has what this request asks for.
fn elsewhere_url(origin: &str, place: &str, call: &Call) -> String {
    let path = with_query(&call.path, &call.query);
    format!("{origin}{place}{path}")
}

fn is_read(call: &Call) -> bool {
    matches!(call.method, Method::GET | Method::HEAD)
}

/// `path`, asked with the same parameters, after one redirect more.
fn hop(call: &Call, path: &str, hops: u32) -> String {
    let others = url::form_urlencoded::parse(call.query.as_bytes()).filter(|(key, _)| key != HOP);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(others)
        .append_pair(HOP, &hops.to_string())
        .finish();
    with_query(path, &query)
}

fn with_query(path: &str, query: &str) -> String {
    match query {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}
