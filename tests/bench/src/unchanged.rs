//! What an unchanged chart costs: its stored file is hashed, and nothing else is read.

use std::time::{Duration, Instant};

use anyhow::Result;
use portolan_kit::ChartArchive;
use portolan_reference::{Algorithm, Digest};
use portolan_store::{ObjectKey, Options, Record, Store};

use crate::table::{Row, title};

pub(crate) fn run() -> Result<()> {
    title("check an unchanged chart");
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let store = Store::open(folder.path(), Options::default())?;
    let key = ObjectKey::new("HelmChart", "bench", "app")?;
    for (name, size) in [("14 KB", 14 << 10), ("10 MB", 10 << 20)] {
        let content = ChartArchive::new("app", "1.0.0").padding(size, 7).build();
        let artifact = runtime.block_on(async {
            let mut staged = store.stage(&key).await?;
            staged.write(&content).await?;
            staged.finish().await?;
            let file = format!("app-{size}.tgz");
            anyhow::Ok(
                store
                    .publish(staged, &file, "latest.tar.gz", Record::default())
                    .await?,
            )
        })?;
        let path = folder.path().join(&artifact.path);
        let ours = mean(|| {
            let checked = runtime.block_on(store.check(&artifact.path, &artifact.digest));
            assert!(matches!(
                checked,
                Ok(portolan_store::Integrity::Intact { .. })
            ));
        });
        let hash = mean(|| {
            let bytes = std::fs::read(&path).unwrap_or_default();
            assert_eq!(Digest::of(Algorithm::Sha256, &bytes), artifact.digest);
        });
        Row {
            what: name,
            unit: "µs",
            ours,
            peer: Some(("read and SHA-256", hash)),
            limit: "ratio 1.1 at 10 MB",
        }
        .print();
    }
    Ok(())
}

/// Microseconds of one call, from as many as fit into half a second.
fn mean(mut call: impl FnMut()) -> f64 {
    call();
    let begin = Instant::now();
    let mut calls = 0_u32;
    while begin.elapsed() < Duration::from_millis(500) {
        call();
        calls += 1;
    }
    begin.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}
