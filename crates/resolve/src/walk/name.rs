//! Names that are about to become part of a path.

/// The longest name of a chart, in bytes: [Helm's own][1] for charts that it creates.
///
/// [1]: https://github.com/helm/helm/blob/v4.3.1/pkg/chart/v2/util/create.go
const MAX_BYTES: usize = 250;

/// Whether `name` can be the name of a file or folder and never leads out of one.
pub(super) fn is_chart_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..")
        && name.len() <= MAX_BYTES
        && !name.contains(['/', '\\'])
        && !name.chars().any(char::is_control)
}

/// Whether `alias` has [Helm's form][1].
///
/// [1]: https://github.com/helm/helm/blob/v4.3.1/pkg/chart/v2/dependency.go
pub(super) fn is_alias(alias: &str) -> bool {
    !alias.is_empty()
        && alias.len() <= MAX_BYTES
        && alias
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
