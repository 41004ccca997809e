//! An answer being read.

use std::time::Duration;

use bytes::Bytes;
use portolan_auth::{Response, SendError};
use tokio::time::{Instant, timeout};

/// The body of an answer, on its way.
pub(crate) struct Transfer {
    answer: Response,
}

/// Why no more can be read.
pub(crate) enum Stop {
    /// `patience` is used up.
    Slow,
    Broken(SendError),
}

impl Transfer {
    pub(crate) fn new(answer: Response) -> Self {
        Self { answer }
    }

    /// The next piece that is not empty. The time it takes is taken off `patience`; the time that the
    /// receiver takes between two pieces is not.
    pub(crate) async fn read(&mut self, patience: &mut Duration) -> Result<Option<Bytes>, Stop> {
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
