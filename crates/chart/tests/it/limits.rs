//! What an archive may cost.

use std::io::{self, Read};

use flate2::Compression;
use flate2::read::GzEncoder;
use portolan_chart::{Limits, check_archive, read_chart, read_metadata};

use crate::packed::{CHART_YAML, Entry, Packed, chain, chart, pax};

#[track_caller]
fn check(archive: &[u8], limits: Limits, expected: &str) {
    let error = read_chart(archive, &limits).unwrap_err();
    assert_eq!(chain(&error), expected);
    let error = check_archive(archive, &limits).unwrap_err();
    assert_eq!(chain(&error), expected);
}

#[track_caller]
fn check_fits(archive: &[u8], limits: Limits) {
    read_chart(archive, &limits).unwrap();
    check_archive(archive, &limits).unwrap();
}

#[test]
fn the_defaults_are_those_of_helm_and_flux() {
    let limits = Limits::default();
    assert_eq!(limits.max_chart_bytes, 10_485_760);
    assert_eq!(limits.max_unpacked_bytes, 104_857_600);
    assert_eq!(limits.max_entries, 100_000);
    assert_eq!(limits.max_file_bytes, 5_242_880);
}

#[test]
fn an_archive_larger_than_its_limit_is_refused_while_it_is_read() {
    let archive = chart().file("app/a", vec![7; 3000]).gzip();
    let limits = Limits::default();
    let size = archive.len() as u64;
    check_fits(&archive, limits.max_chart_bytes(size));
    let expected = format!(
        "the chart archive is larger than {} bytes (max_chart_bytes)",
        size - 1
    );
    check(&archive, limits.max_chart_bytes(size - 1), &expected);
    let expected = "the chart archive is larger than 0 bytes (max_chart_bytes)";
    check(&archive, limits.max_chart_bytes(0), expected);
}

#[test]
fn no_more_of_a_large_archive_is_read_than_is_allowed() {
    /// Gzip members with nothing in them, for ever.
    struct Endless<'a>(u64, io::Cursor<&'a [u8]>);
    impl Read for Endless<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let mut read = self.1.read(buffer)?;
            if read == 0 {
                self.1.set_position(0);
                read = self.1.read(buffer)?;
            }
            self.0 += read as u64;
            Ok(read)
        }
    }
    let nothing = crate::packed::gzip(b"");
    let mut endless = Endless(0, io::Cursor::new(&nothing));
    let limits = Limits::default().max_chart_bytes(1 << 20);
    let error = read_chart(&mut endless, &limits).unwrap_err();
    assert!(error.to_string().contains("max_chart_bytes"), "{error}");
    assert_eq!(endless.0, (1 << 20) + 1);
}

#[test]
fn what_an_archive_unpacks_to_stays_below_its_limit() {
    let archive = chart().file("app/a", vec![0; 3000]).gzip();
    let size = 3000 + CHART_YAML.len() as u64;
    let limits = Limits::default();
    check_fits(&archive, limits.max_unpacked_bytes(size + 1));
    // As in Helm, the limit itself is too much.
    let expected = format!("the chart unpacks to {size} bytes or more (max_unpacked_bytes)");
    check(&archive, limits.max_unpacked_bytes(size), &expected);
}

#[test]
fn extended_headers_count_too() {
    let comment = "c".repeat(1000);
    let header = pax(&[("comment", comment.as_str())]);
    let archive = chart().entry(&header).file("app/a", "").gzip();
    let limits = Limits::default();
    check_fits(&archive, limits.max_unpacked_bytes(2000));
    check(
        &archive,
        limits.max_unpacked_bytes(1000),
        "the chart unpacks to 1000 bytes or more (max_unpacked_bytes)",
    );
}

#[test]
fn a_bomb_is_given_up_at_its_header() {
    // Ten GiB of zeros, made as they are read.
    let header = Entry::file("app/a", "").set(124, b"\x80\0\0\0\0\0\0\x02\x80\0\0\0");
    let start = chart().entry(&header).unended();
    let bomb = start.chain(io::repeat(0).take(10 << 30));
    let gzip = GzEncoder::new(bomb, Compression::fast());
    let error = read_chart(gzip, &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the chart unpacks to 104857600 bytes or more (max_unpacked_bytes)"
    );
}

