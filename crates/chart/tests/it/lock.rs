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
