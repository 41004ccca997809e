use std::fmt::Write as _;
use std::io::Cursor;

use proptest::prelude::*;

use super::super::general::General;
use super::*;

/// The steps of a document, and whether it ended well. Not more than to the end of what is at the
/// top.
fn steps<E: Events>(events: &mut E) -> (Vec<String>, Result<(), Fault>) {
    let mut steps = Vec::new();
    let mut depth = 0;
    loop {
        match events.next() {
            Err(fault) => return (steps, Err(fault)),
            Ok(event) => {
                match event {
                    Event::Map | Event::List => depth += 1,
                    Event::End => depth -= 1,
                    Event::Scalar(_) => {}
                }
                steps.push(format!("{event:?}"));
            }
        }
        if depth == 0 {
            return (steps, events.finish());
        }
    }
}

/// A reader that gives one byte at a time, so that every window ends everywhere.
struct Drip<'a>(Cursor<&'a [u8]>);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let one = buffer.len().min(1);
        self.0.read(&mut buffer[..one])
    }
}

fn scanned(text: &str) -> (Vec<String>, Result<(), Fault>) {
    let limits = IndexLimits::default();
    let whole = steps(&mut Scan::new(text.as_bytes(), &limits));
    let drip = steps(&mut Scan::new(Drip(Cursor::new(text.as_bytes())), &limits));
    assert_eq!(format!("{whole:?}"), format!("{drip:?}"), "{text}");
    whole
}

/// Whatever the scanner tells, the reader for all of YAML tells, too. Says whether it told all.
#[track_caller]
fn agree(text: &str) -> bool {
    let (told, end) = scanned(text);
    let (expected, general_end) =
        steps(&mut General::new(text.as_bytes(), &IndexLimits::default()));
    if end.is_ok() {
        assert_eq!(told, expected, "{text}");
        assert!(general_end.is_ok(), "{text}\n{general_end:?}");
    }
    end.is_ok()
}

#[test]
fn what_helm_writes_is_read_to_its_end() {
    for text in [
        "apiVersion: v1\nentries:\n  a:\n  - name: a\n    urls:\n    - https://x/a-1.tgz\n    version: 1.0.0\n  b:\n  - {}\ngenerated: \"2020\"\n",
        "a: one\n  two\n  three\nb: c\n",
        "a: 'one\n  it''s two'\nb: \"x \\\n  \\ y\\u00e9\n  z\"\n",
        "a: |\n  one\n   two\n\n  three\nb: |-\n  x\nc: |+\n  y\n\nd: e\n",
        "a:\nb: ~\nc: []\nd: {}\ne:\n- 1\n- - 2\n  - 3\n-\n- x: y\n",
        "# c\na:\n  # d\n  b: c\n\n  d: 'e': \n".trim_end_matches(": \n"),
        "a: [b, 'c, d', \"e]\", {f: g, h: , \"i\":j}, https://k:80/l]\nm: n",
        "{a: b, c: [d, {e: f}], g: 1.0}\n\n",
        "[\n  {\"a\": 1,\n   \"b\": [ ]}\n]",
        "\"a b\": c\n'd': e\nf.g/h_i-j: k\n",
        "a: ünï\n  cödé\nb: https://x/#y\nc: x:y\n",
    ] {
        assert!(agree(text), "{text}");
    }
}

#[test]
fn what_is_not_certain_is_left_to_the_other_reader() {
    for text in [
        "a: &b c\n",
        "a: *b\n",
        "a: !!str 1\n",
        "? a\n: b\n",
        "%YAML 1.1\n---\na: b\n",
        "---\na: b\n",
        "a: b\n...\n",
        "a:\tb\n",
        "a: b\r\n",
        "a: b # c\n",
        "a: b: c\n",
        "<<: {a: b}\n",
        "a: >\n  b\n",
        "a: |2\n  b\n",
        "a: b\n c: d\n",
        "  a: b\nc: d\n",
        "a: \"b\nc\"\n",
        "a: 'b' c\n",
        "a: b\n\n  c\n",
        "a: [b,\n  c]\n",
        "a: [b: c]\n",
        "a: [b,,c]\n",
        "a: {b, c: d}\n",
        "a: [b?c]\n",
        "{a: b} c\n",
        "{a: b]\n",
        "a: \"\\/\"\n",
        "a: \"\\ud83d\"\n",
        "a: x\u{2028}y\n",
        "\u{feff}a: b\n",
        "a\n",
        "- a\nb: c\n",
        "",
        "a: @b\n",
        "a: `b\n",
        "a: %b\n",
        "a: - b\n",
        "a: ]\n",
        "a: \u{1}\n",
    ] {
        let (_, end) = scanned(text);
        assert!(matches!(end, Err(Fault::Unsure)), "{text}: {end:?}");
    }
}

