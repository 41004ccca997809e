//! Which repository is meant, on whose behalf, and how it is reached.

use http::Method;
use portolan_auth::{Access, Request};
use portolan_reference::{OciRepository, ParseReferenceError};
use url::Url;

use crate::FetchError;

/// The names under which Docker Hub is written. Its API answers at none of them.
const DOCKER_HUB: [&str; 2] = ["docker.io", "index.docker.io"];
/// Where the API of Docker Hub is.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

/// A repository in a registry, and on whose behalf it is asked.
///
/// Cheap to clone. Nothing is sent before an act of [`OciRegistry`](crate::OciRegistry) gets it.
#[derive(Debug, Clone)]
pub struct Remote {
    repository: OciRepository,
    access: Access,
    plain_http: bool,
}

impl Remote {
    /// `repository`, reached over https.
    pub fn new(repository: OciRepository, access: Access) -> Self {
        Self {
            repository,
            access,
            plain_http: false,
        }
    }

    /// Speak http instead of https: whoever sits between can read the credential and change what is
    /// not pinned by a digest.
    ///
    /// There is no guessing: without this, `localhost` and private addresses are spoken to over
    /// https too, and with it, https is not tried.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_http = true;
        self
    }

    /// The repository, as it was written.
    pub fn repository(&self) -> &OciRepository {
        &self.repository
    }

    /// The repository `name` below this one, on the same behalf.
    ///
    /// # Errors
    ///
    /// If `name` is not a repository path.
    pub fn join(&self, name: &str) -> Result<Self, ParseReferenceError> {
        Ok(Self {
            repository: self.repository.join(name)?,
            ..self.clone()
        })
    }

    /// A request of one who reads here.
    pub(crate) fn reading(&self, method: Method, url: Url) -> Request {
        Request::new(method, url)
            .access(self.access.clone())
            .pull_scope(&self.api_path())
    }

    /// A request of one who writes here.
    pub(crate) fn writing(&self, method: Method, url: Url) -> Request {
        Request::new(method, url)
            .access(self.access.clone())
            .push_scope(&self.api_path())
    }

    /// The path under which the registry itself knows the repository, which is what a token is for.
    ///
    /// Docker Hub keeps its own images under `library/` and lets people leave that out.
    fn api_path(&self) -> String {
        let path = self.repository.path();
        if DOCKER_HUB.contains(&self.repository.registry()) && !path.contains('/') {
            format!("library/{path}")
        } else {
            path.to_owned()
        }
    }

    /// Where the API has `endpoint` of this repository: `https://<registry>/v2/<path>/<endpoint>`.
    ///
    /// # Errors
    ///
    /// If there is no path, or the registry is not a host that a URL can name.
    pub(crate) fn url(&self, endpoint: &str) -> Result<Url, FetchError> {
        let unaddressable = |source| FetchError::Unaddressable {
            repository: Box::new(self.repository.clone()),
            source,
        };
        if self.repository.path().is_empty() {
            return Err(unaddressable(None));
        }
        let scheme = if self.plain_http { "http" } else { "https" };
        let registry = match self.repository.registry() {
            hub if DOCKER_HUB.contains(&hub) => DOCKER_HUB_API,
            other => other,
        };
        Url::parse(&format!(
            "{scheme}://{registry}/v2/{}/{endpoint}",
            self.api_path()
        ))
        .map_err(|error| unaddressable(Some(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(repository: &str, url: &str) {
        let remote = Remote::new(repository.parse().unwrap(), Access::anonymous());
        assert_eq!(remote.url("tags/list").unwrap().as_str(), url);
        assert_eq!(
            remote.repository().to_string(),
            repository,
            "the display never changes"
        );
    }

    #[test]
    fn the_url_is_built_from_the_name_as_it_was_written() {
        check(
            "registry.example.com/charts/podinfo",
            "https://registry.example.com/v2/charts/podinfo/tags/list",
        );
        check(
            "localhost:5000/podinfo",
            "https://localhost:5000/v2/podinfo/tags/list",
        );
        check(
            "[::1]:5000/podinfo",
            "https://[::1]:5000/v2/podinfo/tags/list",
        );
        check("10.0.0.1/podinfo", "https://10.0.0.1/v2/podinfo/tags/list");
    }

    #[test]
    fn docker_hub_is_asked_where_its_api_is() {
        check(
            "docker.io/bitnamicharts/nginx",
            "https://registry-1.docker.io/v2/bitnamicharts/nginx/tags/list",
        );
        check(
            "docker.io/nginx",
            "https://registry-1.docker.io/v2/library/nginx/tags/list",
        );
        check(
            "index.docker.io/nginx",
            "https://registry-1.docker.io/v2/library/nginx/tags/list",
        );
        check(
            "registry-1.docker.io/nginx",
            "https://registry-1.docker.io/v2/nginx/tags/list",
        );
        check(
            "docker.io.example.com/nginx",
            "https://docker.io.example.com/v2/nginx/tags/list",
        );
    }

    #[test]
    fn http_is_spoken_only_when_asked_for() {
        let remote = Remote::new("127.0.0.1:5000/x".parse().unwrap(), Access::anonymous())
            .allow_plain_http();
        assert_eq!(
            remote.url("tags/list").unwrap().as_str(),
            "http://127.0.0.1:5000/v2/x/tags/list"
        );
        assert_eq!(
            remote.join("y").unwrap().url("blobs/z").unwrap().scheme(),
            "http"
        );
    }
}
