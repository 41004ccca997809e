//! The text of a file, cut into documents, each read on its own: one that is broken takes no other
//! with it.

use serde_json::Value;

/// How deep lists and maps may lie in each other. Manifests are a tenth as deep.
const MAX_DEPTH: usize = 64;

/// How many values one document may have, aliases counted each time they are used. A large rendered
/// `List` has some ten thousand.
const MAX_NODES: usize = 100_000;

/// How many times aliases may be used in a document. Every use copies what it stands for.
const MAX_ALIASES: usize = 1_000;

/// How many bytes the texts of a document may have in all, aliases counted each time they are used.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// One document of a file that is not empty.
#[derive(Debug, PartialEq)]
pub(super) struct Document {
    /// The first document is 1. Empty ones are not counted.
    pub(super) number: usize,
    /// The line it begins on. The first line of a file is 1.
    pub(super) line: u64,
    /// What it says.
    pub(super) value: Result<Value, Unreadable>,
}

/// Why a document is no YAML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// The line of the file where reading stopped.
    pub(super) line: u64,
    /// What is wrong there. Never the text itself: it may be that of a Secret.
    pub(super) what: String,
}

/// The documents of a YAML file, or of a JSON file, which is YAML as well.
pub(super) fn documents(text: &str) -> Vec<Document> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut documents = Vec::new();
    for (begins, chunk) in chunks(text) {
        let Some(before) = lines_before_content(chunk) else {
            continue;
        };
        let value = match read(chunk) {
            Ok(Value::Null) => continue,
            Ok(value) => Ok(value),
            Err(error) => Err(Unreadable {
                line: begins + error.location().map_or(before, |at| at.line().max(1) - 1),
                what: reason(&error, chunk),
            }),
        };
        documents.push(Document {
            number: documents.len() + 1,
            line: begins + before,
            value,
        });
    }
    documents
}

fn read(chunk: &str) -> Result<Value, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_aliases: MAX_ALIASES,
            max_total_scalar_bytes: MAX_TEXT_BYTES,
        },
        // A snippet of a Secret would end up in the log of a pipeline.
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(chunk, options)
}

/// The parser's words, without the place, which is told with the file's name, and without advice for
/// programmers.
fn reason(error: &serde_saphyr::Error, chunk: &str) -> String {
    let text = error.to_string();
    let end = [" at line ", ", set "]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min();
    let text = text[..end.unwrap_or(text.len())]
        .replace("budget breached", "more than a document may have");
    if chunk.contains("{{") {
        return format!("{text} (a template has to be rendered before it is a manifest)");
    }
    text
}

/// The text between lines that begin a document, and the line on which each begins.
fn chunks(text: &str) -> Vec<(u64, &str)> {
    let mut chunks = Vec::new();
    let (mut begin, mut begins_on) = (0, 1);
    let mut offset = 0;
    for (line, piece) in (1..).zip(text.split_inclusive('\n')) {
        if is_marker(piece) {
            chunks.push((begins_on, &text[begin..offset]));
            (begin, begins_on) = (offset, line);
        }
        offset += piece.len();
    }
    chunks.push((begins_on, &text[begin..]));
    chunks
}

/// Whether a document begins on this line: `---` and nothing right behind it. Inside a document no
/// line can begin so.
fn is_marker(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
}

