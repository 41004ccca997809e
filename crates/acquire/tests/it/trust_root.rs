//! Which authorities are believed: what a repository of The Update Framework can and cannot bring about.

mod attacks;
mod fresh;
mod runs;
mod transfer;

use std::error::Error;
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use portolan_acquire::{RefreshError, TrustRoots, TufRepository};
use portolan_auth::Transport;
use portolan_kit::TufServer;
use portolan_verify::TrustRoot;

const TARGET: &str = "trusted_root.json";

/// In November 2026, while everything is valid that does not say otherwise.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
}

/// In 2032, when nothing is any more that does not say otherwise.
fn later() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_960_000_000)
}

/// A trust root that believes nobody, in as many versions as one likes.
fn root(number: usize) -> Vec<u8> {
    let mut json =
        br#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#.to_vec();
    json.resize(json.len() + number, b' ');
    json
}

/// A repository, and somebody who believes it.
struct World {
    server: TufServer,
    roots: TrustRoots,
}

impl World {
    /// The first root is published and believed.
    async fn new() -> Self {
        let server = TufServer::start().await;
        server.publish(TARGET, root(1));
        let world = Self {
            roots: believing(&server, None),
            server,
        };
        assert!(world.roots.refresh(now()).await.unwrap());
        world.server.asked();
        assert_eq!(world.believed(), 1);
        world
    }

    async fn refresh(&self) -> Result<bool, RefreshError> {
        self.roots.refresh(now()).await
    }

    /// Which version is believed; 0 for the one that was built in.
    fn believed(&self) -> usize {
        believed(&self.roots)
    }

    /// It is refused, for this reason, and what was believed before is believed still.
    async fn refuses(&self, reason: &str, what: &str) -> RefreshError {
        let outcome = self.refresh().await;
        assert!(outcome.is_err(), "{what} is believed");
        let refused = outcome.unwrap_err();
        let told = chain(&refused);
        assert!(told.contains(reason), "{what}: {told}");
        assert_eq!(self.believed(), 1, "{what}");
        refused
    }
}

fn repository(server: &TufServer, folder: Option<&Path>) -> TufRepository {
    let transport = Transport::builder().build().unwrap();
    let url = server.url().parse().unwrap();
    let repository = TufRepository::new(transport, url, server.first_root());
    match folder {
        Some(folder) => repository.with_folder(folder),
        None => repository,
    }
}

/// A new process that knows the first root metadata, and what is in the folder.
fn believing(server: &TufServer, folder: Option<&Path>) -> TrustRoots {
    TrustRoots::published(TrustRoot::sigstore().unwrap(), repository(server, folder))
}

fn believed(roots: &TrustRoots) -> usize {
    let current = roots.current();
    if current.fingerprint() == TrustRoot::sigstore().unwrap().fingerprint() {
        return 0;
    }
    let is = |number: &usize| {
        TrustRoot::parse(&root(*number)).unwrap().fingerprint() == current.fingerprint()
    };
    (1..10).find(is).unwrap()
}

/// An error and what caused it, as a person reads it.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}
