//! An issuer of [OpenID](https://openid.net/specs/openid-connect-discovery-1_0.html) tokens.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};

use super::caller::{Caller, OTHER_PEOPLE, PEOPLE, WORKFLOWS};
use crate::server::{Answers, Server};
use crate::web_token::{ALGORITHM, TokenKey, now};

/// Whom a token is for: what cosign and Fulcio call themselves.
const AUDIENCE: &str = "sigstore";

/// How long a token is good, in seconds.
const LIFETIME: u64 = 600;

/// Several issuers with one key and one address, each below a path of its own.
#[derive(Debug)]
pub(super) struct OpenIdIssuer {
    key: Arc<TokenKey>,
    server: Server,
}

impl OpenIdIssuer {
    /// Issuers on a port of their own.
    pub(super) fn start() -> Self {
        let key = Arc::new(TokenKey::new());
        let server = Server::start(Arc::new(Desk {
            key: Arc::clone(&key),
        }));
        Self { key, server }
    }

    /// Who vouches for a caller.
    pub(super) fn url(&self, caller: &Caller) -> String {
        self.path(caller.issuer)
    }

    /// A token that says who the caller is.
    pub(super) fn token(&self, caller: &Caller) -> String {
        let now = now();
        let mut claims = caller.claims().clone();
        claims["iss"] = json!(self.url(caller));
        claims["aud"] = json!(AUDIENCE);
        claims["iat"] = json!(now);
        claims["nbf"] = json!(now);
        claims["exp"] = json!(now + LIFETIME);
        self.key.sign(&claims)
    }

    /// What [Fulcio](https://github.com/sigstore/fulcio/blob/v1.8.8/pkg/config/config.go) has to be told.
    pub(super) fn configuration(&self) -> Value {
        let issuers = [
            (PEOPLE, "email"),
            (OTHER_PEOPLE, "email"),
            (WORKFLOWS, "github-workflow"),
        ];
        let entry = |(name, kind): (&str, &str)| {
            let url = self.path(name);
            let entry = json!({"IssuerURL": url, "ClientID": AUDIENCE, "Type": kind});
            (url, entry)
        };
        let issuers: serde_json::Map<_, _> = issuers.into_iter().map(entry).collect();
        json!({"OIDCIssuers": issuers})
    }

    fn path(&self, name: &str) -> String {
        format!("http://{}/{name}", self.server.address())
    }
}

#[derive(Debug)]
struct Desk {
    key: Arc<TokenKey>,
}

impl Answers for Desk {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        let host = request.headers().get(HOST);
        let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
        let body = if let Some(issuer) = path.strip_suffix("/.well-known/openid-configuration") {
            discovery(&format!("http://{host}{issuer}"))
        } else if path.ends_with("/keys") {
            self.key.set()
        } else {
            let mut response = Response::default();
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        let mut response = Response::new(Full::new(body.to_string().into()));
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(CONTENT_TYPE, json);
        response
    }
}

/// The metadata that the specification requires. Nobody logs in here.
fn discovery(issuer: &str) -> Value {
    json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/keys"),
        "authorization_endpoint": format!("{issuer}/nobody-logs-in"),
        "token_endpoint": format!("{issuer}/nobody-logs-in"),
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
    })
}
