//! Bring what was chosen.

use std::io::BufReader;

use portolan_chart::{ChartMetadata, check_archive};
use portolan_fetch::{Blob, ChartSource, OciChartSource, PinnedChart};
use portolan_reference::{Digest, Version};
use portolan_store::{Artifact, ObjectKey, Record, Staged, Store};

use crate::error::StoreError;
use crate::pull::on_a_thread;
use crate::{AcquireError, Acquirer, Look, Request, Trust};

/// What a chart's artifact is published as besides its own name.
const LINK: &str = "latest.tar.gz";
/// Under these names a record keeps what the archive says about itself.
const RECORDED_NAME: &str = "chart.name";
const RECORDED_VERSION: &str = "chart.version";

/// A chart that lies in the store.
#[derive(Debug, Clone)]
pub struct Acquired {
    /// The file that was stored. `None` when the one that is held is still what the registry offers,
    /// so that only the manifest had to be asked for.
    pub artifact: Option<Artifact>,
    /// The digest of the manifest that was pinned; everything else follows from it.
    pub manifest_digest: Digest,
    /// Who vouches for it.
    pub trust: Trust,
    /// What the archive says about itself, where that is not what was asked for.
    pub mismatch: Option<Mismatch>,
}

/// An archive that calls itself something else than what it was offered as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The name in its `Chart.yaml`.
    pub name: String,
    /// The version in its `Chart.yaml`.
    pub version: String,
}

impl Mismatch {
    /// Compare what was asked for with what came. A `v` in front and build metadata are no
    /// difference: tags cannot always be written as the version is.
    fn between(request: &Request, look: &Look, name: &str, version: &str) -> Option<Self> {
        let asked = request.chart().as_str();
        let asked = asked.rsplit_once('/').map_or(asked, |(_, last)| last);
        let same_version = match (Version::loose(look.version()), Version::loose(version)) {
            (Ok(asked), Ok(inside)) => asked == inside,
            _ => look.version() == version,
        };
        (name != asked || !same_version).then(|| Self {
            name: name.to_owned(),
            version: version.to_owned(),
        })
    }
}

impl Acquirer {
    /// Bring the version that [`look`](Self::look) chose into `store`, as an artifact of `object`.
    ///
    /// The manifest is asked for once, by tag; from then on its digest decides, and nobody says the
    /// tag again. `held` is the path of a file in the store that the caller has found intact in this
    /// same pass: if it is recorded to come from that very manifest it stays, and nothing is
    /// downloaded.
    ///
    /// # Errors
    ///
    /// [`AcquireError`]. Nothing of what was downloaded has been published, and what was published
    /// before is as it was.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future removes what was staged. A publish that has begun is finished.
    pub async fn acquire(
        &self,
        request: &Request,
        look: &Look,
        store: &Store,
        object: &ObjectKey,
        held: Option<&str>,
    ) -> Result<Acquired, AcquireError> {
        let pull = |error| AcquireError::pull(request, look, error);
        let (source, pinned) = self.pin(request, look).await?;
        if let Some(path) = held
            && let Some(kept) = kept(request, look, store, path, &pinned).await
        {
            return Ok(kept);
        }
        let trust = Trust::NotAsked;
        let blob = opened(&source, &pinned, &trust).await.map_err(pull)?;
        let mut staged = store.stage(object).await.map_err(StoreError::from)?;
        fill(&mut staged, blob).await?.map_err(pull)?;
        staged.finish().await.map_err(StoreError::from)?;
        let metadata = self.metadata(look, request, &staged).await?;
        let record = record(request, look, &pinned, &metadata);
        let artifact = store
            .publish(staged, &stored_name(request, look), LINK, record)
            .await
            .map_err(StoreError::from)?;
        Ok(Acquired {
            artifact: Some(artifact),
            manifest_digest: pinned.manifest_digest().clone(),
            trust,
            mismatch: Mismatch::between(request, look, &metadata.name, &metadata.version),
        })
    }

    /// Ask for the manifest, once and by tag. From here on its digest decides.
    pub(crate) async fn pin(
        &self,
        request: &Request,
        look: &Look,
    ) -> Result<(OciChartSource, PinnedChart), AcquireError> {
        let remote = request.remote().await.map_err(AcquireError::Credential)?;
        let source = OciChartSource::new(self.registry.clone(), remote);
        let pinned = source.pin(request.chart(), look.version()).await;
        let pinned = pinned.map_err(|error| AcquireError::pull(request, look, error))?;
        Ok((source, pinned))
    }

    /// Read the staged archive from end to end, so that nothing is published which Helm would refuse.
    async fn metadata(
        &self,
        look: &Look,
        request: &Request,
        staged: &Staged,
    ) -> Result<ChartMetadata, AcquireError> {
        let file = staged.reader().map_err(StoreError::from)?;
        let limits = self.limits.chart;
        on_a_thread(move || check_archive(BufReader::new(file), &limits))
            .await?
            .map_err(|source| AcquireError::chart(request, look, source))
    }
}

/// Open the pinned layer. Whoever calls this has decided about trust, and says so.
pub(crate) async fn opened(
    source: &OciChartSource,
    pinned: &PinnedChart,
    trust: &Trust,
) -> Result<Blob, portolan_fetch::FetchError> {
    match trust {
        Trust::NotAsked => source.open_unchecked(pinned).await,
    }
}

/// Write a blob to its end. The blob itself fails unless size and digest are right.
async fn fill(
    staged: &mut Staged,
    mut blob: Blob,
) -> Result<Result<(), portolan_fetch::FetchError>, StoreError> {
    loop {
        match blob.chunk().await {
            Ok(Some(chunk)) => staged.write(&chunk).await?,
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}

/// What is known of the file at `path`, if it was made from this very manifest.
async fn kept(
    request: &Request,
    look: &Look,
    store: &Store,
    path: &str,
    pinned: &PinnedChart,
) -> Option<Acquired> {
    let record = store.record(path).await?;
    if record.manifest_digest.as_ref() != Some(pinned.manifest_digest())
        || record.revision != look.version()
        || record.source != request.place()
    {
        return None;
    }
    let told = |key| record.fingerprints.get(key).map_or("", String::as_str);
    Some(Acquired {
        artifact: None,
        manifest_digest: pinned.manifest_digest().clone(),
        trust: Trust::NotAsked,
        mismatch: Mismatch::between(request, look, told(RECORDED_NAME), told(RECORDED_VERSION)),
    })
}

/// Flux keeps a slash in a chart's name, so the file may lie in a folder of its own.
fn stored_name(request: &Request, look: &Look) -> String {
    format!("{}-{}.tgz", request.chart(), look.version())
}

fn record(
    request: &Request,
    look: &Look,
    pinned: &PinnedChart,
    metadata: &ChartMetadata,
) -> Record {
    Record {
        manifest_digest: Some(pinned.manifest_digest().clone()),
        source: request.place(),
        revision: look.version().to_owned(),
        fingerprints: [
            (RECORDED_NAME.to_owned(), metadata.name.clone()),
            (RECORDED_VERSION.to_owned(), metadata.version.clone()),
        ]
        .into(),
    }
}
