//! You have a private registry, and want one chart on disk.
//!
//! ```console
//! $ cargo run --example pull_one_chart
//! ```

use std::sync::Arc;

use anyhow::Result;
use portolan_acquire::{Acquirer, Limits, Request};
use portolan_auth::{DockerConfig, FromDockerConfig, KeyMatching, Transport};
use portolan_kit::{Registry, chart_archive};
use portolan_reference::OciRepository;

#[tokio::main]
async fn main() -> Result<()> {
    // A registry that wants to know who you are, with two versions of a chart.
    let registry = Registry::builder().basic_auth("me", "s3cret").start().await;
    for version in ["6.5.0", "6.5.1", "7.0.0-rc.1"] {
        registry.push_chart(
            "charts/podinfo",
            &chart_archive("podinfo", version),
            version,
        );
    }

    // `docker login` leaves such a file in ~/.docker/config.json.
    let config = format!(
        r#"{{ "auths": {{ "{}": {{ "username": "me", "password": "s3cret" }} }} }}"#,
        registry.address()
    );
    let config = DockerConfig::parse(config.as_bytes())?;

    // One per process: it keeps connections, tokens and limits.
    let acquirer = Acquirer::new(Transport::builder().build()?, Limits::default());

    // Which version is that? Nothing has been downloaded yet.
    let charts: OciRepository = format!("{}/charts", registry.address()).parse()?;
    let wanted = Request::new(charts, "podinfo".parse()?, "~6.5")
        .credentials(Arc::new(FromDockerConfig::new(config, KeyMatching::Scoped)))
        .allow_plain_http();
    let look = acquirer.look(&wanted).await?;
    println!("~6.5 is {} today", look.version());

    // The archive is there under its name once every byte of it has been checked, and not before.
    let here = tempfile::tempdir()?;
    let pulled = acquirer
        .pull(&wanted, &look, here.path(), |progress| {
            println!("{} bytes", progress.received);
        })
        .await?;
    println!(
        "{} {} is in {}",
        pulled.metadata.name,
        pulled.metadata.version,
        pulled.path.display()
    );
    if let Some(digest) = pulled.manifest_digest {
        println!("its manifest is {digest}");
    }
    Ok(())
}
