//! The types of conditions.
//!
//! A *negative* condition stands only while something is wrong or unfinished, and then is `True`. A
//! *positive* one is `True` when all is well. `SOURCE_VERIFIED` counts both ways.

/// The object as a whole: the summary of all other conditions.
pub const READY: &str = "Ready";
/// Negative: nothing more will happen until somebody changes something.
pub const STALLED: &str = "Stalled";
/// Negative: work is under way, or will be tried again.
pub const RECONCILING: &str = "Reconciling";
/// Positive: the artifact is stored.
pub const ARTIFACT_IN_STORAGE: &str = "ArtifactInStorage";
/// Negative: a newer artifact is known and not stored yet.
pub const ARTIFACT_OUTDATED: &str = "ArtifactOutdated";
/// Whether the content is signed as demanded. Absent when nothing is demanded.
pub const SOURCE_VERIFIED: &str = "SourceVerified";
/// Negative: the origin could not be read.
pub const FETCH_FAILED: &str = "FetchFailed";
/// Negative: what was read could not be made into an artifact.
pub const BUILD_FAILED: &str = "BuildFailed";
/// Negative: the storage could not be read or written.
pub const STORAGE_OPERATION_FAILED: &str = "StorageOperationFailed";
