//! An answer being read.

use std::time::Duration;

use bytes::Bytes;
use portolan_auth::{Response, SendError};
use tokio::time::{Instant, timeout};

use crate::gunzip::{Gunzip, Inflated};
use crate::{EncodingFlaw, FetchError, Limits, Target};

/// The body of an answer, on its way.
pub(crate) struct Transfer {
    answer: Response,
    inflating: Option<Inflating>,
}

/// A body that is compressed.
struct Inflating {
    gunzip: Gunzip,
    /// How many bytes may arrive, and how many more may. There are streams without end out of which
    /// nothing comes.
    limit: u64,
    room: u64,
}

/// Why no more can be read.
pub(crate) enum Stop {
    /// `patience` is used up.
    Slow,
    Broken(SendError),
    /// More compressed bytes than this.
    TooLarge(u64),
    Flawed(EncodingFlaw),
}

impl Stop {
    /// What that means for `target`.
    pub(crate) fn into_error(self, target: &Target, limits: &Limits) -> FetchError {
        let boxed = Box::new(target.clone());
        match self {
            Self::Slow => FetchError::TooSlow {
                target: boxed,
                limit: limits.body_timeout,
            },
            Self::Broken(error) => FetchError::sending(target, error),
            Self::TooLarge(limit) => FetchError::TooLarge {
                target: boxed,
                limit,
            },
            Self::Flawed(flaw) => FetchError::BadEncoding {
                target: boxed,
                flaw,
            },
        }
    }
}

impl Transfer {
    /// The body as it comes.
    pub(crate) fn new(answer: Response) -> Self {
        Self {
            answer,
            inflating: None,
        }
    }

    /// What comes out of a body that is gzip and has at most `limit` bytes.
    pub(crate) fn inflating(answer: Response, limit: u64) -> Self {
        Self {
            answer,
            inflating: Some(Inflating {
                gunzip: Gunzip::new(),
                limit,
                room: limit,
            }),
        }
    }

    /// The next piece that is not empty. The time it takes to arrive is taken off `patience`; the time
    /// that the receiver takes between two pieces is not.
    pub(crate) async fn read(&mut self, patience: &mut Duration) -> Result<Option<Bytes>, Stop> {
        loop {
            if let Some(inflating) = &mut self.inflating {
                match inflating.gunzip.read().map_err(Stop::Flawed)? {
                    Inflated::Piece(piece) => return Ok(Some(piece)),
                    Inflated::End => return Ok(None),
                    Inflated::Hungry => {}
                }
            }
            let arrived = self.arrive(patience).await?;
            match &mut self.inflating {
                None => return Ok(arrived),
                Some(inflating) => inflating.feed(arrived)?,
            }
        }
    }

    async fn arrive(&mut self, patience: &mut Duration) -> Result<Option<Bytes>, Stop> {
        loop {
            let asked = Instant::now();
            let read = timeout(*patience, self.answer.chunk())
                .await
                .map_err(|_| Stop::Slow)?;
            *patience = patience.saturating_sub(asked.elapsed());
            match read.map_err(Stop::Broken)? {
                Some(chunk) if chunk.is_empty() => {}
                read => return Ok(read),
            }
        }
    }
}

impl Inflating {
    fn feed(&mut self, arrived: Option<Bytes>) -> Result<(), Stop> {
        let length = arrived.as_ref().map_or(0, Bytes::len) as u64;
        self.room = self
            .room
            .checked_sub(length)
            .ok_or(Stop::TooLarge(self.limit))?;
        self.gunzip.feed(arrived);
        Ok(())
    }
}
