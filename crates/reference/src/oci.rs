//! Names of things in OCI registries.

use std::fmt;
use std::str::FromStr;

use crate::Digest;
use crate::redact::shortened;

/// The longest repository path that registries accept, in bytes; distribution has the same bound.
const MAX_PATH_BYTES: usize = 255;
/// The longest tag: [distribution-spec v1.1.1, "Pulling manifests"](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests).
const MAX_TAG_BYTES: usize = 128;

/// A repository in an OCI registry: `registry.example.com:5000/charts/podinfo`.
///
/// The path follows the grammar of the [distribution
/// specification v1.1.1](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests);
/// the registry is a host name or address with an optional port. Parsing takes an optional `oci://`
/// in front and any number of `/` behind.
///
/// # Deviation
///
/// Docker reads `nginx` as `docker.io/library/nginx`. Here the registry must be written out: a
/// controller that guesses pulls something nobody asked for. `docker.io` is displayed as written;
/// that its API lives on another host is the business of whoever sends the request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OciRepository {
    registry: String,
    path: String,
}

impl OciRepository {
    /// The host with its port, if one was written: `registry.example.com:5000`.
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The name inside the registry, without slashes at its ends: `charts/podinfo`. Empty where the
    /// registry itself was meant, as in `oci://registry.example.com`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The repository `name` below this one. An empty path is fine here: the parts are joined by one
    /// slash.
    ///
    /// # Errors
    ///
    /// If `name` is not a repository path, for example because it has upper-case letters.
    pub fn join(&self, name: &str) -> Result<Self, ParseReferenceError> {
        let path = match self.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}/{name}"),
        };
        check_path(&path, false).map_err(|reason| {
            ParseReferenceError::new(&format!("{}/{path}", self.registry), reason)
        })?;
        Ok(Self {
            registry: self.registry.clone(),
            path,
        })
    }

    /// What `tag` names in this repository.
    ///
    /// # Errors
    ///
    /// If `tag` is not a tag.
    pub fn tagged(&self, tag: &str) -> Result<OciReference, ParseReferenceError> {
        check_tag(tag)
            .map_err(|reason| ParseReferenceError::new(&format!("{self}:{tag}"), reason))?;
        Ok(OciReference {
            repository: self.clone(),
            pin: Pin::Tag(tag.to_owned()),
        })
    }

    /// The content `digest` in this repository.
    pub fn at(&self, digest: Digest) -> OciReference {
        OciReference {
            repository: self.clone(),
            pin: Pin::Digest(digest),
        }
    }

    /// With the scheme that Helm and Flux write: `oci://registry.example.com/charts`.
    pub fn url(&self) -> String {
        format!("oci://{self}")
    }
}

impl fmt::Display for OciRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.registry)?;
        if !self.path.is_empty() {
            write!(f, "/{}", self.path)?;
        }
        Ok(())
    }
}

impl FromStr for OciRepository {
    type Err = ParseReferenceError;

    /// Read a repository.
    ///
    /// # Errors
    ///
    /// If the registry or the path is malformed, or a tag or digest follows.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (repository, tail) =
            split(text).map_err(|reason| ParseReferenceError::new(text, reason))?;
        if tail != (None, None) {
            return Err(ParseReferenceError::new(text, Reason::Pinned));
        }
        Ok(repository)
    }
}

/// How firmly a reference is fixed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pin {
    /// A name that the registry may move to other content at any time.
    Tag(String),
    /// The content itself.
    Digest(Digest),
}

impl fmt::Display for Pin {
    /// As it stands in a URL of the registry's API: the tag or the digest alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

/// An artifact in an OCI registry: a repository and which of its contents is meant.
///
/// ```
/// use portolan_reference::{OciReference, Pin};
///
/// let reference: OciReference = "localhost:5000/charts/podinfo:6.5.4".parse()?;
/// assert_eq!(reference.repository().registry(), "localhost:5000");
/// assert_eq!(reference.pin(), &Pin::Tag("6.5.4".to_owned()));
/// # Ok::<(), portolan_reference::ParseReferenceError>(())
/// ```
///
/// # Deviation
///
/// No tag does not mean `latest`: whoever means that writes it. A name without a tag and digest is
/// an [`OciRepository`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OciReference {
    repository: OciRepository,
    pin: Pin,
}

impl OciReference {
    /// Where.
    pub fn repository(&self) -> &OciRepository {
        &self.repository
    }

    /// Which.
    pub fn pin(&self) -> &Pin {
        &self.pin
    }

    /// The same place, fixed to `digest`.
    #[must_use]
    pub fn at(&self, digest: Digest) -> Self {
        self.repository.at(digest)
    }
}

impl fmt::Display for OciReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pin {
            Pin::Tag(tag) => write!(f, "{}:{tag}", self.repository),
            Pin::Digest(digest) => write!(f, "{}@{digest}", self.repository),
        }
    }
}

