//! Judging signatures, beside Sigstore's own libraries for Go and beside the bare signature check.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_real::{Part, part};
use portolan_reference::{Algorithm, Digest};
use portolan_verify::{Identity, Judge, Pattern, Policy, PublicKey, Signature, TrustRoot};
use serde_json::Value;

use crate::measure;
use crate::table::{Row, title};

const KEYED: usize = 10_000;
const KEYLESS: usize = 1_000;
const ISSUER: &str = "http://127.0.0.1:22010/email";
const SUBJECT: &str = "alice@example.com";
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

pub(crate) fn run() -> Result<()> {
    let tagged = fixture("tag-key-p256a-no-log");
    let (payload, signature) = (tagged.join("sig-0.payload.json"), signature_of(&tagged)?);
    let key = data().join("keys/p256a.pub");
    let keyed = [&key, &payload].map(|path| path.display().to_string());
    let bundle = fixture("bundle-keyless-rekor1-timestamp");
    let digest = digest_of(&bundle)?;
    let keyless = [
        data().join("trusted_root.json"),
        bundle.join("bundle-0.sigstore.json"),
    ];
    let keyless = keyless.map(|path| path.display().to_string());
    let program = std::env::current_exe()?;
    let times =
        |act: &str, count: usize| ["verify-act".to_owned(), act.to_owned(), count.to_string()];
    let start = measure::command(&program, &times("bare", 0), 5)?;
    let bare = measure::command(&program, &times("bare", KEYED), 3)?;
    let raw = 1000.0 * KEYED as f64 / (bare.cpu_ms - start.cpu_ms);
    let limit = format!("{:.3} (the bare check, P-256)", 1000.0 / raw);
    let [key, payload] = keyed;
    let [root, bundle] = keyless;
    let acts: [(&str, usize, Vec<String>, &str); 2] = [
        ("keyed", KEYED, vec![key, payload, signature], &limit),
        (
            "keyless",
            KEYLESS,
            vec![
                root,
                bundle,
                digest.hex().to_owned(),
                ISSUER.into(),
                SUBJECT.into(),
            ],
            "6–7 bare checks",
        ),
    ];
    for (act, count, more, limit) in acts {
        title(&format!("judge {count} signatures, {act}, one core"));
        let start = measure::command(&program, &times(act, 0), 5)?;
        let ours = measure::command(&program, &times(act, count), 3)?;
        let mut asked = vec![act.to_owned(), "0".to_owned()];
        asked.extend(more);
        let started = measure::command(&part(Part::SignaturePeer), &asked, 5)?;
        asked[1] = count.to_string();
        let peer = measure::command(&part(Part::SignaturePeer), &asked, 3)?;
        let each = |all: f64, none: f64| (all - none) / count as f64;
        let ours_each = each(ours.cpu_ms, start.cpu_ms);
        let row = |what, unit, ours, peer, limit| {
            let peer = Some(("Sigstore's Go libraries", peer));
            Row {
                what,
                unit,
                ours,
                peer,
                limit,
            }
            .print();
        };
        let peer_each = each(peer.cpu_ms, started.cpu_ms);
        row("CPU per judgement", "ms", ours_each, peer_each, limit);
        row(
            "judgements a second",
            "1",
            1000.0 / ours_each,
            1000.0 / peer_each,
            "",
        );
        row(
            "peak memory",
            "MiB",
            ours.rss_mib,
            peer.rss_mib,
            "the program",
        );
        row(
            "start: trust root, keys",
            "ms",
            start.cpu_ms,
            started.cpu_ms,
            "",
        );
    }
    if let Some(rate) = openssl_rate()? {
        println!("\nopenssl speed ecdsap256: {rate:.0} checks a second; ours bare: {raw:.0}");
    }
    Ok(())
}

/// Judge the same signature over and over in a process of its own.
pub(crate) fn act(act: &str, count: usize) -> Result<()> {
    let (policy, signature, digest) = match act {
        "bare" => return bare(count),
        "keyed" => keyed()?,
        "keyless" => keyless()?,
        other => bail!("there is no act `{other}`"),
    };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    for _ in 0..count {
        let mut judge = Judge::new(policy.clone(), digest.clone(), now);
        judge.consider(&signature);
        judge.finish()?;
    }
    Ok(())
}

fn keyed() -> Result<(Policy, Signature, Digest)> {
    let folder = fixture("tag-key-p256a-no-log");
    let key = PublicKey::parse("p256a.pub", &fs::read(data().join("keys/p256a.pub"))?)?;
    let policy = Policy::builder().key(key).require_log(false).build()?;
    let payload = fs::read(folder.join("sig-0.payload.json"))?;
    let annotations = [(SIGNATURE.to_owned(), signature_of(&folder)?)];
    let signature = Signature::simple_signing("layer 0", payload, annotations);
    Ok((policy, signature, digest_of(&folder)?))
}

fn keyless() -> Result<(Policy, Signature, Digest)> {
    let folder = fixture("bundle-keyless-rekor1-timestamp");
    let root = TrustRoot::parse(&fs::read(data().join("trusted_root.json"))?)?;
    let identity = Identity::new(Pattern::exact(ISSUER), Pattern::exact(SUBJECT));
    let policy = Policy::builder()
        .identity(identity)
        .trust_root(root)
        .build()?;
    let json = fs::read(folder.join("bundle-0.sigstore.json"))?;
    Ok((
        policy,
        Signature::bundle("bundle", json),
        digest_of(&folder)?,
    ))
}

/// Nothing but the check of a signature.
fn bare(count: usize) -> Result<()> {
    let pem = fs::read_to_string(data().join("keys/p256a.pub"))?;
    let der: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let folder = fixture("tag-key-p256a-no-log");
    let payload = fs::read(folder.join("sig-0.payload.json"))?;
    let signature = STANDARD.decode(signature_of(&folder)?)?;
    let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, STANDARD.decode(der)?)?;
    for _ in 0..count {
        ensure!(
            key.verify_sig(&payload, &signature).is_ok(),
            "the fixture is signed"
        );
    }
    Ok(())
}

/// What OpenSSL says of itself, if it is there.
fn openssl_rate() -> Result<Option<f64>> {
    let Some(openssl) = measure::peer("openssl") else {
        return Ok(None);
    };
    let speed = ["speed", "-seconds", "2", "-mr", "ecdsap256"];
    let output = std::process::Command::new(openssl).args(speed).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    // "+F4:<number>:<bits>:<signatures a second>:<checks a second>"
    let line = text.lines().find_map(|line| line.strip_prefix("+F4:"));
    let rate = line.and_then(|line| line.rsplit(':').next());
    Ok(rate.and_then(|text| text.trim().parse().ok()))
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/verify/tests/data/sigstore")
}

fn fixture(name: &str) -> PathBuf {
    data().join("genuine").join(name)
}

fn digest_of(folder: &Path) -> Result<Digest> {
    Ok(Digest::of(
        Algorithm::Sha256,
        &fs::read(folder.join("subject.json"))?,
    ))
}

fn signature_of(folder: &Path) -> Result<String> {
    let manifest: Value = serde_json::from_slice(&fs::read(folder.join("sig.manifest.json"))?)?;
    let signature = manifest["layers"][0]["annotations"][SIGNATURE].as_str();
    Ok(signature.context("the layer is signed")?.to_owned())
}
