//! What stands behind the servers of a registry: one request in, one reply out.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::{Method, Response, StatusCode};
use serde_json::json;

use super::content::Content;
use super::guard::{Guard, Need, Terms};
use super::names::is_name;
use super::refusal::Refusal;
use super::route::Route;
use super::told::{Told, is_about};
use crate::lie::{Lie, Realm, Target};
use crate::response::{json, value};
use crate::server::{Answer, Body, Call, Login, Reply, ServerName};

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
    /// How many referrers a page holds at most.
    pub(crate) referrers_page_size: Option<usize>,
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
            referrers_page_size: None,
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
    pub(crate) told: Told,
    content: Mutex<Content>,
    guard: Mutex<Guard>,
}

impl Backend {
    pub(crate) fn new(settings: Settings, origins: Origins, guard: Guard) -> Self {
        Self {
            settings,
            origins,
            told: Told::default(),
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

    /// Answer as a registry should, but for the lies about the thing itself.
    fn guarded(&self, call: &Call, route: Route<'_>) -> Result<Response<Body>, Refusal> {
        let has_tokens = call.server == ServerName::Token || self.origins.token.is_none();
        if route != Route::Token {
            self.let_token_die(call, route);
            let terms = self.terms();
            self.guard().check(call, need(call, route), &terms)?;
        } else if !has_tokens {
            return Err(no_such_page());
        }
        self.resource(call, route)
    }

    /// Answer somebody who may.
    pub(super) fn resource(
        &self,
        call: &Call,
        route: Route<'_>,
    ) -> Result<Response<Body>, Refusal> {
        if route.repository().is_some_and(|name| !is_name(name)) {
            return Err(Refusal::bad("NAME_INVALID", "invalid repository name"));
        }
        match route {
            Route::Ping => Ok(json(&json!({}))),
            Route::Token => self.token(call),
            Route::Tags { repository } => self.tags(call, repository),
            Route::Manifest {
                repository,
                reference,
            } => self.manifest(call, repository, reference),
            Route::Blob { repository, digest } => self.blob(call, repository, digest),
            Route::Uploads { repository } => self.begin_upload(call, repository),
            Route::Upload { repository, id } => self.upload(call, repository, id),
            Route::Referrers { repository, digest } => self.referrers(call, repository, digest),
            Route::Unknown => Err(no_such_page()),
        }
    }

    /// 401 and a challenge, whoever asks.
    pub(super) fn challenge(&self, call: &Call, route: Route<'_>) -> Refusal {
        let terms = self.terms();
        self.guard().challenge(need(call, route), &terms, "")
    }

    /// How the guard is to refuse.
    pub(super) fn terms(&self) -> Terms {
        let realm = self.told.find(|lie| match lie {
            Lie::Realm(realm) => Some(realm.clone()),
            _ => None,
        });
        let stale = self.told.find(|lie| match lie {
            Lie::StaleIsForbidden => Some(StatusCode::FORBIDDEN),
            Lie::StaleIsBadRequest => Some(StatusCode::BAD_REQUEST),
            _ => None,
        });
        Terms {
            realm: match realm {
                None => self.origins.realm(),
                Some(Realm::OtherOrigin) => format!("{}/token", self.origins.other_url()),
                Some(Realm::PlainHttp) => format!("{}/token", self.origins.plain_url()),
                Some(Realm::Url(url)) => url,
            },
            stale,
        }
    }

    fn let_token_die(&self, call: &Call, route: Route<'_>) {
        if !is_about(Target::Blobs, call, route) {
            return;
        }
        let Some(Login::Bearer { token }) = call.header("authorization").map(Login::read) else {
            return;
        };
        let dies = self
            .told
            .take(|lie, _| (*lie == Lie::TokenDiesBeforeBlob).then_some(()));
        if dies.is_some() {
            self.guard().revoke_token(&token);
        }
    }

    fn registry(&self, call: &Call) -> Reply {
        let route = Route::of(&call.path);
        if let Some(reply) = self.interrupt(call, route) {
            return reply;
        }
        let mut response = match self.guarded(call, route) {
            Ok(response) if response.status().is_success() => {
                self.redirected(call, route).unwrap_or(response)
            }
            Ok(response) => response,
            Err(refusal) => refusal.into_response(),
        };
        let version = value("registry/2.0");
        let headers = response.headers_mut();
        headers.insert("docker-distribution-api-version", version);
        self.twist(call, route, response)
    }
}

impl Answer for Backend {
    fn answer(&self, call: &Call) -> Reply {
        match call.server {
            ServerName::Registry => self.registry(call),
            ServerName::Token if Route::of(&call.path) == Route::Token => self.registry(call),
            ServerName::Token => no_such_page().into(),
            _ => self.elsewhere(call),
        }
    }
}

fn no_such_page() -> Refusal {
    Refusal::missing("NOT_FOUND", "there is no such page")
}

fn need<'a>(call: &Call, route: Route<'a>) -> Option<Need<'a>> {
    let action = match (route, &call.method) {
        // Whether an upload goes on is the business of who pushes.
        (Route::Upload { .. } | Route::Uploads { .. }, _) => "push",
        (_, &Method::GET | &Method::HEAD) => "pull",
        (_, &Method::DELETE) => "delete",
        _ => "push",
    };
    let repository = route.repository()?;
    Some(Need { repository, action })
}
