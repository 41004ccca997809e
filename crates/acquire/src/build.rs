//! Charts in a source, built: dependencies brought, values merged, packaged.

use std::sync::Arc;

use portolan_chart::{
    Chart, ChartMetadata, ReadChartError, ReadDirectoryError, SetVersionError, check_archive,
    read_chart, read_directory, read_directory_metadata, read_metadata, version_with_metadata,
};
use portolan_store::{ObjectKey, Record, Staged, Store};
use tokio::task::JoinError;

use crate::bring::{LINK, PackageError, RECORDED_NAME, RECORDED_VALUES, RECORDED_VERSION, package};
use crate::dependencies::{BuildDependenciesError, Builder, Whole};
use crate::error::StoreError;
use crate::look::RECORDED_RECIPE;
use crate::make::{MakeError, ValuesFiles, ValuesMade, clean, make, merge};
use crate::pull::on_a_thread;
use crate::tree::{At, Held, SourceError, Tree};
use crate::{Acquired, Acquirer, Limits, Recipe, Repositories, Source, Taken, Trust};

/// A chart in a source that somebody wants, and what is to be made of it.
#[derive(Debug, Clone)]
pub struct SourceRequest {
    source: Source,
    revision: String,
    path: String,
    recipe: Recipe,
    repositories: Arc<dyn Repositories>,
    require_index_digest: bool,
}

impl SourceRequest {
    /// The chart at `path` in `source`: a folder or an archive. A path that leads out of the source
    /// stops at its root, and no path at all leads nowhere. What it depends on is had from `repositories`. `revision` says which state
    /// of the source this is, and is recorded.
    pub fn new(
        source: Source,
        revision: impl Into<String>,
        path: &str,
        repositories: Arc<dyn Repositories>,
    ) -> Self {
        let path = match path {
            "" => String::new(),
            path => clean(&format!("/{path}")),
        };
        Self {
            source,
            revision: revision.into(),
            path,
            recipe: Recipe::new(),
            repositories,
            require_index_digest: false,
        }
    }

    /// Refuse a dependency whose bytes are not those that the index of its repository promises.
    /// Default: it is told with [where it was taken from](Taken::index_digest).
    #[must_use]
    pub fn require_index_digest(mut self) -> Self {
        self.require_index_digest = true;
        self
    }

    /// What is to be made of the chart. Default: nothing; an archive then keeps its bytes, and a
    /// folder is packaged.
    #[must_use]
    pub fn recipe(mut self, recipe: Recipe) -> Self {
        self.recipe = recipe;
        self
    }

    /// The path of the chart from the root of the source, with `/` in front; empty if there is none.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// A chart in a source that was looked at.
///
/// The files of the source stay where they are until it is dropped.
#[derive(Debug)]
pub struct OpenedSource {
    held: Held,
    at: At,
    metadata: ChartMetadata,
    version: String,
}

impl OpenedSource {
    /// What the chart says about itself.
    pub fn metadata(&self) -> &ChartMetadata {
        &self.metadata
    }

    /// The version as it will be stored: with the build metadata that the recipe asks for.
    pub fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn held(&self) -> &Held {
        &self.held
    }

    pub(crate) fn at(&self) -> &At {
        &self.at
    }

    /// Whether it will be a package of our own, rather than bytes that are in the source.
    pub fn is_packaged(&self, request: &SourceRequest) -> bool {
        matches!(self.at, At::Folder(_)) || !request.recipe.is_empty()
    }
}

impl Acquirer {
    /// Download the source of `request`, unpack it, and see which chart is there.
    ///
    /// Requests for the same artifact at the same time share one download.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. Nothing is left behind.
    pub async fn open_source(&self, request: &SourceRequest) -> Result<OpenedSource, OpenError> {
        let held = self.tree(&request.source).await?;
        let tree = Arc::clone(&held.tree);
        let (path, limits) = (request.path.clone(), self.limits);
        let found = on_a_thread(move || find(&tree, &path, &limits)).await;
        let (at, metadata) = found.map_err(OpenError::Interrupted)??;
        let version = match &request.recipe.metadata {
            Some(metadata_of) => version_with_metadata(&metadata.version, metadata_of)?,
            None => metadata.version.clone(),
        };
        Ok(OpenedSource {
            held,
            at,
            metadata,
            version,
        })
    }

