//! Where an entry is inside of its chart.

use super::header::Refusal;

/// The path of the file `name` below the chart's folder.
///
/// The first part of a name is the chart's folder, whatever it is called, and is taken off. The
/// rules are [Helm's][1], with three more: neither an absolute path nor a drive letter may stand at
/// the beginning, nor `..` anywhere, even where Helm takes them off with that first part.
///
/// [1]: https://github.com/helm/helm/blob/v4.3.1/pkg/chart/loader/archive/archive.go
pub(super) fn inside(name: &str) -> Result<String, Refusal> {
    check_whole(name)?;
    // Archives packed on Windows have backslashes. One is enough for Helm to take the name apart
    // at backslashes only.
    let separator = if name.contains('\\') { '\\' } else { '/' };
    let (root, below) = name.split_once(separator).unwrap_or((name, ""));
    let below = below.replace(separator, "/");
    if below.starts_with('/') {
        return Err(Refusal::Absolute);
    }
    let path = clean(&below);
    if path.is_empty() {
        return Err(Refusal::Outside);
    }
    // Not only `..` itself, but `..data` as well.
    if path.starts_with("..") {
        return Err(Refusal::Parent);
    }
    if has_drive(&path) {
        return Err(Refusal::Drive);
    }
    if root == "Chart.yaml" {
        return Err(Refusal::ChartYamlAsFolder);
    }
    Ok(path)
}

/// Check what holds for every name: that it leads nowhere else.
pub(super) fn check_whole(name: &str) -> Result<(), Refusal> {
    if name.starts_with(['/', '\\']) {
        return Err(Refusal::Absolute);
    }
    if has_drive(&name.replace('\\', "/")) {
        return Err(Refusal::Drive);
    }
    if name.split(['/', '\\']).any(|part| part == "..") {
        return Err(Refusal::Parent);
    }
    Ok(())
}

fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', b'/', ..] if letter.is_ascii_alphabetic())
}

/// `path`, which has no `..`, without empty parts and without `.`.
pub(crate) fn clean(path: &str) -> String {
    let mut clean = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if !clean.is_empty() {
            clean.push('/');
        }
        clean.push_str(part);
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        assert_eq!(inside(name), Ok(expected.to_owned()));
    }

    #[track_caller]
    fn check_refused(name: &str, expected: Refusal) {
        assert_eq!(inside(name), Err(expected));
    }

    #[test]
    fn the_first_part_is_the_charts_folder_whatever_it_is_called() {
        check("app/Chart.yaml", "Chart.yaml");
        check("./Chart.yaml", "Chart.yaml");
        check("app/templates/a.yaml", "templates/a.yaml");
        check("app/templates/./b//c.yaml", "templates/b/c.yaml");
        check("app/a b/ü", "a b/ü");
        check("app/.helmignore", ".helmignore");
        check("app/a..b/...", "a..b/...");
    }

    #[test]
    fn backslashes_are_separators_as_on_windows() {
        check("app\\templates\\a.yaml", "templates/a.yaml");
        check("app/templates\\a.yaml", "a.yaml");
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        check_refused("/etc/passwd", Refusal::Absolute);
        check_refused("\\etc\\passwd", Refusal::Absolute);
        check_refused("app//etc/passwd", Refusal::Absolute);
        check_refused("../app/Chart.yaml", Refusal::Parent);
        check_refused("app/../../x", Refusal::Parent);
        check_refused("app/a/../b", Refusal::Parent);
        check_refused("app/..data", Refusal::Parent);
        check_refused("app\\..\\x", Refusal::Parent);
        check_refused("app/a\\../x", Refusal::Parent);
        check_refused("C:/app/Chart.yaml", Refusal::Drive);
        check_refused("c:\\app\\Chart.yaml", Refusal::Drive);
        check_refused("app/C:/x", Refusal::Drive);
        check_refused("app\\c:/x", Refusal::Drive);
    }

    #[test]
    fn files_beside_the_folder_are_refused() {
        check_refused("Chart.yaml", Refusal::Outside);
        check_refused("", Refusal::Outside);
        check_refused("app/.", Refusal::Outside);
        check_refused("Chart.yaml/x", Refusal::ChartYamlAsFolder);
    }

    #[test]
    fn directories_may_not_lead_out_either() {
        assert_eq!(check_whole("app/"), Ok(()));
        assert_eq!(check_whole("./"), Ok(()));
        assert_eq!(check_whole("app/../.."), Err(Refusal::Parent));
    }
}
