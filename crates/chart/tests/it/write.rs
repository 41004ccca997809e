//! Archives as they are written.

use std::fs;
use std::io::Read;

use flate2::read::GzDecoder;
use portolan_chart::{Chart, Limits, Lock, merge_values, read_chart, read_directory};
use portolan_reference::{Algorithm, Digest};

use crate::packed::{CHART_YAML, Packed, chart};

fn write(chart: &Chart) -> Vec<u8> {
    let mut archive = Vec::new();
    chart.write_archive(&mut archive).unwrap();
    archive
}

fn read(archive: &[u8]) -> Chart {
    read_chart(archive, &Limits::default()).unwrap()
}

fn sample() -> Packed {
    Packed::default()
        .file("x/charts/db/Chart.yaml", "name: db\nversion: 1.0.0\n")
        .file("x/templates/b.yaml", "b")
        .file("x/zz.txt", "z")
        .file("x/Aa.txt", "A")
        .file("x/values.schema.json", "{}")
        .file("x/values.yaml", "# kept\na: 1\n")
        .file("x/templates/a.yaml", "a")
        .file("x/Chart.lock", "digest: sha256:0\n")
        .file(
            "x/Chart.yaml",
            format!("# kept\n{CHART_YAML}unknown: kept\n"),
        )
}

#[test]
fn what_is_written_is_what_was_read() {
    let chart = read(&sample().gzip());
    let again = read(&write(&chart));
    assert_eq!(again, chart);
    let yaml = format!("# kept\n{CHART_YAML}unknown: kept\n");
    assert_eq!(again.file("Chart.yaml"), Some(yaml.as_bytes()));
}

#[test]
fn files_come_in_helms_order_under_the_charts_name() {
    let archive = write(&read(&sample().gzip()));
    let mut tar = tar::Archive::new(GzDecoder::new(archive.as_slice()));
    let path = |entry: std::io::Result<tar::Entry<'_, _>>| {
        entry.unwrap().path().unwrap().to_str().unwrap().to_owned()
    };
    let paths: Vec<_> = tar.entries().unwrap().map(path).collect();
    assert_eq!(
        paths,
        [
            "app/Chart.yaml",
            "app/Chart.lock",
            "app/values.yaml",
            "app/values.schema.json",
            "app/templates/a.yaml",
            "app/templates/b.yaml",
            "app/Aa.txt",
            "app/zz.txt",
            "app/charts/db/Chart.yaml",
        ]
    );
}

#[test]
fn neither_time_owner_nor_mode_is_told() {
    let archive = write(&read(&sample().gzip()));
    // RFC 1952: deflate, no flags, no time, no level, unknown system.
    assert_eq!(archive[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let mut tar = tar::Archive::new(GzDecoder::new(archive.as_slice()));
    for entry in tar.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!(header.mtime().unwrap(), 0);
        assert_eq!(header.mode().unwrap(), 0o644);
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        assert_eq!(header.username().unwrap(), Some(""));
    }
}

/// The bytes may only change with the compressor: then take the new digest over and say so in the
/// changelog, as every package built from a directory gets another digest.
#[test]
fn equal_charts_give_equal_bytes_everywhere() {
    // Enough to make the compressor choose.
    let lines = (0_u64..20_000).map(|line| format!("{line} {}\n", line * line % 977));
    let packed = sample().file("x/files/lines", lines.collect::<String>());
    let archive = write(&read(&packed.clone().gzip()));
    assert_eq!(write(&read(&packed.gzip())), archive);
    let mut tar = Vec::new();
    GzDecoder::new(archive.as_slice())
        .read_to_end(&mut tar)
        .unwrap();
    let digest = |bytes: &[u8]| Digest::of(Algorithm::Sha256, bytes).to_string();
    assert_eq!(
        digest(&tar),
        "sha256:2b222d7e85a9c21cce6bd25f5a0443d6468d084f695aee9627775502335144b9"
    );
    assert_eq!(
        digest(&archive),
        "sha256:eaad9bee132e0b84078c8fd7c8afd9ca69c63c57d404cd1dd7126065fa33a252"
    );
}

/// As above, with everything done to a chart that can be: the same chart, changed alike, on any
/// machine.
#[test]
fn equal_changes_give_equal_bytes_everywhere() {
    let change = || {
        let limits = Limits::default();
        let mut chart = read(&sample().gzip());
        let files = [
            ("values.yaml", chart.values().unwrap()),
            ("more.yaml", b"b: {c10: 1, c9: 2}\na: 9007199254740993"),
        ];
        let values = merge_values(files, &limits).unwrap();
        assert!(chart.set_values(values).unwrap());
        chart.set_version_metadata("abc.3").unwrap();
        chart.set_app_version("1.10").unwrap();
        chart.set_lock(&Lock::default());
        let db = read(&Packed::default().file("x/Chart.yaml", CHART_YAML).gzip());
        chart.add_chart("again", &db, &limits).unwrap();
        chart
    };
    let chart = change();
    assert_eq!(
        chart.values(),
        Some(&b"a: 9007199254740993\nb:\n  c9: 2\n  c10: 1\n"[..])
    );
    let archive = write(&chart);
    assert_eq!(write(&change()), archive);
    assert_eq!(read(&archive), chart);
    assert_eq!(
        Digest::of(Algorithm::Sha256, &archive).to_string(),
        "sha256:f76dcf49824ab594592029662fe04d56c4a8584612eda42b8c42995fabd5ede3"
    );
}

#[test]
fn a_folder_gives_the_same_bytes_whenever_and_however_it_was_made() {
    let make = |paths: &[&str], mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("templates")).unwrap();
        for path in paths {
            let path = folder.path().join(path);
            fs::write(&path, CHART_YAML).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let file = fs::File::options().append(true).open(&path).unwrap();
            let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(mode.into());
            file.set_modified(time).unwrap();
        }
        write(&read_directory(folder.path(), &Limits::default()).unwrap())
    };
    let one = make(&["Chart.yaml", "templates/b", "templates/a"], 0o644);
    let other = make(&["templates/a", "templates/b", "Chart.yaml"], 0o700);
    assert_eq!(one, other);
}

#[test]
fn long_names_are_written_and_read() {
    let path = format!("templates/{}/{}.yaml", "ü".repeat(90), "n".repeat(200));
    let packed = crate::packed::pax(&[("path", &format!("app/{path}"))]);
    let chart = read(&chart().entry(&packed).file("x", "words").gzip());
    assert_eq!(read(&write(&chart)).file(&path), Some(&b"words"[..]));
}

#[test]
fn a_chart_that_helm_would_not_find_in_its_archive_is_not_written() {
    for name in ["Chart.yaml", "C:"] {
        let yaml = format!("name: '{name}'\nversion: 1.0.0\n");
        let chart = read(&Packed::default().file("x/Chart.yaml", yaml).gzip());
        let error = chart.write_archive(std::io::sink()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
        assert!(
            error.to_string().contains("would not be found again"),
            "{error}"
        );
    }
}

#[test]
fn a_writer_that_fails_is_told() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let error = read(&sample().gzip()).write_archive(Full).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}
