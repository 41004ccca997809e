//! A walk for those who can wait.

use std::error::Error;
use std::sync::Arc;

use portolan_reference::RepositoryUrl;

use super::options::WalkOptions;
use super::question::{Answer, Listed, Subject};
use super::resolution::Resolution;
use super::unbuilt::Unbuilt;
use super::{Walk, WalkError};

/// Somebody who knows which charts there are: a list, a folder, a mirror.
pub trait Catalog {
    /// Why something cannot be known.
    type Error: Error + Send + Sync + 'static;

    /// Every version that `repository` has of `chart`: the entries of its index, or for `oci://`
    /// the tags of `<repository>/<chart>`, none left out, in any order. `None` if it has no such
    /// chart.
    ///
    /// # Errors
    ///
    /// If that cannot be known.
    fn versions(
        &mut self,
        repository: &RepositoryUrl,
        chart: &str,
    ) -> Result<Option<Vec<Listed>>, Self::Error>;

    /// The chart in the folder or archive at `path`, which is absolute, from the root of the source
    /// or on the machine. `None` if nothing is there.
    ///
    /// Links in it MUST NOT be followed out of the source.
    ///
    /// # Errors
    ///
    /// If that cannot be known, or is no chart.
    fn chart(&mut self, path: &str) -> Result<Option<Unbuilt>, Self::Error>;
}

/// Find out which charts the requirements of `chart` stand for, asking `catalog` one thing after
/// the other and nothing twice.
///
/// # Errors
///
/// Everything that is wrong; see [`Walk`].
pub fn resolve_dependencies(
    chart: Unbuilt,
    options: WalkOptions,
    catalog: &mut impl Catalog,
) -> Result<Resolution, WalkError> {
    let mut walk = Walk::new(chart, options);
    loop {
        let questions = walk.wanted();
        if questions.is_empty() {
            return walk.finish();
        }
        for question in questions {
            let answer = match question.subject() {
                Subject::Versions { repository, chart } => {
                    said(catalog.versions(repository, chart), Answer::Versions)
                }
                Subject::Chart { path } => said(catalog.chart(path), Answer::Chart),
            };
            // An answer of its kind to an open question is taken; if it were not, `finish` tells.
            let _ = walk.answer(question.id(), answer);
        }
    }
}

fn said<T, E>(known: Result<Option<T>, E>, answer: impl FnOnce(T) -> Answer) -> Answer
where
    E: Error + Send + Sync + 'static,
{
    match known {
        Ok(Some(known)) => answer(known),
        Ok(None) => Answer::Absent,
        Err(error) => Answer::Failed(Arc::new(error)),
    }
}
