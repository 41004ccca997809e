//! What lies in a registry and may be a signature.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Something that claims to be a signature. Nothing about it is trusted. A clone shares it.
///
/// It serialises, so that what was judged can be kept and judged again: see
/// [`Captured`](crate::Captured).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    origin: String,
    /// Shared, because whoever keeps what was judged keeps it beside the judge.
    #[serde(flatten)]
    content: Arc<Content>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Content {
    SimpleSigning {
        #[serde(with = "base64_bytes")]
        payload: Vec<u8>,
        annotations: BTreeMap<String, String>,
    },
    Bundle(#[serde(with = "base64_bytes")] Vec<u8>),
    NotFetched {
        format: Format,
        why: String,
    },
}

impl Signature {
    /// A layer of the tag `sha256-<hex>.sig`: the blob is the payload, and everything else is in the
    /// annotations of the layer's descriptor (cosign's [signature specification][1]).
    ///
    /// `origin` says where it was found, for messages.
    ///
    /// [1]: https://github.com/sigstore/cosign/blob/v3.1.3/specs/SIGNATURE_SPEC.md
    pub fn simple_signing(
        origin: impl Into<String>,
        payload: impl Into<Vec<u8>>,
        annotations: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        Self {
            origin: origin.into(),
            content: Arc::new(Content::SimpleSigning {
                payload: payload.into(),
                annotations: annotations.into_iter().collect(),
            }),
        }
    }

    /// A [Sigstore bundle][1] as JSON. Those of version 0.3 count as signatures of a container.
    ///
    /// `origin` says where it was found, for messages.
    ///
    /// [1]: https://docs.sigstore.dev/about/bundle/
    pub fn bundle(origin: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        Self {
            origin: origin.into(),
            content: Arc::new(Content::Bundle(json.into())),
        }
    }

    /// One that was found and not fetched, because that is more than the policy's
    /// [limits](crate::Limits) allow: it is passed over, but not in silence.
    pub fn not_fetched(origin: impl Into<String>, format: Format, why: impl Into<String>) -> Self {
        Self {
            origin: origin.into(),
            content: Arc::new(Content::NotFetched {
                format,
                why: why.into(),
            }),
        }
    }

    /// Where it was found.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How it is written down.
    pub fn format(&self) -> Format {
        match *self.content {
            Content::SimpleSigning { .. } => Format::SimpleSigning,
            Content::Bundle(_) => Format::Bundle,
            Content::NotFetched { format, .. } => format,
        }
    }

    /// How many bytes there are to look at.
    pub fn size(&self) -> u64 {
        let bytes = match &*self.content {
            Content::SimpleSigning {
                payload,
                annotations,
            } => {
                let lines = annotations.iter();
                payload.len()
                    + lines
                        .map(|(key, value)| key.len() + value.len())
                        .sum::<usize>()
            }
            Content::Bundle(json) => json.len(),
            Content::NotFetched { .. } => 0,
        };
        bytes as u64
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }
}

/// How signatures are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Format {
    /// cosign's older form: layers of the tag `sha256-<hex>.sig`.
    SimpleSigning,
    /// A Sigstore bundle that refers to the manifest.
    Bundle,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SimpleSigning => "simple signing",
            Self::Bundle => "bundle",
        })
    }
}

/// JSON has no bytes.
mod base64_bytes {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(from)?;
        STANDARD.decode(text).map_err(de::Error::custom)
    }
}
