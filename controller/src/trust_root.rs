//! Which authorities and logs are believed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use portolan_acquire::{TrustRoots, TufRepository};
use portolan_auth::Transport;
use portolan_verify::{TrustRoot, TrustRootError};
use tracing::{debug, info, warn};

use crate::chain::chain;
use crate::clock::now;

/// How often the public trust root is looked for. It changes a few times a year, and each change is
/// announced days before it counts.
const REFRESH_EVERY: Duration = Duration::from_hours(24);

/// Where in the storage its signed files are kept, so that no later run goes back behind them. Nothing
/// below `.portolan` is served.
const KEPT_IN: &str = ".portolan/tuf";

/// The trust root in `file`, for as long as the process lives; or else that of the public Sigstore
/// instance, which [`keep_fresh`] follows through `transport` and keeps in `storage`.
///
/// # Errors
///
/// If the file cannot be read or used. There is no fallback: who names a file believes nobody else.
pub(crate) async fn trust_roots(
    file: Option<&Path>,
    transport: &Transport,
    storage: &Path,
) -> Result<TrustRoots, ReadTrustRootError> {
    let Some(path) = file else {
        let built_in = TrustRoot::sigstore().map_err(ReadTrustRootError::BuiltIn)?;
        let published = TufRepository::sigstore(transport.clone());
        let published = published.with_folder(storage.join(KEPT_IN));
        let roots = TrustRoots::published(built_in, published);
        // With the root that was believed before this start nothing has to be proven again.
        roots.recall(now()).await;
        return Ok(roots);
    };
    let json = tokio::fs::read(path).await;
    let json = json.map_err(|source| ReadTrustRootError::Read {
        path: path.to_owned(),
        source,
    })?;
    let given = TrustRoot::parse(&json).map_err(|source| ReadTrustRootError::Unusable {
        path: path.to_owned(),
        source,
    })?;
    Ok(TrustRoots::fixed(given))
}

/// Keep `roots` fresh from the moment on at which a chart is to be verified without a key. Never ends,
/// and nobody waits for it; a refresh that fails is for the log.
pub(crate) async fn keep_fresh(roots: TrustRoots) {
    roots
        .keep_fresh(REFRESH_EVERY, now, |outcome| match outcome {
            Ok(true) => info!("the trust root of the public Sigstore instance has changed"),
            Ok(false) => debug!("the trust root of the public Sigstore instance has not changed"),
            Err(error) => warn!(
                error = chain(&error),
                "the trust root of the public Sigstore instance stays as it was"
            ),
        })
        .await;
}

/// Why there is no trust root.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadTrustRootError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds no trust root.
    #[error("cannot use {}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: TrustRootError,
    },
    /// The public one that this program brings along cannot be used.
    #[error("cannot use the trust root of the public Sigstore instance")]
    BuiltIn(#[source] TrustRootError),
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn believed(file: Option<&Path>) -> Result<TrustRoot, ReadTrustRootError> {
        let transport = Transport::builder().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let roots = trust_roots(file, &transport, folder.path()).await?;
        Ok(roots.current())
    }

    #[tokio::test]
    async fn whoever_the_file_names_is_believed_and_nobody_else() {
        let public = believed(None).await.unwrap();
        assert_eq!(
            public.fingerprint(),
            TrustRoot::sigstore().unwrap().fingerprint()
        );
        let file = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../crates/verify/tests/data/sigstore/trusted_root.json"
        );
        let own = believed(Some(Path::new(file))).await.unwrap();
        let json = std::fs::read(file).unwrap();
        assert_eq!(
            own.fingerprint(),
            TrustRoot::parse(&json).unwrap().fingerprint()
        );
        assert_ne!(own.fingerprint(), public.fingerprint());
    }

    #[tokio::test]
    async fn a_file_that_is_no_trust_root_is_no_reason_to_believe_the_public_one() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trusted_root.json");
        let absent = believed(Some(&file)).await;
        assert!(matches!(absent, Err(ReadTrustRootError::Read { .. })));
        std::fs::write(&file, "{}").unwrap();
        let empty = believed(Some(&file)).await;
        assert!(
            matches!(empty, Err(ReadTrustRootError::Unusable { .. })),
            "{empty:?}"
        );
    }
}
