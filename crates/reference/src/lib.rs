#![doc = include_str!("../README.md")]

mod digest;
mod oci;
mod redact;
mod url;
mod version;

pub use crate::digest::{Algorithm, Digest, Hasher, ParseDigestError};
pub use crate::oci::{OciReference, OciRepository, ParseReferenceError, Pin};
pub use crate::redact::redacted;
pub use crate::url::{ParseUrlError, RepositoryUrl, Scheme};
pub use crate::version::{ParseVersionError, Spelling, Version};
