//! How a walk goes: what it asks, what it is told, where it ends.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use portolan_chart::{ChartMetadata, Dependency, Lock, LockedDependency};
use portolan_reference::RepositoryUrl;
use portolan_resolve::{
    Answer, AnswerError, Catalog, Listed, Place, Reach, Resolution, Resolved, Subject, Unbuilt,
    Vendored, Walk, WalkError, WalkOptions, resolve_dependencies,
};

/// Charts on disk, and in every repository three versions of every chart.
#[derive(Default)]
pub(crate) struct Disk {
    charts: HashMap<String, Unbuilt>,
    pub(crate) asked: Vec<String>,
}

impl Disk {
    pub(crate) fn with(mut self, path: &str, version: &str, requirements: &[(&str, &str)]) -> Self {
        let chart = Unbuilt::new(&metadata(version, requirements));
        self.charts.insert(path.to_owned(), chart);
        self
    }
}

impl Catalog for Disk {
    type Error = Infallible;

    fn versions(
        &mut self,
        repository: &RepositoryUrl,
        chart: &str,
    ) -> Result<Option<Vec<Listed>>, Infallible> {
        self.asked.push(format!("{} {chart}", repository.as_str()));
        Ok(Some(["1.0.0", "1.1.0", "2.0.0"].map(Listed::tag).to_vec()))
    }

    fn chart(&mut self, path: &str) -> Result<Option<Unbuilt>, Infallible> {
        self.asked.push(path.to_owned());
        Ok(self.charts.get(path).cloned())
    }
}

/// A chart that requires these names from these repositories, any version of them.
pub(crate) fn metadata(version: &str, requirements: &[(&str, &str)]) -> ChartMetadata {
    let requirements: Vec<String> = requirements
        .iter()
        .enumerate()
        .map(|(at, (name, repository))| {
            format!(
                "{{name: {name}, alias: {name}-{at}, version: '*', repository: '{repository}'}}"
            )
        })
        .collect();
    let yaml = format!(
        "{{name: it, version: {version}, dependencies: [{}]}}",
        requirements.join(", ")
    );
    match ChartMetadata::parse(yaml.as_bytes()) {
        Ok(metadata) => metadata,
        Err(error) => unreachable!("{yaml}: {error}"),
    }
}

/// A lock file with these lines, made for these requirements.
pub(crate) fn lock(
    requirements: &[Dependency],
    lines: impl IntoIterator<Item = LockedDependency>,
) -> Lock {
    let dependencies: Vec<LockedDependency> = lines.into_iter().collect();
    Lock {
        digest: Lock::digest_of(requirements, &dependencies),
        dependencies,
        ..Lock::default()
    }
}

pub(crate) fn requiring(requirements: &[(&str, &str)]) -> Unbuilt {
    Unbuilt::new(&metadata("0.1.0", requirements))
}

pub(crate) fn resolve(chart: Unbuilt, disk: &mut Disk) -> Result<Resolution, WalkError> {
    resolve_dependencies(chart, WalkOptions::default().at("/app"), disk)
}

#[track_caller]
pub(crate) fn refused(chart: Unbuilt, disk: &mut Disk, expected: &str) {
    match resolve(chart, disk) {
        Ok(found) => unreachable!("{found:?}"),
        Err(error) => assert!(error.to_string().contains(expected), "{error}"),
    }
}

#[test]
fn charts_on_disk_are_walked_and_those_of_repositories_are_not() {
    let mut disk = Disk::default()
        .with(
            "/lib",
            "0.2.0",
            &[("redis", "https://example.com"), ("deep", "file://deep")],
        )
        .with("/lib/deep", "0.3.0", &[("inner", "")])
        .with("/lib/deep/charts/inner", "0.4.0", &[]);
    let app = requiring(&[("lib", "file://../lib"), ("web", "oci://example.com")]);
    let found = resolve(app, &mut disk).unwrap();
    let all: Vec<_> = found
        .all()
        .map(|it| (it.known_as(), it.version()))
        .collect();
    let expected = [
        ("lib-0", "0.2.0"),
        ("redis-0", "2.0.0"),
        ("deep-1", "0.3.0"),
        ("inner-0", "0.4.0"),
        ("web-1", "2.0.0"),
    ];
    assert_eq!(all, expected);
    let [lib, _] = found.dependencies() else {
        panic!("{found:?}");
    };
    let inner = &lib.dependencies()[1].dependencies()[0];
    let path = "/lib/deep/charts/inner".to_owned();
    assert_eq!(inner.place(), &Place::Embedded { path });
    assert_eq!(found.lock("").dependencies.len(), 2);
}

