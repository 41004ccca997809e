//! A file that is checked while it passes.

use std::fmt;
use std::mem;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use portolan_auth::{Request, Response};
use portolan_reference::{Algorithm, Digest, Hasher, redacted};
use url::Url;

use crate::asker::{Asker, announced_length};
use crate::retry::Attempts;
use crate::transfer::Transfer;
use crate::{EncodingFlaw, FetchError, Target, Validators};

/// A file on its way from a repository.
///
/// Its bytes come out as they arrive, so the receiver must not use them before
/// [`chunk`](Self::chunk) has said `Ok(None)`: only then are they known to be all there is.
///
/// A transfer that breaks is begun again, with three requests in all. What was handed out before has to
/// come again, byte for byte, before anything new is handed out; a file that was replaced meanwhile is
/// an error and never a mixture of two.
pub struct Download {
    asker: Asker,
    errand: Box<Errand>,
    url: Url,
    validators: Validators,
    transfer: Option<Box<Transfer>>,
    attempts: Attempts,
    handed_out: u64,
    /// What has to come again before anything new does.
    again: Option<Box<Again>>,
    patience: Duration,
    state: State,
}

/// What is asked for, and what may come of it at most.
#[derive(Clone)]
pub(crate) struct Errand {
    pub(crate) request: Request,
    pub(crate) target: Target,
    /// In bytes, of what is handed out and of what arrives.
    pub(crate) limit: u64,
    /// Whether gzip was offered. Else what comes is the file, whatever encoding it is said to have.
    pub(crate) inflates: bool,
    pub(crate) promised: Option<Digest>,
}

enum State {
    Passing(Box<Hasher>),
    Right,
    Failed,
}

/// The beginning of an answer that is asked for once more.
struct Again {
    left: u64,
    hasher: Hasher,
    expected: Digest,
}

impl Download {
    /// Ask for the file. `None` if it is still what `known` is about.
    pub(crate) async fn open(
        asker: Asker,
        errand: Errand,
        known: Option<&Validators>,
    ) -> Result<Option<Self>, FetchError> {
        let algorithm = errand
            .promised
            .as_ref()
            .map_or(Algorithm::Sha256, Digest::algorithm);
        let mut known = known.filter(|known| known.condition().is_some());
        let mut attempts = Attempts::default();
        let answer = loop {
            match ask(&asker, &errand, known, &mut attempts).await {
                Ok(Some(answer)) => break answer,
                Ok(None) => return Ok(None),
                Err(Unsure::Contradiction) => known = None,
                Err(Unsure::Failure(error)) => attempts.rest_after(error).await?,
            }
        };
        let mut download = Self {
            url: answer.url().clone(),
            validators: Validators::default(),
            transfer: None,
            attempts,
            handed_out: 0,
            again: None,
            patience: asker.limits().body_timeout,
            state: State::Passing(Box::new(Hasher::new(algorithm))),
            asker,
            errand: Box::new(errand),
        };
        download.receive(answer)?;
        Ok(Some(download))
    }

    /// Ask for the file as it is now.
    pub(crate) async fn begin(asker: Asker, errand: Errand) -> Result<Self, FetchError> {
        let target = errand.target.clone();
        let opened = Self::open(asker, errand, None).await?;
        // Nobody asked whether it was modified, so the answer would be one that does not belong here.
        opened.ok_or_else(|| FetchError::Server {
            target: Box::new(target),
            status: StatusCode::NOT_MODIFIED,
            retry_after: None,
            source: None,
        })
    }

    /// Who sends it, after redirects. May hold a signature in its query: print it
    /// [`redacted`].
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// What the server will know these bytes by. Only worth keeping once [`chunk`](Self::chunk) has said
    /// `Ok(None)`.
    pub fn validators(&self) -> &Validators {
        &self.validators
    }

