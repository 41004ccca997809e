//! Archives unpacked to a folder.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use portolan_chart::{Limits, UnpackError, unpack};

use crate::packed::{CHART_YAML, Entry, chain, chart};

fn run(archive: &[u8], destination: &Path) -> Result<(), UnpackError> {
    unpack(archive, destination, &Limits::default())
}

#[test]
fn a_chart_is_unpacked_to_a_folder_of_its_name() {
    let here = tempfile::tempdir().unwrap();
    let archive = chart()
        .file("other/templates/deep/a.yaml", "a")
        .file("app/templates/deep.yaml", "b")
        .file("app/templates/deep/b.yaml", "c")
        .entry(&Entry::file("app/run", "").set(100, b"0104755\0"))
        .gzip();
    let destination = here.path().join("new/folder");
    run(&archive, &destination).unwrap();
    let read = |path: &str| fs::read_to_string(destination.join("app").join(path)).unwrap();
    assert_eq!(read("Chart.yaml"), CHART_YAML);
    assert_eq!(read("templates/deep/a.yaml"), "a");
    assert_eq!(read("templates/deep.yaml"), "b");
    assert_eq!(read("templates/deep/b.yaml"), "c");
    let mode = fs::metadata(destination.join("app/run"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o7111, 0, "{mode:o}");
    assert_eq!(destination.read_dir().unwrap().count(), 1);
}

#[test]
fn nothing_is_overwritten() {
    let here = tempfile::tempdir().unwrap();
    let folder = here.path().join("app");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("mine"), "words").unwrap();
    let error = run(&chart().gzip(), here.path()).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` exists already: remove it, or unpack to another directory",
            folder.display()
        )
    );
    assert_eq!(fs::read_to_string(folder.join("mine")).unwrap(), "words");
    assert!(!folder.join("Chart.yaml").exists());
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "a file").unwrap();
    assert!(matches!(
        run(&chart().gzip(), here.path()),
        Err(UnpackError::Exists { .. })
    ));
    assert_eq!(fs::read_to_string(&folder).unwrap(), "a file");
}

#[test]
fn a_link_in_place_of_the_folder_is_not_followed() {
    let here = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), here.path().join("app")).unwrap();
    assert!(matches!(
        run(&chart().gzip(), here.path()),
        Err(UnpackError::Exists { .. })
    ));
    symlink("dangling", here.path().join("app2")).unwrap();
    assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0);
    // Not even one that points to nothing.
    fs::remove_file(here.path().join("app")).unwrap();
    symlink(elsewhere.path().join("none"), here.path().join("app")).unwrap();
    assert!(matches!(
        run(&chart().gzip(), here.path()),
        Err(UnpackError::Exists { .. })
    ));
    assert_eq!(elsewhere.path().read_dir().unwrap().count(), 0);
}

#[test]
fn what_cannot_be_unpacked_leaves_nothing_behind() {
    let here = tempfile::tempdir().unwrap();
    // Helm loads this, but it cannot be files and folders.
    let archive = chart().file("app/a", "file").file("app/a/b", "file").gzip();
    let error = run(&archive, here.path()).unwrap_err();
    assert!(matches!(error, UnpackError::Write { .. }), "{error}");
    assert!(
        error.to_string().ends_with("app/a` could not be written"),
        "{error}"
    );
    assert_eq!(here.path().read_dir().unwrap().count(), 0);
    // Nor a name that no file can have.
    let long = format!("app/{}", "n".repeat(300));
    let archive = chart()
        .entry(&crate::packed::long_name(&long))
        .file("x", "")
        .gzip();
    run(&archive, here.path()).unwrap_err();
    assert_eq!(here.path().read_dir().unwrap().count(), 0);
}

#[test]
fn a_bad_archive_is_told_with_its_reason() {
    let here = tempfile::tempdir().unwrap();
    let error = run(b"words", &here.path().join("new")).unwrap_err();
    assert_eq!(
        chain(&error),
        "the archive cannot be unpacked: expected a gzipped tar archive, found text: name the \
         packaged chart, not one of its files"
    );
    assert!(!here.path().join("new").exists());
}
