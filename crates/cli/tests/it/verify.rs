//! Who signed it.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use portolan_kit::{CosignKey, Lie, Registry, Target, chart_archive};
use tempfile::TempDir;

use crate::{code, err, json, out, portolan};

struct World {
    registry: Registry,
    home: TempDir,
    key: CosignKey,
    /// The digest of `charts/app:1.0.0`.
    digest: String,
}

impl World {
    /// A chart that nobody signed, and a key in `cosign.pub`.
    fn new(registry: Registry) -> Self {
        let digest = registry.push_chart("charts/app", &chart_archive("app", "1.0.0"), "1.0.0");
        let home = tempfile::tempdir().unwrap();
        let key = CosignKey::generate();
        fs::write(home.path().join("cosign.pub"), key.public_pem()).unwrap();
        let other = CosignKey::generate().public_pem();
        fs::write(home.path().join("other.pub"), other).unwrap();
        Self {
            registry,
            home,
            key,
            digest,
        }
    }

    fn open() -> Self {
        Self::new(Registry::start_blocking())
    }

    /// The chart with a signature of the key, which is in no log.
    fn signed() -> Self {
        let world = Self::open();
        let (registry, digest) = (&world.registry, &world.digest);
        registry.sign_with_bundle("charts/app", digest, &world.key);
        world
    }

    fn chart(&self) -> String {
        format!("{}/charts/app", self.registry.address())
    }

    /// Run over plain HTTP, with `CHART` standing for the chart's repository and `DIGEST` for the chart.
    fn run(&self, arguments: &str) -> Output {
        let arguments = arguments
            .replace("CHART", &self.chart())
            .replace("DIGEST", &self.digest);
        let words = arguments.split_whitespace().chain(["--plain-http"]);
        portolan(self.home.path(), &words.collect::<Vec<_>>(), "")
    }

    #[track_caller]
    fn refused(&self, arguments: &str, expected: i32, text: &str) {
        let done = self.run(arguments);
        code(&done, expected);
        assert_eq!(out(&done), "");
        let said = err(&done);
        assert!(said.starts_with("error: ") && said.contains(text), "{said}");
    }
}

const UNLOGGED: &str = "--key cosign.pub --insecure-ignore-tlog";

#[test]
fn a_signature_counts_in_either_form_and_whoever_made_it_is_told() {
    let check = |form: &str, registry: Registry, sign: fn(&World)| {
        let world = World::new(registry);
        sign(&world);
        let done = world.run(&format!("verify oci://CHART:1.0.0 {UNLOGGED}"));
        code(&done, 0);
        let (chart, digest) = (world.chart(), &world.digest);
        let said = out(&done);
        let expected = format!("Verified oci://{chart}@{digest}\n  key cosign.pub\n");
        assert!(said.starts_with(&expected), "{said}");
        let told = json(&world.run(&format!("verify CHART@DIGEST {UNLOGGED} -o json")));
        assert_eq!(told["reference"], format!("oci://{chart}@{digest}"));
        assert_eq!(told["digest"], *digest);
        let [signature] = told["signatures"].as_array().unwrap().as_slice() else {
            panic!("{told}");
        };
        assert_eq!(signature["format"], form);
        assert_eq!(signature["signer"]["kind"], "key");
        assert_eq!(signature["signer"]["name"], "cosign.pub");
    };
    let bundle = |world: &World| {
        let (registry, digest) = (&world.registry, &world.digest);
        registry.sign_with_bundle("charts/app", digest, &world.key);
    };
    check("bundle", Registry::start_blocking(), bundle);
    let without = Registry::builder().without_referrers().start_blocking();
    check("bundle", without, bundle);
    check("simple-signing", Registry::start_blocking(), |world| {
        let (registry, digest) = (&world.registry, &world.digest);
        registry.sign_with_tag("charts/app", digest, &world.key);
    });
}

#[test]
fn what_is_not_signed_as_demanded_is_refused_with_a_code_of_its_own() {
    let world = World::open();
    let verify = format!("verify CHART:1.0.0 {UNLOGGED}");
    world.refused(&verify, 7, "no signatures found");
    let stranger = CosignKey::generate();
    world
        .registry
        .sign_with_bundle("charts/app", &world.digest, &stranger);
    world.refused(&verify, 7, "\n  sha256:");
    world.refused(&verify, 7, "no key of the policy verifies it");
    world
        .registry
        .sign_with_tag("charts/app", &world.digest, &world.key);
    code(&world.run(&verify), 0);
    let said = out(&world.run(&format!("{verify} -v")));
    assert!(said.contains("\nNot counted:\n  sha256:"), "{said}");
    world.refused(&format!("{verify} -a env=prod"), 7, "annotation \"env\"");
    let two = format!("{verify} --key other.pub --required 2");
    world.refused(&two, 7, "1 of 2 signers agree");
    // That it is somebody's is not enough: it has to be about this very chart.
    let other = chart_archive("app", "1.0.1");
    let other = world.registry.push_chart("charts/app", &other, "1.0.1");
    let bundle = world.key.bundle(&world.digest);
    world.registry.attach_bundle("charts/app", &other, &bundle);
    let verify = format!("verify CHART:1.0.1 {UNLOGGED}");
    world.refused(&verify, 7, "it is about sha256:");
}

