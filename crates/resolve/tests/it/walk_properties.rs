//! What holds for every walk.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use portolan_chart::{ChartMetadata, Dependency, Lock, LockedDependency};
use portolan_resolve::{
    Answer, Listed, Resolution, Resolved, Subject, Unbuilt, Vendored, Walk, WalkOptions,
};
use proptest::prelude::*;

use crate::walks::lock;

/// As many charts on disk as there may be: `/0` to `/4`.
const CHARTS: usize = 5;

/// A chart on disk, and its requirements.
#[derive(Debug, Clone)]
struct OnDisk {
    version: String,
    requirements: Vec<Required>,
    locked: Option<Vec<(String, String, String)>>,
    vendored: Vec<(String, String, bool)>,
}

#[derive(Debug, Clone)]
struct Required {
    name: String,
    alias: Option<String>,
    version: String,
    repository: String,
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![40 => "[a-b]", 2 => Just("c".to_owned()), 1 => prop_oneof![Just("..".to_owned()), ".{0,3}"]]
}

fn version() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[0-2]\\.[0-2]\\.[0-2]",
        3 => Just("*".to_owned()),
        2 => "(\\^|>=|~)?[0-2](\\.[0-2])?",
        1 => prop_oneof![Just("x".to_owned()), ".{0,4}"],
    ]
}

fn repository() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "file://\\.\\./[0-4]",
        2 => Just(String::new()),
        2 => "https://[xy]\\.example\\.com/?",
        2 => "oci://[xy]\\.example\\.com",
        1 => prop_oneof![4 => Just("@n"), 4 => Just("alias:n"), 1 => Just("@o")].prop_map(str::to_owned),
        1 => prop_oneof![Just("file://.".to_owned()), Just("ftp://x".to_owned()), ".{0,6}"],
    ]
}

fn required() -> impl Strategy<Value = Required> {
    (
        name(),
        prop::option::of("[a-f]{1,2}"),
        version(),
        repository(),
    )
        .prop_map(|(name, alias, version, repository)| Required {
            name,
            alias,
            version,
            repository,
        })
}

fn on_disk() -> impl Strategy<Value = OnDisk> {
    let lines = prop::collection::vec((name(), version(), repository()), 0..4);
    (
        "[0-2]\\.[0-2]\\.[0-2]",
        prop::collection::vec(required(), 0..4),
        prop::option::weighted(0.2, lines),
        prop::collection::vec((name(), version(), any::<bool>()), 0..2),
    )
        .prop_map(|(version, requirements, locked, vendored)| OnDisk {
            version,
            requirements,
            locked,
            vendored,
        })
}

fn world() -> impl Strategy<Value = Vec<OnDisk>> {
    prop::collection::vec(on_disk(), CHARTS)
}

fn metadata(version: &str) -> ChartMetadata {
    match ChartMetadata::parse(format!("{{name: it, version: {version}}}").as_bytes()) {
        Ok(metadata) => metadata,
        Err(error) => unreachable!("{version}: {error}"),
    }
}

fn unbuilt(chart: &OnDisk) -> Unbuilt {
    let mut own = metadata(&chart.version);
    own.dependencies = chart.requirements.iter().map(dependency).collect();
    let vendored = chart.vendored.iter().map(|(name, version, is_folder)| {
        let mut inside = metadata("1.0.0");
        inside.name.clone_from(name);
        inside.version.clone_from(version);
        match is_folder {
            true => Vendored::folder(name, &inside),
            false => Vendored::archive(name, &inside),
        }
    });
    let unbuilt = Unbuilt::new(&own).vendored(vendored);
    match &chart.locked {
        None => unbuilt,
        Some(lines) => {
            let line = |(name, version, repository): (String, String, String)| LockedDependency {
                name,
                version,
                repository,
            };
            // Half of them are what they say.
            let digest = lines.len() % 2 == 0;
            let lock = lock(&own.dependencies, lines.iter().cloned().map(line));
            unbuilt.locked(if digest {
                lock
            } else {
                Lock {
                    digest: String::new(),
                    ..lock
                }
            })
        }
    }
}

fn dependency(required: &Required) -> Dependency {
    let mut dependency = Dependency::default();
    dependency.name.clone_from(&required.name);
    dependency.alias.clone_from(&required.alias);
    dependency.version = Some(required.version.clone());
    dependency.repository.clone_from(&required.repository);
    dependency
}

