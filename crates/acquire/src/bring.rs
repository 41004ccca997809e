//! Bring what was chosen.

mod package;
mod promise;
mod record;

use std::io::BufReader;

use bytes::Bytes;
use portolan_chart::{ChartMetadata, check_archive, read_chart, tag_for_version};
use portolan_fetch::{
    Blob, ChartSource, Download, FetchError, OciChartSource, PinnedChart, Validators,
};
use portolan_reference::{Algorithm, Digest, Hasher, Version};
use portolan_store::{Artifact, ObjectKey, Record, Staged, Store};

use self::record::{kept, note, note_proof, record, stored_name};
use crate::error::StoreError;
use crate::look::is_proven;
use crate::make::{InChart, MakeError, ValuesMade, make, merge};
use crate::pull::on_a_thread;
use crate::{
    AcquireError, Acquirer, ChartRepository, Look, Registry, Repository, Request, Taken, Trust,
    VerificationError,
};

pub(crate) use self::package::{PackageError, package};
pub use self::promise::IndexDigest;
pub(crate) use self::promise::{Promise, check_index_digest};
pub(crate) use self::record::{RECORDED_NAME, RECORDED_POLICY, RECORDED_VALUES, RECORDED_VERSION};

/// What a chart's artifact is published as besides its own name.
pub(crate) const LINK: &str = "latest.tar.gz";

