#![doc = include_str!("../README.md")]

mod chart;
mod directory;
mod limits;
mod media_type;
mod metadata;
mod name;
mod read;
mod tag;
mod unpack;
mod write;

pub use chart::Chart;
pub use directory::{ReadDirectoryError, read_directory};
pub use limits::Limits;
pub use media_type::{
    CONFIG_MEDIA_TYPE, CONTENT_MEDIA_TYPE, LEGACY_CONTENT_MEDIA_TYPE, PROVENANCE_MEDIA_TYPE,
};
pub use metadata::{ChartMetadata, Dependency, Maintainer};
pub use name::{ChartName, ParseChartNameError};
pub use read::{ReadChartError, check_archive, read_chart, read_metadata};
pub use tag::{tag_for_version, version_for_tag};
pub use unpack::{UnpackError, unpack};
