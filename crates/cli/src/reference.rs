//! How a chart is named on the command line.

use anyhow::{Context as _, bail, ensure};
use portolan_acquire::Request;
use portolan_reference::{OciReference, OciRepository, Pin};

/// The chart that `text` names, in the version that it or `version` names.
pub(crate) fn request(text: &str, version: Option<&str>) -> anyhow::Result<Request> {
    ensure!(
        text.starts_with("oci://"),
        "`{text}` does not begin with `oci://`: charts are pulled from OCI registries, as in oci://ghcr.io/stefanprodan/charts/podinfo"
    );
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
    Request::of(&repository, version).with_context(|| {
        format!("`{text}` names no chart: its last part is not a chart's name, as in oci://HOST/PATH/CHART")
    })
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
        let request = request(text, version).unwrap();
        assert_eq!(
            (request.chart().as_str(), request.version()),
            (chart, expected)
        );
    }

    #[track_caller]
    fn refused(text: &str, version: Option<&str>, reason: &str) {
        let error = request(text, version).unwrap_err().to_string();
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
        refused("localhost:5000/app", None, "does not begin with `oci://`");
        refused(
            "https://example.com/app",
            None,
            "does not begin with `oci://`",
        );
        refused("oci://localhost:5000", None, "names no chart");
        refused("oci://localhost/app:1.0.0", Some("2.0.0"), "leave one out");
        refused("oci://localhost/App", None, "lower case");
        let digest = format!("oci://localhost/app@sha256:{}", "a".repeat(64));
        refused(&digest, None, "names a digest");
    }
}
