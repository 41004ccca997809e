//! An OCI registry in memory.

mod attach;
mod backend;
mod blobs;
mod builder;
mod content;
mod guard;
mod interrupt;
mod links;
mod manifests;
mod names;
mod product;
mod push;
mod redirect;
mod referrers;
mod refusal;
mod route;
mod shape;
mod tags;
mod token;
mod told;
mod twist;

use std::sync::Arc;

use self::backend::Backend;
pub use self::builder::Builder;
pub(crate) use self::manifests::MANIFEST_MEDIA_TYPE;
pub use self::product::Product;
pub use self::push::{
    CHART_CONFIG_MEDIA_TYPE, CHART_CONTENT_MEDIA_TYPE, LEGACY_CHART_CONTENT_MEDIA_TYPE,
    PROVENANCE_MEDIA_TYPE,
};
use crate::lie::Lie;
use crate::server::{Log, Seen, Server, ServerName};
use crate::tls::TlsMaterial;

/// An OCI registry in memory on 127.0.0.1, which stops when it is dropped.
///
/// It speaks the [distribution specification] 1.1.1 on a thread and a runtime of its own, so tests
/// may block or be async as they like.
///
/// [distribution specification]: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md
#[derive(Debug)]
pub struct Registry {
    server: Server,
    /// Kept running for as long as the registry.
    _beside: Vec<Server>,
    backend: Arc<Backend>,
    log: Arc<Log>,
    tls: Option<TlsMaterial>,
}

impl Registry {
    /// Start a registry that anybody may pull from and push to, over plain HTTP.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// [`start`](Self::start) for who is not async.
    pub fn start_blocking() -> Self {
        Self::builder().start_blocking()
    }

    /// A registry that is more particular.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// `127.0.0.1:40001`
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// `http://127.0.0.1:40001`, or `https://…`
    pub fn url(&self) -> String {
        self.backend.origins.url(self.server.address())
    }

    /// `oci://127.0.0.1:40001/charts`
    pub fn oci_url(&self, repository: &str) -> String {
        format!("oci://{}/{repository}", self.server.address())
    }

    /// The origin of the token service: `http://127.0.0.1:40002`, or the registry's own.
    pub fn token_origin(&self) -> String {
        let origins = &self.backend.origins;
        origins.url(origins.token.unwrap_or(origins.registry))
    }

    /// The origin that the registry redirects to: `http://127.0.0.1:40003`.
    pub fn other_origin(&self) -> String {
        self.backend.origins.other_url()
    }

    /// What the registry's certificates are made of.
    ///
    /// # Panics
    ///
    /// If the registry does not speak TLS.
    pub fn tls(&self) -> &TlsMaterial {
        self.tls.as_ref().expect("this registry speaks TLS")
    }

    /// Every request so far, to the registry and to the servers beside it, in the order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        self.log.all()
    }

    /// Every request so far to one of the servers.
    pub fn requests_to(&self, server: ServerName) -> Vec<Seen> {
        let mut seen = self.log.all();
        seen.retain(|seen| seen.server == server);
        seen
    }

    /// Forget the requests so far.
    pub fn forget_requests(&self) {
        self.log.clear();
    }

    /// Let an account have another password from now on. Tokens given before stay good.
    ///
    /// # Panics
    ///
    /// If there is no such account.
    pub fn set_password(&self, user: &str, password: &str) {
        let mut guard = self.backend.guard();
        let account = guard.accounts.get_mut(user);
        password.clone_into(&mut account.expect("the account is known").password);
    }

    /// Make a token that grants what `scope` asks for (`repository:charts/podinfo:pull`), without
    /// the token service.
    pub fn issue_token(&self, user: &str, scope: &str) -> String {
        self.backend.guard().issue(Some(user), scope.split(' '))
    }

    /// Take no token that was given so far any more.
    pub fn revoke_tokens(&self) {
        self.backend.guard().revoke();
    }

    /// How many tokens were given so far.
    pub fn tokens_issued(&self) -> u64 {
        self.backend.guard().issued()
    }

    /// Tell this lie from now on, on top of those that are told already.
    pub fn tell(&self, lie: Lie) {
        self.backend.told.tell(lie);
    }

    /// Tell no lies any more.
    pub fn be_honest(&self) {
        self.backend.told.be_honest();
    }

    /// Close every connection to the registry and refuse new ones, until it is
    /// [started again](Self::start_again). What it holds is kept, and so is its port.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Accept connections on the same port again, after a [`stop`](Self::stop).
    pub fn start_again(&self) {
        self.server.start_again();
    }
}
