//! What every command starts with.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, ensure};
use portolan_acquire::{
    Acquirer, ChartRepository, Limits, Registry, Repository, TrustRoots, TufRepository,
};
use portolan_auth::{Credential, CredentialProvider, Fixed, Tls, Transport};
use portolan_reference::{OciRepository, RepositoryUrl, Scheme};
use portolan_verify::TrustRoot;

use crate::args::ConnectionArgs;
use crate::credentials::{self, cache_home};
use crate::exit::Usage;
use crate::reach::Reach;
use crate::repositories::{Entry, RepositoryList, with_identity, with_roots};

/// How registries and repositories are reached.
pub(crate) struct Session {
    pub(crate) acquirer: Acquirer,
    transport: Transport,
    /// Whom the flags say to believe.
    roots: Tls,
    /// Who the flags say that we are, to the one registry or repository that is asked.
    login: Option<Credential>,
    list: OnceCell<RepositoryList>,
    args: ConnectionArgs,
}

impl Session {
    /// `patience` is how long a registry may take until it begins to answer, if not the usual time.
    pub(crate) fn new(args: ConnectionArgs, patience: Option<Duration>) -> anyhow::Result<Self> {
        if args.allow_insecure_registry {
            return Err(Usage(
                "--allow-insecure-registry: no certificate is believed blindly. Name who issued it with \
                 --ca-file, or use --plain-http for a registry without TLS"
                    .to_owned(),
            )
            .into());
        }
        let mut transport =
            Transport::builder().user_agent(concat!("portolan/", env!("CARGO_PKG_VERSION")));
        if let Some(patience) = patience {
            transport = transport.header_timeout(patience);
        }
        for pair in &args.token_realm {
            let (registry, origin) = pair
                .split_once('=')
                .with_context(|| format!("--token-realm {pair}: write REGISTRY=ORIGIN"))?;
            let origin = origin
                .parse()
                .with_context(|| format!("--token-realm {pair}: `{origin}` is no URL"))?;
            transport = transport.token_realm(registry, origin);
        }
        let transport = transport.build()?;
        Ok(Self {
            acquirer: Acquirer::new(transport.clone(), Limits::default()),
            transport,
            roots: with_roots(Tls::default(), args.ca_file.as_deref())?,
            login: credentials::login(&args)?,
            list: OnceCell::new(),
            args,
        })
    }

    /// The registry with the charts below `base`, with the credentials and trust that the flags ask
    /// for.
    pub(crate) fn registry(&self, base: OciRepository) -> anyhow::Result<Registry> {
        let registry = Registry::new(base)
            .credentials(self.provider()?)
            .tls(self.tls()?);
        Ok(if self.args.plain_http {
            registry.allow_plain_http()
        } else {
            registry
        })
    }

    /// The repository that `text` names: by its URL, or as `@NAME`.
    pub(crate) fn repository(&self, text: &str) -> anyhow::Result<Repository> {
        if let Some(name) = text
            .strip_prefix('@')
            .or_else(|| text.strip_prefix("alias:"))
        {
            return Ok(self.entry(self.list()?.named(name)?)?.into());
        }
        let url: RepositoryUrl = text.parse()?;
        match url.scheme() {
            Scheme::Oci => Ok(self.registry(url.oci()?)?.into()),
            Scheme::Http | Scheme::Https => Ok(self.charts(url)?.into()),
        }
    }

    /// The repository at `url`, as the list of repositories knows it.
    fn charts(&self, url: RepositoryUrl) -> anyhow::Result<ChartRepository> {
        if let Some(entry) = self.list()?.at(&url) {
            return self.entry(entry);
        }
        let repository = ChartRepository::new(url)
            .credential(self.login.clone())
            .tls(self.tls()?);
        Ok(self.passing(repository))
    }

    /// A repository in the list. What the flags say of a credential comes before what the list says.
    pub(crate) fn entry(&self, entry: &Entry) -> anyhow::Result<ChartRepository> {
        Ok(self.passing(entry.connect(self.tls()?, self.login.as_ref())?))
    }

    /// Whether the flags give a credential, which is meant for one repository alone.
    pub(crate) fn has_login(&self) -> bool {
        self.login.is_some() || self.args.pass_credentials
    }

    fn passing(&self, repository: ChartRepository) -> ChartRepository {
        if self.args.pass_credentials {
            repository.pass_credentials()
        } else {
            repository
        }
    }

    pub(crate) fn list(&self) -> anyhow::Result<&RepositoryList> {
        if self.list.get().is_none() {
            let _ = self.list.set(self.read_list()?);
        }
        self.list.get().context("the list was read above")
    }

    fn read_list(&self) -> anyhow::Result<RepositoryList> {
        RepositoryList::read(self.args.repository_config.as_deref())
    }

    /// How the repositories are reached that charts depend on.
    pub(crate) fn dependencies(&self) -> anyhow::Result<Reach> {
        ensure!(
            !self.has_login(),
            "--username and --pass-credentials are for one repository, and a chart may depend on any: log in with `helm registry login`, or give the credential to `helm repo add`"
        );
        Ok(Reach {
            provider: self.provider()?,
            roots: self.roots.clone(),
            registries: self.tls()?,
            plain_http: self.args.plain_http,
            list: self.read_list()?,
        })
    }

    /// The trust root of the public Sigstore as it is published, or with `offline` as it was when it was
    /// last fetched, if that is not out of date, or else when this program was built. Where it cannot be
    /// had, the older one does not take its place unasked: it may believe somebody who is no longer to be
    /// believed.
    pub(crate) async fn trust_root(&self, offline: bool) -> anyhow::Result<TrustRoot> {
        let built_in = TrustRoot::sigstore()?;
        let mut repository = TufRepository::sigstore(self.transport.clone());
        if let Some(cache) = cache_home() {
            repository = repository.with_folder(cache.join("portolan/sigstore"));
        }
        let roots = TrustRoots::published(built_in, repository);
        if offline {
            roots.recall(now()).await;
        } else {
            roots.refresh(now()).await?;
        }
        Ok(roots.current())
    }

    fn provider(&self) -> anyhow::Result<Arc<dyn CredentialProvider>> {
        match &self.login {
            Some(login) => Ok(Arc::new(Fixed::new(login.clone()))),
            None => credentials::provider(self.args.registry_config.as_deref()),
        }
    }

    fn tls(&self) -> anyhow::Result<Tls> {
        let (certificate, key) = (&self.args.cert_file, &self.args.key_file);
        with_identity(self.roots.clone(), certificate.as_deref(), key.as_deref())
    }
}

/// The present.
#[expect(clippy::disallowed_methods, reason = "a person's clock is the clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
