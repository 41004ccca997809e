//! Manifests, and what makes one believable.

mod read;

use std::collections::BTreeMap;

use bytes::Bytes;
use portolan_reference::{Digest, ParseDigestError};

pub(crate) use self::read::{RawDescriptor, essence, read, shortened, where_it_broke};

/// The media type of an OCI image manifest
/// ([image-spec v1.1.1](https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md)).
pub(crate) const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an OCI image index.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker's image manifest, version 2 schema 2.
pub(crate) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker's manifest list.
pub(crate) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// Content in a registry: what kind, which bytes, how many
/// ([image-spec v1.1.1](https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md)).
///
/// A descriptor's `urls` and `data` are not kept: content comes from the repository that the
/// descriptor came from, and from nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    media_type: String,
    artifact_type: Option<String>,
    digest: Digest,
    size: u64,
    annotations: BTreeMap<String, String>,
}

impl Descriptor {
    /// Content of `size` bytes, without annotations.
    pub fn new(media_type: impl Into<String>, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.into(),
            artifact_type: None,
            digest,
            size,
            annotations: BTreeMap::new(),
        }
    }

    /// What kind of content it is.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// What kind of artifact it is, where the content is a manifest and this is told beforehand.
    ///
    /// A hint: [some registries](https://github.com/google/go-containerregistry/blob/v0.22.1/pkg/registry/manifest.go)
    /// put the config's media type here whatever the manifest says.
    pub fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
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
    artifact_type: Option<String>,
    bytes: Bytes,
    config: Descriptor,
    layers: Vec<Descriptor>,
    subject: Option<Descriptor>,
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

    /// What kind of artifact it is, where that is said and not left to the config's media type.
    pub fn artifact_type(&self) -> Option<&str> {
        self.artifact_type.as_deref()
    }

    /// The config blob. Where there is no [`artifact_type`](Self::artifact_type), its media type says
    /// what kind of artifact this is.
    pub fn config(&self) -> &Descriptor {
        &self.config
    }

    /// The content, in order. May be empty.
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers
    }

    /// The manifest that this one is about, if it says so: a signature names what it signs.
    pub fn subject(&self) -> Option<&Descriptor> {
        self.subject.as_ref()
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
    Image(Box<Manifest>),
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
    platform: Option<Platform>,
}

impl Index {
    /// The first image for `platform`.
    pub(crate) fn choose(&self, platform: &Platform) -> Result<&Descriptor, ManifestFlaw> {
        let fits = |entry: &&IndexEntry| {
            matches!(
                entry.descriptor.media_type(),
                OCI_MANIFEST | DOCKER_MANIFEST
            ) && entry.platform.as_ref() == Some(platform)
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
        /// What it says it is, at most 80 characters of it.
        content_type: String,
    },
    /// The header says one thing and the document another, so readers would disagree about it.
    #[error(
        "it is {} by its header and {} by its text",
        quoted(header),
        quoted(document)
    )]
    TwoMediaTypes {
        /// By the `Content-Type` header; at most 80 characters.
        header: String,
        /// By the field `mediaType`; at most 80 characters.
        document: String,
    },
    /// It is not the image index that was asked for.
    #[error("the registry sent {}, which is no image index", quoted(media_type))]
    NotAnIndex {
        /// What it is by its header or its text; at most 80 characters.
        media_type: String,
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
    /// A field that a manifest of its kind must have is not there, or `schemaVersion` is not 2.
    #[error("it has no usable `{field}`")]
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

/// A stranger's text, shown so that it cannot forge a line.
fn quoted(text: &str) -> String {
    format!("`{}`", text.escape_debug())
}
