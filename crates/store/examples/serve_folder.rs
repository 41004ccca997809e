//! You have a storage folder and want its artifacts served, as a cluster would see them.
//!
//! ```sh
//! cargo run -p portolan-store --example serve_folder -- /data 127.0.0.1:9090
//! ```
//!
//! With a third argument, a number of bytes, an artifact of that size is published first; with
//! several, several.

#![expect(clippy::print_stdout, reason = "it tells where the artifacts are")]

use std::error::Error;
use std::path::PathBuf;

use portolan_store::{Address, ObjectKey, Options, Record, Store, serve};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let root = PathBuf::from(arguments.next().ok_or("the storage folder is missing")?);
    let address = arguments.next().ok_or("the address is missing")?;
    let store = Store::open(&root, Options::default())?;
    let urls = Address::of_listener(&address, portolan_store::host_name)?;
    for size in arguments {
        let key = ObjectKey::new("HelmChart", "example", &format!("bytes-{size}"))?;
        let mut staged = store.stage(&key).await?;
        staged.write(&content(size.parse()?)).await?;
        let published = store.publish(
            staged,
            "example-1.0.0.tgz",
            "latest.tar.gz",
            Record::default(),
        );
        let artifact = published.await?;
        println!("{}  {}", urls.url(&artifact.path), artifact.digest);
    }
    let listener = TcpListener::bind(&address).await?;
    serve(listener, store, async {
        let _ = tokio::signal::ctrl_c().await;
    })
    .await?;
    Ok(())
}

/// Bytes that do not compress, the same each time.
fn content(size: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(size).collect()
}