/// How many lines stand before the first one that says something; `None` if none does.
fn lines_before_content(chunk: &str) -> Option<u64> {
    (0..)
        .zip(chunk.lines())
        .find(|(_, line)| {
            let said = line.strip_prefix("---").unwrap_or(line).trim();
            !(said.is_empty() || said.starts_with(['#', '%']) || said == "...")
        })
        .map(|(before, _)| before)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(usize, u64, Value)]) {
        let found: Vec<_> = documents(text)
            .into_iter()
            .map(|found| (found.number, found.line, found.value.expect("it is YAML")))
            .collect();
        assert_eq!(found, expected);
    }

    #[track_caller]
    fn check_unreadable(text: &str, line: u64, what: &str) {
        let found = documents(text)
            .into_iter()
            .find_map(|found| found.value.err());
        let found = found.expect("it is no YAML");
        assert_eq!((found.line, found.what.as_str()), (line, what));
    }

    #[test]
    fn a_file_may_hold_any_number_of_documents() {
        check("", &[]);
        check("# nothing\n", &[]);
        check("a: 1\n", &[(1, 1, json!({"a": 1}))]);
        check(
            "---\na: 1\n---\nb: 2",
            &[(1, 2, json!({"a": 1})), (2, 4, json!({"b": 2}))],
        );
        check(
            "a: 1\r\n---\r\nb: 2\r\n",
            &[(1, 1, json!({"a": 1})), (2, 3, json!({"b": 2}))],
        );
    }

    #[test]
    fn empty_documents_are_not_counted() {
        check(
            "---\n# one\n---\n---\n\na: 1\n...\n---\nnull\n---\nb: 2\n",
            &[(1, 6, json!({"a": 1})), (2, 11, json!({"b": 2}))],
        );
    }

    #[test]
    fn a_document_may_begin_on_the_line_of_its_marker() {
        check(
            "--- {a: 1}\n--- # two\nb: 2\n",
            &[(1, 1, json!({"a": 1})), (2, 3, json!({"b": 2}))],
        );
    }

    #[test]
    fn dashes_inside_a_text_begin_no_document() {
        check("a: |\n  ---\n  x\n", &[(1, 1, json!({"a": "---\nx\n"}))]);
        check("a: ---b\n", &[(1, 1, json!({"a": "---b"}))]);
    }

    #[test]
    fn json_is_read_as_well() {
        check(
            "{\n\t\"a\": [1,\n\t\t\"\\u00e9\"]\n}\n",
            &[(1, 1, json!({"a": [1, "é"]}))],
        );
    }

    #[test]
    fn a_byte_order_mark_is_no_content() {
        check("\u{feff}a: 1\n", &[(1, 1, json!({"a": 1}))]);
    }

    #[test]
    fn a_broken_document_takes_no_other_with_it() {
        let found = documents("a: 1\n---\nb: [\n---\nc: 3\n");
        let readable: Vec<_> = found.iter().map(|found| found.value.is_ok()).collect();
        assert_eq!(readable, [true, false, true]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line_in_the_file() {
        check_unreadable(
            "x: 1\n---\n# two\na: b: c\n",
            4,
            "mapping values are not allowed in this context",
        );
        check_unreadable("a: 1\nb: 2\na: 3\n", 3, "duplicate mapping key: a");
        check_unreadable("{\"a\": 1, \"a\": 2}", 1, "duplicate mapping key: a");
        check_unreadable(
            "name: {{ .Values.name }}\n",
            1,
            "expected string scalar (a template has to be rendered before it is a manifest)",
        );
    }

    #[test]
    fn what_is_wrong_is_told_without_the_text() {
        let found = documents("password: \"hunter2\nnext: 1\n");
        let told = format!(
            "{:?}",
            found[0]
                .value
                .as_ref()
                .expect_err("the quote is not closed")
        );
        assert!(!told.contains("hunter2"), "{told}");
    }

    #[test]
    fn a_document_has_limits() {
        let line = |depth| " ".repeat(depth) + "a:\n";
        let deep: String = (0..=MAX_DEPTH).map(line).collect();
        let wide = "- 1\n".repeat(MAX_NODES + 1);
        let text = "x".repeat(MAX_TEXT_BYTES / 512);
        let bomb = format!("a: &a {text}\nb: [{}]\n", "*a, ".repeat(513));
        let aliases = format!("a: &a 1\nb: [{}]\n", "*a, ".repeat(MAX_ALIASES + 1));
        for text in [deep, wide, bomb, aliases] {
            let found = documents(&text);
            let told = found[0].value.as_ref().expect_err("it is too much");
            assert!(
                told.what.starts_with("more than a document may have"),
                "{told:?}"
            );
        }
    }
}