    /// The next piece. `Ok(None)` comes once all of it has been handed out: the length that the server
    /// announced was reached, a compressed answer came to its end with the right checksums, and where a
    /// digest was asked for, it is right.
    ///
    /// Never hands out a byte more than the limit. What is compressed is inflated here, at most 64 KiB
    /// at a time.
    ///
    /// # Errors
    ///
    /// [`TooLarge`](FetchError::TooLarge), [`DigestMismatch`](FetchError::DigestMismatch),
    /// [`BadEncoding`](FetchError::BadEncoding), [`Changed`](FetchError::Changed), or
    /// [`TooSlow`](FetchError::TooSlow) if it takes longer than
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
            State::Failed => return Err(FetchError::GivenUp(Box::new(self.target()))),
        }
        let next = self.next().await;
        if next.is_err() {
            self.transfer = None;
            self.state = State::Failed;
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
                    self.ask_again().await?;
                    continue;
                }
                Some(transfer) => transfer.read(&mut self.patience).await,
            };
            match read {
                Ok(Some(chunk)) => {
                    let fresh = self.fresh(chunk)?;
                    if !fresh.is_empty() {
                        return self.pass(fresh).map(Some);
                    }
                }
                Ok(None) if self.again.is_some() => {
                    return Err(FetchError::Changed(Box::new(self.target())));
                }
                Ok(None) => return self.judge(),
                Err(stop) => {
                    let error = stop.into_error(&self.errand.target, self.asker.limits());
                    self.transfer = None;
                    self.attempts.rest_after(error).await?;
                }
            }
        }
    }

    /// Ask for the file once more, after what came before broke off.
    async fn ask_again(&mut self) -> Result<(), FetchError> {
        loop {
            match ask(&self.asker, &self.errand, None, &mut self.attempts).await {
                Ok(Some(answer)) => return self.receive(answer),
                // Without a condition there is neither of the two.
                Ok(None) | Err(Unsure::Contradiction) => {
                    return Err(FetchError::GivenUp(Box::new(self.target())));
                }
                Err(Unsure::Failure(error)) => self.attempts.rest_after(error).await?,
            }
        }
    }

    /// Get ready to read `answer` from its beginning.
    fn receive(&mut self, answer: Response) -> Result<(), FetchError> {
        let limit = self.errand.limit;
        if announced_length(answer.headers()).is_some_and(|length| length > limit) {
            return Err(self.too_large());
        }
        self.url = answer.url().clone();
        self.validators = Validators::read(answer.headers());
        let compressed = if self.errand.inflates {
            is_gzip(answer.headers()).map_err(|flaw| self.badly_encoded(flaw))?
        } else {
            false
        };
        self.again = match &self.state {
            State::Passing(hasher) if self.handed_out > 0 => {
                let expected = Hasher::clone(hasher).finish();
                Some(Box::new(Again {
                    left: self.handed_out,
                    hasher: Hasher::new(expected.algorithm()),
                    expected,
                }))
            }
            _ => None,
        };
        self.transfer = Some(Box::new(if compressed {
            Transfer::inflating(answer, limit)
        } else {
            Transfer::new(answer)
        }));
        Ok(())
    }

    /// What of `chunk` has not been handed out yet.
    fn fresh(&mut self, mut chunk: Bytes) -> Result<Bytes, FetchError> {
        let Some(again) = &mut self.again else {
            return Ok(chunk);
        };
        let known = usize::try_from(again.left)
            .unwrap_or(usize::MAX)
            .min(chunk.len());
        let fresh = chunk.split_off(known);
        again.hasher.update(&chunk);
        again.left -= known as u64;
        if again.left == 0
            && let Some(again) = self.again.take()
            && again.hasher.finish() != again.expected
        {
            return Err(FetchError::Changed(Box::new(self.target())));
        }
        Ok(fresh)
    }

    /// Count and hash a piece before it is handed out.
    fn pass(&mut self, chunk: Bytes) -> Result<Bytes, FetchError> {
        self.handed_out = self.handed_out.saturating_add(chunk.len() as u64);
        if self.handed_out > self.errand.limit {
            return Err(self.too_large());
        }
        if let State::Passing(hasher) = &mut self.state {
            hasher.update(&chunk);
        }
        Ok(chunk)
    }

    /// Whether what was handed out is what was promised, now that it is all there.
    fn judge(&mut self) -> Result<Option<Bytes>, FetchError> {
        self.transfer = None;
        if let State::Passing(hasher) = mem::replace(&mut self.state, State::Right)
            && let Some(expected) = &self.errand.promised
        {
            let actual = hasher.finish();
            if actual != *expected {
                return Err(FetchError::DigestMismatch {
                    target: Box::new(self.target()),
                    expected: expected.clone(),
                    actual,
                });
            }
        }
        Ok(None)
    }

    fn target(&self) -> Target {
        self.errand.target.clone()
    }

    fn too_large(&self) -> FetchError {
        FetchError::TooLarge {
            target: Box::new(self.target()),
            limit: self.errand.limit,
        }
    }

    fn badly_encoded(&self, flaw: EncodingFlaw) -> FetchError {
        FetchError::BadEncoding {
            target: Box::new(self.target()),
            flaw,
        }
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("url", &redacted(self.url.as_str()))
            .field("validators", &self.validators)
            .field("handed_out", &self.handed_out)
            .finish_non_exhaustive()
    }
}

/// Why it is not known yet whether there is anything to download.
enum Unsure {
    /// "Not modified", of something else than what was asked about.
    Contradiction,
    Failure(FetchError),
}

/// One request. `None` if the file is still what `known` is about.
async fn ask(
    asker: &Asker,
    errand: &Errand,
    known: Option<&Validators>,
    attempts: &mut Attempts,
) -> Result<Option<Response>, Unsure> {
    attempts.begin();
    let target = &errand.target;
    let Some((known, (name, value))) = known.and_then(|known| Some((known, known.condition()?)))
    else {
        let answer = asker.ask(errand.request.clone(), target).await;
        return answer.map(Some).map_err(Unsure::Failure);
    };
    let request = errand.request.clone().header(name, value);
    let sent = asker.transport().send(request).await;
    let answer = sent.map_err(|error| Unsure::Failure(FetchError::sending(target, error)))?;
    match answer.status() {
        StatusCode::OK => Ok(Some(answer)),
        StatusCode::NOT_MODIFIED if known.contradicted_by(answer.headers()) => {
            Err(Unsure::Contradiction)
        }
        StatusCode::NOT_MODIFIED => Ok(None),
        _ => Err(Unsure::Failure(asker.refusal(answer, target).await)),
    }
}

/// Whether an answer is compressed in the one way that is understood.
fn is_gzip(headers: &HeaderMap) -> Result<bool, EncodingFlaw> {
    let mut codings = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(|coding| String::from_utf8_lossy(coding).trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity");
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        (Some(coding), None) if matches!(coding.as_str(), "gzip" | "x-gzip") => Ok(true),
        (Some(coding), None) => Err(EncodingFlaw::Unknown {
            found: coding.chars().take(100).collect(),
        }),
        (Some(first), Some(second)) if [&first, &second] == ["gzip", "gzip"] => {
            Err(EncodingFlaw::Twice)
        }
        (Some(first), Some(second)) => Err(EncodingFlaw::Unknown {
            found: format!("{first}, {second}").chars().take(100).collect(),
        }),
    }
}
