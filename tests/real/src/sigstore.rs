//! A private sigstore: its real services on loopback, believed by nobody but the tests.

mod caller;
mod certificates;
mod issuer;
mod services;
mod signing;
mod trust;

use std::path::PathBuf;
use std::sync::LazyLock;

pub use caller::Caller;
pub use signing::{By, Form, Signature};
pub use trust::{Believed, Evidence};

use crate::cosign::Cosign;
use crate::folder::Folder;
use certificates::Certificates;
use issuer::OpenIdIssuer;
use services::Services;

static SHARED: LazyLock<Sigstore> = LazyLock::new(Sigstore::start);

/// Fulcio with a certificate transparency log and without one, Rekor of both versions, a timestamp
/// authority, and an `OpenID` issuer that vouches for whoever a test needs.
///
/// Its keys are new each time, and its logs keep their entries no longer than it runs. A signature
/// that carries its proofs stays good.
#[derive(Debug)]
pub struct Sigstore {
    // Before the folder, so that they end, and show their logs, before that goes.
    services: Services,
    issuer: OpenIdIssuer,
    cosign: Cosign,
    folder: Folder,
}

impl Sigstore {
    /// The sigstore that all tests of this process share.
    #[track_caller]
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// A sigstore with new keys, once all of it answers.
    #[track_caller]
    pub fn start() -> Self {
        let folder = Folder::new("sigstore");
        Certificates::new().write(&folder, "");
        // Of the same names, with other keys.
        Certificates::new().write(&folder, trust::STRANGER);
        let issuer = OpenIdIssuer::start();
        let mut services = Services::start(&folder, &issuer);
        let cosign = Cosign::new();
        // While they begin.
        trust::write(&cosign, folder.path(), &services);
        services.until_ready();
        Self {
            services,
            issuer,
            cosign,
            folder,
        }
    }

    /// The file with what is to be believed of it: Fulcio's certificate, the keys of the logs, the timestamp
    /// authority's certificate.
    pub fn trusted_root(&self, believed: Believed) -> PathBuf {
        self.folder.join(&believed.file_name())
    }

    /// The issuer that vouches for a caller, as it is in certificates.
    pub fn issuer(&self, caller: &Caller) -> String {
        self.issuer.url(caller)
    }

    /// The real cosign.
    pub fn cosign(&self) -> &Cosign {
        &self.cosign
    }
}
