//! The conductor.

use portolan_auth::Transport;
use portolan_fetch::OciRegistry;

use crate::Limits;

/// Knows the order in which a chart is resolved, pinned, pulled, checked and stored. There is one
/// per process; clones share everything.
///
/// A chart takes two acts: [`look`](Self::look) asks what would be chosen, which costs one request
/// at most, and [`acquire`](Self::acquire) brings it. In between the caller decides whether there is
/// anything to do.
#[derive(Debug, Clone)]
pub struct Acquirer {
    pub(crate) registry: OciRegistry,
    pub(crate) limits: Limits,
}

impl Acquirer {
    /// A conductor that speaks through `transport`.
    pub fn new(transport: Transport, limits: Limits) -> Self {
        Self {
            registry: OciRegistry::new(transport, limits.fetch),
            limits,
        }
    }
}
