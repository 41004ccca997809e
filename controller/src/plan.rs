//! Does anything have to be brought? Pure: what was seen goes in, a decision comes out.

/// What is known of an object's artifact after it was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held<'a> {
    /// The revision that the status names.
    pub(crate) revision: &'a str,
    /// The chart that the status names.
    pub(crate) chart: Option<&'a str>,
    /// Its path in the store.
    pub(crate) path: &'a str,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// The stored artifact is what is wanted.
    /// What is held has that name and version, as far as that tells.
    Keep {
        /// The path of the intact file that is held.
        path: &'a str,
    },
    /// Bring the version. What is held may turn out to be the same content.
    Bring {
        /// The path of the intact file that is held.
        held: Option<&'a str>,
    },
}

/// Decide what a chart needs, of which `chart` in `version` is wanted.
///
/// `forced` is whether the spec has changed since it was last satisfied: then the registry is asked
/// again even for a version that is stored, as Flux does.
pub(crate) fn plan<'a>(
    chart: &str,
    version: &str,
    held: Option<Held<'a>>,
    forced: bool,
) -> Step<'a> {
    match held {
        Some(held) if !forced && held.chart == Some(chart) && held.revision == version => {
            Step::Keep { path: held.path }
        }
        held => Step::Bring {
            held: held.map(|held| held.path),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELD: Held<'_> = Held {
        revision: "1.0.0",
        chart: Some("app"),
        path: "helmchart/ns/app/app-1.0.0.tgz",
    };
    const AGAIN: Step<'_> = Step::Bring {
        held: Some(HELD.path),
    };

    #[test]
    fn what_is_stored_and_wanted_is_kept() {
        assert_eq!(
            plan("app", "1.0.0", Some(HELD), false),
            Step::Keep { path: HELD.path }
        );
    }

    #[test]
    fn another_version_or_chart_is_acquired() {
        assert_eq!(plan("app", "1.1.0", Some(HELD), false), AGAIN);
        assert_eq!(plan("web", "1.0.0", Some(HELD), false), AGAIN);
        assert_eq!(plan("app", "v1.0.0", Some(HELD), false), AGAIN);
    }

    #[test]
    fn a_changed_spec_asks_the_registry_again() {
        assert_eq!(plan("app", "1.0.0", Some(HELD), true), AGAIN);
    }

    #[test]
    fn an_artifact_lost_from_the_store_is_acquired_again() {
        assert_eq!(
            plan("app", "1.0.0", None, false),
            Step::Bring { held: None }
        );
    }
}
