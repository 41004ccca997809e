//! Metadata as it was written, before it is judged.

use super::fields::{Fields, json};
use super::problem::Problem;
use super::{ChartMetadata, Dependency, Maintainer};
use crate::yaml::Node;
use crate::{Lock, LockedDependency};

/// What metadata files say, types right but nothing else.
///
/// Optional texts are empty where nothing is given. An entry with nothing in it is `None`: whether
/// that is an error depends on what else comes.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(super) metadata: ChartMetadata,
    pub(super) maintainers: Vec<Option<Maintainer>>,
    pub(super) dependencies: Vec<Option<Dependency>>,
}

/// Every field of `Chart.yaml` but `dependencies`.
const OWN_FIELDS: [&str; 16] = [
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "type",
];

impl Draft {
    /// Read a `Chart.yaml`.
    pub(crate) fn read(yaml: &[u8]) -> Result<Self, Problem> {
        let node = Node::parse(yaml)?;
        let fields = Fields::of(&node, "")?;
        let mut api_version = fields.text("apiVersion")?;
        if api_version.is_empty() {
            // Charts of Helm 2 did not need to say.
            "v1".clone_into(&mut api_version);
        }
        Ok(Self {
            metadata: ChartMetadata {
                name: fields.text("name")?,
                home: some(fields.text("home")?),
                sources: fields.texts("sources")?,
                version: fields.text("version")?,
                description: some(fields.text("description")?),
                keywords: fields.texts("keywords")?,
                maintainers: Vec::new(),
                icon: some(fields.text("icon")?),
                api_version,
                condition: some(fields.text("condition")?),
                tags: some(fields.text("tags")?),
                app_version: some(fields.text("appVersion")?),
                deprecated: fields.flag("deprecated")?,
                annotations: fields.text_map("annotations")?,
                kube_version: some(fields.text("kubeVersion")?),
                dependencies: Vec::new(),
                chart_type: some(fields.text("type")?),
            },
            maintainers: entries(fields.list("maintainers")?, maintainer)?,
            dependencies: entries(fields.list("dependencies")?, dependency)?,
        })
    }

    /// Whether dependencies may stand in a `requirements.yaml`.
    pub(crate) fn is_v1(&self) -> bool {
        self.metadata.api_version == "v1"
    }

    /// Take over what a `requirements.yaml` says. For `v2` it has to be right, but counts for
    /// nothing.
    pub(crate) fn requirements(&mut self, yaml: &[u8]) -> Result<(), Problem> {
        let node = Node::parse(yaml)?;
        let fields = Fields::of(&node, "")?;
        // Helm reads this file over Chart.yaml, so that it could give the chart another name than
        // everybody saw who read Chart.yaml alone.
        if let Some(name) = OWN_FIELDS.into_iter().find(|name| fields.has(name)) {
            return Err(Problem::Stray(name));
        }
        let dependencies = entries(fields.list("dependencies")?, dependency)?;
        if self.is_v1() && fields.mentions("dependencies") {
            self.dependencies = dependencies;
        }
        Ok(())
    }
}

/// Check that `yaml` is a `Chart.lock` or `requirements.lock`.
pub(crate) fn check_lock(yaml: &[u8]) -> Result<(), Problem> {
    lock(yaml).map(drop)
}

/// Read a `Chart.lock` or `requirements.lock`. Helm loads one with an entry that has nothing in it,
/// and cannot do anything with it.
pub(crate) fn read_lock(yaml: &[u8]) -> Result<Lock, Problem> {
    let (mut lock, dependencies) = lock(yaml)?;
    for dependency in dependencies {
        let dependency = dependency.ok_or(Problem::NullEntry("dependencies"))?;
        lock.dependencies.push(LockedDependency {
            name: dependency.name,
            version: dependency.version.unwrap_or_default(),
            repository: dependency.repository,
        });
    }
    Ok(lock)
}

fn lock(yaml: &[u8]) -> Result<(Lock, Vec<Option<Dependency>>), Problem> {
    let node = Node::parse(yaml)?;
    let fields = Fields::of(&node, "")?;
    let dependencies = entries(fields.list("dependencies")?, dependency)?;
    let lock = Lock {
        generated: fields.text("generated")?,
        digest: fields.text("digest")?,
        dependencies: Vec::new(),
    };
    if lock.generated.is_empty() || super::time::is_rfc3339(&lock.generated) {
        return Ok((lock, dependencies));
    }
    Err(Problem::Time(lock.generated))
}

fn entries<T>(
    list: &[Node],
    read: impl Fn(&Node) -> Result<T, Problem>,
) -> Result<Vec<Option<T>>, Problem> {
    let entry = |node: &Node| match node {
        Node::Null => Ok(None),
        node => read(node).map(Some),
    };
    list.iter().map(entry).collect()
}

fn maintainer(node: &Node) -> Result<Maintainer, Problem> {
    let fields = Fields::of(node, "maintainers")?;
    Ok(Maintainer {
        name: some(fields.text("name")?),
        email: some(fields.text("email")?),
        url: some(fields.text("url")?),
    })
}

fn dependency(node: &Node) -> Result<Dependency, Problem> {
    let fields = Fields::of(node, "dependencies")?;
    Ok(Dependency {
        name: fields.text("name")?,
        version: some(fields.text("version")?),
        repository: fields.text("repository")?,
        condition: some(fields.text("condition")?),
        tags: fields.texts("tags")?,
        enabled: fields.flag("enabled")?,
        import_values: fields.list("import-values")?.iter().map(json).collect(),
        alias: some(fields.text("alias")?),
    })
}

/// Nothing for an empty text, as Helm does not tell them apart.
pub(super) fn some(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