    /// Build the chart of `request` that was `opened`, and publish it in `store` as an artifact of
    /// `object`.
    ///
    /// A folder gets the dependencies that it lacks, from `file://` paths of the same source and from
    /// repositories; what they are is resolved first, and each chart is brought once. Then its values
    /// are merged, and it is packaged: equal input gives equal bytes.
    ///
    /// # Errors
    ///
    /// [`BuildError`]. Nothing has been published, and what was published before is as it was.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future removes what was staged. A publish that has begun is finished.
    pub async fn build(
        &self,
        request: &SourceRequest,
        opened: OpenedSource,
        store: &Store,
        object: &ObjectKey,
    ) -> Result<Acquired, BuildError> {
        let packaged = opened.is_packaged(request);
        let mut dependencies = Vec::new();
        let mut doubtful_locks = Vec::new();
        let mut values = ValuesMade::default();
        let staged = match (&opened.at, packaged) {
            (At::File(_), false) => self.copied(request, &opened.held, store, object).await?,
            (at, _) => {
                let whole = self.whole(request, &opened.held, at).await?;
                dependencies = whole.taken;
                doubtful_locks = whole.doubtful_locks;
                let (chart, made) = self.cooked(request, &opened.held, whole.chart).await?;
                values = made;
                package(chart, store, object)
                    .await
                    .map_err(BuildError::packaging)?
            }
        };
        let name = format!("{}-{}.tgz", opened.metadata.name, opened.version);
        let record = record(request, &opened, &values.files, &dependencies);
        let artifact = store
            .publish(staged, &name, LINK, record)
            .await
            .map_err(StoreError::from)?;
        Ok(Acquired {
            artifact: Some(artifact),
            manifest_digest: None,
            trust: Trust::NotAsked,
            mismatch: None,
            index_digest: None,
            packaged,
            values_files: values.files,
            values_emptied: values.emptied,
            dependencies,
            doubtful_locks,
        })
    }

    /// An archive of the source as it is, once it is known that Helm would load it.
    async fn copied(
        &self,
        request: &SourceRequest,
        held: &Held,
        store: &Store,
        object: &ObjectKey,
    ) -> Result<Staged, BuildError> {
        let (tree, path) = (Arc::clone(&held.tree), request.path.clone());
        let limits = self.limits.chart;
        let bytes = on_a_thread(move || {
            let bytes = archive(&tree, &path, &limits)?;
            check_archive(bytes.as_slice(), &limits)?;
            Ok::<_, BuildError>(bytes)
        });
        let bytes = bytes.await.map_err(BuildError::Interrupted)??;
        let mut staged = store.stage(object).await.map_err(StoreError::from)?;
        staged.write(&bytes).await.map_err(StoreError::from)?;
        staged.finish().await.map_err(StoreError::from)?;
        Ok(staged)
    }

    /// The chart in memory, with everything that it depends on.
    pub(crate) async fn whole(
        &self,
        request: &SourceRequest,
        held: &Held,
        at: &At,
    ) -> Result<Whole, BuildError> {
        let limits = self.limits.chart;
        let tree = Arc::clone(&held.tree);
        match at {
            At::File(_) => {
                let path = request.path.clone();
                let chart = on_a_thread(move || {
                    let bytes = archive(&tree, &path, &limits)?;
                    Ok::<_, BuildError>(read_chart(bytes.as_slice(), &limits)?)
                });
                let chart = chart.await.map_err(BuildError::Interrupted)??;
                Ok(Whole::alone(chart))
            }
            At::Folder(folder) => {
                let path = folder.clone();
                let read = move || {
                    let read = read_directory(&path, &limits);
                    read.map_err(|error| tree.shown(error))
                };
                let chart = on_a_thread(read).await.map_err(BuildError::Interrupted)??;
                let builder = Builder::new(self, request.repositories.as_ref(), &held.tree)
                    .believing_lock_lines();
                let builder = if request.require_index_digest {
                    builder.require_index_digest()
                } else {
                    builder
                };
                Ok(builder.build(chart, &request.path).await?)
            }
        }
    }

    async fn cooked(
        &self,
        request: &SourceRequest,
        held: &Held,
        mut chart: Chart,
    ) -> Result<(Chart, ValuesMade), BuildError> {
        let recipe = request.recipe.clone();
        let (tree, limits) = (Arc::clone(&held.tree), self.limits.chart);
        let cook = move || {
            let files = InTree {
                tree: &tree,
                limit: limits.max_file_bytes,
                below: None,
            };
            let made = make(&mut chart, &recipe, |_| merge(&recipe, &files, &limits))?;
            Ok((chart, made))
        };
        let cooked = on_a_thread(cook).await.map_err(BuildError::Interrupted)?;
        cooked.map_err(BuildError::Make)
    }
}

/// Which chart is at `path`.
fn find(tree: &Tree, path: &str, limits: &Limits) -> Result<(At, ChartMetadata), OpenError> {
    let at = match path {
        "" => None,
        path => tree.at(path)?,
    };
    let at = at.ok_or_else(|| OpenError::NoChart {
        path: path.to_owned(),
    })?;
    let metadata = match &at {
        At::Folder(folder) => {
            let read = read_directory_metadata(folder, &limits.chart);
            read.map_err(|error| tree.shown(error))?
        }
        At::File(_) => {
            let bytes = archive(tree, path, &limits.chart).map_err(|error| match error {
                SourceError::TooLarge { path, limit } => OpenError::TooLarge {
                    name: path.rsplit('/').next().unwrap_or(&path).to_owned(),
                    limit,
                },
                error => OpenError::Source(error),
            })?;
            read_metadata(bytes.as_slice(), &limits.chart)?
        }
    };
    Ok((at, metadata))
}

/// The archive at `path`, where one was found before.
fn archive(
    tree: &Tree,
    path: &str,
    limits: &portolan_chart::Limits,
) -> Result<Vec<u8>, SourceError> {
    let found = tree.file(path, limits.max_chart_bytes)?;
    found.ok_or_else(|| SourceError::Read {
        path: path.to_owned(),
        source: std::io::ErrorKind::NotFound.into(),
    })
}

/// Values files anywhere in a source.
pub(crate) struct InTree<'a> {
    pub(crate) tree: &'a Tree,
    /// The largest file, in bytes.
    pub(crate) limit: u64,
    /// The folder that names are relative to: the root if there is none.
    pub(crate) below: Option<&'a str>,
}