#[test]
fn a_byte_that_is_not_utf_8_is_left_to_the_other_reader() {
    let mut scan = Scan::new(&b"a: b\xff\n"[..], &IndexLimits::default());
    assert!(matches!(steps(&mut scan).1, Err(Fault::Unsure)));
}

/// A text for a scalar, with what makes trouble in it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{0,6}",
        "[ -~]{0,12}",
        "[a-z:# \\-?,\\[\\]{}'\"\\\\&*!|>%@`=<~.0-9]{0,10}",
        "[0-9a-fx_.eE+-]{0,12}",
        "[a-zäé\u{85}\u{a0}\u{2028}\t]{0,6}",
        Just("yes".to_owned()),
        Just("https://charts.example.com/a-1.0.0.tgz?x=y#z".to_owned()),
    ]
}

/// A document in block style, more often right than wrong.
fn document() -> impl Strategy<Value = String> {
    let line = (0..4_usize, any::<bool>(), text(), text(), 0..10_u8);
    prop::collection::vec(line, 1..12).prop_map(|lines| {
        let mut document = String::new();
        for (indent, entry, key, value, kind) in lines {
            let indent = "  ".repeat(indent);
            let dash = if entry { "- " } else { "" };
            let _ = match kind {
                0 => writeln!(document, "{indent}{dash}{key}:"),
                1 => writeln!(document, "{indent}{dash}{value}"),
                2 => writeln!(document, "{indent}{dash}{key}: '{value}'"),
                3 => writeln!(document, "{indent}{dash}{key}: \"{value}\""),
                4 => writeln!(
                    document,
                    "{indent}{dash}{key}: |-\n{indent}    {value}\n{indent}    x"
                ),
                5 => writeln!(
                    document,
                    "{indent}{dash}{key}: [{value}, {{{key}: {value}}}]"
                ),
                6 => writeln!(document, "{indent}{dash}{key}: {value}\n{indent}    {key}"),
                7 => writeln!(
                    document,
                    "{indent}{dash}{key}: \"{value}\n{indent}    {key}\""
                ),
                8 => writeln!(
                    document,
                    "{indent}{dash}{key}: '{value}\n{indent}    {key}'"
                ),
                _ => writeln!(document, "{indent}{dash}{key}: {value}"),
            };
        }
        document
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_fast_is_told_slowly_too(text in document()) {
        agree(&text);
    }

    #[test]
    fn anything_at_all_is_told_alike(text in "[ab:\\- \n'\"\\[\\]{},#|>?&*!\\\\0-9.]{0,40}") {
        agree(&text);
    }

    #[test]
    fn a_document_with_a_change_is_told_alike(at in 0..400_usize, cut in 0..3_usize, put in "[ -~\n\t]{0,3}") {
        let mut text = String::from(
            "apiVersion: v1\nentries:\n  app:\n  - annotations:\n      a/b: |\n        - x: y\n        - z\n    created: \"2020-01-01T00:00:00Z\"\n    description: A chart for\n      many things\n    digest: 1e5\n    keywords: []\n    maintainers:\n    - email: a@b.c\n      name: 'it''s'\n    urls:\n    - https://x/app-1.0.0.tgz\n    version: 1.0.0\n  - {name: app, version: \"2.0\", urls: [a, 'b c']}\n",
        );
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        text.replace_range(at..end, &put);
        agree(&text);
    }
}