#[test]
fn a_folder_in_charts_is_walked_if_it_belongs_there_and_taken_as_it_is_if_not() {
    let inside = metadata("1.0.0", &[]);
    let named = |name: &str| {
        let mut inside = inside.clone();
        name.clone_into(&mut inside.name);
        inside
    };
    let app = requiring(&[("own", ""), ("web", "https://example.com"), ("packed", "")]).vendored([
        Vendored::folder("charts/own-folder", &named("own-0")),
        Vendored::folder("charts/web", &named("web-1")),
        Vendored::archive("charts/packed-1.0.0.tgz", &named("packed-2")),
    ]);
    let mut disk = Disk::default().with(
        "/app/charts/own-folder",
        "9.0.0",
        &[("redis", "https://example.com")],
    );
    let found = resolve(app, &mut disk).unwrap();
    let places: Vec<&Place> = found.all().map(Resolved::place).collect();
    let vendored = |path: &str| Place::Vendored { path: path.into() };
    assert_eq!(
        places,
        [
            &Place::Embedded {
                path: "/app/charts/own-folder".into()
            },
            &Place::Index("https://example.com".parse().unwrap()),
            &vendored("charts/web"),
            &vendored("charts/packed-1.0.0.tgz"),
        ]
    );
    assert_eq!(
        disk.asked,
        ["/app/charts/own-folder", "https://example.com/ redis"]
    );
}

/// Of the chart `sapho` in [helm/charts](https://github.com/helm/charts/tree/master/stable/sapho).
#[test]
fn a_lock_of_helm_2_counts_for_a_chart_of_v1_only() {
    let chart = |api_version| {
        let yaml = format!(
            "{{apiVersion: {api_version}, name: sapho, version: 1.0.0, dependencies: [{{name: mysql, \
             version: 1.6.7, repository: 'https://charts.helm.sh/stable'}}]}}"
        );
        let lock = Lock {
            digest: "sha256:b652a732d6d7bc646d212222810403b6b97ae9a89c1b9ca0c28f25a95c9f7e1e"
                .into(),
            dependencies: vec![LockedDependency {
                name: "mysql".into(),
                version: "1.6.7".into(),
                repository: "https://charts.helm.sh/stable".into(),
            }],
            ..Lock::default()
        };
        Unbuilt::new(&ChartMetadata::parse(yaml.as_bytes()).unwrap()).locked(lock)
    };
    let mut disk = Disk::default();
    let found = resolve(chart("v1"), &mut disk).unwrap();
    assert_eq!(found.dependencies()[0].version(), "1.6.7");
    refused(
        chart("v2"),
        &mut disk,
        "its digest is that of something else",
    );
    assert!(disk.asked.is_empty());
}

#[test]
fn an_archive_on_disk_is_taken_as_it_is() {
    let mut disk = Disk::default();
    let archive = Unbuilt::whole(&metadata("1.0.0", &[("missing", "")]));
    disk.charts.insert("/lib.tgz".to_owned(), archive);
    let found = resolve(requiring(&[("lib", "file://../lib.tgz")]), &mut disk).unwrap();
    assert!(found.dependencies()[0].dependencies().is_empty());
}

#[test]
fn charts_that_require_each_other_are_an_error() {
    let mut disk = Disk::default()
        .with("/a", "1.0.0", &[("b", "file://../b")])
        .with("/b", "1.0.0", &[("a", "file://../a/.")]);
    refused(
        requiring(&[("a", "file://../a")]),
        &mut disk,
        "failed to add local dependency 'a-0': failed to add local dependency 'b-0': failed to add \
         local dependency 'a-0': the chart requires itself: '/a' requires '/b' requires '/a'",
    );
    assert_eq!(disk.asked, ["/a", "/b"]);
}

#[test]
fn charts_that_require_the_first_are_an_error() {
    let mut disk = Disk::default().with("/a", "1.0.0", &[("app", "file://../app")]);
    refused(
        requiring(&[("a", "file://../a")]),
        &mut disk,
        "'/app' requires '/a' requires '/app'",
    );
}

