//! A source that is a folder or an archive of this machine.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use portolan_api::{Bucket, GitRepository};
use portolan_store::ObjectKey;

use crate::kind::Watched;

/// Stands in for a `GitRepository` or a `Bucket`, which another controller would fetch: charts that
/// name it are built from a folder, or from a gzip-compressed tar archive, of this machine.
///
/// ```
/// use portolan_controller::LocalSource;
///
/// let source: LocalSource = "GitRepository/default/fleet=./fleet".parse()?;
/// assert_eq!(source.to_string(), "GitRepository default/fleet");
/// # Ok::<(), portolan_controller::ParseSourceError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalSource {
    kind: &'static str,
    namespace: String,
    name: String,
    path: PathBuf,
}

impl LocalSource {
    /// The folder or the archive.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// `GitRepository default/fleet`
impl fmt::Display for LocalSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
    }
}

impl FromStr for LocalSource {
    type Err = ParseSourceError;

    /// Read `KIND/NAMESPACE/NAME=PATH`.
    ///
    /// # Errors
    ///
    /// If a part is missing, or the kind is none that charts can be built from.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ParseSourceError(text.to_owned());
        let (object, path) = text.split_once('=').ok_or_else(bad)?;
        let mut parts = object.split('/');
        let (Some(kind), Some(namespace), Some(name), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad());
        };
        let kind = [GitRepository::NAME, Bucket::NAME]
            .into_iter()
            .find(|known| *known == kind)
            .ok_or_else(bad)?;
        if path.is_empty() || ObjectKey::new(kind, namespace, name).is_err() {
            return Err(bad());
        }
        Ok(Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            path: path.into(),
        })
    }
}

/// What is wrong with the text of a [`LocalSource`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no source: KIND/NAMESPACE/NAME=PATH is expected, where KIND is GitRepository or Bucket"
)]
pub struct ParseSourceError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_an_object_and_a_path() {
        #[track_caller]
        fn check(text: &str, object: &str, path: &str) {
            let source: LocalSource = text.parse().unwrap();
            assert_eq!(
                (source.to_string().as_str(), source.path()),
                (object, Path::new(path))
            );
        }
        check("GitRepository/team/src=.", "GitRepository team/src", ".");
        check("Bucket/team/src=/a/b.tgz", "Bucket team/src", "/a/b.tgz");
        check("Bucket/team/src=a=b/c", "Bucket team/src", "a=b/c");
    }

    #[test]
    fn anything_else_is_none() {
        #[track_caller]
        fn check(text: &str) {
            text.parse::<LocalSource>().unwrap_err();
        }
        check("");
        check("GitRepository/team/src");
        check("GitRepository/team/src=");
        check("GitRepository/src=.");
        check("GitRepository//src=.");
        check("GitRepository/team/src/more=.");
        check("GitRepository/../src=.");
        check("gitrepository/team/src=.");
        check("HelmRepository/team/src=.");
        check("OCIRepository/team/src=.");
    }
}
