use std::fs;

use clap::Parser as _;
use clap::error::ErrorKind;
use portolan_kit::CosignKey;
use portolan_verify::{Identity, Pattern, Policy, PolicyBuilder, PublicKey, TrustRoot};

use super::policy;
use crate::args::{Args, Command};
use crate::exit::Usage;

/// What the flags demand, written with spaces between. There is no trust root unless one is needed.
fn read(flags: &str) -> anyhow::Result<Policy> {
    let words = ["portolan", "verify", "localhost/app:1"].into_iter();
    let args = Args::try_parse_from(words.chain(flags.split_whitespace()))?;
    let Command::Verify(args) = args.command else {
        unreachable!("verify is what was asked for");
    };
    let policy = policy(&args.policy, async || Ok(TrustRoot::sigstore()?));
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(policy)
}

#[track_caller]
fn check(flags: &str, expected: PolicyBuilder) {
    let (policy, expected) = (read(flags).unwrap(), expected.build().unwrap());
    assert_eq!(policy, expected);
}

/// Refused with exit code 2.
#[track_caller]
fn refused(flags: &str, reason: &str) {
    let error = read(flags).unwrap_err();
    let unreadable = error.downcast_ref::<clap::Error>();
    assert!(
        error.is::<Usage>() || unreadable.is_some_and(|error| error.kind() != ErrorKind::Io),
        "{error:?}"
    );
    let error = error.to_string();
    assert!(error.contains(reason), "{error}");
}

fn demanding() -> PolicyBuilder {
    Policy::builder().trust_root(TrustRoot::sigstore().unwrap())
}

fn exact(issuer: &str, subject: &str) -> Identity {
    Identity::new(Pattern::exact(issuer), Pattern::exact(subject))
}

#[test]
fn an_identity_is_a_subject_and_an_issuer_in_the_order_in_which_they_are_written() {
    check(
        "--certificate-identity a --certificate-oidc-issuer i",
        demanding().identity(exact("i", "a")),
    );
    check(
        "--certificate-oidc-issuer i --certificate-oidc-issuer j --certificate-identity a \
         --certificate-identity b",
        demanding().identities([exact("i", "a"), exact("j", "b")]),
    );
    let regexp = |text| Pattern::regexp(text).unwrap();
    check(
        "--certificate-identity-regexp ^x --certificate-oidc-issuer i --certificate-identity b \
         --certificate-oidc-issuer-regexp j$",
        demanding().identities([
            Identity::new(Pattern::exact("i"), regexp("^x")),
            Identity::new(regexp("j$"), Pattern::exact("b")),
        ]),
    );
}

#[test]
fn an_identity_that_is_none_is_refused() {
    refused("", "nobody is named");
    refused("--insecure-ignore-tlog", "nobody is named");
    refused("--certificate-identity a", "add --certificate-oidc-issuer");
    refused(
        "--certificate-oidc-issuer-regexp .",
        "add --certificate-identity",
    );
    refused(
        "--certificate-identity a --certificate-identity b --certificate-oidc-issuer i",
        "there are 2 and 1",
    );
    refused(
        "--certificate-identity-regexp ( --certificate-oidc-issuer i",
        "--certificate-identity-regexp",
    );
    for flag in [
        "identity",
        "identity-regexp",
        "oidc-issuer",
        "oidc-issuer-regexp",
    ] {
        refused(&format!("--certificate-{flag}="), "it is empty");
    }
}

#[test]
fn flags_demand_more_or_less_of_a_signature() {
    let who = "--certificate-identity a --certificate-oidc-issuer i";
    let check = |flags: &str, change: fn(PolicyBuilder) -> PolicyBuilder| {
        let expected = demanding().identity(exact("i", "a"));
        check(&format!("{who} {flags}"), change(expected));
    };
    check("--insecure-ignore-tlog", |it| it.require_log(false));
    check("--insecure-ignore-sct", |it| it.require_sct(false));
    check("--use-signed-timestamps", |it| it.require_timestamp(true));
    check("--required 2", |it| it.required(2));
    check("--offline", |it| it);
    refused(&format!("{who} --required 0"), "--required");
}

