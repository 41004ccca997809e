//! Rows of the original's answers: charts that are built of what a row says that there is.

#![expect(clippy::panic, reason = "a helper of tests may fail the test")]

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use portolan_acquire::{
    Acquired, Reaching, Recipe, Repositories, Request, Source, SourceRequest, StoredIndex,
};
use portolan_chart::{Limits, read_chart};
use portolan_kit::chart_archive;
use portolan_reference::{Algorithm, Digest, RepositoryUrl};
use serde::Deserialize;

use crate::site::{Site, tarball};

type Failure = Box<dyn Error + Send + Sync>;

/// A chart, and what is to be made of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    r#where: Where,
    /// Of the source, or of the chart where it is from a repository. `$SITE` is a repository.
    files: BTreeMap<String, String>,
    /// Of the chart in the source: `chart` if there is none.
    path: Option<String>,
    /// What the index calls the chart, and its version.
    entry: Option<(String, String)>,
    wanted: Option<String>,
    #[serde(default)]
    values_files: Vec<String>,
    #[serde(default)]
    ignore_missing: bool,
    metadata: Option<String>,
    /// What the repository has, in which versions.
    #[serde(default)]
    published: BTreeMap<String, Vec<String>>,
    index: Option<String>,
    /// Nobody knows any repository.
    #[serde(default)]
    nobody: bool,

    reference: Option<String>,
    reason: Option<String>,
    /// A part of the message with its causes.
    error: Option<String>,
    version: Option<String>,
    values: Option<String>,
    used: Option<Vec<String>>,
    packaged: Option<bool>,
    /// What lies in `charts/`, as `name version`.
    inside: Option<Vec<String>>,
    taken: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Where {
    Local,
    Remote,
}

#[derive(Debug)]
struct Nobody;

impl Repositories for Nobody {
    fn at<'a>(&'a self, _: &'a RepositoryUrl) -> Reaching<'a> {
        Box::pin(async { Err("nobody knows".into()) })
    }
}

impl Row {
    fn recipe(&self) -> Recipe {
        let mut recipe = Recipe::new().values_files(&self.values_files);
        if self.ignore_missing {
            recipe = recipe.ignore_missing_values_files();
        }
        match &self.metadata {
            Some(metadata) => recipe.version_metadata(metadata),
            None => recipe,
        }
    }

    /// The files in an archive, each below `folder`.
    fn archive(&self, site: &Site, folder: &str) -> Vec<u8> {
        let url = site.web.url("/helm");
        let files: Vec<(String, String)> = self
            .files
            .iter()
            .map(|(path, text)| (format!("{folder}{path}"), text.replace("$SITE", &url)))
            .collect();
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        tarball(&files)
    }
}

async fn local(site: &Site, row: &Row) -> Result<Acquired, Failure> {
    let charts: Vec<_> = row
        .published
        .iter()
        .flat_map(|(name, versions)| versions.iter().map(move |it| (name.as_str(), it.as_str())))
        .map(|(name, version)| (name, version, chart_archive(name, version)))
        .collect();
    site.publish_all(&charts);
    if let Some(index) = &row.index {
        site.index(index);
    }
    let archive = row.archive(site, "");
    let digest = Digest::of(Algorithm::Sha256, &archive);
    site.web.put("/source.tar.gz", "application/gzip", archive);
    let source = Source::artifact(site.web.url("/source.tar.gz").parse()?, digest);
    let repositories: Arc<dyn Repositories> = if row.nobody {
        Arc::new(Nobody)
    } else {
        Site::anonymous()
    };
    let path = row.path.as_deref().unwrap_or("chart");
    let request = SourceRequest::new(source, "1", path, repositories).recipe(row.recipe());
    let opened = site.acquirer.open_source(&request).await?;
    let object = Site::object("HelmChart");
    let built = site.acquirer.build(&request, opened, &site.store, &object);
    Ok(built.await?)
}

