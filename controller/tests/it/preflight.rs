//! `portolan-controller preflight`, over a folder.

use std::process::Command;

/// The exit code, and what was said.
fn preflight(manifests: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("all.yaml"), manifests).expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_portolan-controller"))
        .arg("preflight")
        .arg(folder.path())
        .output()
        .expect("the command runs");
    let said = String::from_utf8(output.stdout).expect("text");
    (output.status.code(), said)
}

const REPOSITORY: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\n\
    metadata: { name: charts }\nspec: { type: oci, url: 'oci://registry.example.com/charts' }\n---\n";

fn chart(verify: &str) -> String {
    format!(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\nmetadata: {{ name: app }}\n\
         spec:\n  chart: app\n  interval: 1h\n  \
         sourceRef: {{ kind: HelmRepository, name: charts }}\n  verify: {{ {verify} }}\n"
    )
}

#[test]
fn what_flux_takes_and_this_controller_does_not_is_found_before_the_swap() {
    let found = preflight(&format!("{REPOSITORY}{}", chart("provider: cosign")));
    assert_eq!(found.0, Some(1), "{}", found.1);
    assert!(
        found.1.starts_with("HelmChart default/app: ")
            && found.1.contains("add spec.verify.matchOIDCIdentity"),
        "{}",
        found.1
    );
    let identity = "matchOIDCIdentity: [{ issuer: i, subject: s }]";
    let clear = preflight(&format!("{REPOSITORY}{}", chart(identity)));
    assert_eq!(clear.0, Some(0), "{}", clear.1);
}

#[test]
fn files_that_cannot_be_read_are_no_good_news() {
    let (code, said) = preflight("apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmChart\n");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("all.yaml"), "{said}");
}
