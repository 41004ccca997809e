//! Where charts come from.

use std::fmt;
use std::pin::Pin;

use portolan_chart::ChartName;
use portolan_reference::{Digest, OciReference};

use crate::{Blob, Descriptor, FetchError};

/// What [`ChartSource::versions`] returns.
pub type Versions<'a> = Pin<Box<dyn Future<Output = Result<Vec<String>, FetchError>> + Send + 'a>>;
/// What [`ChartSource::pin`] returns.
pub type Pinning<'a> = Pin<Box<dyn Future<Output = Result<PinnedChart, FetchError>> + Send + 'a>>;
/// What [`ChartSource::open_unchecked`] returns.
pub type Opening<'a> = Pin<Box<dyn Future<Output = Result<Blob, FetchError>> + Send + 'a>>;

/// A place that has charts.
pub trait ChartSource: fmt::Debug + Send + Sync {
    /// What is offered of `chart`, as the place writes it and in its order: for an OCI registry
    /// these are tags, of which any may be no version at all.
    ///
    /// MUST return the whole list or an error, never a part of it: the newest version could be in
    /// the other part.
    fn versions<'a>(&'a self, chart: &'a ChartName) -> Versions<'a>;

    /// Fix `version` of `chart` to content that cannot change any more.
    ///
    /// MUST look only once: every later act is about the digest found here.
    fn pin<'a>(&'a self, chart: &'a ChartName, version: &'a str) -> Pinning<'a>;

    /// Open the archive of a pinned chart.
    ///
    /// What comes out is the content that was pinned, checked to its end by [`Blob`]. *Unchecked* is
    /// who made it: no signature has been looked at.
    fn open_unchecked<'a>(&'a self, chart: &'a PinnedChart) -> Opening<'a>;
}

/// A chart fixed to one manifest, and the one layer of it that is the archive.
///
/// Only [`ChartSource::pin`] makes one, from a manifest whose bytes it has hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PinnedChart {
    pub(crate) chart: ChartName,
    pub(crate) reference: OciReference,
    pub(crate) manifest_digest: Digest,
    pub(crate) layer: Descriptor,
    pub(crate) tag: String,
}

impl PinnedChart {
    /// The chart that was asked for.
    pub fn chart(&self) -> &ChartName {
        &self.chart
    }

    /// The chart by its digest: `registry.example.com/charts/podinfo@sha256:…`.
    pub fn reference(&self) -> &OciReference {
        &self.reference
    }

    /// The digest of the manifest, which is what signatures are about.
    pub fn manifest_digest(&self) -> &Digest {
        &self.manifest_digest
    }

    /// The archive.
    pub fn layer(&self) -> &Descriptor {
        &self.layer
    }

    /// The tag that led here. The registry may have moved it since.
    pub fn tag(&self) -> &str {
        &self.tag
    }
}
