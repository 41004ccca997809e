#![doc = include_str!("../README.md")]

mod archive;
mod chart;
mod contents;
mod directory;
mod edit;
mod go_json;
mod ignore;
mod index;
mod limits;
mod lock;
mod media_type;
mod metadata;
mod name;
mod read;
mod source;
mod tag;
mod unpack;
mod values;
mod vendored;
mod version;
mod write;
mod yaml;

pub use archive::{EntryProblem, Found};
pub use chart::Chart;
pub use directory::{
    FileProblem, IgnoreError, ReadDirectoryError, read_directory, read_directory_metadata,
};
pub use edit::SetValuesError;
pub use index::{
    ConvertIndexError, DroppedVersion, Index, IndexEntry, IndexExcess, IndexLimits, IndexReport,
    IndexVersion, ParseIndexError, ReadIndexError, convert_index, visit_index,
};
pub use limits::Limits;
pub use lock::{Lock, LockedDependency, ParseLockError};
pub use media_type::{
    CONFIG_MEDIA_TYPE, CONTENT_MEDIA_TYPE, LEGACY_CONTENT_MEDIA_TYPE, PROVENANCE_MEDIA_TYPE,
};
pub use metadata::{ChartMetadata, Dependency, Maintainer, ParseMetadataError};
pub use name::{ChartName, ParseChartNameError};
pub use read::{Excess, ReadChartError, check_archive, read_chart, read_metadata};
pub use source::{SourceExcess, SourceLimits, UnpackSourceError, unpack_source};
pub use tag::{tag_for_version, version_for_tag};
pub use unpack::{UnpackError, unpack};
pub use values::{MergeValuesError, merge_values};
pub use vendored::{AddChartError, Vendored};
pub use version::{SetVersionError, version_with_metadata};
