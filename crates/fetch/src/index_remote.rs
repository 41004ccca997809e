//! Which repository with an index is meant, and on whose behalf.

use std::borrow::Cow;

use portolan_auth::{Access, Credential, Request};
use portolan_reference::RepositoryUrl;
use url::Url;

/// A repository that has an index, and on whose behalf it is asked.
///
/// # Where the credential goes
///
/// A name and a password are shown at once, with the first request, as Helm does; a client certificate
/// when the connection is made. Both go to the origin of the repository (scheme, host and port) and
/// nowhere else; charts that the index has elsewhere are fetched as by a stranger, unless
/// [`pass_credentials`](Self::pass_credentials) says otherwise. Extra roots are trusted everywhere.
///
/// A name and a password in the URL itself (`https://ci:hunter2@charts.example.com`) are a credential
/// for the origin of the repository, too, if there is no other. They are taken out of the URL that is
/// asked for, are never shown, and are not passed on whatever is said about passing on.
///
/// # Deviation
///
/// Helm and Flux also show a password that the *index* has put into the URL of a chart. Here nothing
/// but the operator decides who is shown what.
#[derive(Debug, Clone)]
pub struct IndexRemote {
    repository: RepositoryUrl,
    /// As whom the repository itself is asked.
    home: Access,
    /// As whom the operator wants to be known.
    given: Access,
    passes_credentials: bool,
}

impl IndexRemote {
    /// `repository`, asked as `access` says.
    pub fn new(repository: RepositoryUrl, access: Access) -> Self {
        let written = credential_in(&repository.index_url());
        let home = match (access.credential(), written) {
            (None, Some(written)) => access.clone().with_credential(written),
            _ => access.clone(),
        };
        Self {
            repository,
            home,
            given: access,
            passes_credentials: false,
        }
    }

    /// Show the credential and the client certificate to every host that the index names. Who can write
    /// to the index can then have them.
    ///
    /// Even then they are not sent in the clear if the repository itself is asked over https.
    #[must_use]
    pub fn pass_credentials(self) -> Self {
        Self {
            passes_credentials: true,
            ..self
        }
    }

    /// The repository.
    pub fn repository(&self) -> &RepositoryUrl {
        &self.repository
    }

    /// A request for the index.
    pub(crate) fn request_for_index(&self) -> Request {
        Request::get(self.repository.index_url())
            .access(self.home.clone())
            .show_credential()
    }

    /// A request for a file that the index has at `url`.
    pub(crate) fn request_for(&self, url: Url) -> Request {
        let access = self.access_for(&url);
        Request::get(url)
            .access(access)
            .show_credential()
            .named_by(self.repository.index_url())
    }

    /// As whom `url` is asked for.
    fn access_for(&self, url: &Url) -> Access {
        if self.repository.shares_origin(url) {
            return self.home.clone();
        }
        let is_downgrade =
            url.scheme() == "http" && self.repository.index_url().scheme() == "https";
        if self.passes_credentials && !is_downgrade {
            self.given.clone()
        } else {
            self.given.without_identity()
        }
    }
}

/// The name and the password that stand in a URL.
fn credential_in(url: &Url) -> Option<Credential> {
    let password = url.password().unwrap_or_default();
    if url.username().is_empty() && password.is_empty() {
        return None;
    }
    Some(Credential::basic(
        decoded(url.username()),
        decoded(password),
    ))
}

/// Without percent-encoding. What is no text then is not what anybody typed, and is refused by the
/// server.
fn decoded(text: &str) -> String {
    let bytes: Cow<'_, [u8]> = percent_encoding::percent_decode_str(text).into();
    String::from_utf8_lossy(&bytes).into_owned()
}