impl FromStr for OciReference {
    type Err = ParseReferenceError;

    /// Read a reference. `name:tag@digest` is read as `name@digest`: the digest says it all.
    ///
    /// # Errors
    ///
    /// If the repository is malformed, or neither a tag nor a digest follows it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse_reference(text).map_err(|reason| ParseReferenceError::new(text, reason))
    }
}

fn parse_reference(text: &str) -> Result<OciReference, Reason> {
    let (repository, tail) = split(text)?;
    if repository.path.is_empty() {
        return Err(Reason::NoPath);
    }
    let pin = match tail {
        (Some(tag), None) => {
            check_tag(tag)?;
            Pin::Tag(tag.to_owned())
        }
        (tag, Some(digest)) => {
            tag.map_or(Ok(()), check_tag)?;
            Pin::Digest(digest.parse().map_err(|_| Reason::Digest)?)
        }
        (None, None) => return Err(Reason::NoPin),
    };
    Ok(OciReference { repository, pin })
}

/// What may stand behind a repository: `:tag`, `@digest`.
type Tail<'a> = (Option<&'a str>, Option<&'a str>);

fn split(text: &str) -> Result<(OciRepository, Tail<'_>), Reason> {
    let name = text.strip_prefix("oci://").unwrap_or(text);
    if name.contains("://") {
        return Err(Reason::Scheme);
    }
    let (name, digest) = match name.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (name, None),
    };
    let (registry, path) = match name.split_once('/') {
        Some((registry, path)) => (registry, path),
        None => (name, ""),
    };
    check_registry(registry)?;
    // A port is part of the registry, so a colon in the path can only begin a tag.
    let (path, tag) = match path.rsplit_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (path, None),
    };
    let path = path.trim_end_matches('/');
    check_path(path, true)?;
    let repository = OciRepository {
        registry: registry.to_owned(),
        path: path.to_owned(),
    };
    Ok((repository, (tag, digest)))
}

fn check_registry(registry: &str) -> Result<(), Reason> {
    let (host, port) = match registry.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or(Reason::Registry)?;
            address
                .parse::<std::net::Ipv6Addr>()
                .map_err(|_| Reason::Registry)?;
            (
                None,
                port.strip_prefix(':').map_or_else(
                    || {
                        if port.is_empty() {
                            Ok(None)
                        } else {
                            Err(Reason::Registry)
                        }
                    },
                    |port| Ok(Some(port)),
                )?,
            )
        }
        None => match registry.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(registry), None),
        },
    };
    if let Some(host) = host {
        let label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // One trailing dot makes a name absolute; cluster DNS names are written so.
        let host = host.strip_suffix('.').unwrap_or(host);
        if !host.split('.').all(label) {
            return Err(Reason::Registry);
        }
    }
    match port {
        Some(port) if port.parse::<u16>().is_err() || port.starts_with('+') => Err(Reason::Port),
        _ => Ok(()),
    }
}

