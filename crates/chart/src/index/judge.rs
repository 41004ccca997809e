//! Which versions of an index Helm keeps.

use std::collections::HashSet;

use portolan_reference::Version;

use super::draft::Draft;
use crate::metadata::{Problem, check_name, is_alias_byte, tidy, tidy_dependency, tidy_maintainer};

/// Judge a version as Helm does when it loads an index, and tidy its texts.
///
/// These are the rules for a `Chart.yaml` ([`Metadata.Validate`][1]), but two dependencies under one
/// name are let pass, and what comes after them is not looked at: some servers leave out aliases.
///
/// [1]: https://github.com/helm/helm/blob/v4.3.1/pkg/chart/v2/metadata.go
pub(super) fn judge(draft: &mut Draft) -> Result<Version, Problem> {
    if draft.api_version.is_empty() {
        "v1".clone_into(&mut draft.api_version);
    }
    tidy_texts(draft);
    check_name(&draft.name)?;
    if draft.version.is_empty() {
        return Err(Problem::Missing("version"));
    }
    let Ok(version) = Version::loose(&draft.version) else {
        return Err(Problem::Version(draft.version.clone()));
    };
    if !matches!(draft.chart_type.as_str(), "" | "application" | "library") {
        return Err(Problem::ChartType(draft.chart_type.clone()));
    }
    for maintainer in &mut draft.maintainers {
        match maintainer {
            Some(maintainer) => tidy_maintainer(maintainer),
            None => return Err(Problem::NullEntry("maintainers")),
        }
    }
    check_dependencies(draft)?;
    Ok(version)
}

fn tidy_texts(draft: &mut Draft) {
    for text in [
        &mut draft.name,
        &mut draft.description,
        &mut draft.home,
        &mut draft.icon,
        &mut draft.condition,
        &mut draft.tags,
        &mut draft.app_version,
        &mut draft.kube_version,
    ] {
        tidy(text);
    }
    draft.sources.iter_mut().for_each(tidy);
    draft.keywords.iter_mut().for_each(tidy);
}

fn check_dependencies(draft: &mut Draft) -> Result<(), Problem> {
    let mut seen = HashSet::new();
    for dependency in &mut draft.dependencies {
        let Some(dependency) = dependency else {
            return Err(Problem::NullEntry("dependencies"));
        };
        tidy_dependency(dependency);
        if let Some(alias) = &dependency.alias
            && !alias.bytes().all(is_alias_byte)
        {
            return Err(Problem::Alias {
                name: dependency.name.clone(),
                alias: alias.clone(),
            });
        }
        let known_as = dependency.alias.as_ref().unwrap_or(&dependency.name);
        if !seen.insert(known_as.as_str()) {
            return Ok(());
        }
    }
    Ok(())
}