#[test]
fn a_log_is_asked_for_and_the_flag_that_does_not_is_told() {
    let world = World::signed();
    let verify = "verify CHART:1.0.0 --key cosign.pub --offline";
    world.refused(verify, 7, "--insecure-ignore-tlog");
    code(&world.run(&format!("{verify} --insecure-ignore-tlog")), 0);
}

#[test]
fn what_could_not_be_found_out_is_not_what_is_not_signed() {
    let world = World::signed();
    world.refused(&format!("verify CHART:9 {UNLOGGED}"), 3, "not found");
    world.refused(&format!("verify CHART {UNLOGGED}"), 1, "reference");
    let verify = format!("verify CHART:1.0.0 {UNLOGGED}");
    world.registry.tell(Lie::Status {
        at: Target::Referrers,
        status: 500,
        times: Lie::ALWAYS,
    });
    world.refused(&verify, 5, "not every signature could be looked at");
    let stranger = CosignKey::generate();
    world
        .registry
        .sign_with_tag("charts/app", &world.digest, &stranger);
    world.refused(
        &verify,
        5,
        "\nOf the others: no matching signatures\n  sha256-",
    );
    world.registry.be_honest();
    code(&world.run(&verify), 0);
    let nobody = format!("verify 127.0.0.1:1/app:1 {UNLOGGED}");
    world.refused(&nobody, 5, "127.0.0.1:1");
    let guarded = Registry::builder().basic_auth("ci", "secret");
    let guarded = World::new(guarded.start_blocking());
    let verify = format!("verify CHART@DIGEST {UNLOGGED}");
    guarded.refused(&verify, 4, "helm registry login");
    let config = format!(
        r#"{{"auths":{{"{}":{{"username":"ci","password":"secret"}}}}}}"#,
        guarded.registry.address()
    );
    fs::write(guarded.home.path().join("config.json"), config).unwrap();
    let verify = format!("{verify} --registry-config config.json");
    guarded.refused(&verify, 7, "no signatures found");
}

#[test]
fn flags_that_name_nobody_are_refused_before_anything_is_asked() {
    let world = World::signed();
    world.registry.forget_requests();
    let check = |arguments: &str, text: &str| {
        for command in ["verify CHART:1.0.0", "pull oci://CHART:1.0.0 --verify"] {
            world.refused(&format!("{command} {arguments}"), 2, text);
        }
    };
    check("", "nobody is named");
    check("--certificate-identity a", "add --certificate-oidc-issuer");
    check(
        "--certificate-identity-regexp [ --certificate-oidc-issuer i",
        "'--certificate-identity-regexp <REGEXP>'",
    );
    check(&format!("{UNLOGGED} --required 2"), "requires 2 signers");
    world.refused(
        &format!("pull oci://CHART {UNLOGGED}"),
        2,
        "without --verify",
    );
    world.refused("pull oci://CHART --offline", 2, "without --verify");
    world.refused(
        &format!("verify CHART:1.0.0 {UNLOGGED} --allow-insecure-registry"),
        2,
        "--ca-file",
    );
    assert!(world.registry.requests().is_empty());
}

#[test]
fn a_pull_writes_nothing_that_is_not_verified() {
    let world = World::open();
    let pull = format!("pull oci://CHART --verify {UNLOGGED} -d charts --untar");
    world.refused(&pull, 7, "no signatures found");
    let folder = world.home.path().join("charts");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    let blobs = world.registry.requests();
    let blobs = blobs.iter().filter(|seen| seen.path.contains("/blobs/"));
    assert_eq!(blobs.count(), 0, "no layer is asked for");

    world
        .registry
        .sign_with_bundle("charts/app", &world.digest, &world.key);
    let done = world.run(&pull);
    code(&done, 0);
    let said = out(&done);
    assert!(said.contains("\nSigned: key cosign.pub\nSaved: "), "{said}");
    assert!(folder.join("app-1.0.0.tgz").is_file());
    let told = json(&world.run(&format!("pull oci://CHART --verify {UNLOGGED} -o json")));
    let signer = &told["verification"]["signatures"][0]["signer"];
    assert_eq!(signer["name"], "cosign.pub");
    let told = json(&world.run("pull oci://CHART -o json"));
    assert_eq!(told.get("verification"), None);
}

