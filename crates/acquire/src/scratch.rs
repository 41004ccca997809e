//! Downloads in files that nobody else can see.

use std::fs::File;
use std::io::{self, Seek as _};

use portolan_fetch::FetchError;
use tokio::task::JoinError;

use crate::bring::Body;
use crate::pipe::to_reader;
use crate::pull::on_a_thread;

/// A download could not be written down.
#[derive(Debug)]
pub(crate) enum ScratchError {
    Write(io::Error),
    Interrupted(JoinError),
}

/// Write what comes to its end into a file without a name, which is gone when it is closed.
pub(crate) async fn to_scratch(body: &mut Body) -> Result<Result<File, ScratchError>, FetchError> {
    let (feed, mut reader) = to_reader();
    let writing = on_a_thread(move || {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut reader, &mut file)?;
        file.rewind()?;
        Ok(file)
    });
    let feeding = async {
        while let Some(piece) = body.chunk().await? {
            if !feed.push(piece).await {
                return Ok(());
            }
        }
        feed.finish().await;
        Ok::<_, FetchError>(())
    };
    let (written, whole) = tokio::join!(writing, feeding);
    whole?;
    Ok(written
        .map_err(ScratchError::Interrupted)
        .and_then(|written| written.map_err(ScratchError::Write)))
}
