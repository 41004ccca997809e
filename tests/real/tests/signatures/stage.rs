//! Charts in both kinds of registry, who signs them, and who judges that.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use portolan_real::{
    Believed, Caller, ChartFolder, Demand, Folder, Helm, OciRegistry, ReferrersRegistry, Signature,
    SigningKey, Sigstore, pinned, portolan_exit,
};
use serde_json::json;

/// Where charts are, in both kinds of registry, and who signs them.
pub(crate) struct Stage {
    pub(crate) lab: &'static Sigstore,
    with_referrers: ReferrersRegistry,
    without: OciRegistry,
    pub(crate) helm: Helm,
    #[expect(dead_code, reason = "it has the archive, and goes when it is dropped")]
    chart: ChartFolder,
    archive: PathBuf,
    home: Folder,
}

pub(crate) static STAGE: LazyLock<Stage> = LazyLock::new(|| {
    let helm = Helm::new();
    let chart = ChartFolder::new("app", "signed");
    let archive = helm.package(&chart, "1.0.0");
    Stage {
        lab: Sigstore::shared(),
        with_referrers: ReferrersRegistry::start(),
        without: OciRegistry::open(),
        helm,
        chart,
        archive,
        home: Folder::new("home"),
    }
});

/// One chart, once in each kind of registry, as `host/repository@digest`.
pub(crate) struct Charts(pub(crate) [String; 2]);

impl Charts {
    /// One that nobody has signed.
    #[track_caller]
    pub(crate) fn unsigned() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let hosts = [STAGE.with_referrers.host(), STAGE.without.host()];
        Self(hosts.map(|host| {
            let repository = format!("{host}/case-{number}");
            let remote = format!("oci://{repository}");
            STAGE.helm.push(&STAGE.archive, &remote);
            pinned(&format!("{repository}/app:1.0.0"))
        }))
    }

    /// One with a signature.
    #[track_caller]
    pub(crate) fn signed(signature: Signature<'_>) -> Self {
        Self::unsigned().and(signature)
    }

    /// The same with one more signature.
    #[track_caller]
    pub(crate) fn and(self, signature: Signature<'_>) -> Self {
        for reference in &self.0 {
            STAGE.lab.sign(reference, &signature);
        }
        self
    }

    /// The same with something that is said about it, which is not that it is signed.
    #[track_caller]
    pub(crate) fn attested(self, signature: Signature<'_>, kind: &str) -> Self {
        for reference in &self.0 {
            STAGE.lab.attest(reference, &signature, kind);
        }
        self
    }

    /// The same with a signature in the tag form that no cosign made.
    #[track_caller]
    pub(crate) fn and_by_hand(self, sign: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        for reference in &self.0 {
            let (name, digest) = reference.split_once('@').expect("a digest");
            let payload = json!({
                "critical": {
                    "identity": {"docker-reference": name},
                    "image": {"docker-manifest-digest": digest},
                    "type": "cosign container image signature",
                },
                "optional": null,
            });
            let payload = payload.to_string().into_bytes();
            let signature = STANDARD.encode(sign(&payload));
            STAGE.lab.attach(reference, &payload, &signature);
        }
        self
    }

    /// What both say of it.
    #[track_caller]
    pub(crate) fn judged(&self, demand: &Demand, expected: Verdict) {
        for reference in &self.0 {
            let cosign = STAGE.lab.cosign().verify(reference, demand);
            let (code, ours) = ours("verify", reference, demand, &[]);
            assert_eq!(
                (cosign.is_ok(), code),
                (expected.cosign, expected.ours),
                "{}\n{reference} {}\ncosign: {cosign:?}\nours: {ours}",
                expected.reason,
                demand.flags().join(" "),
            );
        }
    }
}

/// `portolan` with the same flags and more: its exit code and what it said.
pub(crate) fn ours(act: &str, reference: &str, demand: &Demand, more: &[&str]) -> (i32, String) {
    let mut arguments = vec![act.to_owned(), "--plain-http".to_owned()];
    arguments.extend(demand.flags());
    arguments.extend(more.iter().map(|&flag| flag.to_owned()));
    arguments.push(format!("oci://{reference}"));
    portolan_exit(STAGE.home.path(), arguments)
}

/// Who accepts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Verdict {
    cosign: bool,
    /// The exit code.
    ours: i32,
    /// Why they differ.
    reason: &'static str,
}

/// What `portolan --help` says of its exit codes.
pub(crate) const DONE: i32 = 0;
pub(crate) const USAGE: i32 = 2;
pub(crate) const NOT_SIGNED: i32 = 7;

pub(crate) const ACCEPTED: Verdict = Verdict {
    cosign: true,
    ours: DONE,
    reason: "",
};
pub(crate) const REFUSED: Verdict = Verdict {
    cosign: false,
    ours: NOT_SIGNED,
    reason: "",
};
/// It cannot be judged like that.
pub(crate) const NO_DEMAND: Verdict = Verdict {
    cosign: false,
    ours: USAGE,
    reason: "",
};

pub(crate) const fn only_ours(reason: &'static str) -> Verdict {
    Verdict {
        cosign: false,
        ours: DONE,
        reason,
    }
}

pub(crate) const fn only_cosign(reason: &'static str) -> Verdict {
    Verdict {
        cosign: true,
        ours: NOT_SIGNED,
        reason,
    }
}

pub(crate) fn believing(believed: Believed, demand: Demand) -> Demand {
    Demand {
        trusted_root: Some(STAGE.lab.trusted_root(believed)),
        ..demand
    }
}

/// A certificate with the name of the caller, by who vouches for it.
pub(crate) fn identity(caller: &Caller) -> Demand {
    let demand = Demand::identity(&STAGE.lab.issuer(caller), caller.subject());
    believing(Believed::Everything, demand)
}

/// The key, logged or not.
pub(crate) fn key(key: &SigningKey) -> Demand {
    believing(Believed::Everything, Demand::key(&key.public()))
}

/// The key, and an entry in a log.
pub(crate) fn logged_key(by: &SigningKey) -> Demand {
    Demand {
        ignore_log: false,
        ..key(by)
    }
}
