//! The command `preflight`: which demands for signatures are refused here that Flux takes, before one
//! takes the place of the other.

mod seen;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt as _;
use portolan_api::{HelmChart, HelmRepository, RepositoryType, SourceKind, Verification};
use portolan_verify::TrustRoot;

use crate::failure::Failure;
use crate::flags::PreflightFlags;
use crate::kind::Watched as _;
use crate::translate;

/// How the command ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Nothing has to be changed.
    Clear = 0,
    /// Something has.
    Found = 1,
    /// Nobody can tell.
    Unusable = 2,
}

/// Run the command.
pub(crate) async fn preflight(flags: PreflightFlags) -> ExitCode {
    let told = match seen::look(&flags).await {
        Ok(seen) => tell(&seen, &mut io::stdout().lock()),
        Err(error) => Err(error),
    };
    let end = told.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error:#}");
        End::Unusable
    });
    ExitCode::from(end as u8)
}

/// Everything that was seen.
#[derive(Debug, Default)]
struct Seen {
    charts: Vec<HelmChart>,
    repositories: Vec<HelmRepository>,
    /// The Secrets that charts name, by namespace and name; `None` if there is none.
    secrets: BTreeMap<(String, String), Option<Secret>>,
    /// What could not be read, as a sentence each.
    unreadable: Vec<String>,
}

/// What has to be changed.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    object: String,
    text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HelmChart {}: {}", self.object, self.text)
    }
}

/// Write what was found to `out`.
fn tell(seen: &Seen, out: &mut impl Write) -> anyhow::Result<End> {
    let root = TrustRoot::sigstore()?;
    let found = findings(seen, &root);
    for text in &seen.unreadable {
        writeln!(out, "{text}")?;
    }
    for finding in &found {
        writeln!(out, "{finding}")?;
    }
    let asking = seen
        .charts
        .iter()
        .filter(|chart| chart.spec.verify.is_some());
    writeln!(
        out,
        "{} HelmCharts, {} of which ask for signatures, {} of which in a way that is refused here.",
        seen.charts.len(),
        asking.count(),
        found.len()
    )?;
    Ok(match (seen.unreadable.is_empty(), found.is_empty()) {
        (false, _) => End::Unusable,
        (true, false) => End::Found,
        (true, true) => End::Clear,
    })
}

/// What has to be changed, ordered by namespace and name.
fn findings(seen: &Seen, root: &TrustRoot) -> Vec<Finding> {
    let refused = |chart: &HelmChart| {
        let verify = chart.spec.verify.as_ref()?;
        let failure = demanded(chart, verify, seen, root).err()?;
        Some(Finding {
            object: format!("{}/{}", chart.home(), chart.name_any()),
            text: failure.message,
        })
    };
    let mut found: Vec<Finding> = seen.charts.iter().filter_map(refused).collect();
    found.sort_by(|a, b| a.object.cmp(&b.object));
    found
}

/// What a pass over the chart would say of what it demands, before anything is fetched.
fn demanded(
    chart: &HelmChart,
    verify: &Verification,
    seen: &Seen,
    root: &TrustRoot,
) -> Result<(), Failure> {
    translate::refuse_unsupported(&chart.spec)?;
    let source = &chart.spec.source_ref;
    let is_named =
        |found: &&HelmRepository| found.name_any() == source.name && found.home() == chart.home();
    let repository = seen.repositories.iter().find(is_named);
    let is_unsigned = source.kind != SourceKind::HelmRepository
        || repository.is_some_and(|found| found.spec.repository_type() != RepositoryType::Oci);
    if is_unsigned {
        translate::refuse_unverifiable(chart)?;
    }
    let secret = match &verify.secret_ref {
        None => None,
        Some(named) => {
            let key = (chart.home(), named.name.clone());
            let held = seen.secrets.get(&key).and_then(Option::as_ref);
            let none = || Failure::no_secret(verify, &named.name);
            Some(held.ok_or_else(none)?)
        }
    };
    translate::policy(verify, secret, || root.clone()).map(|_| ())
}

#[cfg(test)]
mod tests {
    use portolan_kit::CosignKey;
    use serde_json::{Value, json};

    use super::*;

