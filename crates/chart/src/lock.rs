//! `Chart.lock`.

use portolan_reference::{Algorithm, Digest};

use crate::Dependency;
use crate::go_json::to_go_json;
use crate::metadata::{Problem, read_lock};
use crate::yaml::{Node, write};

/// Which versions a chart's dependencies were resolved to, as `Chart.lock` has it (and
/// `requirements.lock` of charts of `apiVersion: v1`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// When it was made, as [RFC 3339](https://www.rfc-editor.org/rfc/rfc3339) has it. Helm does
    /// not look at it.
    pub generated: String,
    /// The digest of the requirements and what they were resolved to: see
    /// [`digest_of`](Self::digest_of).
    pub digest: String,
    /// One for each requirement, in their order.
    pub dependencies: Vec<LockedDependency>,
}

/// A dependency with the version it was resolved to.
///
/// A lock file says nothing of aliases, conditions and tags: its entries belong to the requirements
/// in the same places.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct LockedDependency {
    /// The name of the chart.
    pub name: String,
    /// The version of it, exactly.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// Where it is from, as the requirement says it.
    pub repository: String,
}

impl Lock {
    /// Read a `Chart.lock` or `requirements.lock`.
    ///
    /// # Errors
    ///
    /// If it is not YAML that Helm reads as a lock, or has an entry with nothing in it.
    pub fn parse(yaml: &[u8]) -> Result<Self, ParseLockError> {
        Ok(read_lock(yaml)?)
    }

    /// The lock file, as Helm v4 writes it.
    pub fn to_yaml(&self) -> String {
        let text = |text: &str| Node::Text(text.to_owned());
        let map = |entries: Vec<(&str, Node)>| {
            let owned = entries
                .into_iter()
                .map(|(key, node)| (key.to_owned(), node));
            Node::Map(owned.collect())
        };
        let dependency = |locked: &LockedDependency| {
            let mut entries = vec![
                ("name", text(&locked.name)),
                ("repository", text(&locked.repository)),
            ];
            if !locked.version.is_empty() {
                entries.push(("version", text(&locked.version)));
            }
            map(entries)
        };
        write(&map(vec![
            (
                "dependencies",
                Node::List(self.dependencies.iter().map(dependency).collect()),
            ),
            ("digest", text(&self.digest)),
            ("generated", text(&self.generated)),
        ]))
    }

    /// The digest by which Helm knows whether a lock is for `requirements`: of them and of what they
    /// were resolved to ([`HashReq`][1]).
    ///
    /// A repository that is given by name (`@name`) has to be replaced by its URL, in both, before:
    /// so does Helm.
    ///
    /// [1]: https://github.com/helm/helm/blob/v4.3.1/internal/resolver/resolver.go
    pub fn digest_of(requirements: &[Dependency], locked: &[LockedDependency]) -> String {
        digest(&(requirements, locked))
    }

    /// Whether the lock was made for `requirements`, with repositories as for
    /// [`digest_of`](Self::digest_of), and not changed since.
    pub fn is_for(&self, requirements: &[Dependency]) -> bool {
        self.digest == Self::digest_of(requirements, &self.dependencies)
    }

    /// Whether Helm 2 made the lock for `requirements`, as they are written.
    ///
    /// Its digest does not say to what they were resolved, so Helm, which this follows
    /// ([`HashV2Req`][1]), only asks for a chart of `apiVersion: v1`, and only where
    /// [`is_for`](Self::is_for) says no.
    ///
    /// [1]: https://github.com/helm/helm/blob/v4.3.1/internal/resolver/resolver.go
    pub fn is_of_helm_2_for(&self, requirements: &[Dependency]) -> bool {
        #[derive(serde::Serialize)]
        struct Requirements<'a> {
            dependencies: &'a [Dependency],
        }
        let dependencies = requirements;
        self.digest == digest(&Requirements { dependencies })
    }
}

fn digest(of: &impl serde::Serialize) -> String {
    // Texts, flags and JSON values under text keys: there is nothing in them that JSON has not. An
    // empty digest would be equal to none.
    let json = to_go_json(of).unwrap_or_default();
    Digest::of(Algorithm::Sha256, &json).to_string()
}

/// Why a lock file was not accepted.
///
/// The text says what is wrong, for whoever wrote the file.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ParseLockError(#[from] Problem);
