//! Downloads in files that nobody else can see.

use std::fs::File;
use std::io::{self, Seek as _, Write as _};

use portolan_fetch::FetchError;
use tokio::task::JoinError;

use crate::bring::Body;
use crate::pull::on_a_thread;

/// How much is gathered before it is written, in bytes.
const PIECE: usize = 256 << 10;

/// A download could not be written down.
#[derive(Debug)]
pub(crate) enum ScratchError {
    Write(io::Error),
    Interrupted(JoinError),
}

/// Write what comes to its end into a file without a name, which is gone when it is closed.
///
/// No thread waits for the network: each is taken for as long as a piece is written.
pub(crate) async fn to_scratch(body: &mut Body) -> Result<Result<File, ScratchError>, FetchError> {
    let mut file = match disk(tempfile::tempfile).await {
        Ok(file) => file,
        Err(error) => return Ok(Err(error)),
    };
    let mut gathered = Vec::with_capacity(PIECE);
    loop {
        let chunk = body.chunk().await?;
        let is_whole = chunk.is_none();
        gathered.extend_from_slice(&chunk.unwrap_or_default());
        if !is_whole && gathered.len() < PIECE {
            continue;
        }
        let write = move || {
            file.write_all(&gathered)?;
            if is_whole {
                file.rewind()?;
            }
            gathered.clear();
            Ok((file, gathered))
        };
        match disk(write).await {
            Ok((file, _)) if is_whole => return Ok(Ok(file)),
            Ok(written) => (file, gathered) = written,
            Err(error) => return Ok(Err(error)),
        }
    }
}

async fn disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ScratchError> {
    let done = on_a_thread(work).await.map_err(ScratchError::Interrupted)?;
    done.map_err(ScratchError::Write)
}