    fn object<T: serde::de::DeserializeOwned>(name: &str, mut rest: Value) -> T {
        rest["metadata"] = json!({ "name": name, "namespace": "team" });
        serde_json::from_value(rest).unwrap()
    }

    fn chart(name: &str, source: &str, verify: Value) -> HelmChart {
        let mut spec = json!({
            "chart": "app", "interval": "1h",
            "sourceRef": { "kind": "HelmRepository", "name": source },
        });
        spec["verify"] = verify;
        object(name, json!({ "spec": spec }))
    }

    fn seen(charts: Vec<HelmChart>) -> Seen {
        let repository = |name, spec| object(name, json!({ "spec": spec }));
        let key = CosignKey::generate().public_pem();
        let secret = |data| Some(object("x", json!({ "stringData": data })));
        let named = |name: &str| ("team".to_owned(), name.to_owned());
        Seen {
            charts,
            repositories: vec![
                repository("oci", json!({ "type": "oci", "url": "oci://example.com" })),
                repository("index", json!({ "url": "https://example.com" })),
            ],
            secrets: BTreeMap::from([
                (named("keys"), secret(json!({ "a.pub": key }))),
                (named("empty"), secret(json!({}))),
                (named("missing"), None),
            ]),
            unreadable: Vec::new(),
        }
    }

    fn told(seen: &Seen) -> (End, String) {
        let mut out = Vec::new();
        let end = tell(seen, &mut out).unwrap();
        (end, String::from_utf8(out).unwrap())
    }

    #[test]
    fn what_would_be_verified_is_no_finding() {
        let by_key = json!({ "provider": "cosign", "secretRef": { "name": "keys" } });
        let identities = json!([{ "issuer": "^i$", "subject": "^s$" }]);
        let keyless = json!({ "provider": "cosign", "matchOIDCIdentity": identities });
        let seen = seen(vec![
            chart("a", "oci", by_key.clone()),
            chart("b", "oci", keyless),
            chart("c", "index", Value::Null),
            // Whoever comes later may be of type oci.
            chart("d", "absent", by_key),
        ]);
        let summary = "4 HelmCharts, 3 of which ask for signatures, 0 of which in a way that is refused here.\n";
        assert_eq!(told(&seen), (End::Clear, summary.to_owned()));
    }

    #[test]
    fn what_would_be_refused_is_told_with_what_to_do() {
        #[track_caller]
        fn check(source: &str, verify: Value, expected: &[&str]) {
            let seen = seen(vec![chart("app", source, verify)]);
            let (end, text) = told(&seen);
            assert_eq!(end, End::Found);
            assert!(text.starts_with("HelmChart team/app: "), "{text}");
            for expected in expected {
                assert!(text.contains(expected), "no {expected:?} in {text}");
            }
            assert!(text.ends_with("1 of which in a way that is refused here.\n"));
        }
        let keys = |name: &str| json!({ "provider": "cosign", "secretRef": { "name": name } });
        check(
            "oci",
            json!({ "provider": "cosign" }),
            &["'cosign keyless'", "add spec.verify.matchOIDCIdentity"],
        );
        check(
            "oci",
            json!({ "provider": "notation", "secretRef": { "name": "keys" } }),
            &["spec.verify.provider: signatures of notation"],
        );
        check(
            "index",
            keys("keys"),
            &["spec.verify: only a chart", "'index'"],
        );
        check("oci", keys("empty"), &["no public keys found"]);
        check("oci", keys("missing"), &["secrets \"missing\" not found"]);
        check("oci", keys("unheard-of"), &["not found"]);
        check(
            "oci",
            json!({
                "provider": "cosign",
                "matchOIDCIdentity": [{ "issuer": "(", "subject": "s" }],
            }),
            &["spec.verify.matchOIDCIdentity[0].issuer: error parsing regexp"],
        );
    }

    #[test]
    fn nobody_is_told_that_all_is_well_who_was_not_heard() {
        let mut seen = seen(Vec::new());
        seen.unreadable.push("a.yaml: no object".to_owned());
        let (end, text) = told(&seen);
        assert_eq!(end, End::Unusable);
        assert!(text.starts_with("a.yaml: no object\n"), "{text}");
    }
}
