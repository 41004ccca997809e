//! You have the public keys of two people who release charts, and take nothing that both have not signed.
//!
//! ```console
//! $ cargo run --example verify_before_unpacking
//! ```

use std::time::SystemTime;

use anyhow::{Context as _, Result};
use portolan_acquire::{AcquireError, Acquirer, Limits, PullError, Request};
use portolan_auth::Transport;
use portolan_kit::{CosignKey, Registry, chart_archive};
use portolan_verify::{Policy, PublicKey};

#[tokio::main]
async fn main() -> Result<()> {
    let registry = Registry::start().await;
    let (alice, bob) = (CosignKey::generate(), CosignKey::generate());

    // One of them has released it. `cosign sign --key alice.key` leaves what this leaves.
    let archive = chart_archive("podinfo", "6.5.1");
    let manifest = registry.push_chart("charts/podinfo", &archive, "6.5.1");
    registry.sign_with_bundle("charts/podinfo", &manifest, &alice);

    // Both have to agree. There is no log, as the keys have never been anywhere else.
    let policy = Policy::builder()
        .key(PublicKey::parse(
            "alice.pub",
            alice.public_pem().as_bytes(),
        )?)
        .key(PublicKey::parse("bob.pub", bob.public_pem().as_bytes())?)
        .required(2)
        .require_log(false)
        .build()?;

    let acquirer = Acquirer::new(Transport::builder().build()?, Limits::default());
    let charts = format!("{}/charts", registry.address()).parse()?;
    let wanted = Request::new(charts, "podinfo".parse()?, "6.5.1")
        .allow_plain_http()
        .verify(policy, SystemTime::now());
    let look = acquirer.look(&wanted).await?;
    let here = tempfile::tempdir()?;

    // Not one byte of the chart is asked for.
    let refused = acquirer.pull(&wanted, &look, here.path(), |_| {}).await;
    let Err(PullError::Acquire(AcquireError::Verification(refused))) = refused else {
        anyhow::bail!("one signature was enough");
    };
    let why = refused.refused().context("everything was looked at")?;
    println!("{refused}: {why}");

    // In the older format, which counts as much.
    registry.sign_with_tag("charts/podinfo", &manifest, &bob);
    let pulled = acquirer.pull(&wanted, &look, here.path(), |_| {}).await?;
    println!(
        "{} {} is in {}",
        pulled.metadata.name,
        pulled.metadata.version,
        pulled.path.display()
    );
    if let portolan_acquire::Trust::Verified(proof) = pulled.trust {
        for signature in &proof.signatures {
            println!("signed by {} ({})", signature.signer, signature.format);
        }
    }
    Ok(())
}
