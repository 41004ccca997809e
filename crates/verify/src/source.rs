//! Where signatures come from.

use std::convert::Infallible;
use std::error::Error;
use std::future::Future;

use serde::{Deserialize, Serialize};

use crate::Signature;

/// Somebody who knows which signatures there are: a registry, a folder, a capture.
///
/// Signatures are asked for one at a time and only until the policy is met, so a source need not look
/// further than that.
pub trait SignatureSource: Send {
    /// Why a source could not look. That there is no signature is no error.
    type Error: Error + Send + Sync + 'static;

    /// The next signature; `None` when there is no other.
    ///
    /// # Errors
    ///
    /// Something could not be looked at. It may be asked again: an error stands for one signature, or
    /// one place, and ends in `None` like everything else.
    fn next(&mut self) -> impl Future<Output = Result<Option<Signature>, Self::Error>> + Send;
}

/// Signatures that were kept, to be judged again: without a network, under another policy, in a test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captured {
    signatures: Vec<Signature>,
    #[serde(skip)]
    taken: usize,
}

impl Captured {
    /// Keep `signatures`, in this order.
    pub fn new(signatures: impl IntoIterator<Item = Signature>) -> Self {
        Self {
            signatures: signatures.into_iter().collect(),
            taken: 0,
        }
    }

    /// What was kept.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

impl SignatureSource for Captured {
    type Error = Infallible;

    async fn next(&mut self) -> Result<Option<Signature>, Infallible> {
        let next = self.signatures.get(self.taken).cloned();
        self.taken += usize::from(next.is_some());
        Ok(next)
    }
}

/// Keeps what passes through, which is what a judgement was founded on.
#[derive(Debug)]
pub struct Capturing<S> {
    source: S,
    captured: Captured,
}

impl<S> Capturing<S> {
    /// Keep what comes from `source`.
    pub fn new(source: S) -> Self {
        Self {
            source,
            captured: Captured::default(),
        }
    }

    /// What came.
    pub fn into_captured(self) -> Captured {
        self.captured
    }
}

impl<S: SignatureSource> SignatureSource for Capturing<S> {
    type Error = S::Error;

    async fn next(&mut self) -> Result<Option<Signature>, S::Error> {
        let next = self.source.next().await?;
        self.captured.signatures.extend(next.clone());
        Ok(next)
    }
}