impl InTree<'_> {
    fn path(&self, name: &str) -> String {
        match self.below {
            Some(_) if name.starts_with('/') => clean(name),
            below => clean(&format!("{}/{name}", below.unwrap_or_default())),
        }
    }
}

impl ValuesFiles for InTree<'_> {
    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, MakeError> {
        let unread = |source| MakeError::ReadValues {
            name: name.to_owned(),
            source: Box::new(source),
        };
        let path = self.path(name);
        match self.tree.file(&path, self.limit).map_err(unread)? {
            // Something is there, so it cannot be passed over as missing.
            None if self.tree.at(&path).map_err(unread)?.is_some() => Err(self.missing(name)),
            found => Ok(found),
        }
    }

    fn missing(&self, name: &str) -> MakeError {
        MakeError::NoValuesFile {
            path: self.path(name),
            reference: Some(name.to_owned()),
        }
    }
}

fn record(
    request: &SourceRequest,
    opened: &OpenedSource,
    values_files: &[String],
    dependencies: &[Taken],
) -> Record {
    let taken: Vec<String> = dependencies.iter().map(ToString::to_string).collect();
    let fingerprints = [
        (RECORDED_NAME, opened.metadata.name.clone()),
        (RECORDED_VERSION, opened.metadata.version.clone()),
        (RECORDED_RECIPE, request.recipe.fingerprint()),
        (RECORDED_VALUES, values_files.join("\n")),
        ("source.revision", request.revision.clone()),
        ("dependencies", taken.join("\n")),
    ];
    Record {
        manifest_digest: None,
        source: request.path.clone(),
        revision: opened.version.clone(),
        fingerprints: fingerprints
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    }
}

fn nowhere(path: &str) -> String {
    match path {
        "" => "no path set for local chart reference".to_owned(),
        path => format!("no chart found at '{path}' in the source"),
    }
}

/// Why a chart in a source could not be looked at.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The files of the source could not be had.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Nothing is there.
    #[error("{}", nowhere(path))]
    NoChart {
        /// The path, from the root of the source; empty if none was given.
        path: String,
    },
    /// The folder says nothing of a chart that could be understood.
    #[error(transparent)]
    Directory(#[from] ReadDirectoryError),
    /// The archive says nothing of a chart that could be understood.
    #[error(transparent)]
    Archive(#[from] ReadChartError),
    /// The archive is larger than is allowed.
    #[error("size of chart '{name}' exceeds '{limit}' bytes limit")]
    TooLarge {
        /// Its name.
        name: String,
        /// The limit.
        limit: u64,
    },
    /// The version cannot have the build metadata that was asked for.
    #[error(transparent)]
    Version(#[from] SetVersionError),
    /// A task of ours did not end as it should.
    #[error("reading the source was interrupted")]
    Interrupted(#[source] JoinError),
}

impl BuildError {
    fn packaging(error: PackageError) -> Self {
        match error {
            PackageError::Store(error) => Self::Store(error),
            PackageError::Write(error) => Self::Make(MakeError::Package(error)),
            PackageError::Interrupted(error) => Self::Interrupted(error),
        }
    }
}

/// Why a chart in a source was not built.
///
/// Exhaustive on purpose: whoever reports these to somebody decides about each.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder is no chart.
    #[error(transparent)]
    Directory(#[from] ReadDirectoryError),
    /// The archive is none that Helm would load.
    #[error(transparent)]
    Archive(#[from] ReadChartError),
    /// The archive could not be read, or is larger than is allowed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Something that it depends on could not be brought.
    #[error(transparent)]
    Dependencies(#[from] BuildDependenciesError),
    /// Nothing could be made of it.
    #[error(transparent)]
    Make(MakeError),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task of ours did not end as it should.
    #[error("building the chart was interrupted")]
    Interrupted(#[source] JoinError),
}
