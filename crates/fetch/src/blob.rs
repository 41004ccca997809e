//! Content that is checked while it passes.

use std::fmt;
use std::mem;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Method;
use portolan_reference::{Digest, Hasher};

use crate::asker::announced_length;
use crate::retry::Attempts;
use crate::transfer::Transfer;
use crate::{Descriptor, FetchError, OciRegistry, Remote, Target};

/// A blob on its way from a registry.
///
/// Its bytes come out as they arrive, so the receiver must not use them before
/// [`chunk`](Self::chunk) has said `Ok(None)`: only then are they known to be what the descriptor
/// names.
///
/// A transfer that breaks is begun again, with three requests in all, and goes on where it broke:
/// what was already handed out is skipped in the new answer, and the digest is taken over what was
/// handed out, from its first byte.
pub struct Blob {
    registry: OciRegistry,
    remote: Remote,
    descriptor: Descriptor,
    target: Target,
    transfer: Option<Transfer>,
    /// How many of the bytes to come have been handed out already.
    skip: u64,
    attempts: Attempts,
    handed_out: u64,
    patience: Duration,
    state: State,
}

enum State {
    Passing(Hasher),
    Right,
    WrongDigest(Digest),
    Failed { received: u64 },
}

impl Blob {
    pub(crate) async fn open(
        registry: OciRegistry,
        remote: Remote,
        descriptor: Descriptor,
        limit: u64,
    ) -> Result<Self, FetchError> {
        let target = Target::Blob(remote.repository().at(descriptor.digest().clone()));
        if descriptor.size() > limit {
            return Err(FetchError::TooLarge {
                target: Box::new(target),
                limit,
            });
        }
        let mut blob = Self {
            patience: registry.limits().body_timeout,
            state: State::Passing(Hasher::new(descriptor.digest().algorithm())),
            registry,
            remote,
            descriptor,
            target,
            transfer: None,
            skip: 0,
            attempts: Attempts::default(),
            handed_out: 0,
        };
        blob.begin().await?;
        Ok(blob)
    }

    /// What is being fetched.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The next piece. `Ok(None)` comes once all of it has been handed out, and only if there was
    /// exactly as much as the descriptor says and its digest is right.
    ///
    /// Never hands out a byte more than the descriptor's size.
    ///
    /// # Errors
    ///
    /// [`SizeMismatch`](FetchError::SizeMismatch) or [`DigestMismatch`](FetchError::DigestMismatch)
    /// if the content is not as promised, [`TooSlow`](FetchError::TooSlow) if it takes longer than
    /// [`body_timeout`](crate::Limits::body_timeout) of waiting; else see [`FetchError`]. **After an
    /// error everything handed out so far must be thrown away**, and every further call is an error
    /// too.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no bytes; calling again goes on.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        match &self.state {
            State::Passing(_) => {}
            State::Right => return Ok(None),
            State::WrongDigest(actual) => return Err(self.digest_mismatch(actual.clone())),
            State::Failed { received } => return Err(self.size_mismatch(*received)),
        }
        let next = self.next().await;
        if next.is_err() {
            self.transfer = None;
            if matches!(self.state, State::Passing(_)) {
                self.state = State::Failed {
                    received: self.handed_out,
                };
            }
        }
        next
    }

    /// All of it, in memory.
    ///
    /// # Errors
    ///
    /// As for [`chunk`](Self::chunk).
    pub async fn collect(mut self) -> Result<Bytes, FetchError> {
        let mut content = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            content.extend_from_slice(&chunk);
        }
        Ok(content.freeze())
    }

    async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        loop {
            let read = match &mut self.transfer {
                None => {
                    self.begin().await?;
                    continue;
                }
                Some(transfer) => transfer.read(&mut self.patience).await,
            };
            let whole = self.handed_out == self.descriptor.size();
            match read {
                Ok(Some(chunk)) => {
                    let fresh = self.fresh(chunk);
                    if !fresh.is_empty() {
                        return self.pass(fresh).map(Some);
                    }
                }
                // What becomes of a connection after the last byte says nothing about the content.
                Ok(None) | Err(_) if whole => return self.judge(),
                Ok(None) => self.rest_after(self.size_mismatch(self.handed_out)).await?,
                Err(stop) => {
                    let error = stop.into_error(&self.target, self.registry.limits());
                    self.rest_after(error).await?;
                }
            }
        }
    }

    /// Make requests until one is answered.
    async fn begin(&mut self) -> Result<(), FetchError> {
        loop {
            match self.request().await {
                Ok(transfer) => {
                    self.transfer = Some(transfer);
                    return Ok(());
                }
                Err(error) => self.rest_after(error).await?,
            }
        }
    }

    async fn request(&mut self) -> Result<Transfer, FetchError> {
        self.attempts.begin();
        let url = self
            .remote
            .url(&format!("blobs/{}", self.descriptor.digest()))?;
        let request = self.remote.reading(Method::GET, url);
        let answer = self.registry.asker().ask(request, &self.target).await?;
        match announced_length(answer.headers()) {
            Some(announced) if announced != self.descriptor.size() => {
                Err(self.size_mismatch(announced))
            }
            _ => {
                self.skip = self.handed_out;
                Ok(Transfer::new(answer))
            }
        }
    }

    /// Wait until another request may be made. Gives `error` back if none may.
    async fn rest_after(&mut self, error: FetchError) -> Result<(), FetchError> {
        self.transfer = None;
        self.attempts.rest_after(error).await
    }

    /// What of `chunk` has not been handed out yet.
    fn fresh(&mut self, mut chunk: Bytes) -> Bytes {
        let known = usize::try_from(self.skip)
            .unwrap_or(usize::MAX)
            .min(chunk.len());
        self.skip -= known as u64;
        chunk.split_off(known)
    }

    /// Count and hash a piece before it is handed out.
    fn pass(&mut self, chunk: Bytes) -> Result<Bytes, FetchError> {
        let received = self.handed_out.saturating_add(chunk.len() as u64);
        if received > self.descriptor.size() {
            self.state = State::Failed { received };
            return Err(self.size_mismatch(received));
        }
        if let State::Passing(hasher) = &mut self.state {
            hasher.update(&chunk);
        }
        self.handed_out = received;
        Ok(chunk)
    }

    /// Whether what was handed out is what the descriptor names, now that it is all there.
    fn judge(&mut self) -> Result<Option<Bytes>, FetchError> {
        self.transfer = None;
        if let State::Passing(hasher) = mem::replace(&mut self.state, State::Right) {
            let actual = hasher.finish();
            if actual != *self.descriptor.digest() {
                self.state = State::WrongDigest(actual.clone());
                return Err(self.digest_mismatch(actual));
            }
        }
        Ok(None)
    }

    fn size_mismatch(&self, received: u64) -> FetchError {
        FetchError::SizeMismatch {
            target: Box::new(self.target.clone()),
            expected: self.descriptor.size(),
            received,
        }
    }

    fn digest_mismatch(&self, actual: Digest) -> FetchError {
        FetchError::DigestMismatch {
            target: Box::new(self.target.clone()),
            expected: self.descriptor.digest().clone(),
            actual,
        }
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("remote", &self.remote)
            .field("descriptor", &self.descriptor)
            .field("handed_out", &self.handed_out)
            .finish_non_exhaustive()
    }
}
