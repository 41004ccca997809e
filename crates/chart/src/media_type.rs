//! The media types under which charts live in OCI registries.
//!
//! They are [Helm's](https://helm.sh/docs/topics/registries/#where-are-my-charts), and part of no
//! specification of OCI itself.

/// Of the config blob: the chart's metadata as JSON.
pub const CONFIG_MEDIA_TYPE: &str = "application/vnd.cncf.helm.config.v1+json";

/// Of the layer that is the chart archive.
pub const CONTENT_MEDIA_TYPE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

/// Of the layer that is the chart archive, as Helm named it before version 3.7.
///
/// Read, never written.
pub const LEGACY_CONTENT_MEDIA_TYPE: &str = "application/tar+gzip";

/// Of the layer that holds the provenance file (`.prov`) beside the archive.
pub const PROVENANCE_MEDIA_TYPE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
