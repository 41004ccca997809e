//! A token service, as [distribution's registry](https://distribution.github.io/distribution/spec/auth/token/)
//! wants one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::registry::Account;
use crate::server::{Answers, Server};
use crate::web_token::{TokenKey, now};

const ISSUER: &str = "portolan-real";

/// A service that gives tokens to who knows a password, and to nobody else.
///
/// The registry never sees a password: it believes what this service has signed.
#[derive(Debug)]
pub struct TokenService {
    desk: Arc<Desk>,
    server: Server,
}

#[derive(Debug)]
struct Desk {
    key: TokenKey,
    lifetime: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    accounts: BTreeMap<String, String>,
    /// For every request: the scope that it wanted, and whether it got a token.
    requests: Vec<(String, bool)>,
}

impl TokenService {
    /// A service on a port of its own, whose tokens are good for `lifetime`.
    pub fn start(lifetime: Duration) -> Self {
        let desk = Arc::new(Desk {
            key: TokenKey::new(),
            lifetime,
            state: Mutex::default(),
        });
        let server = Server::start(Arc::clone(&desk));
        Self { desk, server }
    }

    /// Who gets tokens from now on.
    pub fn accept(&self, accounts: &[Account]) {
        self.desk.state().accounts = accounts
            .iter()
            .map(|account| (account.name.to_owned(), account.password.to_owned()))
            .collect();
    }

    /// How often a token was asked for, with success or without.
    pub fn requests(&self) -> usize {
        self.desk.state().requests.len()
    }

    /// How often a token was refused.
    pub fn refusals(&self) -> usize {
        let state = self.desk.state();
        state.requests.iter().filter(|(_, given)| !given).count()
    }

    /// The keys that a registry has to believe, as a JSON Web Key Set.
    pub(crate) fn keys(&self) -> Value {
        self.desk.key.set()
    }

    /// What a registry that is called `service` has to be told, with the path of a file of keys.
    pub(crate) fn configuration(&self, service: &str, keys: &str) -> Value {
        json!({
            "realm": format!("http://{}/token", self.server.address()),
            "service": service,
            "issuer": ISSUER,
            "jwks": keys,
        })
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token(&self, user: &str, service: &str, scope: &str) -> Value {
        let now = now();
        let lifetime = self.lifetime.as_secs();
        let claims = json!({
            "iss": ISSUER, "sub": user, "aud": service, "jti": format!("{now}-{user}"),
            "iat": now, "nbf": now, "exp": now + lifetime, "access": access(scope),
        });
        json!({"token": self.key.sign(&claims), "expires_in": lifetime})
    }
}

impl Answers for Desk {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let query: BTreeMap<_, _> =
            form_urlencoded::parse(request.uri().query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect();
        let scope = query.get("scope").cloned().unwrap_or_default();
        let service = query.get("service").cloned().unwrap_or_default();
        let mut state = self.state();
        let user = login(request).and_then(|(name, password)| {
            let known = state.accounts.get(&name) == Some(&password);
            known.then_some(name)
        });
        state.requests.push((scope.clone(), user.is_some()));
        drop(state);
        let (status, body) = match user {
            Some(user) => (StatusCode::OK, self.token(&user, &service, &scope)),
            None => (
                StatusCode::UNAUTHORIZED,
                json!({"errors": [{"code": "UNAUTHORIZED", "message": "no such account"}]}),
            ),
        };
        let mut response = Response::new(Full::new(body.to_string().into()));
        *response.status_mut() = status;
        response
    }
}

fn login(request: &Request<Incoming>) -> Option<(String, String)> {
    let header = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
    let decoded = STANDARD.decode(header.strip_prefix("Basic ")?).ok()?;
    let (name, password) = std::str::from_utf8(&decoded).ok()?.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// `repository:charts/app:pull,push …` as the claim that grants it.
fn access(scope: &str) -> Vec<Value> {
    scope
        .split(' ')
        .filter_map(|scope| {
            let (kind, rest) = scope.split_once(':')?;
            let (name, actions) = rest.rsplit_once(':')?;
            let actions: Vec<_> = actions.split(',').collect();
            Some(json!({"type": kind, "name": name, "actions": actions}))
        })
        .collect()
}
