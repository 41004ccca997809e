//! Versions as tags.

/// The tag under which a chart of `version` is kept in an OCI registry.
///
/// `+` is not allowed in a tag ([distribution-spec v1.1.1][1]), so Helm writes `_` instead
/// ([Helm v4.3.1][2]).
///
/// [1]: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
/// [2]: https://github.com/helm/helm/blob/v4.3.1/pkg/registry/reference.go
pub fn tag_for_version(version: &str) -> String {
    version.replace('+', "_")
}

/// The version that `tag` stands for: what [`tag_for_version`] did, undone.
///
/// Whether the result is a version at all is for the caller to see: a registry may hold any tag.
/// `_` occurs in no version, so nothing is lost on the way.
pub fn version_for_tag(tag: &str) -> String {
    tag.replace('_', "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(version: &str, tag: &str) {
        assert_eq!(tag_for_version(version), tag);
        assert_eq!(version_for_tag(tag), version);
    }

    #[test]
    fn a_plus_becomes_an_underscore_and_comes_back() {
        check("1.2.3", "1.2.3");
        check("1.2.3+build.5", "1.2.3_build.5");
        check("1.2.3-rc.1+a", "1.2.3-rc.1_a");
    }
}
