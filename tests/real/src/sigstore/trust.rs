//! What is to be believed of a sigstore, and what of it a signer uses.

use std::path::Path;

use super::certificates::{FULCIO_CHAIN, TIMESTAMP_CHAIN};
use super::services::{REKOR_TILES_ORIGIN, Services};
use crate::cosign::Cosign;

/// What the names of files with another sigstore's keys begin with.
pub(super) const STRANGER: &str = "stranger-";

/// Since when its keys are good, and until when they are where they have ended. Nothing was ever signed between
/// the two.
const BEGIN: &str = "2025-01-02T00:00:00Z";
const END: &str = "2025-01-03T00:00:00Z";

/// A trusted root: what somebody believes of a sigstore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Believed {
    /// All of it.
    Everything,
    /// All but the certificate transparency log.
    NoCertificateLog,
    /// Another sigstore's keys under the same names and addresses.
    Stranger,
    /// Fulcio, until a day before anything was signed.
    FulcioEnded,
    /// The certificate transparency log, until a day before anything was signed.
    CertificateLogEnded,
    /// Both logs of signatures, until a day before anything was signed.
    RekorEnded,
    /// The timestamp authority, until a day before anything was signed.
    TimestampsEnded,
}

impl Believed {
    const ALL: [Self; 7] = [
        Self::Everything,
        Self::NoCertificateLog,
        Self::Stranger,
        Self::FulcioEnded,
        Self::CertificateLogEnded,
        Self::RekorEnded,
        Self::TimestampsEnded,
    ];

    pub(super) fn file_name(self) -> String {
        format!("trusted-root-{self:?}.json")
    }
}

/// What proves that a signature was made when its certificate was valid: what a signer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// An entry in the first Rekor.
    Rekor,
    /// The same, and a timestamp.
    RekorAndTimestamp,
    /// An entry in the second Rekor, which comes with a timestamp.
    RekorTiles,
    /// A timestamp.
    Timestamp,
    /// An entry in the first Rekor, for a certificate that is in no log.
    RekorWithoutSct,
    /// An entry in the second Rekor, for a certificate that is in no log.
    RekorTilesWithoutSct,
    /// None.
    Nothing,
}

impl Evidence {
    const ALL: [Self; 7] = [
        Self::Rekor,
        Self::RekorAndTimestamp,
        Self::RekorTiles,
        Self::Timestamp,
        Self::RekorWithoutSct,
        Self::RekorTilesWithoutSct,
        Self::Nothing,
    ];

    pub(super) fn file_name(self) -> String {
        format!("signing-{self:?}.json")
    }

    /// Is the certificate in the certificate transparency log?
    pub(super) fn has_sct(self) -> bool {
        !matches!(self, Self::RekorWithoutSct | Self::RekorTilesWithoutSct)
    }

    /// The version of the Rekor that is used.
    pub(super) fn rekor_version(self) -> Option<u8> {
        match self {
            Self::Rekor | Self::RekorAndTimestamp | Self::RekorWithoutSct => Some(1),
            Self::RekorTiles | Self::RekorTilesWithoutSct => Some(2),
            Self::Timestamp | Self::Nothing => None,
        }
    }

    /// Is a timestamp asked for?
    pub(super) fn has_timestamp(self) -> bool {
        // The second Rekor states no time.
        self.rekor_version() == Some(2) || matches!(self, Self::RekorAndTimestamp | Self::Timestamp)
    }
}

/// Have cosign write a file for each of what can be believed and used, into the folder with the keys.
#[track_caller]
pub(super) fn write(cosign: &Cosign, folder: &Path, services: &Services) {
    let commands = Believed::ALL
        .map(|believed| trusted_root(believed, services))
        .into_iter()
        .chain(Evidence::ALL.map(|evidence| signing_config(evidence, services)));
    for arguments in commands {
        cosign
            .run_in(folder, &arguments)
            .unwrap_or_else(|said| panic!("cosign {arguments:?}: {said}"));
    }
}

fn trusted_root(believed: Believed, services: &Services) -> Vec<String> {
    let prefix = if believed == Believed::Stranger {
        STRANGER
    } else {
        ""
    };
    let service = |flag: &str, url: &str, key: &str, ended: bool| {
        let end = if ended {
            format!(",end-time={END}")
        } else {
            String::new()
        };
        format!("{flag}=url={url},{key},start-time={BEGIN}{end}")
    };
    let key = |name: &str| format!("public-key={prefix}{name}");
    let chain = |name: &str| format!("certificate-chain={prefix}{name}");
    let rekor_ended = believed == Believed::RekorEnded;
    let tiles = service(
        "--rekor",
        &services.rekor_tiles,
        &key("rekor-tiles.pub"),
        rekor_ended,
    );
    let mut arguments = vec![
        "trusted-root".to_owned(),
        "create".to_owned(),
        format!("--out={}", believed.file_name()),
        service(
            "--fulcio",
            &services.fulcio,
            &chain(FULCIO_CHAIN),
            believed == Believed::FulcioEnded,
        ),
        service(
            "--tsa",
            &services.timestamps,
            &chain(TIMESTAMP_CHAIN),
            believed == Believed::TimestampsEnded,
        ),
        service("--rekor", &services.rekor, &key("rekor.pub"), rekor_ended),
        format!("{tiles},origin={REKOR_TILES_ORIGIN}"),
    ];
    if believed != Believed::NoCertificateLog {
        let ended = believed == Believed::CertificateLogEnded;
        arguments.push(service("--ctfe", &services.ctlog, &key("ctlog.pub"), ended));
    }
    arguments
}

fn signing_config(evidence: Evidence, services: &Services) -> Vec<String> {
    let service = |flag: &str, url: &str, version: u8| {
        format!("{flag}=url={url},api-version={version},start-time={BEGIN},operator=portolan-real")
    };
    let mut arguments = vec![
        "signing-config".to_owned(),
        "create".to_owned(),
        format!("--out={}", evidence.file_name()),
    ];
    if evidence != Evidence::Nothing {
        let fulcio = if evidence.has_sct() {
            &services.fulcio
        } else {
            &services.fulcio_without_log
        };
        arguments.push(service("--fulcio", fulcio, 1));
    }
    if let Some(version) = evidence.rekor_version() {
        let url = if version == 1 {
            &services.rekor
        } else {
            &services.rekor_tiles
        };
        arguments.push(service("--rekor", url, version));
        arguments.push("--rekor-config=ANY".to_owned());
    }
    if evidence.has_timestamp() {
        arguments.push(service("--tsa", &services.timestamps, 1));
        arguments.push("--tsa-config=ANY".to_owned());
    }
    arguments
}