/// A chart that lies in the store.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Acquired {
    /// The file that was stored. `None` when the one that is held is still what the registry offers,
    /// so that only the manifest had to be asked for.
    pub artifact: Option<Artifact>,
    /// The digest of the manifest that was pinned, for a chart from a registry; everything else
    /// follows from it.
    pub manifest_digest: Option<Digest>,
    /// Who vouches for it.
    pub trust: Trust,
    /// What the archive says about itself, where that is not what was asked for.
    pub mismatch: Option<Mismatch>,
    /// What the index promised and what came, where these differ.
    pub index_digest: Option<IndexDigest>,
    /// Whether the artifact is a package of our own rather than the bytes as they were published.
    pub packaged: bool,
    /// The values files that were merged, in order; none if they changed nothing.
    pub values_files: Vec<String>,
    /// Whether the chart lost its own values just now because none of the values files is there.
    pub values_emptied: bool,
    /// The charts that were built into it, and where each was taken from.
    pub dependencies: Vec<Taken>,
    /// The paths in the source of charts whose lock file has the digest of something else. Every line
    /// of it fits what is required, so it was followed.
    pub doubtful_locks: Vec<String>,
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
        let same_version = match (Version::loose(look.offered()), Version::loose(version)) {
            (Ok(asked), Ok(inside)) => asked == inside,
            _ => look.offered() == version,
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
    /// From a registry, the manifest is asked for once, by tag; from then on its digest decides, and
    /// nobody says the tag again. `held` is the path of a file in the store that the caller has found
    /// intact in this same pass: if it is recorded to come from that very manifest it stays, and
    /// nothing is downloaded. From a chart repository the archive is downloaded from where the index
    /// says.
    ///
    /// A chart with an empty [`Recipe`](crate::Recipe) keeps its bytes. Another is packaged anew, and
    /// equal input gives equal bytes.
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
        let opened = match request.origin() {
            Repository::Registry(registry) => {
                let pin = self.pin(registry, request, look).await?;
                let held = match held {
                    Some(path) => store.record(path).await.map(|record| (path, record)),
                    None => None,
                };
                let trust = self
                    .trust(request, &pin, held.as_ref().map(|(_, held)| held))
                    .await?;
                if let Some((path, record)) = held
                    && let Some(kept) = kept(request, look, &record, &pin.pinned, &trust)
                {
                    note_proof(store, path, record, &trust).await?;
                    return Ok(kept);
                }
                self.open_layer(request, look, pin, trust).await?
            }
            Repository::Charts(charts) => self.open_listed(charts, request, look).await?,
        };
        let Opened {
            mut body,
            pinned,
            trust,
        } = opened;
        let mut staged = store.stage(object).await.map_err(StoreError::from)?;
        // An index knows no other algorithm, and hashing is not done twice for one that is known.
        let by_store = store.options().algorithm == Algorithm::Sha256;
        let mut hasher =
            (look.entry().is_some() && !by_store).then(|| Hasher::new(Algorithm::Sha256));
        fill(&mut staged, &mut body, hasher.as_mut())
            .await?
            .map_err(|error| AcquireError::fetching(request, look, error))?;
        let digest = staged.finish().await.map_err(StoreError::from)?;
        let actual = hasher.map_or(digest, Hasher::finish);
        let index_digest = check_index_digest(request, look, &actual)?;
        let (made, metadata) = self.made(request, look, staged, store, object).await?;
        let (staged, values) = (made.staged, made.values);
        let mismatch = Mismatch::between(request, look, &metadata.name, &metadata.version);
        let mut record = record(request, look, &metadata, &values.files);
        let manifest_digest = pinned.map(|pinned| pinned.manifest_digest().clone());
        record.manifest_digest.clone_from(&manifest_digest);
        note(&mut record, &trust);
        let artifact = store
            .publish(staged, &stored_name(request, look), LINK, record)
            .await
            .map_err(StoreError::from)?;
        Ok(Acquired {
            artifact: Some(artifact),
            manifest_digest,
            trust,
            mismatch,
            index_digest,
            packaged: !request.made_by().is_empty(),
            values_files: values.files,
            values_emptied: values.emptied,
            dependencies: Vec::new(),
            doubtful_locks: Vec::new(),
        })
    }

    /// Ask for the manifest, once and by tag. From here on its digest decides.
    pub(crate) async fn pin(
        &self,
        registry: &Registry,
        request: &Request,
        look: &Look,
    ) -> Result<Pin, AcquireError> {
        let remote = registry.for_chart(request.chart()).await;
        let remote = remote.map_err(AcquireError::Credential)?;
        let source = OciChartSource::new(self.registry.clone(), remote);
        let pinned = source.pin(request.chart(), look.offered()).await;
        let pinned = pinned.map_err(|error| match request.policy() {
            Some(_) => VerificationError::Resolve {
                reference: format!("{}:{}", request.place(), tag_for_version(look.offered())),
                source: Box::new(error),
            }
            .into(),
            None => AcquireError::pull(request, look, error),
        })?;
        Ok(Pin { source, pinned })
    }

    /// Find out who vouches for what is pinned. `held` is recorded of a file in the store: what it
    /// shows to be proven already is not asked again.
    async fn trust(
        &self,
        request: &Request,
        pin: &Pin,
        held: Option<&Record>,
    ) -> Result<Trust, AcquireError> {
        let Some((policy, now)) = request.judged() else {
            return Ok(Trust::NotAsked);
        };
        let digest = pin.pinned.manifest_digest();
        let proven = held.is_some_and(|held| {
            held.manifest_digest.as_ref() == Some(digest) && is_proven(held, request)
        });
        if proven {
            return Ok(Trust::ProvenBefore {
                digest: digest.clone(),
                policy: policy.fingerprint().clone(),
            });
        }
        let repository = pin.source.remote(request.chart());
        let repository = repository.map_err(|source| VerificationError::Resolve {
            reference: request.place(),
            source: Box::new(source),
        })?;
        let proof = self
            .prove(&repository, &request.place(), digest, policy, *now)
            .await?;
        Ok(Trust::Verified(Box::new(proof)))
    }

    /// Open what was chosen, wherever it comes from.
    pub(crate) async fn open(
        &self,
        request: &Request,
        look: &Look,
    ) -> Result<Opened, AcquireError> {
        match request.origin() {
            Repository::Registry(registry) => {
                let pin = self.pin(registry, request, look).await?;
                let trust = self.trust(request, &pin, None).await?;
                self.open_layer(request, look, pin, trust).await
            }
            Repository::Charts(charts) => self.open_listed(charts, request, look).await,
        }
    }

    async fn open_layer(
        &self,
        request: &Request,
        look: &Look,
        pin: Pin,
        trust: Trust,
    ) -> Result<Opened, AcquireError> {
        let Pin { source, pinned } = pin;
        if !trust.covers(pinned.manifest_digest(), request.policy()) {
            return Err(AcquireError::Untrusted {
                reference: format!("{}@{}", request.place(), pinned.manifest_digest()),
            });
        }
        let blob = source.open_unchecked(&pinned).await;
        let blob = blob.map_err(|error| AcquireError::pull(request, look, error))?;
        Ok(Opened {
            body: blob.into(),
            pinned: Some(pinned),
            trust,
        })
    }

    /// Ask for the archive where the index says that it is.
    async fn open_listed(
        &self,
        charts: &ChartRepository,
        request: &Request,
        look: &Look,
    ) -> Result<Opened, AcquireError> {
        if request.policy().is_some() {
            let repository = request.place();
            return Err(VerificationError::NoRegistry { repository }.into());
        }
        let url = look.entry().and_then(|entry| entry.url.as_deref());
        let url = url.ok_or_else(|| AcquireError::NoUrl {
            chart: request.chart().clone(),
        })?;
        let download = self.charts.chart(&charts.remote(), url).await;
        Ok(Opened {
            body: download.map_err(AcquireError::Download)?.into(),
            pinned: None,
            trust: Trust::NotAsked,
        })
    }

    /// Check what was downloaded from end to end, so that nothing is published which Helm would
    /// refuse, and make of it what the recipe says.
    async fn made(
        &self,
        request: &Request,
        look: &Look,
        staged: Staged,
        store: &Store,
        object: &ObjectKey,
    ) -> Result<(Made, ChartMetadata), AcquireError> {
        let file = BufReader::new(staged.reader().map_err(StoreError::from)?);
        let limits = self.limits.chart;
        let refused = |source| AcquireError::chart(request, look, source);
        let recipe = request.made_by().clone();
        if recipe.is_empty() {
            let checked = on_a_thread(move || check_archive(file, &limits)).await;
            let metadata = checked
                .map_err(AcquireError::Interrupted)?
                .map_err(refused)?;
            let values = ValuesMade::default();
            return Ok((Made { staged, values }, metadata));
        }
        let read = on_a_thread(move || read_chart(file, &limits)).await;
        let mut chart = read.map_err(AcquireError::Interrupted)?.map_err(refused)?;
        let metadata = chart.metadata().clone();
        if let Some(inside) = Mismatch::between(request, look, &metadata.name, &metadata.version) {
            return Err(AcquireError::Renamed {
                chart: request.chart().clone(),
                version: look.offered().to_owned(),
                inside,
            });
        }
        let cook = move || {
            let made = make(&mut chart, &recipe, |chart| {
                merge(&recipe, &InChart(chart, &limits), &limits)
            })?;
            Ok::<_, MakeError>((chart, made))
        };
        let cooked = on_a_thread(cook).await.map_err(AcquireError::Interrupted)?;
        let (chart, values) = cooked.map_err(AcquireError::Make)?;
        // What was downloaded is not needed any more; its disk space may be.
        drop(staged);
        let staged = package(chart, store, object).await?;
        Ok((Made { staged, values }, metadata))
    }
}

