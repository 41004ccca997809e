//! What every command starts with.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use portolan_acquire::{Acquirer, Limits, Registry, Request};
use portolan_auth::{Tls, Transport};

use crate::args::RegistryArgs;
use crate::credentials;

/// How registries are reached.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) acquirer: Acquirer,
    tls: Tls,
    args: RegistryArgs,
}

impl Session {
    /// `patience` is how long a registry may take until it begins to answer, if not the usual time.
    pub(crate) fn new(args: RegistryArgs, patience: Option<Duration>) -> anyhow::Result<Self> {
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
        Ok(Self {
            acquirer: Acquirer::new(transport.build()?, Limits::default()),
            tls: tls(&args)?,
            args,
        })
    }

    /// Let a request speak with the credentials and trust that the flags ask for.
    pub(crate) fn equip(&self, request: Request) -> anyhow::Result<Request> {
        let request = request
            .credentials(credentials::provider(&self.args)?)
            .tls(self.tls.clone());
        Ok(if self.args.plain_http {
            request.allow_plain_http()
        } else {
            request
        })
    }

    /// The same for a registry.
    pub(crate) fn equip_registry(&self, registry: Registry) -> anyhow::Result<Registry> {
        let registry = registry
            .credentials(credentials::provider(&self.args)?)
            .tls(self.tls.clone());
        Ok(if self.args.plain_http {
            registry.allow_plain_http()
        } else {
            registry
        })
    }
}

fn tls(args: &RegistryArgs) -> anyhow::Result<Tls> {
    let read =
        |path: &Path| fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let mut tls = Tls::default();
    if let Some(path) = &args.ca_file {
        tls = tls
            .with_roots_pem(&read(path)?)
            .map_err(|error| anyhow!(error).context(format!("cannot use {}", path.display())))?;
    }
    if let (Some(certificate), Some(key)) = (&args.cert_file, &args.key_file) {
        tls = tls
            .with_identity_pem(&read(certificate)?, &read(key)?)
            .map_err(|error| {
                anyhow!(error).context(format!(
                    "cannot use {} with {}",
                    certificate.display(),
                    key.display()
                ))
            })?;
    }
    Ok(tls)
}
