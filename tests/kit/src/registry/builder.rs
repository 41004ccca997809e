//! How a registry is to be.

use std::sync::Arc;
use std::time::Duration;

use super::Registry;
use super::backend::{Backend, Origins, Settings};
use super::guard::{Account, Guard, Scheme};
use crate::lie::Lie;
use crate::server::{Log, Port, Server, ServerName, Setting};
use crate::tls::{ClientCertificates, TlsMaterial};

/// A registry that is not running yet. From [`Registry::builder`].
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until `start` is called"]
pub struct Builder {
    settings: Settings,
    guard: Guard,
    token_service_elsewhere: bool,
    pub(super) lies: Vec<Lie>,
    tls: Option<(TlsMaterial, ClientCertificates)>,
}

impl Builder {
    /// Ask for a user name and a password with every request, and take these. Call it again for
    /// more accounts.
    pub fn basic_auth(self, user: &str, password: &str) -> Self {
        self.scheme(Scheme::Basic).account(user, password, None)
    }

    /// Ask for a token with every request, which the token service gives for these. Call it again
    /// for more accounts.
    pub fn token_auth(self, user: &str, password: &str) -> Self {
        self.scheme(Scheme::Token).account(user, password, None)
    }

    /// One more account, which may use these repositories and what is below them and no other.
    /// Say with [`basic_auth`](Self::basic_auth) or [`token_auth`](Self::token_auth) how accounts
    /// are asked for.
    pub fn limited_account(self, user: &str, password: &str, repositories: &[&str]) -> Self {
        let repositories = repositories.iter().map(|&name| name.to_owned()).collect();
        self.account(user, password, Some(repositories))
    }

    /// Give an account an identity token, for which the token service gives tokens too.
    ///
    /// # Panics
    ///
    /// If there is no such account yet.
    pub fn identity_token(mut self, user: &str, token: &str) -> Self {
        let account = self.guard.accounts.get_mut(user);
        account
            .expect("the account comes before its identity token")
            .identity_token = Some(token.to_owned());
        self
    }

    /// Let anybody pull from this repository and what is below it; `""` is all of them. With token
    /// auth anybody still needs a token, which the token service gives to anybody.
    pub fn public(mut self, repository: &str) -> Self {
        self.guard.public.push(repository.to_owned());
        self
    }

    /// How long a token is good for. Default: 300 s. The token service names whole seconds.
    pub fn token_lifetime(mut self, lifetime: Duration) -> Self {
        self.guard.lifetime = lifetime;
        self
    }

    /// Put the token service on an origin of its own.
    pub fn token_service_elsewhere(mut self) -> Self {
        self.token_service_elsewhere = true;
        self
    }

    /// Give out at most this many tags a page. Default: as many as the client asks for, and all
    /// of them if it does not say.
    pub fn page_size(mut self, tags: usize) -> Self {
        self.settings.page_size = Some(tags);
        self
    }

    /// Do without the referrers API, as registries older than version 1.1 of the specification.
    pub fn without_referrers(mut self) -> Self {
        self.settings.referrers = false;
        self
    }

    /// Give out at most this many referrers a page. Default: all of them.
    pub fn referrers_page_size(mut self, referrers: usize) -> Self {
        self.settings.referrers_page_size = Some(referrers);
        self
    }

    /// Refuse to delete.
    pub fn without_deletes(mut self) -> Self {
        self.settings.deletes = false;
        self
    }

    /// Answer the mounting of a blob with an ordinary upload.
    pub fn without_mounts(mut self) -> Self {
        self.settings.mounts = false;
        self
    }

    /// Hand out blobs by redirect to another origin, as registries before an object store do. That
    /// origin refuses requests that still carry a login.
    pub fn redirect_blobs(mut self) -> Self {
        self.settings.redirect_blobs = true;
        self
    }

    /// Speak TLS only, with a certificate by an authority of our own, made for this registry. It
    /// names `localhost` and `127.0.0.1`.
    pub fn tls(self) -> Self {
        self.tls_with(TlsMaterial::new(), ClientCertificates::NotAsked)
    }

    /// Speak TLS only, with this material, and do this about client certificates.
    pub fn tls_with(mut self, material: TlsMaterial, clients: ClientCertificates) -> Self {
        self.tls = Some((material, clients));
        self
    }

    /// Tell this lie from the start.
    pub fn telling(mut self, lie: Lie) -> Self {
        self.lies.push(lie);
        self
    }

    /// Start it, and wait until it accepts connections.
    #[expect(
        clippy::unused_async,
        reason = "starting takes no time now, and nobody has to change if it once does"
    )]
    pub async fn start(self) -> Registry {
        self.start_blocking()
    }

    /// [`start`](Self::start) for who is not async. It takes no longer than a millisecond or two,
    /// so it does no harm in async code either.
    pub fn start_blocking(self) -> Registry {
        let (registry, registry_at) = Port::take();
        let (other, other_at) = Port::take();
        let token = self.token_service_elsewhere.then(Port::take);
        let plain = self.tls.is_some().then(Port::take);
        let origins = Origins {
            tls: self.tls.is_some(),
            registry: registry_at,
            token: token.as_ref().map(|(_, address)| *address),
            other: other_at,
            plain: plain.as_ref().map(|(_, address)| *address),
        };
        let backend = Arc::new(Backend::new(self.settings, origins, self.guard));
        for lie in self.lies {
            backend.told.tell(lie);
        }
        let log = Arc::new(Log::default());
        // Only the registry asks for client certificates: who is redirected need not show one.
        let setting = |name, clients: Option<ClientCertificates>| Setting {
            name,
            answer: Arc::clone(&backend) as _,
            log: Arc::clone(&log),
            tls: self
                .tls
                .as_ref()
                .filter(|_| name != ServerName::Plain)
                .map(|(material, asked)| material.acceptor(clients.unwrap_or(*asked))),
        };
        let aside = Some(ClientCertificates::NotAsked);
        let beside = [
            Some((other, ServerName::Other)),
            token.map(|(port, _)| (port, ServerName::Token)),
            plain.map(|(port, _)| (port, ServerName::Plain)),
        ];
        Registry {
            server: Server::start(registry, setting(ServerName::Registry, None)),
            _beside: beside
                .into_iter()
                .flatten()
                .map(|(port, name)| Server::start(port, setting(name, aside)))
                .collect(),
            backend,
            log,
            tls: self.tls.map(|(material, _)| material),
        }
    }

    fn scheme(mut self, scheme: Scheme) -> Self {
        self.guard.scheme = scheme;
        self
    }

    fn account(mut self, user: &str, password: &str, repositories: Option<Vec<String>>) -> Self {
        let account = Account {
            password: password.to_owned(),
            identity_token: None,
            repositories,
        };
        self.guard.accounts.insert(user.to_owned(), account);
        self
    }
}
