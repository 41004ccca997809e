//! How a chart is named on the command line.

use anyhow::{Context as _, bail, ensure};
use portolan_acquire::{ChartName, Request};
use portolan_reference::{OciReference, OciRepository, Pin};

use crate::args::ChartArgs;
use crate::session::Session;

/// The chart that the command line names, as it is reached.
pub(crate) fn request(session: &Session, args: &ChartArgs) -> anyhow::Result<Request> {
    let (text, version) = (args.reference.as_str(), args.version.as_deref());
    let named = || version.unwrap_or_default();
    if let Some(repository) = &args.repo {
        ensure!(
            !text.contains("://"),
            "`{text}` names a repository, and --repo another: leave one out"
        );
        let repository = session.repository(repository)?;
        return Ok(Request::from_repository(repository, chart(text)?, named()));
    }
    if text.starts_with("oci://") {
        let (repository, chart, version) = reference(text, version)?;
        let registry = session.registry(repository)?;
        return Ok(Request::from_repository(registry, chart, version));
    }
    let parts = text.split_once('/').filter(|_| !text.contains("://"));
    let Some((name, rest)) = parts else {
        bail!(
            "`{text}` does not begin with `oci://`, as in oci://ghcr.io/stefanprodan/charts/podinfo: for a repository with an index, write --repo URL CHART"
        );
    };
    let entry = session.list()?.named(name).with_context(|| {
        format!("`{text}` does not begin with `oci://`, so `{name}` is taken for the name of a repository")
    })?;
    let repository = session.entry(entry)?;
    Ok(Request::from_repository(repository, chart(rest)?, named()))
}

fn chart(text: &str) -> anyhow::Result<ChartName> {
    Ok(text.parse::<ChartName>()?)
}

/// The folder of a registry, the chart in it, and the version that `text` or `version` names.
fn reference(
    text: &str,
    version: Option<&str>,
) -> anyhow::Result<(OciRepository, ChartName, String)> {
    let (repository, named) = match text.parse::<OciReference>() {
        Ok(reference) => match reference.pin() {
            Pin::Tag(tag) => (reference.repository().clone(), Some(tag.replace('_', "+"))),
            Pin::Digest(_) => bail!(
                "`{text}` names a digest, but a chart is named by its version: write :VERSION or use --version"
            ),
        },
        Err(_) => (repository(text)?, None),
    };
    let version = match (named, version) {
        (Some(named), Some(version)) if named != version => {
            bail!("`{text}` names version {named}, and --version names {version}: leave one out")
        }
        (Some(named), _) => named,
        (None, version) => version.unwrap_or_default().to_owned(),
    };
    let (above, name) = match repository.path().rsplit_once('/') {
        Some((above, name)) => (format!("{}/{above}", repository.registry()), name),
        None => (repository.registry().to_owned(), repository.path()),
    };
    match (above.parse(), name.parse()) {
        (Ok(above), Ok(name)) => Ok((above, name, version)),
        _ => bail!(
            "`{text}` names no chart: its last part is not a chart's name, as in oci://HOST/PATH/CHART"
        ),
    }
}

/// Anything in a registry. That it is one need not be written, as nothing else is meant.
pub(crate) fn anything(text: &str) -> anyhow::Result<OciReference> {
    Ok(text.parse::<OciReference>()?)
}

/// Where charts are pushed to. What the request names as chart is not looked at.
pub(crate) fn destination(text: &str) -> anyhow::Result<OciRepository> {
    ensure!(
        text.starts_with("oci://"),
        "`{text}` does not begin with `oci://`: charts are pushed to OCI registries, as in oci://registry.example.com/charts"
    );
    repository(text)
}

fn repository(text: &str) -> anyhow::Result<OciRepository> {
    Ok(text.parse::<OciRepository>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, version: Option<&str>, chart: &str, expected: &str) {
        let (_, name, version) = reference(text, version).unwrap();
        assert_eq!((name.as_str(), version.as_str()), (chart, expected));
    }

    #[track_caller]
    fn refused(text: &str, version: Option<&str>, reason: &str) {
        let error = reference(text, version).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn the_version_stands_behind_the_chart_or_in_a_flag() {
        check("oci://localhost:5000/charts/app", None, "app", "");
        check(
            "oci://localhost:5000/charts/app:1.0.0",
            None,
            "app",
            "1.0.0",
        );
        check(
            "oci://localhost:5000/charts/app:1.0.0_b",
            None,
            "app",
            "1.0.0+b",
        );
        check(
            "oci://localhost:5000/charts/app",
            Some("~1.2"),
            "app",
            "~1.2",
        );
        check(
            "oci://localhost:5000/app:1.0.0",
            Some("1.0.0"),
            "app",
            "1.0.0",
        );
    }

    #[test]
    fn what_names_no_chart_is_refused_with_the_reason() {
        refused("oci://localhost:5000", None, "names no chart");
        refused("oci://localhost/app:1.0.0", Some("2.0.0"), "leave one out");
        refused("oci://localhost/App", None, "lower case");
        let digest = format!("oci://localhost/app@sha256:{}", "a".repeat(64));
        refused(&digest, None, "names a digest");
    }
}
