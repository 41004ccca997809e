//! Paths of charts on disk, as text: nothing is looked at.

/// How far the `file://` repositories of a chart may reach.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reach {
    /// Not out of the source that the chart is part of, whose root is `/`: a path that leads out
    /// stops there, and an absolute one begins at the chart, as with [Flux][1].
    ///
    /// [1]: https://github.com/fluxcd/source-controller/blob/v1.10.1/internal/helm/chart/dependency_manager.go
    #[default]
    Source,
    /// Anywhere on this machine, as with [Helm][1]: for somebody's own charts, on their own machine.
    ///
    /// [1]: https://github.com/helm/helm/blob/v4.3.1/internal/resolver/resolver.go
    Machine,
}

impl Reach {
    /// Where `path` leads from the chart at `chart`, which is an absolute path.
    pub(super) fn join(self, chart: &str, path: &str) -> String {
        let base = match self {
            Self::Machine if path.starts_with('/') => "",
            _ => chart,
        };
        clean(base.split('/').chain(path.split('/')))
    }
}

/// The absolute path of `parts`, without `.`, `..` and empty ones. Nothing is above the root.
pub(super) fn clean<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in parts {
        match part {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            part => kept.push(part),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_leads_out_of_the_source() {
        #[track_caller]
        fn check(chart: &str, path: &str, expected: &str) {
            assert_eq!(Reach::Source.join(chart, path), expected);
        }
        check("/chart", "../dep", "/dep");
        check("/", "/../../dep", "/dep");
        check("/charts/app", "../lib", "/charts/lib");
        check("/charts/app", "../../../../etc", "/etc");
        check("/charts/app", "/lib", "/charts/app/lib");
        check("/charts/app", ".", "/charts/app");
        check("/charts/app", "./a//b/../c/", "/charts/app/a/c");
        check("/", ".", "/");
    }

    #[test]
    fn on_a_machine_an_absolute_path_is_one() {
        assert_eq!(Reach::Machine.join("/home/app", "/srv/lib"), "/srv/lib");
        assert_eq!(Reach::Machine.join("/home/app", "../lib"), "/home/lib");
    }
}