fn check_path(path: &str, may_be_empty: bool) -> Result<(), Reason> {
    if path.is_empty() {
        return if may_be_empty {
            Ok(())
        } else {
            Err(Reason::NoPath)
        };
    }
    if path.len() > MAX_PATH_BYTES {
        return Err(Reason::PathLength);
    }
    if path.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(Reason::UpperCase);
    }
    if path.split('/').all(is_component) {
        Ok(())
    } else {
        Err(Reason::Path)
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(component: &str) -> bool {
    let bytes = component.as_bytes();
    let word = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    if !bytes.first().is_some_and(word) || !bytes.last().is_some_and(word) {
        return false;
    }
    component
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|gap| matches!(gap, "" | "." | "_" | "__") || gap.bytes().all(|b| b == b'-'))
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
fn check_tag(tag: &str) -> Result<(), Reason> {
    let first = tag.bytes().next().ok_or(Reason::Tag)?;
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let fits = tag.len() <= MAX_TAG_BYTES
        && word(first)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'));
    if fits { Ok(()) } else { Err(Reason::Tag) }
}

/// A text is not an [`OciRepository`] or not an [`OciReference`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid reference: {reason}")]
pub struct ParseReferenceError {
    text: String,
    reason: Reason,
}

impl ParseReferenceError {
    fn new(text: &str, reason: Reason) -> Self {
        Self {
            text: crate::redacted(&shortened(text)),
            reason,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Reason {
    #[error("only the scheme `oci://` may stand before a registry")]
    Scheme,
    #[error("the registry is not a host name or address with an optional port")]
    Registry,
    #[error("the port is not a number from 0 to 65535")]
    Port,
    #[error("a repository follows the registry, as in `registry.example.com/charts/app`")]
    NoPath,
    #[error("a repository path has at most {MAX_PATH_BYTES} bytes")]
    PathLength,
    #[error("a repository path is written in lower case")]
    UpperCase,
    #[error(
        "a repository path is made of lower-case letters and digits, separated by `/`, `.`, `_`, `__` or `-`"
    )]
    Path,
    #[error(
        "a tag has up to {MAX_TAG_BYTES} letters, digits, `_`, `.` and `-`, and does not begin with `.` or `-`"
    )]
    Tag,
    #[error("what follows `@` is not a digest")]
    Digest,
    #[error("a tag or a digest is missing, as in `registry.example.com/charts/app:1.0.0`")]
    NoPin,
    #[error("a repository is wanted here, without a tag or digest")]
    Pinned,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn repository(text: &str, registry: &str, path: &str) {
        let repository: OciRepository = text.parse().unwrap();
        assert_eq!((repository.registry(), repository.path()), (registry, path));
    }

    #[track_caller]
    fn refused<T: FromStr<Err = ParseReferenceError> + fmt::Debug>(text: &str, reason: &str) {
        let error = text.parse::<T>().unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn a_port_is_part_of_the_registry_and_not_a_tag() {
        repository("localhost:5000/charts/app", "localhost:5000", "charts/app");
        repository("oci://localhost:5000", "localhost:5000", "");
        repository("[::1]:5000/x", "[::1]:5000", "x");
        repository("[::1]/x", "[::1]", "x");
    }

    #[test]
    fn slashes_behind_a_repository_say_nothing() {
        repository("oci://example.com/charts//", "example.com", "charts");
        repository("oci://example.com//", "example.com", "");
    }

    #[test]
    fn docker_hub_is_displayed_as_written() {
        let repository: OciRepository = "oci://docker.io/bitnamicharts".parse().unwrap();
        assert_eq!(repository.to_string(), "docker.io/bitnamicharts");
        assert_eq!(repository.url(), "oci://docker.io/bitnamicharts");
    }

    #[test]
    fn what_is_not_a_repository_is_refused_with_the_reason() {
        refused::<OciRepository>("https://example.com/x", "only the scheme");
        refused::<OciRepository>("ghcr.io/Org/x", "lower case");
        refused::<OciRepository>("example.com/a//b", "made of lower-case");
        refused::<OciRepository>("example.com/../etc", "made of lower-case");
        refused::<OciRepository>("example.com/a..b", "made of lower-case");
        refused::<OciRepository>("example.com/a b", "made of lower-case");
        refused::<OciRepository>("exa mple.com/a", "host name");
        refused::<OciRepository>("user@example.com/a", "without a tag or digest");
        refused::<OciRepository>("", "host name");
        refused::<OciRepository>("/a", "host name");
        refused::<OciRepository>("example.com:x/a", "port");
        refused::<OciRepository>("example.com:70000/a", "port");
        refused::<OciRepository>("[::g]/a", "host name");
        refused::<OciRepository>("[::1]x/a", "host name");
        refused::<OciRepository>("example.com/a:1.0.0", "without a tag or digest");
        refused::<OciRepository>(&format!("example.com/{}", "a".repeat(300)), "255 bytes");
    }

    #[test]
    fn a_reference_reads_back_what_it_writes() {
        let digest = Digest::of(crate::Algorithm::Sha256, b"x");
        for text in [
            "example.com/app:1.0.0".to_owned(),
            "example.com:443/a/b:v1_x.y-z".to_owned(),
            format!("example.com/app@{digest}"),
        ] {
            assert_eq!(text.parse::<OciReference>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_digest_outranks_the_tag_beside_it() {
        let digest = Digest::of(crate::Algorithm::Sha256, b"x");
        let reference: OciReference = format!("example.com/app:1.0.0@{digest}").parse().unwrap();
        assert_eq!(reference.pin(), &Pin::Digest(digest));
    }

    #[test]
    fn what_is_not_a_reference_is_refused_with_the_reason() {
        refused::<OciReference>("example.com/app", "a tag or a digest is missing");
        refused::<OciReference>("example.com/app:", "a tag has up to");
        refused::<OciReference>("example.com/app:-x", "a tag has up to");
        refused::<OciReference>("example.com/app:1.0.0+b", "a tag has up to");
        refused::<OciReference>("example.com/app@sha256:abc", "not a digest");
        refused::<OciReference>("example.com:5000", "a repository follows");
    }

    #[test]
    fn a_name_is_joined_below_a_repository() {
        let base: OciRepository = "example.com/charts".parse().unwrap();
        assert_eq!(
            base.join("app").unwrap().to_string(),
            "example.com/charts/app"
        );
        let host: OciRepository = "example.com".parse().unwrap();
        assert_eq!(host.join("app").unwrap().to_string(), "example.com/app");
        assert!(base.join("../app").is_err());
        assert!(base.join("").is_err());
        assert!(base.join("App").is_err());
    }
}