#[test]
fn annotations_are_read_as_cosign_reads_them() {
    let who = "--certificate-identity a --certificate-oidc-issuer i";
    let check = |flags: &str, expected: &[(&str, &str)]| {
        let policy = demanding().identity(exact("i", "a"));
        let annotated =
            |policy: PolicyBuilder, (key, value): &(&str, &str)| policy.annotation(*key, *value);
        check(
            &format!("{who} {flags}"),
            expected.iter().fold(policy, annotated),
        );
    };
    check("-a env=prod", &[("env", "prod")]);
    check(
        "--annotations env=prod -a a=b=c",
        &[("env", "prod"), ("a", "b=c")],
    );
    check("-a env=prod,a=", &[("env", "prod"), ("a", "")]);
    check(r#"-a "a=1,2",b="3""#, &[("a", "1,2"), ("b", "\"3\"")]);
    check(r#"-a "a=""1""""#, &[("a", "\"1\"")]);
    check("-a a=1 -a a=1", &[("a", "1")]);
    refused(&format!("{who} -a env"), "`env` is not KEY=VALUE");
    refused(&format!("{who} -a a=1,2"), "`2` is not KEY=VALUE");
    refused(&format!("{who} -a \"a=1"), "a quote has no end");
    refused(&format!("{who} -a a=1 -a a=2"), "-a a has two values");
}

#[test]
fn each_key_may_sign_and_needs_a_trust_root_only_for_a_log_or_a_timestamp() {
    let home = tempfile::tempdir().unwrap();
    let write = |name: &str| {
        let (path, pem) = (home.path().join(name), CosignKey::generate().public_pem());
        fs::write(&path, &pem).unwrap();
        let key = PublicKey::parse(name, pem.as_bytes()).unwrap();
        (path.display().to_string(), key)
    };
    let ((a, key_a), (b, key_b)) = (write("a.pub"), write("b.pub"));
    let keys = format!("--key {a} --key {b}");
    let both = [key_a, key_b];
    check(&keys, demanding().keys(both.clone()));
    let unlogged = Policy::builder().keys(both.clone()).require_log(false);
    check(&format!("{keys} --insecure-ignore-tlog"), unlogged.clone());
    check(
        &format!("{keys} --insecure-ignore-tlog --required 2"),
        unlogged.required(2),
    );
    check(
        &format!("{keys} --insecure-ignore-tlog --use-signed-timestamps"),
        demanding()
            .keys(both.clone())
            .require_log(false)
            .require_timestamp(true),
    );
    refused(&format!("{keys} --required 3"), "requires 3 signers");
    let identity = "--certificate-identity a --certificate-oidc-issuer i";
    refused(&format!("{keys} {identity}"), "say with --required");
    check(
        &format!("{keys} {identity} --required 1"),
        demanding().keys(both).identity(exact("i", "a")),
    );
    refused("--key k8s://ns/name", "a key is a file");
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("nothing");
    fs::write(&file, "nothing").unwrap();
    let file = file.display().to_string();
    let check = |flags: &str| {
        let error = read(flags).unwrap_err();
        assert!(!error.is::<Usage>(), "{error:?}");
        let error = format!("{error:#}");
        assert_eq!(error.matches(&file).count(), 1, "{error}");
    };
    check(&format!("--key {file}"));
    check(&format!("--key {file}.pub"));
    check(&format!(
        "--certificate-identity a --certificate-oidc-issuer i --trusted-root {file}"
    ));
}

#[test]
fn a_policy_can_be_told_from_none() {
    let given = |flags: &[&str]| {
        let words = ["portolan", "pull", "oci://localhost/app"];
        let args = Args::try_parse_from(words.iter().chain(flags)).unwrap();
        let Command::Pull(args) = args.command else {
            unreachable!("pull is what was asked for");
        };
        args.policy.given()
    };
    assert_eq!(given(&["--plain-http"]), None);
    for flags in [
        ["--key", "a"],
        ["--certificate-identity", "a"],
        ["--certificate-oidc-issuer", "a"],
        ["--required", "1"],
        ["--annotations", "a=b"],
        ["--trusted-root", "a"],
    ] {
        assert_eq!(given(&flags), Some(flags[0]));
    }
    for flag in [
        "--insecure-ignore-tlog",
        "--insecure-ignore-sct",
        "--use-signed-timestamps",
        "--offline",
    ] {
        assert_eq!(given(&[flag]), Some(flag));
    }
}
