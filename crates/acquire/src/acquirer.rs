//! The conductor.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use portolan_auth::Transport;
use portolan_fetch::{IndexRepository, OciRegistry};

use crate::Limits;
use crate::indexes::Indexes;
use crate::tree::Trees;

/// Knows the order in which a chart is resolved, pinned, pulled, checked and stored. There is one
/// per process; clones share everything.
///
/// A chart takes two acts: [`look`](Self::look) asks what would be chosen, which costs one request
/// at most, and [`acquire`](Self::acquire) brings it. In between the caller decides whether there is
/// anything to do.
#[derive(Debug, Clone)]
pub struct Acquirer {
    pub(crate) transport: Transport,
    pub(crate) registry: OciRegistry,
    pub(crate) charts: IndexRepository,
    pub(crate) indexes: Indexes,
    pub(crate) trees: Trees,
    pub(crate) limits: Limits,
    pub(crate) scratch: Option<Arc<Path>>,
}

impl Acquirer {
    /// A conductor that speaks through `transport`.
    pub fn new(transport: Transport, limits: Limits) -> Self {
        Self {
            registry: OciRegistry::new(transport.clone(), limits.fetch),
            charts: IndexRepository::new(transport.clone(), limits.fetch),
            indexes: Indexes::new(&limits),
            trees: Trees::default(),
            transport,
            limits,
            scratch: None,
        }
    }

    /// Unpack sources below `folder`, which has to be there, rather than in the system's folder for
    /// temporary files. What is unpacked is removed when nobody needs it any more; a process that is
    /// killed leaves it behind.
    #[must_use]
    pub fn with_scratch(mut self, folder: impl Into<PathBuf>) -> Self {
        self.scratch = Some(folder.into().into());
        self
    }
}
