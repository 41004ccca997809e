//! Manifests, and what makes one believable.

use std::collections::BTreeMap;

use bytes::Bytes;
use portolan_reference::{Digest, ParseDigestError};
use serde::Deserialize;

/// The media type of an OCI image manifest
/// ([image-spec v1.1.1](https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md)).
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an OCI image index.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's image manifest, version 2 schema 2.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's manifest list.
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// How the media types of Docker's withdrawn schema 1 begin.
const DOCKER_SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+";

/// Content in a registry: what kind, which bytes, how many
/// ([image-spec v1.1.1](https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md)).
///
/// A descriptor's `urls` and `data` are not kept: content comes from the repository that the
/// descriptor came from, and from nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    media_type: String,
    digest: Digest,
    size: u64,
    annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Content of `size` bytes, without annotations.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            digest,
            size,
            annotations: BTreeMap::new(),
        }
    }

    /// What kind of content it is.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The content itself.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Its size, in bytes. At most 2⁶³ − 1.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What the one who wrote the manifest says about it.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }
}

/// The manifest of one artifact, whose bytes are what its digest names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    digest: Digest,
    media_type: &'static str,
    bytes: Bytes,
    config: Descriptor,
    layers: Vec<Descriptor>,
    annotations: BTreeMap<String, String>,
    index: Option<Digest>,
}

impl Manifest {
    /// The digest of [`bytes`](Self::bytes).
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// OCI's or Docker's image manifest.
    pub fn media_type(&self) -> &str {
        self.media_type
    }

    /// The manifest as it was received.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The config blob. Its media type says what kind of artifact this is.
    pub fn config(&self) -> &Descriptor {
        &self.config
    }

    /// The content, in order. May be empty.
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers
    }

    /// What the one who wrote the manifest says about the artifact.
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        &self.annotations
    }

    /// The digest of the image index that led here, if one did: what the tag names.
    pub fn index(&self) -> Option<&Digest> {
        self.index.as_ref()
    }

    pub(crate) fn reached_through(mut self, index: Digest) -> Self {
        self.index = Some(index);
        self
    }
}

/// For which machines an image is, as an image index says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Platform {
    os: String,
    architecture: String,
}

impl Platform {
    /// Any platform, in [Go's names](https://go.dev/doc/install/source#environment).
    pub fn new(os: impl Into<String>, architecture: impl Into<String>) -> Self {
        Self {
            os: os.into(),
            architecture: architecture.into(),
        }
    }

    /// What Flux asks for.
    pub fn linux_amd64() -> Self {
        Self::new("linux", "amd64")
    }
}

/// What came instead of, or as, a manifest: an image, or a choice of images.
#[derive(Debug)]
pub(crate) enum Document {
    Image(Manifest),
    Index(Index),
}

/// An image index: manifests, each for a platform.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) digest: Digest,
    entries: Vec<IndexEntry>,
}

#[derive(Debug)]
struct IndexEntry {
    descriptor: Descriptor,
    platform: Option<RawPlatform>,
}

impl Index {
    /// The first image for `platform`.
    pub(crate) fn choose(&self, platform: &Platform) -> Result<&Descriptor, ManifestFlaw> {
        let fits = |entry: &&IndexEntry| {
            matches!(
                entry.descriptor.media_type(),
                OCI_MANIFEST | DOCKER_MANIFEST
            ) && entry.platform.as_ref().is_some_and(|offered| {
                offered.os == platform.os && offered.architecture == platform.architecture
            })
        };
        self.entries
            .iter()
            .find(fits)
            .map(|entry| &entry.descriptor)
            .ok_or_else(|| ManifestFlaw::NoSuchPlatform {
                os: platform.os.clone(),
                architecture: platform.architecture.clone(),
            })
    }
}

/// What stops bytes from being a manifest that can be relied on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestFlaw {
    /// The answer says that it is something else, such as the `text/html` of a login page.
    #[error("the registry sent {}, which is no manifest", quoted(content_type))]
    ContentType {
        /// What it says it is.
        content_type: String,
    },
    /// The header says one thing and the document another, so readers would disagree about it.
    #[error(
        "it is {} by its header and {} by its text",
        quoted(header),
        quoted(document)
    )]
    TwoMediaTypes {
        /// By the `Content-Type` header.
        header: String,
        /// By the field `mediaType`.
        document: String,
    },
    /// It has both `layers` and `manifests`, so readers would disagree about what it is.
    #[error("it is an image and an index at once")]
    TwoKinds,
    /// It is Docker's manifest of schema 1, which is not pinned by its digest.
    #[error("it is a Docker manifest of schema 1")]
    Schema1,
    /// It is not JSON, or not the JSON of a manifest.
    #[error("it cannot be read: {detail}")]
    Unreadable {
        /// What the parser stumbled over. Never content.
        detail: String,
    },
    /// A field that a manifest of its kind must have is not there.
    #[error("it has no `{field}`")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A size is negative, a fraction, or above 2⁶³ − 1.
    #[error("{} is no size", quoted(size))]
    Size {
        /// As written.
        size: String,
    },
    /// A digest cannot be read.
    #[error("a digest in it cannot be read")]
    Digest(#[source] ParseDigestError),
    /// An image index offers nothing for the platform.
    #[error("it has no image for {os}/{architecture}")]
    NoSuchPlatform {
        /// The operating system asked for.
        os: String,
        /// The architecture asked for.
        architecture: String,
    },
}

