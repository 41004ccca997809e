//! What is kept of where an artifact came from.

use portolan_chart::ChartMetadata;
use portolan_fetch::PinnedChart;
use portolan_store::{Record, Store};

use super::{Acquired, Mismatch};
use crate::error::StoreError;
use crate::look::{Listed, RECORDED_ENTRY, RECORDED_RECIPE, told};
use crate::{Look, Request, Trust};

/// Under these names a record keeps what the archive says about itself, and what was merged into it.
pub(crate) const RECORDED_NAME: &str = "chart.name";
pub(crate) const RECORDED_VERSION: &str = "chart.version";
pub(crate) const RECORDED_VALUES: &str = "values.files";
/// The fingerprint of the policy that this manifest was proven to meet.
pub(crate) const RECORDED_POLICY: &str = "verify.policy";

/// What is known of a file of which `record` tells, if it was made from this very manifest.
pub(super) fn kept(
    request: &Request,
    look: &Look,
    record: &Record,
    pinned: &PinnedChart,
    trust: &Trust,
) -> Option<Acquired> {
    if record.manifest_digest.as_ref() != Some(pinned.manifest_digest())
        || record.revision != look.version()
        || record.source != request.place()
        || told(record, RECORDED_RECIPE) != request.made_by().fingerprint()
    {
        return None;
    }
    let (name, version) = (told(record, RECORDED_NAME), told(record, RECORDED_VERSION));
    Some(Acquired {
        artifact: None,
        manifest_digest: Some(pinned.manifest_digest().clone()),
        trust: trust.clone(),
        mismatch: Mismatch::between(request, look, name, version),
        index_digest: None,
        packaged: !request.made_by().is_empty(),
        values_files: lines(told(record, RECORDED_VALUES)),
        values_emptied: false,
        dependencies: Vec::new(),
        doubtful_locks: Vec::new(),
    })
}

/// Keep with a record which policy its manifest was proven to meet.
pub(super) fn note(record: &mut Record, trust: &Trust) {
    let policy = match trust {
        Trust::NotAsked => return,
        Trust::Verified(verified) => &verified.policy,
        Trust::ProvenBefore { policy, .. } => policy,
    };
    let fingerprints = &mut record.fingerprints;
    fingerprints.insert(RECORDED_POLICY.to_owned(), policy.to_string());
}

/// The same of a file that is in the store already, so that it is not proven again and again.
pub(super) async fn note_proof(
    store: &Store,
    path: &str,
    mut record: Record,
    trust: &Trust,
) -> Result<(), StoreError> {
    if let Trust::Verified(_) = trust {
        note(&mut record, trust);
        store.set_record(path, record).await?;
    }
    Ok(())
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

/// Flux keeps a slash in a chart's name, so the file may lie in a folder of its own.
pub(super) fn stored_name(request: &Request, look: &Look) -> String {
    format!("{}-{}.tgz", request.chart(), look.version())
}

pub(super) fn record(
    request: &Request,
    look: &Look,
    metadata: &ChartMetadata,
    values_files: &[String],
) -> Record {
    let entry = look.entry().map(Listed::fingerprint);
    let fingerprints = [
        (RECORDED_NAME, metadata.name.clone()),
        (RECORDED_VERSION, metadata.version.clone()),
        (RECORDED_ENTRY, entry.unwrap_or_default()),
        (RECORDED_RECIPE, request.made_by().fingerprint()),
        (RECORDED_VALUES, values_files.join("\n")),
    ];
    Record {
        manifest_digest: None,
        source: request.place(),
        revision: look.version().to_owned(),
        fingerprints: fingerprints
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    }
}
