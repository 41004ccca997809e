//! Charts of our own, written down.

use std::io::{self, Write as _};

use portolan_chart::Chart;
use portolan_store::{ObjectKey, Staged, Store};
use tokio::task::JoinError;

use crate::AcquireError;
use crate::error::StoreError;
use crate::make::MakeError;
use crate::pipe::from_writer;
use crate::pull::on_a_thread;

/// Write `chart` as an archive that nobody can see yet.
pub(crate) async fn package(
    chart: Chart,
    store: &Store,
    object: &ObjectKey,
) -> Result<Staged, PackageError> {
    let mut staged = store.stage(object).await.map_err(StoreError::from)?;
    let (mut writer, pieces) = from_writer();
    let writing = on_a_thread(move || {
        chart.write_archive(&mut writer)?;
        writer.flush()
    });
    let storing = async {
        // Owned, so that whoever writes is told when nobody takes the bytes any more.
        let mut pieces = pieces;
        while let Some(piece) = pieces.recv().await {
            staged.write(&piece).await?;
        }
        staged.finish().await
    };
    let (written, stored) = tokio::join!(writing, storing);
    // If the disk refused, that is why writing broke off.
    stored.map_err(StoreError::from)?;
    written
        .map_err(PackageError::Interrupted)?
        .map_err(PackageError::Write)?;
    Ok(staged)
}

/// Why a package could not be written.
#[derive(Debug)]
pub(crate) enum PackageError {
    Store(StoreError),
    Write(io::Error),
    Interrupted(JoinError),
}

impl From<StoreError> for PackageError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<PackageError> for AcquireError {
    fn from(error: PackageError) -> Self {
        match error {
            PackageError::Store(error) => Self::Store(error),
            PackageError::Write(error) => Self::Make(MakeError::Package(error)),
            PackageError::Interrupted(error) => Self::Interrupted(error),
        }
    }
}