async fn remote(site: &Site, row: &Row) -> Result<Acquired, Failure> {
    let own = row.files["Chart.yaml"].rsplit_once("version: ").unwrap().1;
    let (name, version) = row.entry.as_ref().map_or(("app", own.trim()), |entry| {
        (entry.0.as_str(), entry.1.as_str())
    });
    site.publish_all(&[(name, version, row.archive(site, "app/"))]);
    let stored = site.stored().await;
    let wanted = row.wanted.as_deref().unwrap_or(version);
    let request = Request::from_repository(site.repository(), "app".parse()?, wanted)
        .with_index(StoredIndex::new(
            site.store.clone(),
            stored.artifact.path,
            stored.artifact.digest,
        ))
        .recipe(row.recipe());
    let look = site.acquirer.look(&request).await?;
    let object = Site::object("HelmChart");
    let acquired = site
        .acquirer
        .acquire(&request, &look, &site.store, &object, None);
    Ok(acquired.await?)
}

/// A message with its causes.
fn chain(error: &(dyn Error + 'static)) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

async fn check(row: &Row) {
    let id = &row.id;
    assert_eq!(row.reference.is_some(), row.reason.is_some(), "{id}");
    let site = Site::start().await;
    let outcome = match row.r#where {
        Where::Local => local(&site, row).await,
        Where::Remote => remote(&site, row).await,
    };
    let acquired = match (outcome, &row.error) {
        (Err(error), Some(expected)) => {
            let text = chain(error.as_ref());
            assert!(text.contains(expected), "{id}: {text}");
            return;
        }
        (Err(error), None) => panic!("{id}: {}", chain(error.as_ref())),
        (Ok(_), Some(expected)) => panic!("{id}: made, without `{expected}`"),
        (Ok(acquired), None) => acquired,
    };
    let bytes = site.file(&acquired.artifact.unwrap().path);
    let limits = Limits::default();
    let chart = read_chart(bytes.as_slice(), &limits).unwrap();
    if let Some(version) = &row.version {
        assert_eq!(chart.metadata().version, *version, "{id}");
    }
    if let Some(values) = &row.values {
        assert_eq!(chart.values(), Some(values.as_bytes()), "{id}");
    }
    if let Some(used) = &row.used {
        assert_eq!(acquired.values_files, *used, "{id}");
    }
    if let Some(packaged) = row.packaged {
        assert_eq!(acquired.packaged, packaged, "{id}");
    }
    if let Some(expected) = &row.inside {
        let vendored = chart.vendored(&limits).unwrap();
        let told = vendored.iter().map(|it| {
            let metadata = it.metadata();
            format!("{} {}", metadata.name, metadata.version)
        });
        assert_eq!(told.collect::<Vec<_>>(), *expected, "{id}");
    }
    if let Some(expected) = &row.taken {
        let taken = acquired.dependencies.iter();
        let told = taken.map(|it| format!("{} {}", it.name, it.version));
        assert_eq!(told.collect::<Vec<_>>(), *expected, "{id}");
    }
}

fn rows<T: for<'a> Deserialize<'a>>(text: &str) -> Vec<T> {
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[tokio::test]
async fn values_files_are_found_and_merged_as_flux_does() {
    let rows: Vec<Row> = rows(include_str!("../data/values-files.jsonl"));
    assert_eq!(rows.len(), 36);
    for row in &rows {
        check(row).await;
    }
}

#[tokio::test]
async fn charts_are_built_as_flux_builds_them_save_where_noted() {
    let rows: Vec<Row> = rows(include_str!("../data/builds.jsonl"));
    assert_eq!(rows.len(), 34);
    for row in &rows {
        check(row).await;
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PathRow {
    id: String,
    path: String,
    at: String,
    reference: Option<String>,
    reason: Option<String>,
}

#[test]
fn a_chart_is_looked_for_in_its_source_and_nowhere_else() {
    let rows: Vec<PathRow> = rows(include_str!("../data/source-paths.jsonl"));
    assert_eq!(rows.len(), 4);
    for row in &rows {
        assert_eq!(row.reference.is_some(), row.reason.is_some(), "{}", row.id);
        let source = Source::folder("/nowhere");
        let request = SourceRequest::new(source, "1", &row.path, Site::anonymous());
        assert_eq!(request.path(), row.at, "{}", row.id);
    }
}
