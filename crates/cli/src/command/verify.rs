//! `portolan verify`

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use portolan_acquire::VerificationError;
use portolan_reference::{Digest, OciReference, Pin};
use portolan_verify::{Captured, Policy, Signature, Verified, VerifyError, verify};
use serde::{Deserialize, Serialize};

use crate::args::{Format, VerifyArgs};
use crate::exit::Usage;
use crate::output;
use crate::policy::{policy, read};
use crate::progress::Bar;
use crate::reference;
use crate::session::{Session, now};
use crate::verification::Proof;

#[derive(Debug, Serialize)]
struct Answer {
    /// With `oci://` and the digest that was judged.
    reference: String,
    digest: String,
    #[serde(flatten)]
    proof: Proof,
}

pub(crate) async fn run(
    session: &Session,
    format: Format,
    args: &VerifyArgs,
) -> anyhow::Result<()> {
    let reference = reference::anything(&args.reference)?;
    let kept = kept(args, &reference)?;
    let offline = args.policy.offline || kept.is_some();
    let policy = policy(&args.policy, async || session.trust_root(offline).await).await?;
    let verified = match kept {
        Some((digest, kept)) => judge(&reference, &digest, &policy, kept).await?,
        None => ask(session, &reference, &policy, args).await?,
    };
    let answer = Answer {
        reference: format!("oci://{}", reference.at(verified.digest.clone())),
        digest: verified.digest.to_string(),
        proof: Proof::from(&verified),
    };
    output::answer(format, &answer, |answer| {
        let proof = answer.proof.text(args.verbose);
        format!("Verified {}\n{proof}", answer.reference)
    })
}

/// What the registry has.
async fn ask(
    session: &Session,
    reference: &OciReference,
    policy: &Policy,
    args: &VerifyArgs,
) -> anyhow::Result<Verified> {
    let registry = session.registry(reference.repository().clone())?;
    let bar = Bar::of_steps(&reference.to_string());
    let judged = session
        .acquirer
        .verify(&registry, reference.pin(), policy, now())
        .await?;
    drop(bar);
    if let Some(file) = &args.capture {
        Capture::write(&judged.reference, judged.captured, file)?;
    }
    Ok(judged.verified)
}

/// What the files have that are to be looked at, if any are, and the digest to judge them for.
fn kept(args: &VerifyArgs, reference: &OciReference) -> anyhow::Result<Option<(Digest, Captured)>> {
    if args.captured.is_none() && args.bundles.is_empty() {
        return Ok(None);
    }
    let Pin::Digest(digest) = reference.pin() else {
        return Err(Usage(format!(
            "{reference} names another thing tomorrow: with --bundle or --captured write its digest, as in \
             {}@sha256:…",
            reference.repository()
        ))
        .into());
    };
    if let Some(file) = &args.captured {
        return Ok(Some((digest.clone(), Capture::read(file)?)));
    }
    let bundles = args.bundles.iter().map(|file| {
        let json = read(file)?;
        Ok(Signature::bundle(file.display().to_string(), json))
    });
    let bundles = bundles.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Some((digest.clone(), Captured::new(bundles))))
}

/// Judge without asking anybody.
async fn judge(
    reference: &OciReference,
    digest: &Digest,
    policy: &Policy,
    mut kept: Captured,
) -> anyhow::Result<Verified> {
    let verified = verify(policy, digest, &mut kept, now()).await;
    verified.map_err(|error| match error {
        VerifyError::Refused(refused) => VerificationError::Refused {
            reference: format!("oci://{reference}"),
            refused: Box::new(refused),
        }
        .into(),
        error @ VerifyError::Unavailable { .. } => error.into(),
    })
}

/// What --capture writes: signatures, and what for a reader they are of.
#[derive(Debug, Serialize, Deserialize)]
struct Capture {
    reference: String,
    #[serde(flatten)]
    captured: Captured,
}

impl Capture {
    fn write(reference: &OciReference, captured: Captured, file: &Path) -> anyhow::Result<()> {
        let reference = reference.to_string();
        let json = serde_json::to_vec_pretty(&Self {
            reference,
            captured,
        })?;
        fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))
    }

    fn read(file: &Path) -> anyhow::Result<Captured> {
        let capture: Self = serde_json::from_slice(&read(file)?)
            .with_context(|| format!("{} is not what --capture writes", file.display()))?;
        Ok(capture.captured)
    }
}
