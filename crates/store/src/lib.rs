#![doc = include_str!("../README.md")]

mod address;
mod artifact;
mod batch;
mod beneath;
mod blocking;
mod check;
mod commit;
mod fault;
mod key;
mod name;
mod objects;
mod options;
mod place;
mod record;
mod remove;
mod retention;
#[cfg(feature = "serve")]
mod serve;
mod staged;
mod staging;
mod store;

pub use address::{Address, InvalidAddressError, host_name};
pub use artifact::Artifact;
pub use blocking::Blocking;
pub use check::{CheckError, Integrity, ReadError};
pub use commit::PublishError;
pub use fault::{Fault, FileError};
pub use key::{InvalidKeyError, ObjectKey};
pub use name::InvalidPathError;
pub use options::Options;
pub use record::Record;
pub use remove::{DiscardError, RemoveError};
pub use retention::CollectError;
#[cfg(feature = "serve")]
pub use serve::{ServeLimits, serve, serve_with_limits};
pub use staged::{StageError, Staged};
pub use store::{OpenStoreError, Store};