#[test]
fn a_repository_with_an_index_has_no_signatures() {
    let site = crate::site::Site::open();
    let key = CosignKey::generate().public_pem();
    fs::write(site.home.path().join("cosign.pub"), key).unwrap();
    let pull = ["pull", "--repo", "URL", "redis", "--verify"].into_iter();
    let done = site.run(&pull.chain(UNLOGGED.split(' ')).collect::<Vec<_>>());
    code(&done, 1);
    let said = err(&done);
    assert!(said.contains("cannot be verified"), "{said}");
    assert!(!site.home.path().join("redis-18.2.1.tgz").exists());
}

#[test]
fn what_was_looked_at_is_judged_again_without_the_registry() {
    let world = World::signed();
    let verify = format!("verify CHART:1.0.0 {UNLOGGED} --capture kept.json");
    code(&world.run(&verify), 0);
    world.registry.stop();
    code(&world.run(&verify), 5);
    let again = "verify CHART@DIGEST --insecure-ignore-tlog --captured kept.json";
    code(&world.run(&format!("{again} --key cosign.pub")), 0);
    world.refused(&format!("{again} --key other.pub"), 7, "no key");
    let other = format!("{again} --key cosign.pub").replace("DIGEST", &format!("sha256:{:064}", 0));
    world.refused(&other, 7, "it is about");
    let by_tag = format!("{again} --key cosign.pub").replace("@DIGEST", ":1.0.0");
    world.refused(&by_tag, 2, "write its digest");
    fs::write(world.home.path().join("kept.json"), "{}").unwrap();
    let junk = format!("{again} --key cosign.pub");
    world.refused(&junk, 1, "kept.json is not what --capture writes");
}

#[test]
fn a_bundle_in_a_file_is_judged_without_a_registry() {
    let world = World::open();
    let home = world.home.path();
    fs::write(home.join("bundle.json"), world.key.bundle(&world.digest)).unwrap();
    world.registry.stop();
    let verify = format!("verify CHART@DIGEST {UNLOGGED} --bundle bundle.json");
    code(&world.run(&verify), 0);
    let other = verify.replace("DIGEST", &format!("sha256:{:064}", 0));
    world.refused(&other, 7, "bundle.json (bundle): it is about sha256:");
    world.refused(&format!("{verify} --captured x"), 2, "--captured");
}

#[test]
fn who_signed_without_a_key_and_when_it_was_logged_is_told() {
    // Genuine signatures, made with cosign and a private Sigstore.
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../verify/tests/data/sigstore");
    let signed = data.join("genuine/bundle-keyless-rekor1-timestamp");
    let manifest = fs::read(signed.join("bundle-0.manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let digest = manifest["subject"]["digest"].as_str().unwrap();
    let home = tempfile::tempdir().unwrap();
    let run = |subject: &str, more: &[&str]| {
        let reference = format!("registry.example.com/app@{digest}");
        let bundle = signed.join("bundle-0.sigstore.json").display().to_string();
        let root = data.join("trusted_root.json").display().to_string();
        let issuer = "^http://127.0.0.1:[0-9]+/email$";
        let words = [
            "verify",
            &reference,
            "--bundle",
            &bundle,
            "--trusted-root",
            &root,
            "--certificate-identity",
            subject,
            "--certificate-oidc-issuer-regexp",
            issuer,
        ];
        portolan(home.path(), &[&words, more].concat(), "")
    };
    let told = json(&run("alice@example.com", &["-o", "json"]));
    let signature = &told["signatures"][0];
    assert_eq!(signature["signer"]["kind"], "identity");
    assert_eq!(signature["signer"]["subject"], "alice@example.com");
    let time = signature["logged"][0]["integrated_time"].as_str().unwrap();
    assert!(
        time.starts_with("2026-11-20T") && time.ends_with('Z'),
        "{time}"
    );
    assert!(signature["logged"][0]["log_index"].is_u64());
    assert_eq!(signature["timestamps"].as_array().unwrap().len(), 1);
    let said = out(&run("alice@example.com", &[]));
    assert!(
        said.contains("\n  alice@example.com\n    issuer:     http://"),
        "{said}"
    );
    let refused = run("mallory@example.net", &[]);
    code(&refused, 7);
    let said = err(&refused);
    assert!(said.contains("signed by alice@example.com"), "{said}");
}

#[test]
fn an_older_trust_root_does_not_take_the_place_of_one_that_cannot_be_had() {
    let world = World::signed();
    let verify = |offline: &[&str]| {
        let chart = format!("{}:1.0.0", world.chart());
        Command::new(env!("CARGO_BIN_EXE_portolan"))
            .args(["verify", &chart, "--plain-http", "--key", "cosign.pub"])
            .args(offline)
            .current_dir(world.home.path())
            .env_clear()
            .env("HOME", world.home.path())
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .output()
            .unwrap()
    };
    let done = verify(&[]);
    code(&done, 5);
    let said = err(&done);
    assert!(said.contains("--offline"), "{said}");
    code(&verify(&["--offline"]), 7);
}
