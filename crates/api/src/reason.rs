//! The reasons of conditions and events.

/// All is well.
pub const SUCCEEDED: &str = "Succeeded";
/// Something failed that has no reason of its own.
pub const FAILED: &str = "Failed";
/// Work is under way.
pub const PROGRESSING: &str = "Progressing";
/// Work failed and will be tried again.
pub const PROGRESSING_WITH_RETRY: &str = "ProgressingWithRetry";

/// The URL of a source cannot be used.
pub const URL_INVALID: &str = "URLInvalid";
/// Credentials are missing, malformed or refused.
pub const AUTHENTICATION_FAILED: &str = "AuthenticationFailed";
/// A signature is missing or not accepted.
pub const VERIFICATION_ERROR: &str = "VerificationError";
/// The object that a chart names as its source cannot be read.
pub const SOURCE_UNAVAILABLE: &str = "SourceUnavailable";
/// A chart names a kind of source that nobody handles.
pub const UNSUPPORTED_SOURCE_KIND: &str = "UnsupportedSourceKind";
/// The source of a chart has not stored anything yet.
pub const NO_SOURCE_ARTIFACT: &str = "NoSourceArtifact";
/// The index of a repository cannot be read as one.
pub const INDEXATION_FAILED: &str = "IndexationFailed";
/// The object sets a field that this controller does not act on.
///
/// # Deviation
///
/// Flux has no such reason, as it acts on every field of its schema.
pub const UNSUPPORTED_FIELD: &str = "UnsupportedField";

/// An archive calls itself something else than what it was offered as. Only of events.
///
/// # Deviation
///
/// Flux does not compare them.
pub const ARCHIVE_MISMATCH: &str = "ArchiveMismatch";
/// The bytes of a chart are not those that the index of its repository promises. Only of events.
///
/// # Deviation
///
/// Flux does not compare them.
pub const INDEX_DIGEST_MISMATCH: &str = "IndexDigestMismatch";
/// Entries of an index were left out, as Helm leaves them out. Only of events.
///
/// # Deviation
///
/// Flux does not say so.
pub const INDEX_ENTRIES_DROPPED: &str = "IndexEntriesDropped";
/// None of the values files that were to be merged is there, so that the chart has no values of its
/// own any more. Only of events.
///
/// # Deviation
///
/// Flux does not say so.
pub const NO_VALUES_FILES: &str = "NoValuesFiles";
/// The digest in a chart's lock file is that of other requirements. Every line of it fits those that
/// are there, so it was followed. Only of events.
///
/// # Deviation
///
/// Flux does not look at the digest.
pub const LOCK_OUT_OF_SYNC: &str = "LockOutOfSync";
/// The chart or the version that was asked for does not exist, or cannot.
pub const INVALID_CHART_REFERENCE: &str = "InvalidChartReference";
/// A chart could not be fetched.
pub const CHART_PULL_ERROR: &str = "ChartPullError";
/// The version of a chart could not be extended by build metadata.
pub const METADATA_PATCH_ERROR: &str = "MetadataPatchError";
/// A values file is missing or cannot be read.
pub const VALUES_FILES_ERROR: &str = "ValuesFilesError";
/// A dependency of a chart could not be had.
pub const DEPENDENCY_BUILD_ERROR: &str = "DependencyBuildError";
/// A chart could not be packaged.
pub const CHART_PACKAGE_ERROR: &str = "ChartPackageError";
/// The signature of a chart could not be checked, or is not accepted.
pub const CHART_VERIFICATION_ERROR: &str = "ChartVerificationError";
/// A chart was fetched and stored as it is.
pub const CHART_PULL_SUCCEEDED: &str = "ChartPullSucceeded";
/// A chart was packaged and stored.
pub const CHART_PACKAGE_SUCCEEDED: &str = "ChartPackageSucceeded";

/// Another revision of the content is known.
pub const NEW_REVISION: &str = "NewRevision";
/// Another chart, or another version of it, is known.
pub const NEW_CHART: &str = "NewChart";

/// A directory of the storage could not be made.
pub const DIRECTORY_CREATION_FAILED: &str = "DirectoryCreationFailed";
/// A file could not be looked at.
pub const STAT_OPERATION_FAILED: &str = "StatOperationFailed";
/// Something could not be read.
pub const READ_OPERATION_FAILED: &str = "ReadOperationFailed";
/// The lock of an artifact could not be taken.
pub const ACQUIRE_LOCK_FAILED: &str = "AcquireLockFailed";
/// A path is not what it has to be.
pub const INVALID_PATH: &str = "InvalidPath";
/// An artifact could not be written.
pub const ARCHIVE_OPERATION_FAILED: &str = "ArchiveOperationFailed";
/// The link to the newest artifact could not be set.
pub const SYMLINK_UPDATE_FAILED: &str = "SymlinkUpdateFailed";
/// The index cache could not be used.
pub const CACHE_OPERATION_FAILED: &str = "CacheOperationFailed";
/// The object could not be changed in the cluster.
pub const PATCH_OPERATION_FAILED: &str = "PatchOperationFailed";

/// Event: a new artifact is stored.
pub const NEW_ARTIFACT: &str = "NewArtifact";
/// Event: nothing changed.
pub const ARTIFACT_UP_TO_DATE: &str = "ArtifactUpToDate";
/// Event: a stored file was not what the status says.
pub const ARTIFACT_VERIFICATION_FAILED: &str = "ArtifactVerificationFailed";
/// Event: stored files were removed.
pub const GARBAGE_COLLECTION_SUCCEEDED: &str = "GarbageCollectionSucceeded";
/// Stored files could not be removed.
pub const GARBAGE_COLLECTION_FAILED: &str = "GarbageCollectionFailed";
/// Event: the dependencies of a chart are packaged with it.
pub const RESOLVED_DEPENDENCIES: &str = "ResolvedDependencies";
