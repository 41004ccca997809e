//! Indexes that are made to cost time, memory or more.

use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use portolan_chart::{
    ConvertIndexError, Index, IndexExcess, IndexLimits, IndexReport, ReadIndexError, convert_index,
};
use proptest::prelude::*;

fn read(text: impl AsRef<[u8]>) -> Result<(Index, IndexReport), ReadIndexError> {
    Index::read(Cursor::new(text), &IndexLimits::default())
}

#[track_caller]
fn excess(text: impl AsRef<[u8]>) -> IndexExcess {
    match read(text) {
        Err(ReadIndexError::TooLarge(excess)) => excess,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(text: impl AsRef<[u8]>) {
    assert!(matches!(read(text), Err(ReadIndexError::Invalid(_))));
}

/// One text for every number below `count`, after each other.
fn each(count: usize, text: impl FnMut(usize) -> String) -> String {
    (0..count).map(text).collect::<Vec<_>>().concat()
}

/// The same, again and again, and how much of it was read.
struct Endless {
    begin: &'static [u8],
    again: u8,
    at: u64,
    most: u64,
}

impl Endless {
    fn new(begin: &'static [u8], again: u8) -> Self {
        Self {
            begin,
            again,
            at: 0,
            most: 0,
        }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        for byte in &mut *buffer {
            let at = usize::try_from(self.at).unwrap();
            *byte = self.begin.get(at).copied().unwrap_or(self.again);
            self.at += 1;
        }
        self.most = self.most.max(self.at);
        Ok(buffer.len())
    }
}

impl Seek for Endless {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if let SeekFrom::Start(at) = to {
            self.at = at;
        }
        Ok(self.at)
    }
}

#[test]
fn an_endless_index_is_cut_at_the_limit() {
    let limits = IndexLimits::default().max_index_bytes(1 << 20);
    for (begin, again) in [
        (&b""[..], b' '),
        (b"", b'a'),
        (b"{", b'\n'),
        (b"{\"a\": [", b' '),
        (b"{apiVersion: ", b'b'),
        (b"apiVersion: v1\n", b'\n'),
        (b"apiVersion: &a v1\n#", b'#'),
    ] {
        let mut endless = Endless::new(begin, again);
        let result = Index::read(&mut endless, &limits);
        let expected = IndexExcess::Bytes { limit: 1 << 20 };
        let is_expected =
            matches!(&result, Err(ReadIndexError::TooLarge(excess)) if *excess == expected);
        assert!(is_expected, "{begin:?}: {result:?}");
        assert!(endless.most <= (1 << 20) + (64 << 10), "{}", endless.most);
    }
}

#[test]
fn an_index_of_exactly_the_limit_is_read() {
    let text = "apiVersion: v1\nentries: {}\n";
    for (less, accepted) in [(0, true), (1, false)] {
        let limits = IndexLimits::default().max_index_bytes(text.len() as u64 - less);
        assert_eq!(Index::read(Cursor::new(text), &limits).is_ok(), accepted);
    }
}

#[test]
fn a_bomb_of_aliases_is_given_up() {
    let levels = each(30, |level| {
        let aliases = vec![format!("*a{level}"); 10].join(", ");
        format!("  a{0}: &a{0} [{aliases}]\n", level + 1)
    });
    let text = format!("apiVersion: v1\nserverInfo:\n  a0: &a0 [x, x, x, x]\n{levels}");
    // What is kept of it counts, too.
    assert!(matches!(
        excess(&text),
        IndexExcess::VersionBytes { .. } | IndexExcess::Aliases { .. }
    ));
    let limits = IndexLimits::default().max_version_bytes(1 << 40);
    let result = Index::read(Cursor::new(&text), &limits);
    let expected = IndexExcess::Aliases { limit: 1_000_000 };
    assert!(
        matches!(&result, Err(ReadIndexError::TooLarge(excess)) if *excess == expected),
        "{result:?}"
    );
}

#[test]
fn a_bomb_of_merges_is_given_up() {
    let levels = each(100, |level| {
        format!(
            "  a{0}: &a{0} {{b: *a{level}, c: *a{level}, <<: {{d: *a{level}}}}}\n",
            level + 1
        )
    });
    let text = format!("apiVersion: v1\nserverInfo:\n  a0: &a0 {{x: y}}\n{levels}");
    let limits = IndexLimits::default().max_version_bytes(1 << 40);
    assert!(matches!(
        Index::read(Cursor::new(&text), &limits),
        Err(ReadIndexError::TooLarge(_))
    ));
}

#[test]
fn an_anchor_within_itself_is_refused() {
    refused("apiVersion: v1\nserverInfo: &a {x: *a}\n");
    refused("apiVersion: v1\nserverInfo: &a {<<: *a}\n");
}

#[test]
fn twenty_thousand_levels_are_given_up_at_the_limit() {
    let depth = 20_000;
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    let block = each(3000, |level| format!("{}a:\n", " ".repeat(level + 1)));
    let dashes = "- ".repeat(depth);
    for text in [
        format!("apiVersion: v1\nserverInfo: {{a: {open}{close}}}\n"),
        format!("{{\"apiVersion\":\"v1\",\"unknown\":{open}{close}}}"),
        format!("{{apiVersion: v1, serverInfo: {{a: {open}{close}}}}}"),
        format!("apiVersion: v1\nserverInfo:\n{block}"),
        format!("apiVersion: v1\nserverInfo:\n  a:\n  {dashes}b\n"),
        format!("apiVersion: v1\nserverInfo: {{a: &a {open}{close}}}\n"),
    ] {
        assert_eq!(excess(text), IndexExcess::Depth { limit: 64 });
    }
}

#[test]
fn a_million_charts_are_read() {
    let charts = each(999_999, |chart| format!("\"c{chart:06}\":[],"));
    let text = format!("{{\"apiVersion\":\"v1\",\"entries\":{{{charts}\"last\":[]}}}}");
    let (index, _) = read(text).unwrap();
    assert_eq!(index.charts().count(), 1_000_000);
    assert!(index.weight() < 64 << 20);
}

#[test]
fn versions_are_counted_whether_they_are_kept_or_not() {
    let limits = IndexLimits::default().max_versions(10);
    let read = |entries: &str, times| {
        let text = format!("apiVersion: v1\nentries:\n  a:\n{}", entries.repeat(times));
        Index::read(Cursor::new(text), &limits)
    };
    for entry in ["  - {name: a, version: 1.0.0}\n", "  - {}\n"] {
        assert!(read(entry, 9).is_ok());
        assert!(read(entry, 10).is_err());
    }
}

#[test]
fn one_version_cannot_have_more_text_than_is_allowed() {
    let long = "x".repeat(64 << 10);
    let many = each(12_000, |key| format!("k{key}: v, "));
    let empty = "'', ".repeat(70_000);
    for text in [
        format!("apiVersion: v1\nentries:\n  a:\n  - description: {long}\n"),
        format!("apiVersion: v1\nentries:\n  a:\n  - description: \"{long}\"\n"),
        format!("apiVersion: v1\nentries:\n  a:\n  - description: &a {long}\n"),
        format!("apiVersion: v1\nentries:\n  a:\n  - annotations: {{{many}}}\n"),
        format!("apiVersion: v1\nentries:\n  a:\n  - keywords: [{empty}]\n"),
        format!("{{\"apiVersion\":\"v1\",\"entries\":{{\"a\":[{{\"description\":\"{long}\"}}]}}}}"),
        format!("{{\"apiVersion\":\"v1\",\"serverInfo\":{{\"a\":\"{long}\"}}}}"),
        format!("apiVersion: v1\nannotations: {{{many}}}\n"),
    ] {
        let limits = IndexLimits::default().max_version_bytes(64 << 10);
        let expected = IndexExcess::VersionBytes { limit: 64 << 10 };
        let result = Index::read(Cursor::new(&text), &limits);
        let is_expected =
            matches!(&result, Err(ReadIndexError::TooLarge(excess)) if *excess == expected);
        assert!(is_expected, "{result:?}");
        assert!(read(text).is_ok());
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused_in_yaml_and_replaced_in_json() {
    refused(b"apiVersion: v1\nentries:\n  a\xff: []\n");
    refused(b"apiVersion: v1\nentries: {} # \xff\n");
    let (index, _) = read(b"{\"apiVersion\":\"v1\",\"entries\":{\"a\xff\":[]}}").unwrap();
    assert!(index.charts().eq(["a\u{fffd}"]));
}

#[test]
fn a_byte_order_mark_line_ends_of_any_kind_and_tabs_are_taken_as_go_takes_them() {
    for text in [
        "\u{feff}apiVersion: v1\nentries: {}\n",
        "apiVersion: v1\r\nentries:\r\n  a: []\r\n",
        "apiVersion: v1\rentries: {}\r",
        "apiVersion:\tv1\nentries: {}\n",
    ] {
        assert!(read(text).is_ok(), "{text:?}");
    }
    for text in [
        "apiVersion: v1\n\tentries: {}\n",
        "apiVersion: v1\nentries:\n\ta: []\n",
        "apiVersion: v1\u{0}\n",
        "apiVersion: v1\nentries: {\u{7}}\n",
        "\u{feff}{\"apiVersion\": \"v1\", \"unknown\": 1}",
    ] {
        refused(text);
    }
}

#[test]
fn what_is_no_index_is_no_index() {
    for text in [
        "",
        " ",
        "\n# nothing\n",
        "null",
        "---\n",
        "{}",
        "apiVersion: \"\"\n",
    ] {
        let error = read(text).unwrap_err();
        let expected = if text.is_empty() {
            "empty index.yaml file"
        } else {
            "no API version specified"
        };
        assert_eq!(error.to_string(), expected, "{text:?}");
        assert!(!error.is_transient());
    }
    for text in [
        "<!DOCTYPE html>\n<html><body>Log in</body></html>\n",
        "hello",
        "[]",
        "5",
        "- a\n",
    ] {
        refused(text);
    }
}

#[test]
fn what_only_looks_like_json_is_read_strictly() {
    assert!(read("{\"apiVersion\": \"v1\", \"unknown\": 1}").is_ok());
    refused("{\"apiVersion\": \"v1\", \"unknown\": 1} # no longer JSON");
    refused("{\"apiVersion\": \"v1\", \"unknown\": 1,}");
    refused("{\"apiVersion\": \"v1\", \"apiVersion\": \"v1\",}");
}

#[test]
fn an_index_takes_little_memory() {
    let digest = "0123456789abcdef".repeat(4);
    let entries = each(1000, |patch| {
        format!(
            "  - {{name: app, version: 1.0.{patch}, digest: {digest}, description: {}, urls: [\"https://charts.example.com/app-1.0.{patch}.tgz\"]}}\n",
            "x".repeat(1000)
        )
    });
    let (index, _) = read(format!("apiVersion: v1\nentries:\n  app:\n{entries}")).unwrap();
    assert!(index.weight() < 160 * 1000, "{}", index.weight());
}

/// Neither takes nor gives anything.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::Other.into())
    }
}

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Broken {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Ok(0)
    }
}

#[test]
fn an_error_says_which_of_the_three_failed() {
    let text = "apiVersion: v1\nentries:\n  a:\n  - {name: a, version: 1.0.0}\n";
    let limits = IndexLimits::default();
    let spool = || Cursor::new(Vec::new());
    assert!(matches!(
        convert_index(Broken, Vec::new(), spool(), &limits),
        Err(ConvertIndexError::Index(ReadIndexError::Read(_)))
    ));
    assert!(matches!(
        convert_index(Cursor::new(text), Vec::new(), Broken, &limits),
        Err(ConvertIndexError::Spool(_))
    ));
    assert!(matches!(
        convert_index(Cursor::new(text), Broken, spool(), &limits),
        Err(ConvertIndexError::Write(_))
    ));
    assert!(Index::read(Broken, &limits).unwrap_err().is_transient());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(bytes);
    }

    #[test]
    fn no_text_makes_it_panic(text in "(apiVersion: v1\n)?[ -~\n\t{}\\[\\]\"':,&*-]{0,80}") {
        let _ = read(text);
    }
}
