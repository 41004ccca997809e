//! You want to know what durability costs on your disk: artifacts published one after the other
//! (each flushes its own file and folder), many at a time (together), and files flushed one by one
//! without a store.
//!
//! ```sh
//! cargo run --release -p portolan-store --example publish_many -- /data/scratch 14336 64
//! ```
//!
//! What it wrote stays: ext4 looks long for a free inode among those deleted a moment ago, which
//! would be measured instead.

#![expect(clippy::print_stdout, reason = "it tells what it measured")]

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portolan_store::{ObjectKey, Options, Record, Store};
use tokio::task::JoinSet;
use tokio::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(arguments.next().ok_or("the folder is missing")?);
    let size: usize = arguments.next().ok_or("the size is missing")?.parse()?;
    let number: u32 = arguments.next().ok_or("the number is missing")?.parse()?;
    for round in 0..5 {
        let folder = root.join(round.to_string());
        fs::create_dir_all(&folder)?;
        let bytes = vec![u8::try_from(round)?; size];
        let alone = alone(&folder.join("alone"), &bytes, number).await?;
        let together = together(&folder.join("together"), &bytes, number).await?;
        let files = one_by_one(&folder.join("files"), &bytes, number)?;
        println!(
            "{number} of {size} B, µs each: one after the other {}, at once {}, plain files {}",
            each(alone, number),
            each(together, number),
            each(files, number),
        );
    }
    Ok(())
}

fn each(all: Duration, number: u32) -> u128 {
    (all / number.max(1)).as_micros()
}

fn open(root: &Path) -> Outcome<Store> {
    fs::create_dir_all(root)?;
    Ok(Store::open(root, Options::default())?)
}

async fn alone(root: &Path, bytes: &[u8], number: u32) -> Outcome<Duration> {
    let store = open(root)?;
    let start = Instant::now();
    for index in 0..number {
        publish(&store, bytes, index).await?;
    }
    Ok(start.elapsed())
}

async fn together(root: &Path, bytes: &[u8], number: u32) -> Outcome<Duration> {
    let store = open(root)?;
    let start = Instant::now();
    let mut running = JoinSet::new();
    for index in 0..number {
        let (store, bytes) = (store.clone(), bytes.to_vec());
        running.spawn(async move { publish(&store, &bytes, index).await });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(start.elapsed())
}

async fn publish(store: &Store, bytes: &[u8], index: u32) -> Outcome<()> {
    let key = ObjectKey::new("HelmChart", "example", &format!("app-{index}"))?;
    let mut staged = store.stage(&key).await?;
    staged.write(bytes).await?;
    let published = store.publish(staged, "app-1.0.0.tgz", "latest.tar.gz", Record::default());
    published.await?;
    Ok(())
}

fn one_by_one(root: &Path, bytes: &[u8], number: u32) -> Outcome<Duration> {
    let start = Instant::now();
    for index in 0..number {
        let folder = root.join(index.to_string());
        fs::create_dir_all(&folder)?;
        let staged = folder.join("staged");
        let mut file = File::create(&staged)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(staged, folder.join("app-1.0.0.tgz"))?;
        File::open(&folder)?.sync_all()?;
        File::open(root)?.sync_all()?;
    }
    Ok(start.elapsed())
}