#[test]
fn an_alias_that_leads_out_is_an_error_even_if_nobody_looked_at_it_before() {
    for alias in ["../x", "..", "a/b", "a b", "", "ä"] {
        let mut metadata = metadata("0.1.0", &[("a", "https://example.com")]);
        metadata.dependencies[0].alias = Some(alias.to_owned());
        let mut disk = Disk::default();
        refused(
            Unbuilt::new(&metadata),
            &mut disk,
            "may only have letters, digits, `_` and `-`",
        );
        assert!(disk.asked.is_empty());
    }
}

#[test]
fn a_name_that_breaks_a_line_is_refused_and_not_shown_as_it_is() {
    let mut metadata = metadata("0.1.0", &[("a", "https://example.com")]);
    metadata.dependencies[0].name = "a\nReady: True".to_owned();
    metadata.dependencies[0].alias = None;
    let error = resolve(Unbuilt::new(&metadata), &mut Disk::default()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("one part of a path") && !text.contains('\n'),
        "{text}"
    );
    assert_eq!(error.errors()[0].known_as(), ["a\nReady: True"]);
}

#[test]
fn on_a_machine_charts_may_be_anywhere() {
    let mut disk = Disk::default().with("/srv/lib", "1.0.0", &[]);
    let options = WalkOptions::default().at("/home/me/app");
    let app = || requiring(&[("lib", "file:///srv/lib")]);
    let machine = options.clone().reach(Reach::Machine);
    resolve_dependencies(app(), machine, &mut disk).unwrap();
    let error = resolve_dependencies(app(), options, &mut disk).unwrap_err();
    assert!(
        error.to_string().contains("/home/me/app/srv/lib"),
        "{error}"
    );
}

#[test]
fn what_is_no_answer_changes_nothing() {
    let mut walk = Walk::new(requiring(&[("a", "file://a")]), WalkOptions::default());
    let question = walk.wanted().remove(0);
    let chart = Unbuilt::new(&metadata("1.0.0", &[]));
    let wrong = walk.answer(question.id(), Answer::Versions(Vec::new()));
    assert_eq!(wrong, Err(AnswerError::BesideThePoint));
    walk.answer(question.id(), Answer::Chart(chart)).unwrap();
    let again = walk.answer(question.id(), Answer::Absent);
    assert_eq!(again, Err(AnswerError::Answered));
    let mut other = Walk::new(Unbuilt::default(), WalkOptions::default());
    assert!(other.wanted().is_empty());
    assert_eq!(
        other.answer(question.id(), Answer::Absent),
        Err(AnswerError::NotAsked)
    );
    assert_eq!(walk.finish().unwrap().all().count(), 1);
}

#[test]
fn a_question_that_nobody_answered_is_an_error() {
    let app = requiring(&[("a", "file://a"), ("b", "https://example.com")]);
    let mut walk = Walk::new(app, WalkOptions::default());
    let questions = walk.wanted();
    assert_eq!(questions[0].asked_by(), "/");
    let error = walk.finish().unwrap_err();
    assert_eq!(error.errors()[0].question(), Some(questions[0].id()));
    assert_eq!(
        error.to_string(),
        "failed to add local dependency 'a-0': nobody said what is at '/a'; failed to add remote \
         dependency 'b-1': failed to get chart 'b' version '*' from 'https://example.com/': nobody \
         said which versions there are"
    );
}

#[test]
fn the_error_of_an_answer_is_kept_as_it_is_and_told_to_everybody_who_asked() {
    #[derive(Debug, thiserror::Error)]
    #[error("the registry is on fire")]
    struct Fire;

    let app = requiring(&[("a", "oci://example.com"), ("a", "oci://example.com")]);
    let mut walk = Walk::new(app, WalkOptions::default());
    let [question] = walk.wanted().try_into().unwrap();
    assert!(matches!(question.subject(), Subject::Versions { .. }));
    walk.answer(question.id(), Answer::Failed(Arc::new(Fire)))
        .unwrap();
    let error = walk.finish().unwrap_err();
    assert_eq!(error.errors().len(), 2);
    for each in error.errors() {
        assert!(each.failure().unwrap().is::<Fire>());
        assert!(!each.is_not_found());
        assert_eq!(each.question(), Some(question.id()));
    }
    assert!(
        error
            .to_string()
            .ends_with("'oci://example.com': the registry is on fire")
    );
}
