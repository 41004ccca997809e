//! The list of repositories that `helm repo add` writes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, ensure};
use portolan_acquire::ChartRepository;
use portolan_auth::{Credential, Tls};
use portolan_reference::RepositoryUrl;
use serde::Deserialize;

use crate::credentials::helm_home;

/// The repositories that somebody gave names to.
#[derive(Default)]
pub(crate) struct RepositoryList {
    path: Option<PathBuf>,
    entries: Vec<Entry>,
}

/// One of them, as [Helm][1] writes it. No `Debug`: the password is in it.
///
/// [1]: https://github.com/helm/helm/blob/v4.3.1/pkg/repo/v1/chartrepo.go
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Entry {
    name: String,
    url: String,
    username: Option<String>,
    password: Option<String>,
    #[serde(rename = "certFile")]
    cert_file: Option<PathBuf>,
    #[serde(rename = "keyFile")]
    key_file: Option<PathBuf>,
    #[serde(rename = "caFile")]
    ca_file: Option<PathBuf>,
    insecure_skip_tls_verify: bool,
    pass_credentials_all: bool,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File {
    repositories: Option<Vec<Entry>>,
}

impl RepositoryList {
    /// Read the file at `path`, or the one that Helm writes. If there is none, the list is empty,
    /// as for Helm.
    pub(crate) fn read(path: Option<&Path>) -> anyhow::Result<Self> {
        let path = path.map(Path::to_owned);
        let Some(path) = path.or_else(|| Some(helm_home()?.join("repositories.yaml"))) else {
            return Ok(Self::default());
        };
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let file: Option<File> = serde_saphyr::from_str(&text)
            .with_context(|| format!("{} is not what `helm repo add` writes", path.display()))?;
        Ok(Self {
            path: Some(path),
            entries: file.unwrap_or_default().repositories.unwrap_or_default(),
        })
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The repository called `name`.
    pub(crate) fn named(&self, name: &str) -> anyhow::Result<&Entry> {
        let found = self.entries.iter().find(|entry| entry.name == name);
        found.with_context(|| {
            let list = self.path.as_deref().unwrap_or(Path::new("repositories.yaml"));
            format!(
                "no repository is called `{name}` in {}: add it with `helm repo add {name} URL`, or name it by its URL with --repo",
                list.display()
            )
        })
    }

    /// The first repository with this URL, whatever slashes are at its end.
    pub(crate) fn at(&self, url: &RepositoryUrl) -> Option<&Entry> {
        let mut entries = self.entries.iter();
        entries.find(|entry| {
            entry
                .url
                .parse()
                .is_ok_and(|known: RepositoryUrl| known == *url)
        })
    }
}

impl Entry {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The URL as it is written.
    pub(crate) fn text(&self) -> &str {
        &self.url
    }

    pub(crate) fn url(&self) -> anyhow::Result<RepositoryUrl> {
        let url = self.url.parse();
        url.with_context(|| format!("the URL of repository `{}` is not one", self.name))
    }

    /// The repository with `login`, or failing that its own credential, and `tls` with what the
    /// list says in addition.
    pub(crate) fn connect(
        &self,
        tls: Tls,
        login: Option<&Credential>,
    ) -> anyhow::Result<ChartRepository> {
        ensure!(
            !self.insecure_skip_tls_verify,
            "repository `{}` is to be believed whatever its certificate, which is never done here: give the certificate of its authority with --ca-file, or `helm repo add --ca-file`",
            self.name
        );
        let (username, password) = (self.username.as_deref(), self.password.as_deref());
        let own = Credential::from_pair(username, password)
            .with_context(|| format!("the credential of repository `{}`", self.name))?;
        let tls = with_identity(
            with_roots(tls, path(self.ca_file.as_deref()))?,
            path(self.cert_file.as_deref()),
            path(self.key_file.as_deref()),
        )?;
        let repository = ChartRepository::new(self.url()?)
            .credential(login.cloned().or(own))
            .tls(tls);
        // What the list says of passing on is about the credential in it.
        Ok(if self.pass_credentials_all && login.is_none() {
            repository.pass_credentials()
        } else {
            repository
        })
    }
}

/// Helm writes empty texts for what was not given.
fn path(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}

/// `tls`, believing the authorities in `file` as well.
pub(crate) fn with_roots(tls: Tls, file: Option<&Path>) -> anyhow::Result<Tls> {
    let Some(path) = file else {
        return Ok(tls);
    };
    tls.with_roots_pem(&read(path)?)
        .map_err(|error| anyhow!(error).context(format!("cannot use {}", path.display())))
}

/// `tls`, showing a certificate to who asks for one.
pub(crate) fn with_identity(
    tls: Tls,
    certificate: Option<&Path>,
    key: Option<&Path>,
) -> anyhow::Result<Tls> {
    let (certificate, key) = match (certificate, key) {
        (None, None) => return Ok(tls),
        (Some(certificate), Some(key)) => (certificate, key),
        (Some(alone), None) | (None, Some(alone)) => {
            return Err(anyhow!(
                "{} is of no use alone: a certificate and its key belong together",
                alone.display()
            ));
        }
    };
    tls.with_identity_pem(&read(certificate)?, &read(key)?)
        .map_err(|error| {
            let (certificate, key) = (certificate.display(), key.display());
            anyhow!(error).context(format!("cannot use {certificate} with {key}"))
        })
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
