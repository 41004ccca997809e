#![doc = include_str!("../README.md")]

mod bundle;
mod certified;
mod identity;
mod json;
mod judge;
mod key;
mod limits;
mod pattern;
mod pem;
mod policy;
mod reason;
mod signature;
mod simple_signing;
mod source;
mod statement;
mod trust_root;
mod verified;

pub use crate::identity::Identity;
pub use crate::judge::{Judge, Refused, VerifyError, verify};
pub use crate::key::{KeyError, PublicKey};
pub use crate::limits::Limits;
pub use crate::pattern::{ParsePatternError, Pattern};
pub use crate::policy::{Policy, PolicyBuilder, PolicyError};
pub use crate::reason::{Reason, Refusal};
pub use crate::signature::{Format, Signature};
pub use crate::source::{Captured, Capturing, SignatureSource};
pub use crate::trust_root::{TrustRoot, TrustRootError};
pub use crate::verified::{Logged, Signer, Verified, VerifiedSignature};
