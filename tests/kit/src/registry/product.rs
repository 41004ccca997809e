//! How registries in the wild differ from the specification.

use super::Builder;
use crate::lie::{Lie, Target};

/// A registry in the wild, as it was reported to behave. Some of it has been mended since; clients
/// meet the old versions for years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Product {
    /// Tokens are from another origin, and blobs are in an object store.
    DockerHub,
    /// Tokens are from the registry's origin, a login that is no good is [forbidden][1], and blobs
    /// are in an object store.
    ///
    /// [1]: https://github.com/dragonflydb/dragonfly/issues/4997
    Ghcr,
    /// A password with every request; one that has expired is [forbidden][1]. Manifests come
    /// [without a digest][2], and blobs are in an object store.
    ///
    /// [1]: https://github.com/flipt-io/flipt/issues/3043
    /// [2]: https://github.com/distribution/distribution/issues/3792
    Ecr,
    /// Tokens are from the registry's origin, and one that has expired is a [bad request][1].
    /// Manifests come [without a digest][2].
    ///
    /// [1]: https://github.com/aws/containers-roadmap/issues/2835
    /// [2]: https://github.com/aws/containers-roadmap/issues/1931
    EcrPublic,
    /// Tokens are from the registry's origin, and manifests come [without a digest][1].
    ///
    /// [1]: https://github.com/google/go-containerregistry/pull/971
    RedHat,
    /// Tokens are from the registry's origin.
    ArtifactRegistry,
    /// Tokens are from the registry's origin, and blobs are in an object store.
    Acr,
    /// Tokens are from the registry's origin.
    Harbor,
    /// Tokens are from another origin.
    GitLab,
    /// A password with every request. The link to the next page of tags [loses the first folder of
    /// the repository][1], and `HEAD` of a manifest is answered [as for a file][2].
    ///
    /// [1]: https://github.com/renovatebot/renovate/pull/20745
    /// [2]: https://github.com/deitch/docker_registry2/issues/83
    Artifactory,
    /// A password with every request. `HEAD` of a manifest is [not found][1], and the link to the
    /// next page of tags leads to [a path that is not served][2].
    ///
    /// [1]: https://github.com/crazy-max/diun/issues/1614
    /// [2]: https://github.com/sonatype/nexus-public/issues/1011
    Nexus,
    /// Tokens are from the registry's origin, blobs are in an object store, and tags are in [no
    /// order, by pages with an opaque cursor][1].
    ///
    /// [1]: https://github.com/quay/quay/pull/2884
    Quay,
}

impl Product {
    /// Every product there is.
    pub const ALL: [Self; 12] = [
        Self::DockerHub,
        Self::Ghcr,
        Self::Ecr,
        Self::EcrPublic,
        Self::RedHat,
        Self::ArtifactRegistry,
        Self::Acr,
        Self::Harbor,
        Self::GitLab,
        Self::Artifactory,
        Self::Nexus,
        Self::Quay,
    ];

    /// Whether the links from page to page of its tags lead where they should.
    pub fn pages_well(self) -> bool {
        !matches!(self, Self::Artifactory | Self::Nexus)
    }

    fn asks_for_passwords(self) -> bool {
        matches!(self, Self::Ecr | Self::Artifactory | Self::Nexus)
    }

    fn has_tokens_elsewhere(self) -> bool {
        matches!(self, Self::DockerHub | Self::GitLab)
    }

    fn has_object_store(self) -> bool {
        matches!(
            self,
            Self::DockerHub | Self::Ghcr | Self::Ecr | Self::Acr | Self::Quay
        )
    }

    fn quirks(self) -> Vec<Lie> {
        let no_digest = Lie::NoDigestHeader {
            at: Target::Manifests,
        };
        match self {
            Self::DockerHub | Self::ArtifactRegistry | Self::Acr | Self::Harbor | Self::GitLab => {
                vec![]
            }
            Self::Ghcr => vec![Lie::StaleIsForbidden],
            Self::Ecr => vec![Lie::StaleIsForbidden, no_digest],
            Self::EcrPublic => vec![Lie::StaleIsBadRequest, no_digest],
            Self::RedHat => vec![no_digest],
            Self::Artifactory => vec![Lie::LinkLosesFolder, Lie::HeadOfFile],
            Self::Nexus => vec![Lie::HeadStatus(404), Lie::LinkToOtherPath],
            Self::Quay => vec![Lie::UnsortedTags, Lie::OpaqueCursor],
        }
    }
}

impl Builder {
    /// Behave like this product, for one account. Its quirks are [lies](Lie) like others and end
    /// with [`be_honest`](super::Registry::be_honest); where tokens and blobs are does not.
    pub fn like(mut self, product: Product, user: &str, password: &str) -> Self {
        self.lies.extend(product.quirks());
        if product.has_object_store() {
            self = self.redirect_blobs();
        }
        if product.has_tokens_elsewhere() {
            self = self.token_service_elsewhere();
        }
        if product.asks_for_passwords() {
            self.basic_auth(user, password)
        } else {
            self.token_auth(user, password)
        }
    }
}
