//! Where walks end early.

use portolan_chart::LockedDependency;
use portolan_resolve::{
    DependencyError, Explanation, Unbuilt, Vendored, WalkOptions, resolve_dependencies,
};

use crate::walks::{Disk, lock, metadata, refused, requiring, resolve};

#[test]
fn sixteen_deep_is_deep_enough() {
    let tower = |height: usize| {
        (1..height).fold(
            Disk::default().with(&format!("/{height}"), "1.0.0", &[]),
            |disk, at| {
                let next = format!("file://../{}", at + 1);
                disk.with(&format!("/{at}"), "1.0.0", &[("next", &next)])
            },
        )
    };
    let app = || requiring(&[("next", "file://../1")]);
    assert_eq!(resolve(app(), &mut tower(16)).unwrap().all().count(), 16);
    refused(
        app(),
        &mut tower(17),
        "charts require each other more than 16 deep",
    );
}

#[test]
fn a_tower_in_which_everything_is_required_twice_ends_at_once() {
    let mut disk = Disk::default().with("/15", "1.0.0", &[]);
    for at in 1..15 {
        let next = format!("file://../{}", at + 1);
        disk = disk.with(&format!("/{at}"), "1.0.0", &[("l", &next), ("r", &next)]);
    }
    let app = requiring(&[("next", "file://../1")]);
    refused(
        app,
        &mut disk,
        "failed to add dependencies: there are more than 1000 dependencies",
    );
    assert!(disk.asked.len() <= 15, "{:?}", disk.asked);
}

#[test]
fn ten_thousand_dependencies_are_refused_before_anything_is_asked() {
    let many: Vec<_> = (0..10_000).map(|_| ("a", "https://example.com")).collect();
    let mut disk = Disk::default();
    refused(
        requiring(&many),
        &mut disk,
        "there are more than 1000 dependencies",
    );
    assert!(disk.asked.is_empty());
    let thousand = resolve(requiring(&many[..1000]), &mut disk).unwrap();
    assert_eq!((thousand.all().count(), disk.asked.len()), (1000, 1));
}

#[test]
fn a_charts_folder_or_lock_file_with_more_than_a_thousand_is_refused() {
    let chart = metadata("1.0.0", &[]);
    let app = || requiring(&[("a", "https://example.com")]);
    let vendored = (0..1001).map(|at| Vendored::archive(format!("{at}.tgz"), &chart));
    refused(
        app().vendored(vendored),
        &mut Disk::default(),
        "more than 1000",
    );
    let lines = (0..1001).map(|_| LockedDependency::default());
    refused(
        app().locked(lock(&[], lines)),
        &mut Disk::default(),
        "more than 1000",
    );
}

#[test]
fn a_thousand_lines_in_no_order_find_their_requirements() {
    let many: Vec<_> = (0..1000).map(|_| ("a", "https://example.com")).collect();
    let mut metadata = metadata("0.1.0", &many);
    for (at, requirement) in metadata.dependencies.iter_mut().enumerate() {
        requirement.version = Some(format!("~1.{at}"));
    }
    // One name among them is another, so that they are not read in their order.
    "b".clone_into(&mut metadata.dependencies[0].name);
    let lines = (0..1000).rev().map(|at| LockedDependency {
        name: if at == 0 { "b" } else { "a" }.to_owned(),
        version: format!("1.{at}.7"),
        repository: "https://example.com".to_owned(),
    });
    let mut disk = Disk::default();
    let found = resolve(
        Unbuilt::new(&metadata).locked(lock(&metadata.dependencies, lines)),
        &mut disk,
    )
    .unwrap();
    for (at, dependency) in found.dependencies().iter().enumerate() {
        assert_eq!(dependency.version(), format!("1.{at}.7"));
    }
    assert!(disk.asked.is_empty());
}

#[test]
fn how_many_versions_are_looked_at_is_bounded_and_equal_ranges_cost_once() {
    let many: Vec<_> = (0..100).map(|_| ("a", "https://example.com")).collect();
    let options = || WalkOptions::default().max_versions(5);
    let equal = Unbuilt::new(&metadata("0.1.0", &many));
    let found = resolve_dependencies(equal, options(), &mut Disk::default()).unwrap();
    assert_eq!(found.all().count(), 100);
    let mut different = metadata("0.1.0", &many[..2]);
    different.dependencies[0].version = Some("^1".to_owned());
    let error = resolve_dependencies(Unbuilt::new(&different), options(), &mut Disk::default());
    let error = error.unwrap_err().to_string();
    assert_eq!(
        error,
        "failed to add dependencies: more than 5 versions would have to be looked at"
    );
}

#[test]
fn why_no_version_would_do_is_kept_for_the_first_errors() {
    let many: Vec<_> = (0..30).map(|_| ("a", "https://example.com")).collect();
    let mut metadata = metadata("0.1.0", &many);
    for requirement in &mut metadata.dependencies {
        requirement.version = Some(">7".to_owned());
    }
    let error = resolve(Unbuilt::new(&metadata), &mut Disk::default()).unwrap_err();
    assert_eq!(error.errors().len(), 30);
    assert!(error.errors().iter().all(DependencyError::is_not_found));
    let explained = error
        .errors()
        .iter()
        .filter_map(DependencyError::explanation);
    assert_eq!(
        explained.map(Explanation::offered).collect::<Vec<_>>(),
        [3; 20]
    );
    assert!(error.to_string().ends_with("found; and 10 more"), "{error}");
}
