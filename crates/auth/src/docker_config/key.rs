//! What a key of a docker config names, and how well that fits a repository.

use portolan_reference::OciRepository;

use super::KeyMatching;
use crate::docker_hub::is_docker_hub;

/// How well a key fits: the fields are compared in this order, and more is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    by: By,
    /// The host stands in the key as it does in the repository: no wildcard, no other name of Docker
    /// Hub.
    host_as_written: bool,
    /// No scheme, no API version.
    bare: bool,
}

/// What made a key fit, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum By {
    AnyPathOfHost,
    WildcardHost,
    Host,
    /// A path of so many bytes.
    Path(usize),
}

/// How well `key` fits `repository`; `None` if it does not.
pub(super) fn rank(key: &str, repository: &OciRepository, matching: KeyMatching) -> Option<Rank> {
    let parsed = Key::parse(key);
    let host_as_written = parsed.host == repository.registry();
    let same_host =
        host_as_written || is_docker_hub(parsed.host) && is_docker_hub(repository.registry());
    if !same_host && !matches_wildcard(parsed.host, repository.registry()) {
        return None;
    }
    let by = if is_at_or_below(repository.path(), parsed.path) {
        match (parsed.path.is_empty(), same_host) {
            (false, _) => By::Path(parsed.path.len()),
            (true, true) => By::Host,
            (true, false) => By::WildcardHost,
        }
    } else if same_host && matching == KeyMatching::AnyKeyOfHost {
        By::AnyPathOfHost
    } else {
        return None;
    };
    Some(Rank {
        by,
        host_as_written,
        bare: parsed.bare,
    })
}

/// Whether `key` names the host and port of `registry`, whatever else it names.
pub(super) fn same_host(key: &str, registry: &str) -> bool {
    let host = Key::parse(key).host;
    host == registry || is_docker_hub(host) && is_docker_hub(registry)
}

/// A key, taken apart.
struct Key<'a> {
    /// With its port, if there is one.
    host: &'a str,
    /// Without the slash in front of it.
    path: &'a str,
    bare: bool,
}

impl<'a> Key<'a> {
    fn parse(text: &'a str) -> Self {
        let without_scheme = text
            .strip_prefix("https://")
            .or_else(|| text.strip_prefix("http://"))
            .unwrap_or(text);
        let (host, path) = without_scheme
            .split_once('/')
            .unwrap_or((without_scheme, ""));
        // Only with the slash behind it: a repository may be called `v1`.
        let without_version = path
            .strip_prefix("v1/")
            .or_else(|| path.strip_prefix("v2/"))
            .unwrap_or(path);
        Self {
            host,
            path: without_version,
            bare: without_version.len() == path.len() && without_scheme.len() == text.len(),
        }
    }
}

/// Whole segments only, so that the key `charts` does not speak for `charts-internal`. A key that ends
/// in a slash speaks for what is below it alone.
fn is_at_or_below(path: &str, above: &str) -> bool {
    match path.strip_prefix(above) {
        Some(rest) => {
            above.is_empty() || above.ends_with('/') || rest.is_empty() || rest.starts_with('/')
        }
        None => false,
    }
}

/// Label by label, so that `*.example.com` speaks for `a.example.com` and neither for `a.b.example.com`
/// nor for `example.com`. Ports must be equal.
fn matches_wildcard(pattern: &str, registry: &str) -> bool {
    if !pattern.contains('*') {
        return false;
    }
    let (pattern, pattern_port) = split_port(pattern);
    let (host, port) = split_port(registry);
    pattern_port == port
        && pattern.split('.').count() == host.split('.').count()
        && pattern
            .split('.')
            .zip(host.split('.'))
            .all(|(pattern, label)| matches_label(pattern, label))
}

fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (name, Some(port)),
        _ => (host, None),
    }
}

/// `*` stands for any number of characters. The parts between the stars are found from left to right,
/// each as early as possible, which needs no backtracking.
fn matches_label(pattern: &str, label: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == label;
    };
    let Some(mut label) = label.strip_prefix(first) else {
        return false;
    };
    let mut rest = rest;
    while let Some((part, after)) = rest.split_once('*') {
        let Some(at) = label.find(part) else {
            return false;
        };
        label = &label[at + part.len()..];
        rest = after;
    }
    label.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn label(pattern: &str, label: &str, expected: bool) {
        assert_eq!(matches_label(pattern, label), expected);
    }

    #[test]
    fn a_star_stands_for_any_part_of_a_label() {
        label("*", "a", true);
        label("*", "", true);
        label("a*", "abc", true);
        label("*c", "abc", true);
        label("a*c", "abc", true);
        label("a*c", "ac", true);
        label("a*b*c", "axxbyyc", true);
        label("a*c", "abd", false);
        label("ab*ba", "aba", false);
        label("**", "a", true);
        label("abc", "abc", true);
        label("abc", "abcd", false);
    }

    #[track_caller]
    fn wildcard(pattern: &str, registry: &str, expected: bool) {
        assert_eq!(matches_wildcard(pattern, registry), expected);
    }

    #[test]
    fn a_wildcard_stands_for_one_label_and_never_for_a_port() {
        wildcard("*.example.com", "a.example.com", true);
        wildcard("*.example.com", "a.b.example.com", false);
        wildcard("*.example.com", "example.com", false);
        wildcard("*.*.example.com", "a.b.example.com", true);
        wildcard("*.example.com:5000", "a.example.com:5000", true);
        wildcard("*.example.com", "a.example.com:5000", false);
        wildcard("*.example.com:5000", "a.example.com", false);
        wildcard("*.example.com:*", "a.example.com:5000", false);
        wildcard("*", "localhost", true);
        wildcard("*", "example.com", false);
        wildcard("a.example.com", "a.example.com", false);
    }
}
