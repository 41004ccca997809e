//! Signatures by the real cosign with the real services of sigstore, in both kinds of registry.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use portolan_real::{
    Believed, Caller, ChartFolder, Demand, Evidence, Helm, KeyKind, OciRegistry, ReferrersRegistry,
    Signature, SigningKey, Sigstore, pinned,
};

/// Where a chart is that nobody has signed, once for each kind of registry.
struct Stage {
    lab: &'static Sigstore,
    with_referrers: ReferrersRegistry,
    without: OciRegistry,
    helm: Helm,
    #[expect(dead_code, reason = "it has the archive, and goes when it is dropped")]
    chart: ChartFolder,
    archive: PathBuf,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| {
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
    }
});

/// A chart in both kinds of registry, with a digest each.
struct Charts([String; 2]);

impl Charts {
    /// One that nobody has signed.
    #[track_caller]
    fn new() -> Self {
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
    fn signed(signature: Signature<'_>) -> Self {
        Self::new().and(signature)
    }

    /// The same with one more signature.
    #[track_caller]
    fn and(self, signature: Signature<'_>) -> Self {
        for reference in &self.0 {
            STAGE.lab.sign(reference, &signature);
        }
        self
    }

    /// What cosign says of it.
    #[track_caller]
    fn judged(&self, demand: &Demand, good: bool) {
        for reference in &self.0 {
            let said = STAGE.lab.cosign().verify(reference, demand);
            assert_eq!(said.is_ok(), good, "cosign on {reference}: {said:?}");
        }
    }
}

fn believing(believed: Believed, demand: Demand) -> Demand {
    Demand {
        trusted_root: Some(STAGE.lab.trusted_root(believed)),
        ..demand
    }
}

fn identity_of(caller: &Caller) -> Demand {
    let demand = Demand::identity(&STAGE.lab.issuer(caller), caller.subject());
    believing(Believed::Everything, demand)
}

#[test]
fn a_signature_of_a_caller_is_good_when_it_is_logged() {
    let alice = Caller::person("alice@example.com");
    let elsewhere = Caller::person_elsewhere("alice@example.com");
    let release = Caller::workflow("example/charts");
    for caller in [&alice, &release] {
        let by = Signature::by(caller);
        for signature in [
            by,
            by.proven(Evidence::RekorAndTimestamp),
            by.proven(Evidence::RekorTiles),
            by.as_tag(),
            by.as_tag().proven(Evidence::RekorAndTimestamp),
        ] {
            let charts = Charts::signed(signature);
            charts.judged(&identity_of(caller), true);
            charts.judged(&identity_of(&elsewhere), false);
            let stranger = believing(Believed::Stranger, identity_of(caller));
            charts.judged(&stranger, false);
        }
    }
}

#[test]
fn a_signature_by_a_key_is_good_for_that_key() {
    let key = SigningKey::new(KeyKind::P256);
    let other = SigningKey::new(KeyKind::P256);
    let with = Signature::with(&key);
    for signature in [
        with,
        with.proven(Evidence::Rekor),
        with.proven(Evidence::RekorTiles),
        with.as_tag(),
        with.as_tag().proven(Evidence::Rekor),
    ] {
        let charts = Charts::signed(signature);
        charts.judged(
            &believing(Believed::Everything, Demand::key(&key.public())),
            true,
        );
        charts.judged(
            &believing(Believed::Everything, Demand::key(&other.public())),
            false,
        );
    }
}
