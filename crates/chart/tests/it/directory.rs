//! Chart directories.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use portolan_chart::{Limits, read_directory, read_directory_metadata};
use tempfile::TempDir;

use crate::packed::{CHART_YAML, chain};

/// A folder with these files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn chart(files: &[(&str, &str)]) -> TempDir {
    folder(&[&[("Chart.yaml", CHART_YAML)], files].concat())
}

#[track_caller]
fn check(folder: &Path, expected: &[&str]) {
    let chart = read_directory(folder, &Limits::default()).unwrap();
    let paths: Vec<_> = chart.files().map(|(path, _)| path).collect();
    assert_eq!(paths, expected);
}

#[track_caller]
fn check_refused(folder: &Path, expected: &str) {
    check_refused_within(folder, Limits::default(), expected);
}

#[track_caller]
fn check_refused_within(folder: &Path, limits: Limits, expected: &str) {
    let error = read_directory(folder, &limits).unwrap_err();
    let here = fs::canonicalize(folder).unwrap();
    let text = chain(&error).replace(here.to_str().unwrap(), "CHART");
    assert_eq!(text, expected);
}

#[test]
fn a_folder_is_read_without_what_helmignore_names() {
    let folder = chart(&[
        (".helmignore", "*.bak\n/docs/\n"),
        ("values.yaml", "\u{feff}a: 1"),
        ("old.bak", ""),
        ("docs/a.md", ""),
        ("files/docs/b.md", ""),
        ("templates/a.yaml", ""),
        ("templates/.hidden", ""),
        ("templates/deep/.hidden", ""),
    ]);
    check(
        folder.path(),
        &[
            ".helmignore",
            "Chart.yaml",
            "files/docs/b.md",
            "templates/a.yaml",
            "templates/deep/.hidden",
            "values.yaml",
        ],
    );
    let chart = read_directory(folder.path(), &Limits::default()).unwrap();
    assert_eq!(chart.values(), Some(&b"a: 1"[..]));
}

#[test]
fn a_folder_without_a_chart_yaml_is_refused() {
    let empty = folder(&[("values.yaml", "")]);
    let error = read_directory(empty.path(), &Limits::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Chart.yaml: no such file or directory"),
        "{error}"
    );
    let left_out = chart(&[(".helmignore", "Chart.yaml")]);
    let error = read_directory(left_out.path(), &Limits::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("Chart.yaml: no such file or directory"),
        "{error}"
    );
    let error = read_directory(&empty.path().join("none"), &Limits::default()).unwrap_err();
    assert!(
        chain(&error).contains("could not be read: No such file"),
        "{}",
        chain(&error)
    );
}

#[test]
fn a_folder_that_helm_would_not_load_or_package_is_refused() {
    let bad = folder(&[("Chart.yaml", "name: a/b\nversion: 1.0.0")]);
    check_refused(
        bad.path(),
        "Chart.yaml is invalid: the name `a/b` is not allowed: it has to be one part of a path",
    );
    check_refused(
        chart(&[("values.schema.json", "{")]).path(),
        "values.schema.json is not JSON",
    );
    check_refused(
        chart(&[(".helmignore", "a\n**/b")]).path(),
        "the .helmignore file is invalid: line 2, `**/b`: `**` is not supported",
    );
    check_refused(
        chart(&[("charts/a/values.yaml", "")]).path(),
        "the chart in charts/a is not accepted: no 'Chart.yaml' found in the folder at the top",
    );
}

#[test]
fn links_to_what_is_inside_are_followed() {
    let folder = chart(&[("files/a.txt", "words"), ("more/b.txt", "")]);
    symlink("files/a.txt", folder.path().join("link.txt")).unwrap();
    symlink("../more", folder.path().join("files/more")).unwrap();
    check(
        folder.path(),
        &[
            "Chart.yaml",
            "files/a.txt",
            "files/more/b.txt",
            "link.txt",
            "more/b.txt",
        ],
    );
    // The chart itself may be behind a link.
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(folder.path(), elsewhere.path().join("chart")).unwrap();
    assert!(read_directory(&elsewhere.path().join("chart"), &Limits::default()).is_ok());
}

#[test]
fn links_out_of_the_chart_are_refused_unless_they_are_left_out() {
    let outside = folder(&[("secret", "words"), ("folder/a", "")]);
    for target in ["secret", "folder"] {
        let folder = chart(&[]);
        symlink(outside.path().join(target), folder.path().join("link")).unwrap();
        check_refused(
            folder.path(),
            "`CHART/link` links to something outside of the chart; remove it, or name it in .helmignore",
        );
        fs::write(folder.path().join(".helmignore"), "link").unwrap();
        check(folder.path(), &[".helmignore", "Chart.yaml"]);
    }
}

#[test]
fn a_helmignore_that_is_a_link_out_is_refused() {
    let outside = folder(&[("secret", "[")]);
    let folder = chart(&[]);
    symlink(
        outside.path().join("secret"),
        folder.path().join(".helmignore"),
    )
    .unwrap();
    check_refused(
        folder.path(),
        "`CHART/.helmignore` links to something outside of the chart; remove it, or name it in .helmignore",
    );
}

