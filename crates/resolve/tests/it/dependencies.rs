//! From requirements to charts: what the originals do, and where they are not followed.

use std::collections::{BTreeMap, HashMap};

use portolan_chart::{ChartMetadata, Lock, LockedDependency};
use portolan_reference::RepositoryUrl;
use portolan_resolve::{
    Catalog, DependencyError, Listed, Place, Resolved, Unbuilt, Vendored, WalkOptions,
    resolve_dependencies,
};
use serde::Deserialize;

use crate::rows;

/// A chart that requires something, and what there is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    #[serde(default)]
    at: String,
    requirements: serde_json::Value,
    locked: Option<Vec<Line>>,
    /// What the lock file says of itself, if not that it is for these requirements.
    digest: Option<String>,
    /// Whether lines count even if the digest is that of something else.
    #[serde(default)]
    believe: bool,
    /// Of which charts it is.
    #[serde(default)]
    doubtful: Vec<String>,
    /// Name and version.
    #[serde(default)]
    vendored: Vec<(String, String)>,
    named: Option<BTreeMap<String, String>>,
    /// By repository and chart.
    #[serde(default)]
    versions: HashMap<String, Vec<String>>,
    /// The version by path.
    #[serde(default)]
    charts: HashMap<String, String>,
    #[serde(default)]
    failing: Vec<String>,

    /// As what they are known, and the version.
    resolved: Option<Vec<(String, String)>>,
    missing: Option<Vec<String>>,
    error: Option<String>,
    questions: Option<usize>,
    /// The repositories in the lock file.
    lock: Option<Vec<String>>,
    lock_versions: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Line {
    name: String,
    version: String,
    repository: String,
}

/// What a row says that there is.
struct World<'a> {
    row: &'a Row,
    asked: usize,
}

#[derive(Debug, thiserror::Error)]
#[error("it is broken")]
struct Broken;

impl Catalog for World<'_> {
    type Error = Broken;

    fn versions(
        &mut self,
        repository: &RepositoryUrl,
        chart: &str,
    ) -> Result<Option<Vec<Listed>>, Broken> {
        self.asked += 1;
        let key = format!("{} {chart}", repository.as_str());
        let versions = self.row.versions.get(&key);
        Ok(versions.map(|versions| versions.iter().map(Listed::tag).collect()))
    }

    fn chart(&mut self, path: &str) -> Result<Option<Unbuilt>, Broken> {
        self.asked += 1;
        if self.row.failing.iter().any(|failing| failing == path) {
            return Err(Broken);
        }
        let version = self.row.charts.get(path);
        Ok(version.map(|version| Unbuilt::new(&metadata("it", version, &"[]"))))
    }
}

fn metadata(name: &str, version: &str, dependencies: &impl ToString) -> ChartMetadata {
    let dependencies = dependencies.to_string();
    let yaml = format!("{{name: {name}, version: {version}, dependencies: {dependencies}}}");
    match ChartMetadata::parse(yaml.as_bytes()) {
        Ok(metadata) => metadata,
        Err(error) => unreachable!("{yaml}: {error}"),
    }
}

fn chart(row: &Row, options: &WalkOptions) -> Unbuilt {
    let vendored = row.vendored.iter().map(|(name, version)| {
        Vendored::archive(format!("{name}.tgz"), &metadata(name, version, &"[]"))
    });
    let own = metadata("app", "0.1.0", &row.requirements);
    let chart = Unbuilt::new(&own).vendored(vendored);
    match &row.locked {
        None => chart,
        Some(locked) => {
            let line = |line: &Line| LockedDependency {
                name: line.name.clone(),
                version: line.version.clone(),
                repository: line.repository.clone(),
            };
            let lines: Vec<LockedDependency> = locked.iter().map(line).collect();
            let mut requirements = options.without_names(&own.dependencies);
            for (requirement, line) in requirements.iter_mut().zip(&lines) {
                if requirement.repository.starts_with('@') {
                    requirement.repository.clone_from(&line.repository);
                }
            }
            let digest = row.digest.clone();
            chart.locked(Lock {
                digest: digest.unwrap_or_else(|| Lock::digest_of(&requirements, &lines)),
                dependencies: lines,
                ..Lock::default()
            })
        }
    }
}

fn told(dependency: &Resolved) -> (String, String) {
    let (known_as, version) = (dependency.known_as(), dependency.version());
    (known_as.to_owned(), version.to_owned())
}

fn check(row: &Row) {
    let id = &row.id;
    let mut options = WalkOptions::default().at(&row.at);
    if let Some(named) = &row.named {
        options = options.named(named.clone());
    }
    if row.believe {
        options = options.believe_lock_lines();
    }
    let mut world = World { row, asked: 0 };
    let answer = resolve_dependencies(chart(row, &options), options, &mut world);
    if let Some(questions) = row.questions {
        assert_eq!(world.asked, questions, "{id}");
    }
    match &answer {
        Err(error) => {
            let text = error.to_string();
            match (&row.error, &row.missing) {
                (Some(expected), _) => assert!(text.contains(expected), "{id}: {text}"),
                (None, Some(missing)) => {
                    let known_as: Vec<&String> = error
                        .errors()
                        .iter()
                        .flat_map(DependencyError::known_as)
                        .collect();
                    assert_eq!(known_as, missing.iter().collect::<Vec<_>>(), "{id}");
                }
                (None, None) => unreachable!("{id}: {text}"),
            }
            assert!(!text.contains("hunter2"), "{id}: {text}");
        }
        Ok(resolution) => {
            assert_eq!(row.error, None, "{id}");
            assert_eq!(resolution.doubtful_locks(), row.doubtful, "{id}");
            let found = resolution.dependencies();
            if let Some(resolved) = &row.resolved {
                assert_eq!(
                    &found.iter().map(told).collect::<Vec<_>>(),
                    resolved,
                    "{id}"
                );
            }
            if let Some(missing) = &row.missing {
                let is_new = |it: &&Resolved| !matches!(it.place(), Place::Vendored { .. });
                let new = found.iter().filter(is_new).map(|it| told(it).0);
                assert_eq!(&new.collect::<Vec<_>>(), missing, "{id}");
            }
            let lock = resolution.lock("2006-01-02T15:04:05Z");
            let lines = lock.dependencies.iter();
            if let Some(repositories) = &row.lock {
                let written = lines.clone().map(|line| line.repository.clone());
                assert_eq!(&written.collect::<Vec<_>>(), repositories, "{id}");
            }
            if let Some(versions) = &row.lock_versions {
                let written = lines.map(|line| line.version.clone());
                assert_eq!(&written.collect::<Vec<_>>(), versions, "{id}");
            }
        }
    }
}

#[test]
fn requirements_are_met_as_flux_and_helm_meet_them_save_where_noted() {
    let rows: Vec<Row> = rows(include_str!("../data/dependencies.jsonl"));
    rows.iter().for_each(check);
    assert_eq!(rows.len(), 69);
}
