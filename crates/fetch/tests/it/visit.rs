//! What tests of repositories need: a server with an index, and somebody who reads it.

use std::time::Duration;

use bytes::Bytes;
use portolan_auth::{Access, Transport, TransportBuilder};
use portolan_fetch::{
    Download, FetchError, IndexAnswer, IndexRemote, IndexRepository, Limits, Validators,
};
use portolan_kit::{WebLie, WebServer};

/// Where the index is.
pub(crate) const PATH: &str = "/charts/index.yaml";
pub(crate) const INDEX: &str = "apiVersion: v1\nentries: {}\n";

/// A server, and somebody who wants something of it.
pub(crate) struct Visit {
    pub(crate) server: WebServer,
    pub(crate) limits: Limits,
    pub(crate) access: Access,
    transport: Transport,
}

impl Visit {
    /// To a server that has a small index.
    pub(crate) async fn begin() -> Self {
        Self::to(WebServer::start().await)
    }

    /// To this server, after it got a small index.
    pub(crate) fn to(server: WebServer) -> Self {
        server.put(PATH, "text/yaml", INDEX);
        Self {
            server,
            limits: Limits::default(),
            access: Access::anonymous(),
            transport: transport(Duration::from_secs(10)).build().unwrap(),
        }
    }

    /// To a server that tells this lie about its index.
    pub(crate) async fn lied_to(lie: WebLie) -> Self {
        let visit = Self::begin().await;
        visit.server.tell(PATH, lie);
        visit
    }

    /// By somebody who waits no longer than this for anything.
    pub(crate) fn waiting(mut self, patience: Duration) -> Self {
        self.limits.body_timeout = patience;
        self.transport = transport(patience).build().unwrap();
        self
    }

    pub(crate) fn repository(&self) -> IndexRepository {
        IndexRepository::new(self.transport.clone(), self.limits)
    }

    pub(crate) fn remote(&self) -> IndexRemote {
        let url = self.server.url("/charts").parse().unwrap();
        IndexRemote::new(url, self.access.clone())
    }

    /// Put another index in place of the one that is there.
    pub(crate) fn replace(&self, index: impl Into<Vec<u8>>) {
        self.server.put(PATH, "text/yaml", index);
    }

    /// Open the index. `None` if it is still the one that is known.
    pub(crate) async fn open(
        &self,
        known: Option<&Validators>,
    ) -> Result<Option<Box<Download>>, FetchError> {
        match self.repository().index(&self.remote(), known).await? {
            IndexAnswer::Modified(download) => Ok(Some(download)),
            IndexAnswer::NotModified => Ok(None),
            other => panic!("{other:?}"),
        }
    }

    /// The whole index.
    pub(crate) async fn index(&self) -> Result<Bytes, FetchError> {
        self.open(None).await?.unwrap().collect().await
    }

    pub(crate) async fn chart(&self, reference: &str) -> Result<Download, FetchError> {
        self.repository().chart(&self.remote(), reference).await
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> usize {
        self.server.requests().len()
    }
}

/// One that goes through no proxy, and waits no longer than this for anything.
pub(crate) fn transport(patience: Duration) -> TransportBuilder {
    Transport::builder()
        .without_proxy()
        .header_timeout(patience)
        .idle_timeout(patience)
}

/// Everything that comes out before an end or an error, and which it was.
pub(crate) async fn drain(mut download: Download) -> (Vec<u8>, Result<(), FetchError>) {
    let mut content = Vec::new();
    loop {
        match download.chunk().await {
            Ok(Some(chunk)) => content.extend_from_slice(&chunk),
            Ok(None) => return (content, Ok(())),
            Err(error) => {
                let after = download.chunk().await;
                assert!(matches!(after, Err(FetchError::GivenUp(_))), "{after:?}");
                return (content, Err(error));
            }
        }
    }
}

/// Some text that is not the same anywhere, and does not compress to nothing.
pub(crate) fn long_index(bytes: usize) -> Vec<u8> {
    let lines = (0_u64..).map(|n| format!("# {n} {:x}\n", n.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    let mut text = lines.take(bytes / 10).collect::<String>().into_bytes();
    text.truncate(bytes);
    text
}