/// Read a manifest whose digest has been checked.
///
/// `content_type` is the header of the answer. It may be missing, but where it is there it must
/// agree with the document ([CVE-2021-41190](https://github.com/opencontainers/distribution-spec/security/advisories/GHSA-mc8v-mgrf-8f4m)).
pub(crate) fn read(
    bytes: Bytes,
    content_type: Option<&str>,
    digest: Digest,
) -> Result<Document, ManifestFlaw> {
    let header = content_type.map(essence).filter(|kind| !kind.is_empty());
    if let Some(kind) = &header {
        known(kind)?;
    }
    let raw: Raw = serde_json::from_slice(&bytes).map_err(|error| ManifestFlaw::Unreadable {
        detail: where_it_broke(&error),
    })?;
    if raw.schema_version == Some(1) || raw.fs_layers.is_some() {
        return Err(ManifestFlaw::Schema1);
    }
    if raw.schema_version != Some(2) {
        return Err(ManifestFlaw::Missing {
            field: "schemaVersion",
        });
    }
    if raw.manifests.is_some() && (raw.layers.is_some() || raw.config.is_some()) {
        return Err(ManifestFlaw::TwoKinds);
    }
    if let (Some(header), Some(document)) = (&header, &raw.media_type)
        && header != document
    {
        return Err(ManifestFlaw::TwoMediaTypes {
            header: header.clone(),
            document: document.clone(),
        });
    }
    // Only OCI's own documents may leave the field out.
    let implied = if raw.manifests.is_some() {
        OCI_INDEX
    } else {
        OCI_MANIFEST
    };
    match known(
        raw.media_type
            .as_deref()
            .or(header.as_deref())
            .unwrap_or(implied),
    )? {
        Kind::Index => raw.into_index(digest).map(Document::Index),
        Kind::Image(media_type) => raw
            .into_image(media_type, digest, bytes)
            .map(Document::Image),
    }
}

enum Kind {
    Image(&'static str),
    Index,
}

fn known(media_type: &str) -> Result<Kind, ManifestFlaw> {
    match media_type {
        OCI_MANIFEST => Ok(Kind::Image(OCI_MANIFEST)),
        DOCKER_MANIFEST => Ok(Kind::Image(DOCKER_MANIFEST)),
        OCI_INDEX | DOCKER_LIST => Ok(Kind::Index),
        other if other.starts_with(DOCKER_SCHEMA_1) => Err(ManifestFlaw::Schema1),
        other => Err(ManifestFlaw::ContentType {
            content_type: other.to_owned(),
        }),
    }
}

/// The media type without parameters, in lower case.
fn essence(content_type: &str) -> String {
    content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// A stranger's text, shown so that it can neither flood nor forge a line.
fn quoted(text: &str) -> String {
    const SHOWN: usize = 80;
    let shown: String = text
        .chars()
        .take(SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    let more = if text.chars().nth(SHOWN).is_some() {
        "…"
    } else {
        ""
    };
    format!("`{shown}{more}`")
}

/// The parser's own message may quote the document, which is a stranger's and may be long.
fn where_it_broke(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a field is not of its type, or there twice",
        serde_json::error::Category::Io => "it could not be read",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<i64>,
    media_type: Option<String>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
    manifests: Option<Vec<RawDescriptor>>,
    fs_layers: Option<serde::de::IgnoredAny>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    media_type: Option<String>,
    digest: Option<String>,
    size: Option<serde_json::Number>,
    annotations: Option<BTreeMap<String, String>>,
    platform: Option<RawPlatform>,
}

#[derive(Debug, Deserialize)]
struct RawPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

impl Raw {
    fn into_image(
        self,
        media_type: &'static str,
        digest: Digest,
        bytes: Bytes,
    ) -> Result<Manifest, ManifestFlaw> {
        let config = self
            .config
            .ok_or(ManifestFlaw::Missing { field: "config" })?
            .checked()?;
        let layers = self
            .layers
            .ok_or(ManifestFlaw::Missing { field: "layers" })?;
        Ok(Manifest {
            digest,
            media_type,
            bytes,
            config,
            layers: layers
                .into_iter()
                .map(RawDescriptor::checked)
                .collect::<Result<_, _>>()?,
            annotations: self.annotations.unwrap_or_default(),
            index: None,
        })
    }

    fn into_index(self, digest: Digest) -> Result<Index, ManifestFlaw> {
        let manifests = self
            .manifests
            .ok_or(ManifestFlaw::Missing { field: "manifests" })?;
        let entry = |mut raw: RawDescriptor| {
            let platform = raw.platform.take();
            Ok(IndexEntry {
                descriptor: raw.checked()?,
                platform,
            })
        };
        Ok(Index {
            digest,
            entries: manifests.into_iter().map(entry).collect::<Result<_, _>>()?,
        })
    }
}

impl RawDescriptor {
    fn checked(self) -> Result<Descriptor, ManifestFlaw> {
        let size = self.size.ok_or(ManifestFlaw::Missing { field: "size" })?;
        let bytes = size.as_i64().and_then(|bytes| u64::try_from(bytes).ok());
        let digest = self
            .digest
            .ok_or(ManifestFlaw::Missing { field: "digest" })?;
        Ok(Descriptor {
            media_type: self
                .media_type
                .ok_or(ManifestFlaw::Missing { field: "mediaType" })?,
            digest: digest.parse().map_err(ManifestFlaw::Digest)?,
            size: bytes.ok_or_else(|| ManifestFlaw::Size {
                size: size.to_string(),
            })?,
            annotations: self.annotations.unwrap_or_default(),
        })
    }
}
