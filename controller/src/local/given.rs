//! Sources of this machine, as the objects that another controller would have made of them.

use std::fs::File;
use std::io::{self, Read as _};
use std::time::Duration;

use portolan_api::{Bucket, whole_seconds};
use portolan_reference::Digest;
use portolan_store::{Address, Artifact, ObjectKey, Record, Store};
use serde_json::{Value, json};
use tracing::warn;

use super::pack::{look, pack};
use super::{LocalSource, SourceError};
use crate::chain::chain;
use crate::cluster::Folder;
use crate::kind::Watched as _;

/// The link to what was stored last, as in Flux.
const LINK: &str = "latest.tar.gz";

/// How often sources are looked at while they are followed.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How many bytes are handed over at a time.
const PIECE: usize = 256 << 10;

/// Store what `source` holds now, as an artifact that can be fetched at `address`. Returns the object.
///
/// # Errors
///
/// If it cannot be read or stored. Nothing has been published then.
pub(super) async fn stored(
    source: &LocalSource,
    store: &Store,
    address: &Address,
) -> Result<Value, SourceError> {
    let path = source.path().to_owned();
    let packing = tokio::task::spawn_blocking(move || pack(&path)).await;
    let packed = packing.map_err(|panic| SourceError::Read(io::Error::other(panic)))?;
    let artifact = publish(source, store, packed.map_err(SourceError::Read)?).await?;
    Ok(object(source, &artifact, address))
}

/// Follow what becomes of `sources` for as long as this is polled. A change counts once everything has
/// looked the same twice in a row. What cannot be read changes nothing, and is told in the log.
pub(super) async fn follow(
    sources: Vec<LocalSource>,
    store: Store,
    address: Address,
    folder: Folder,
) {
    let mut sources: Vec<Followed> = sources.into_iter().map(Followed::new).collect();
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        for followed in &mut sources {
            if !followed.has_changed().await {
                continue;
            }
            match stored(&followed.source, &store, &address).await {
                Ok(object) => folder.give(&object),
                Err(error) => {
                    warn!(source = %followed.source, error = chain(&error), "it could not be read");
                }
            }
        }
    }
}

/// A source, and how it looked.
struct Followed {
    source: LocalSource,
    seen: Option<u64>,
    stored: Option<u64>,
}

impl Followed {
    fn new(source: LocalSource) -> Self {
        Self {
            source,
            seen: None,
            stored: None,
        }
    }

    /// Whether it is worth being read again.
    async fn has_changed(&mut self) -> bool {
        let path = self.source.path().to_owned();
        let looking = tokio::task::spawn_blocking(move || look(&path)).await;
        let Ok(Ok(now)) = looking else {
            return false;
        };
        let is_settled = self.seen.replace(now) == Some(now);
        is_settled && self.stored.replace(now) != Some(now)
    }
}

async fn publish(
    source: &LocalSource,
    store: &Store,
    mut packed: File,
) -> Result<Artifact, SourceError> {
    let key = ObjectKey::new(source.kind(), source.namespace(), source.name())?;
    let mut staged = store.stage(&key).await?;
    loop {
        let reading = tokio::task::spawn_blocking(move || {
            let mut piece = Vec::with_capacity(PIECE);
            let read = packed.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            read.map(|_| (packed, piece))
        });
        let read = reading.await.map_err(io::Error::other);
        let (rest, piece) = read.and_then(|read| read).map_err(SourceError::Read)?;
        if piece.is_empty() {
            break;
        }
        packed = rest;
        staged.write(&piece).await?;
    }
    let digest = staged.finish().await?;
    let record = Record {
        revision: revision(source, &digest),
        ..Record::default()
    };
    let name = format!("{}.tar.gz", digest.hex());
    Ok(store.publish(staged, &name, LINK, record).await?)
}

/// In the shape that the real one has, so that a version made from it looks the same.
fn revision(source: &LocalSource, digest: &Digest) -> String {
    if source.kind() == Bucket::NAME {
        digest.to_string()
    } else {
        format!("local@{digest}")
    }
}

fn object(source: &LocalSource, artifact: &Artifact, address: &Address) -> Value {
    json!({
        "apiVersion": "source.toolkit.fluxcd.io/v1",
        "kind": source.kind(),
        "metadata": { "namespace": source.namespace(), "name": source.name() },
        "status": { "artifact": {
            "digest": artifact.digest.to_string(),
            "lastUpdateTime": whole_seconds(artifact.modified),
            "path": artifact.path,
            "revision": revision(source, &artifact.digest),
            "size": artifact.size,
            "url": address.url(&artifact.path),
        }},
    })
}
