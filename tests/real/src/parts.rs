//! The real parts, built by `tests/tools/build`.

use std::env;
use std::path::{Path, PathBuf};

/// A program that somebody else wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Where the API server keeps its objects.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// The registry of the CNCF, without a referrers API.
    Registry,
    /// A client of registries.
    Crane,
    /// A web server.
    Caddy,
    /// Helm.
    Helm,
    /// Helm's loader of indexes.
    IndexPeer,
    /// A registry in memory, with a referrers API.
    ReferrersRegistry,
    /// Who signs artifacts, and judges what others signed.
    Cosign,
    /// Sigstore's certificate authority.
    Fulcio,
    /// What the logs keep their entries in.
    Trillian,
    /// The log of certificates.
    CtLog,
    /// The log of signatures.
    Rekor,
    /// The log of signatures, its second version.
    RekorTiles,
    /// Sigstore's timestamp authority.
    TimestampAuthority,
    /// Sigstore's libraries.
    SignaturePeer,
}

impl Part {
    fn file_name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::Registry => "registry",
            Self::Crane => "crane",
            Self::Caddy => "caddy",
            Self::Helm => "helm",
            Self::IndexPeer => "index-peer",
            Self::ReferrersRegistry => "referrers-registry",
            Self::Cosign => "cosign",
            Self::Fulcio => "fulcio",
            Self::Trillian => "trillian",
            Self::CtLog => "ctlog",
            Self::Rekor => "rekor",
            Self::RekorTiles => "rekor-tiles",
            Self::TimestampAuthority => "timestamp-authority",
            Self::SignaturePeer => "signature-peer",
        }
    }
}

/// Where a part is.
///
/// A missing part is a failure: a suite that skips what it cannot run proves nothing.
#[track_caller]
pub fn part(part: Part) -> PathBuf {
    let folder = env::var_os("PORTOLAN_TOOLS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/bin"),
        PathBuf::from,
    );
    find(part, &folder)
}

#[track_caller]
fn find(part: Part, folder: &Path) -> PathBuf {
    let name = part.file_name();
    let path = folder.join(name);
    assert!(
        path.is_file(),
        "the part '{name}' is missing: there is no {}; build it with `tests/tools/build {name}`, \
         or set PORTOLAN_TOOLS to the folder that has it",
        path.display()
    );
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic = "build it with `tests/tools/build etcd`"]
    fn a_missing_part_is_a_failure_that_says_how_to_have_it() {
        find(Part::Etcd, Path::new("/nowhere"));
    }
}
