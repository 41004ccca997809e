//! What stands behind the servers of a registry: one request in, one reply out.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hyper::{Method, Response, header};
use serde_json::json;

use super::blobs::{empty, serve_blob};
use super::content::{Content, Manifest};
use super::digest::is_name;
use super::guard::{Guard, Need};
use super::refusal::{Refusal, value};
use super::route::Route;
use super::tags::json_page;
use crate::server::{Answer, Body, Call, Reply, ServerName};

/// What a registry can and cannot do. Not a lie: every choice is one the specification leaves.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a capability that some registries have and some do not"
)]
pub(crate) struct Settings {
    /// How many tags a page holds at most, whatever the client asks for.
    pub(crate) page_size: Option<usize>,
    /// Whether it has the referrers API.
    pub(crate) referrers: bool,
    /// Whether it deletes.
    pub(crate) deletes: bool,
    /// Whether it mounts blobs across repositories.
    pub(crate) mounts: bool,
    /// Whether it hands out blobs by redirect to the other origin.
    pub(crate) redirect_blobs: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            page_size: None,
            referrers: true,
            deletes: true,
            mounts: true,
            redirect_blobs: false,
        }
    }
}

/// Where the servers of a registry are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origins {
    pub(crate) tls: bool,
    pub(crate) registry: SocketAddr,
    /// The token service, if it is on its own.
    pub(crate) token: Option<SocketAddr>,
    pub(crate) other: SocketAddr,
    /// The other origin without TLS, if the rest has it.
    pub(crate) plain: Option<SocketAddr>,
}

impl Origins {
    /// `https://127.0.0.1:40001` or `http://…`
    pub(crate) fn url(&self, address: SocketAddr) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{address}")
    }

    /// The token service's endpoint.
    pub(crate) fn realm(&self) -> String {
        format!("{}/token", self.url(self.token.unwrap_or(self.registry)))
    }

    pub(crate) fn other_url(&self) -> String {
        self.url(self.other)
    }

    /// The other origin without TLS.
    pub(crate) fn plain_url(&self) -> String {
        format!("http://{}", self.plain.unwrap_or(self.other))
    }
}

/// A registry without its servers.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) settings: Settings,
    pub(crate) origins: Origins,
    content: Mutex<Content>,
    guard: Mutex<Guard>,
}

impl Backend {
    pub(crate) fn new(settings: Settings, origins: Origins, guard: Guard) -> Self {
        Self {
            settings,
            origins,
            content: Mutex::default(),
            guard: Mutex::new(guard),
        }
    }

    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn guard(&self) -> MutexGuard<'_, Guard> {
        self.guard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find_manifest(&self, repository: &str, reference: &str) -> Option<Manifest> {
        self.content()
            .repository(repository)?
            .manifest(reference)
            .cloned()
    }

    pub(super) fn redirect_of_blob(&self, digest: &str) -> Option<String> {
        let other = self.origins.other_url();
        self.settings
            .redirect_blobs
            .then(|| format!("{other}/redirected/{digest}?X-Amz-Signature=kit"))
    }

    fn honest(&self, call: &Call, route: Route<'_>) -> Result<Response<Body>, Refusal> {
        if route == Route::Token && self.origins.token.is_none() {
            return self.token(call);
        }
        let need = need(call, route);
        self.guard().check(call, need, &self.origins.realm())?;
        if route.repository().is_some_and(|name| !is_name(name)) {
            return Err(Refusal::bad("NAME_INVALID", "invalid repository name"));
        }
        match route {
            Route::Ping => Ok(json_page("{}")),
            Route::Tags { repository } => self.tags(call, repository),
            Route::Manifest {
                repository,
                reference,
            } => self.manifest(call, repository, reference),
            Route::Blob { repository, digest } => self.blob(call, repository, digest),
            Route::Uploads { repository } => self.begin_upload(call, repository),
            Route::Upload { repository, id } => self.upload(call, repository, id),
            Route::Referrers { repository, digest } => self.referrers(call, repository, digest),
            Route::Token | Route::Unknown => {
                Err(Refusal::missing("NOT_FOUND", "there is no such page"))
            }
        }
    }

    fn token(&self, call: &Call) -> Result<Response<Body>, Refusal> {
        let issued = self.guard().token_request(call)?;
        let mut body = json!({
            "token": issued.token,
            "access_token": issued.token,
            "expires_in": issued.lifetime.as_secs(),
        });
        if let Some(refresh_token) = issued.refresh_token {
            body["refresh_token"] = refresh_token.into();
        }
        Ok(json_page(&body.to_string()))
    }

    /// The other origin: object storage, which knows nothing of the registry's logins.
    fn elsewhere(&self, call: &Call) -> Response<Body> {
        let Some(digest) = call.path.strip_prefix("/redirected/") else {
            return empty(hyper::StatusCode::NOT_FOUND);
        };
        // Object stores refuse a request that is signed and also carries a login.
        if call.header("authorization").is_some() {
            return Refusal::bad("InvalidArgument", "only one auth mechanism allowed")
                .into_response();
        }
        let blob: Option<Bytes> = self.content().any_blob(digest);
        blob.map_or_else(
            || empty(hyper::StatusCode::NOT_FOUND),
            |blob| serve_blob(call, digest, &blob),
        )
    }
}

impl Answer for Backend {
    fn answer(&self, call: &Call) -> Reply {
        let route = Route::of(&call.path);
        let answered = match call.server {
            ServerName::Registry => self.honest(call, route),
            ServerName::Token if route == Route::Token => self.token(call),
            _ => Ok(self.elsewhere(call)),
        };
        let mut response = answered.unwrap_or_else(Refusal::into_response);
        if call.server == ServerName::Registry {
            let version = value("registry/2.0");
            let headers = response.headers_mut();
            headers.insert("docker-distribution-api-version", version);
        }
        if call.method == Method::HEAD {
            // hyper keeps the length of the body and leaves out its bytes.
            response.headers_mut().remove(header::TRANSFER_ENCODING);
        }
        Reply::Say(response)
    }
}

fn need<'a>(call: &Call, route: Route<'a>) -> Option<Need<'a>> {
    let action = match call.method {
        Method::GET | Method::HEAD => "pull",
        Method::DELETE => "delete",
        _ => "push",
    };
    // Whether an upload goes on is the business of who pushes.
    let action = match route {
        Route::Upload { .. } | Route::Uploads { .. } => "push",
        _ => action,
    };
    let repository = route.repository()?;
    Some(Need { repository, action })
}
