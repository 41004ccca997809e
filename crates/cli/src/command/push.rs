//! `portolan push`

use serde::Serialize;

use crate::args::{Format, PushArgs};
use crate::output;
use crate::reference;
use crate::session::{Session, now};

#[derive(Debug, Serialize)]
struct Answer {
    chart: String,
    version: String,
    reference: String,
    manifest_digest: String,
}

pub(crate) async fn run(session: &Session, format: Format, args: &PushArgs) -> anyhow::Result<()> {
    let base = reference::destination(&args.remote)?;
    let registry = session.registry(base)?;
    let now = now();
    let pushed = session.acquirer.push(&args.chart, &registry, now).await?;
    let answer = Answer {
        chart: pushed.metadata.name.clone(),
        version: pushed.metadata.version.clone(),
        reference: pushed.reference.to_string(),
        manifest_digest: pushed.digest.to_string(),
    };
    output::answer(format, &answer, |answer| {
        format!(
            "Pushed: {}\nDigest: {}\n",
            answer.reference, answer.manifest_digest
        )
    })
}
