//! Lock files, beside those that Helm v4.3.1 wrote (`helm dependency update`).

use portolan_chart::{ChartMetadata, Dependency, Lock, LockedDependency};

/// What `requirements` of a `Chart.yaml` are.
fn requirements(yaml: &str) -> Vec<Dependency> {
    let yaml = format!("name: app\nversion: 1.0.0\n{yaml}");
    ChartMetadata::parse(yaml.as_bytes()).unwrap().dependencies
}

fn locked(name: &str, version: &str, repository: &str) -> LockedDependency {
    let mut locked = LockedDependency::default();
    for (field, text) in [
        (&mut locked.name, name),
        (&mut locked.version, version),
        (&mut locked.repository, repository),
    ] {
        text.clone_into(field);
    }
    locked
}

/// Everything a dependency can say, and what JSON of Go's writes otherwise: `>`, `<`, numbers.
const REQUIREMENTS: &str = r#"
dependencies:
- name: db
  version: ">=1.0.0 <2"
  repository: file://../db
- name: db
  alias: second
  version: ~1.2
  repository: file://../db
  condition: second.enabled
  tags: [a, "<b>"]
  import-values:
  - data
  - child: x
    parent: y
  - {n: 12345678901234567890, f: 1.0, g: 0.1, e: 1e21}
"#;

const LOCK: &str = r#"dependencies:
- name: db
  repository: file://../db
  version: 1.2.3
- name: db
  repository: file://../db
  version: 1.2.3
digest: sha256:2543139f3491661492faac20ee48fe5f6c907ecf14d1e724dc6c32c36a593722
generated: "2026-11-21T14:41:02.207387565Z"
"#;

#[test]
fn a_lock_of_helms_is_for_its_requirements() {
    let lock = Lock::parse(LOCK.as_bytes()).unwrap();
    let db = locked("db", "1.2.3", "file://../db");
    assert_eq!(lock.dependencies, [db.clone(), db]);
    assert_eq!(lock.generated, "2026-11-21T14:41:02.207387565Z");
    let requirements = requirements(REQUIREMENTS);
    assert_eq!(
        Lock::digest_of(&requirements, &lock.dependencies),
        lock.digest
    );
    assert!(lock.is_for(&requirements));
}

#[test]
fn a_lock_is_written_as_helm_writes_it() {
    let lock = Lock::parse(LOCK.as_bytes()).unwrap();
    assert_eq!(lock.to_yaml(), LOCK);
}

#[test]
fn a_lock_is_not_for_other_requirements_and_not_for_itself_changed() {
    let wanted = requirements(REQUIREMENTS);
    let lock = Lock::parse(LOCK.as_bytes()).unwrap();
    for (from, to) in [
        ("version: ~1.2", "version: ~1.3"),
        ("alias: second", "alias: third"),
        ("- data", "- date"),
        ("second.enabled", "second.on"),
    ] {
        let other = requirements(&REQUIREMENTS.replace(from, to));
        assert!(!lock.is_for(&other), "{to}");
    }
    for (from, to) in [("1.2.3", "1.2.4"), ("../db", "../other"), ("2543", "2544")] {
        let other = Lock::parse(LOCK.replace(from, to).as_bytes()).unwrap();
        assert!(!other.is_for(&wanted), "{to}");
        assert!(!other.is_of_helm_2_for(&wanted), "{to}");
    }
}

/// Of the chart `sapho` in [helm/charts](https://github.com/helm/charts/tree/master/stable/sapho).
#[test]
fn a_lock_of_helm_2_is_for_its_requirements_as_they_are_written() {
    let wanted = requirements(
        "dependencies:\n- name: mysql\n  version: 1.6.7\n  repository: https://charts.helm.sh/stable\n",
    );
    let lock = Lock {
        digest: "sha256:b652a732d6d7bc646d212222810403b6b97ae9a89c1b9ca0c28f25a95c9f7e1e"
            .to_owned(),
        dependencies: vec![locked("mysql", "1.6.7", "https://charts.helm.sh/stable")],
        ..Lock::default()
    };
    assert!(lock.is_of_helm_2_for(&wanted));
    assert!(!lock.is_for(&wanted));
    assert!(!lock.is_of_helm_2_for(&requirements("")));
}

#[test]
fn what_is_no_lock_is_refused() {
    for (yaml, expected) in [
        (
            "dependencies: [~]",
            "`dependencies` has an entry with nothing in it",
        ),
        (
            "dependencies: db",
            "`dependencies` is text where a list is expected",
        ),
        ("[]", "the file is a list where a map is expected"),
        (
            "generated: yesterday",
            "`generated` is not a time as in 2006-01-02T15:04:05Z: `yesterday`",
        ),
    ] {
        let error = Lock::parse(yaml.as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