#[test]
fn links_to_nothing_and_loops_are_refused() {
    let folder = chart(&[("a/b/c", "")]);
    symlink("../..", folder.path().join("a/b/up")).unwrap();
    check_refused(
        folder.path(),
        "`CHART/a/b/up` links to a folder that it is in; remove it, or name it in .helmignore",
    );
    let folder = chart(&[]);
    symlink("none", folder.path().join("link")).unwrap();
    check_refused(
        folder.path(),
        "`CHART/link` could not be read: No such file or directory (os error 2)",
    );
}

#[test]
fn sockets_and_such_are_refused() {
    let folder = chart(&[]);
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
    check_refused(
        folder.path(),
        "`CHART/socket` is neither a file nor a folder; remove it, or name it in .helmignore",
    );
}

#[test]
fn names_that_are_not_text_are_refused() {
    use std::os::unix::ffi::OsStrExt;
    let folder = chart(&[]);
    let name = std::ffi::OsStr::from_bytes(b"a\xff");
    fs::write(folder.path().join(name), "").unwrap();
    let error = read_directory(folder.path(), &Limits::default()).unwrap_err();
    assert!(
        error.to_string().contains("has a name that is not UTF-8"),
        "{error}"
    );
}

#[test]
fn names_that_mean_something_else_in_an_archive_are_refused() {
    for name in ["a\\b", "files/a\\b", "..data", "C:/a"] {
        let folder = chart(&[(name, "")]);
        let error = read_directory(folder.path(), &Limits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "`{}` has a name that would be another one in an archive; remove it, or name it \
                 in .helmignore",
                folder.path().join(name).display()
            )
        );
    }
    check(
        chart(&[("a..b", ""), ("files/..data", ""), ("files/C:/a", "")]).path(),
        &["Chart.yaml", "a..b", "files/..data", "files/C:/a"],
    );
}

#[test]
fn a_folder_has_limits_too() {
    let limits = Limits::default();
    let folder = chart(&[("files/a.txt", &"x".repeat(1000))]);
    let check = |limits, expected| check_refused_within(folder.path(), limits, expected);
    check(
        limits.max_file_bytes(999),
        "cannot load file files/a.txt as file size (1000) exceeds limit (999)",
    );
    assert!(read_directory(folder.path(), &limits.max_file_bytes(1000)).is_ok());
    let size = 1000 + CHART_YAML.len() as u64;
    let expected = format!("the chart unpacks to {size} bytes or more (max_unpacked_bytes)");
    check(limits.max_unpacked_bytes(size), &expected);
    assert!(read_directory(folder.path(), &limits.max_unpacked_bytes(size + 1)).is_ok());
    check(
        limits.max_entries(2),
        "the chart has more than 2 entries (max_entries)",
    );
    assert!(read_directory(folder.path(), &limits.max_entries(3)).is_ok());
}

#[test]
fn links_that_multiply_folders_end_at_the_limit() {
    let folder = chart(&[("f0/a", "")]);
    for level in 1..=20 {
        let path = folder.path().join(format!("f{level}"));
        fs::create_dir(&path).unwrap();
        for name in ["x", "y"] {
            symlink(format!("../f{}", level - 1), path.join(name)).unwrap();
        }
    }
    check_refused(
        folder.path(),
        "the chart has more than 100000 entries (max_entries)",
    );
}

#[test]
fn what_a_folder_says_about_itself_is_read_without_the_rest() {
    let folder = folder(&[
        (".helmignore", "Chart.yaml\n"),
        ("Chart.yaml", "\u{feff}name: app\nversion: 1.2.3\n"),
        ("requirements.yaml", "dependencies: [{name: db}]\n"),
        ("values.yaml", "no values"),
    ]);
    let metadata = read_directory_metadata(folder.path(), &Limits::default()).unwrap();
    assert_eq!(
        (metadata.name.as_str(), metadata.version.as_str()),
        ("app", "1.2.3")
    );
    assert_eq!(metadata.dependencies[0].name, "db");
    assert!(read_directory(folder.path(), &Limits::default()).is_err());
}

/// Chart.yaml is none that a folder's metadata could be read from.
#[track_caller]
fn check_metadata_refused(folder: &Path, limits: Limits, expected: &str) {
    let error = read_directory_metadata(folder, &limits).unwrap_err();
    assert!(chain(&error).contains(expected), "{}", chain(&error));
}

#[test]
fn metadata_of_a_folder_is_bounded_and_not_fetched_from_elsewhere() {
    let limits = Limits::default();
    let none = folder(&[]);
    check_metadata_refused(none.path(), limits, "Chart.yaml: no such file or directory");
    let large = chart(&[("requirements.yaml", &"#".repeat(1000))]);
    check_metadata_refused(
        large.path(),
        limits.max_file_bytes(999),
        "size of 'requirements.yaml' exceeds '999' bytes limit (max_file_bytes)",
    );
    let elsewhere = chart(&[]);
    let link = folder(&[]);
    symlink(
        elsewhere.path().join("Chart.yaml"),
        link.path().join("Chart.yaml"),
    )
    .unwrap();
    check_metadata_refused(
        link.path(),
        limits,
        "links to something outside of the chart",
    );
    let device = folder(&[]);
    symlink("/dev/zero", device.path().join("Chart.yaml")).unwrap();
    check_metadata_refused(
        device.path(),
        limits,
        "links to something outside of the chart",
    );
}
