//! `portolan pull`

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use portolan_acquire::Trust;
use serde::Serialize;

use crate::args::{Format, PullArgs};
use crate::exit::Usage;
use crate::output;
use crate::policy::policy;
use crate::progress::Bar;
use crate::reference;
use crate::session::{Session, now};
use crate::verification::Proof;

#[derive(Debug, Serialize)]
struct Answer {
    chart: String,
    version: String,
    repository: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest_digest: Option<String>,
    digest: String,
    size: u64,
    path: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    unpacked: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verification: Option<Proof>,
}

pub(crate) async fn run(session: &Session, format: Format, args: &PullArgs) -> anyhow::Result<()> {
    let mut request = reference::request(session, &args.chart)?;
    if args.require_index_digest {
        request = request.require_index_digest();
    }
    if args.verify {
        let root = async || session.trust_root(args.policy.offline).await;
        request = request.verify(policy(&args.policy, root).await?, now());
    } else if let Some(flag) = args.policy.given() {
        return Err(Usage(format!("{flag} demands nothing without --verify")).into());
    }
    // Created before anything is downloaded: a folder that cannot be written to is told at once.
    fs::create_dir_all(&args.destination)
        .with_context(|| format!("cannot create {}", args.destination.display()))?;
    let bar = Bar::new(request.chart().as_str());
    let look = session.acquirer.look(&request).await?;
    let pulled = session
        .acquirer
        .pull(&request, &look, &args.destination, |progress| {
            bar.follow(progress);
        })
        .await?;
    let unpacked = if args.untar {
        let below = args.untardir.as_deref();
        let folder = below.map_or_else(
            || args.destination.clone(),
            |below| args.destination.join(below),
        );
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Some(session.acquirer.unpack(&pulled, &folder).await?)
    } else {
        None
    };
    drop(bar);
    if let Some(differing) = &pulled.index_digest {
        eprintln!(
            "warning: the index of the repository promises digest {}, but the archive has {}",
            differing.promised, differing.actual
        );
    }
    let answer = Answer {
        chart: pulled.metadata.name.clone(),
        version: look.version().to_owned(),
        repository: request.place(),
        manifest_digest: pulled.manifest_digest.map(|digest| digest.to_string()),
        digest: pulled.digest.to_string(),
        size: pulled.size,
        path: pulled.path,
        unpacked,
        verification: match &pulled.trust {
            Trust::Verified(verified) => Some(Proof::from(verified.as_ref())),
            _ => None,
        },
    };
    output::answer(format, &answer, |answer| {
        let mut text = match &answer.manifest_digest {
            Some(digest) => format!(
                "Pulled: {}:{}\nDigest: {digest}\n",
                answer.repository.trim_start_matches("oci://"),
                answer.version.replace('+', "_"),
            ),
            None => format!(
                "Pulled: {} {} from {}\nDigest: {}\n",
                answer.chart, answer.version, answer.repository, answer.digest
            ),
        };
        // Writing to a string does not fail.
        for signer in answer.verification.iter().flat_map(Proof::signers) {
            let _ = writeln!(text, "Signed: {signer}");
        }
        let _ = writeln!(text, "Saved:  {}", answer.path.display());
        if let Some(folder) = &answer.unpacked {
            let _ = writeln!(text, "Folder: {}", folder.display());
        }
        text
    })
}