/// The manifest of what was chosen, and where it lies.
#[derive(Debug)]
pub(crate) struct Pin {
    source: OciChartSource,
    pinned: PinnedChart,
}

/// What was chosen, about to be downloaded.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) body: Body,
    pub(crate) pinned: Option<PinnedChart>,
    pub(crate) trust: Trust,
}

/// An archive on its way.
#[derive(Debug)]
pub(crate) enum Body {
    Layer(Box<Blob>),
    File(Box<Download>),
}

impl From<Download> for Body {
    fn from(download: Download) -> Self {
        Self::File(Box::new(download))
    }
}

impl From<Blob> for Body {
    fn from(blob: Blob) -> Self {
        Self::Layer(Box::new(blob))
    }
}

impl Body {
    /// What the server of a file will know its bytes by.
    pub(crate) fn validators(&self) -> Validators {
        match self {
            Self::Layer(_) => Validators::default(),
            Self::File(download) => download.validators().clone(),
        }
    }

    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, FetchError> {
        match self {
            Self::Layer(blob) => blob.chunk().await,
            Self::File(download) => download.chunk().await,
        }
    }
}

/// What is published.
struct Made {
    staged: Staged,
    values: ValuesMade,
}

/// Write an archive to its end. The body itself fails unless size and digest are right, as far as they
/// are known.
async fn fill(
    staged: &mut Staged,
    body: &mut Body,
    mut hasher: Option<&mut Hasher>,
) -> Result<Result<(), FetchError>, StoreError> {
    loop {
        match body.chunk().await {
            Ok(Some(chunk)) => {
                if let Some(hasher) = &mut hasher {
                    hasher.update(&chunk);
                }
                staged.write(&chunk).await?;
            }
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}