/// Gzip of `start`, then of as many files of one MiB of zeros as somebody wants to read.
fn zeros(start: Packed) -> impl Read {
    struct Files(Vec<u8>);
    impl Read for Files {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                self.0 = Packed::default()
                    .file("app/zeros", vec![0; 1 << 20])
                    .unended();
            }
            let read = buffer.len().min(self.0.len());
            buffer[..read].copy_from_slice(&self.0[..read]);
            self.0.drain(..read);
            Ok(read)
        }
    }
    GzEncoder::new(Files(start.unended()), Compression::fast())
}

#[test]
fn a_bomb_of_many_files_is_given_up_at_the_limit() {
    let expected = "the chart unpacks to 104857600 bytes or more (max_unpacked_bytes)";
    let error = check_archive(zeros(chart()), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    // Looking for metadata that never comes is bounded as well, and so is looking for what may
    // come after it.
    let error = read_metadata(zeros(Packed::default()), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    let v1 = Packed::default().file("app/Chart.yaml", "name: app\nversion: 1.0.0\n");
    let error = read_metadata(zeros(v1), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), expected);
    // Metadata that has come is enough.
    read_metadata(zeros(chart()), &Limits::default()).unwrap();
}

#[test]
fn entries_are_counted_of_every_kind() {
    let archive = chart()
        .entry(&Entry::of_kind(b'5', "app/folder/", ""))
        .entry(&pax(&[("path", "app/b")]))
        .file("app/a", "")
        .gzip();
    let limits = Limits::default();
    check_fits(&archive, limits.max_entries(4));
    let expected = "the chart has more than 3 entries (max_entries)";
    check(&archive, limits.max_entries(3), expected);
}

#[test]
fn a_million_entries_are_given_up_at_the_limit() {
    let one = Packed::default().file("app/a", "").unended();
    let many = chart().bytes(&one.repeat(1000)).unended();
    let many = many.chain(io::Cursor::new(one.repeat(1_000_000)));
    let gzip = GzEncoder::new(many, Compression::fast());
    let error = check_archive(gzip, &Limits::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the chart has more than 100000 entries (max_entries)"
    );
}

#[test]
fn metadata_files_have_a_limit_of_their_own() {
    let filled = |yaml: &str, size: usize| format!("{yaml}#{}", "x".repeat(size - yaml.len() - 1));
    let limits = Limits::default().max_file_bytes(1000);
    let with = |name: &str, size: usize| {
        let packed = match name {
            "Chart.yaml" => Packed::default(),
            _ => chart(),
        };
        let start = if name == "Chart.yaml" { CHART_YAML } else { "" };
        packed
            .file(&format!("app/{name}"), filled(start, size))
            .gzip()
    };
    for name in [
        "Chart.yaml",
        "Chart.lock",
        "requirements.yaml",
        "requirements.lock",
    ] {
        check_fits(&with(name, 1000), limits);
        let expected = format!("size of '{name}' exceeds '1000' bytes limit (max_file_bytes)");
        check(&with(name, 1001), limits, &expected);
    }
    let error = read_metadata(with("Chart.yaml", 1001).as_slice(), &limits).unwrap_err();
    assert!(
        error.to_string().contains("'Chart.yaml' exceeds '1000'"),
        "{error}"
    );
    // No other file of an archive has one.
    check_fits(&with("values.yaml", 5000), limits);
    check_fits(&with("files/Chart.yaml", 5000), limits);
}

#[test]
fn a_last_line_without_an_end_is_part_of_the_values() {
    let values = format!("a: {}", "x".repeat(4093));
    assert_eq!(values.len(), 4096);
    let archive = chart().file("app/values.yaml", &values).gzip();
    let chart = read_chart(archive.as_slice(), &Limits::default()).unwrap();
    assert_eq!(chart.values(), Some(values.as_bytes()));
}
