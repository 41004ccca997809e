//! Which resource a path names.

/// A resource of the distribution API, or of the servers around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// `/v2/`
    Ping,
    /// `/v2/<repository>/tags/list`
    Tags { repository: &'a str },
    /// `/v2/<repository>/manifests/<tag or digest>`
    Manifest {
        repository: &'a str,
        reference: &'a str,
    },
    /// `/v2/<repository>/blobs/<digest>`
    Blob {
        repository: &'a str,
        digest: &'a str,
    },
    /// `/v2/<repository>/blobs/uploads/`
    Uploads { repository: &'a str },
    /// `/v2/<repository>/blobs/uploads/<id>`
    Upload { repository: &'a str, id: &'a str },
    /// `/v2/<repository>/referrers/<digest>`
    Referrers {
        repository: &'a str,
        digest: &'a str,
    },
    /// `/token`
    Token,
    /// Anything else.
    Unknown,
}

impl<'a> Route<'a> {
    pub(crate) fn of(path: &'a str) -> Self {
        if path == "/token" {
            return Self::Token;
        }
        let Some(rest) = path.strip_prefix("/v2") else {
            return Self::Unknown;
        };
        if rest.is_empty() || rest == "/" {
            return Self::Ping;
        }
        let Some(rest) = rest.strip_prefix('/') else {
            return Self::Unknown;
        };
        if let Some(repository) = rest.strip_suffix("/tags/list") {
            return Self::Tags { repository };
        }
        if let Some((repository, id)) = rest.rsplit_once("/blobs/uploads/") {
            return match id {
                "" => Self::Uploads { repository },
                id => Self::Upload { repository, id },
            };
        }
        if let Some(repository) = rest.strip_suffix("/blobs/uploads") {
            return Self::Uploads { repository };
        }
        let Some((front, last)) = rest.rsplit_once('/') else {
            return Self::Unknown;
        };
        match front.rsplit_once('/') {
            Some((repository, "manifests")) => Self::Manifest {
                repository,
                reference: last,
            },
            Some((repository, "blobs")) => Self::Blob {
                repository,
                digest: last,
            },
            Some((repository, "referrers")) => Self::Referrers {
                repository,
                digest: last,
            },
            _ => Self::Unknown,
        }
    }

    /// The repository the path is about.
    pub(crate) fn repository(self) -> Option<&'a str> {
        match self {
            Self::Ping | Self::Token | Self::Unknown => None,
            Self::Tags { repository }
            | Self::Manifest { repository, .. }
            | Self::Blob { repository, .. }
            | Self::Uploads { repository }
            | Self::Upload { repository, .. }
            | Self::Referrers { repository, .. } => Some(repository),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_may_be_called_like_a_part_of_the_api() {
        assert_eq!(
            Route::of("/v2/blobs/tags/manifests/manifests/1.0.0"),
            Route::Manifest {
                repository: "blobs/tags/manifests",
                reference: "1.0.0"
            }
        );
        assert_eq!(
            Route::of("/v2/a/blobs/uploads/"),
            Route::Uploads { repository: "a" }
        );
        assert_eq!(Route::of("/v2/"), Route::Ping);
        assert_eq!(Route::of("/v2/a"), Route::Unknown);
    }
}