#[derive(Debug, thiserror::Error)]
#[error("not today")]
struct NotToday;

/// What there is says the same to whoever asks, whenever.
fn answer(world: &[OnDisk], subject: &Subject) -> Answer {
    match subject {
        Subject::Versions { chart, .. } if chart == "c" => Answer::Absent,
        Subject::Versions { chart, repository } => {
            if chart == "b" && repository.as_str().contains("//y") {
                return Answer::Failed(Arc::new(NotToday));
            }
            let versions = ["0.1.0", "1.0.0", "1.2.0", "2.1.1", "latest", "1.3.0-rc.1"];
            Answer::Versions(versions.map(Listed::tag).to_vec())
        }
        Subject::Chart { path } => {
            let at = path
                .strip_prefix('/')
                .and_then(|at| at.parse::<usize>().ok());
            match at.and_then(|at| world.get(at)) {
                Some(chart) => Answer::Chart(unbuilt(chart)),
                None if path.ends_with("/charts/a") => Answer::Chart(unbuilt(&world[0])),
                None => Answer::Absent,
            }
        }
    }
}

/// Walk, answering whichever open question `order` picks next; what it comes to, and how many
/// questions there were.
fn walk(world: &[OnDisk], order: &[usize]) -> (String, usize) {
    let options = WalkOptions::default()
        .at("/0")
        .max_dependencies(200)
        .max_depth(4);
    let options = options.named([("n".to_owned(), "https://x.example.com".to_owned())]);
    let mut walk = Walk::new(unbuilt(&world[0]), options);
    let mut open = Vec::new();
    let mut seen = HashSet::new();
    let mut order = order.iter().cycle();
    loop {
        for question in walk.wanted() {
            assert!(
                seen.insert(question.subject().clone()),
                "asked twice: {question:?}"
            );
            open.push(question);
        }
        if open.is_empty() {
            break;
        }
        let next = open.swap_remove(order.next().unwrap_or(&0) % open.len());
        let taken = walk.answer(next.id(), answer(world, next.subject()));
        assert_eq!(taken, Ok(()));
        assert!(seen.len() <= 200, "{seen:?}");
    }
    let told = match walk.finish() {
        Ok(found) => found.all().fold(String::new(), |mut told, it| {
            let _ = write!(
                told,
                "{} {} {:?}; ",
                it.known_as(),
                it.version(),
                it.place()
            );
            told
        }),
        Err(error) => error.to_string(),
    };
    (told, seen.len())
}

fn found(world: &[OnDisk], chart: Unbuilt) -> Option<Resolution> {
    let mut walk = Walk::new(chart, WalkOptions::default().at("/0"));
    loop {
        let questions = walk.wanted();
        if questions.is_empty() {
            return walk.finish().ok();
        }
        for question in questions {
            let _ = walk.answer(question.id(), answer(world, question.subject()));
        }
    }
}

proptest! {
    #[test]
    fn in_whatever_order_answers_come_the_end_is_the_same(
        world in world(),
        order in prop::collection::vec(0..7_usize, 1..40),
    ) {
        prop_assert_eq!(walk(&world, &order), walk(&world, &[0]));
    }

    #[test]
    fn what_is_found_is_found_again_by_its_lock_file(world in world()) {
        let mut first = world[0].clone();
        first.locked = None;
        let Some(found) = found(&world, unbuilt(&first)) else { return Ok(()) };
        let requirements = found.dependencies().iter().map(Resolved::requirement);
        prop_assert!(requirements.map(|it| &it.name).eq(first.requirements.iter().map(|it| &it.name)));
        for dependency in found.all() {
            let path = format!("charts/{}", dependency.requirement().name);
            prop_assert!(Path::new(&path).components().count() == 2, "{}", path);
        }
        let lock = found.lock("");
        let locked = unbuilt(&first).locked(lock.clone());
        let Some(again) = self::found(&world, locked) else {
            return Err(TestCaseError::fail(format!("{lock:?}")));
        };
        prop_assert_eq!(again.lock(""), lock);
        prop_assert!(again.all().map(Resolved::place).eq(found.all().map(Resolved::place)));
    }
}
