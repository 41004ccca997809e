//! JSON as Go's `json.MarshalIndent` writes it, with two blanks for a level.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::decode::Header;
use super::draft::Draft;
use crate::metadata::{Dependency, Maintainer};

/// How deep a version of a chart lies in an index.
const VERSION_DEPTH: usize = 3;

/// A version of a chart, the metadata first as Go's embedded fields are.
pub(super) fn version(draft: &Draft, to: &mut String) {
    let mut json = Encoder::new(to, VERSION_DEPTH);
    json.map(|json| {
        json.text("name", &draft.name);
        json.text("home", &draft.home);
        json.texts("sources", &draft.sources);
        json.text("version", &draft.version);
        json.text("description", &draft.description);
        json.texts("keywords", &draft.keywords);
        json.entries("maintainers", &draft.maintainers, Encoder::maintainer);
        json.text("icon", &draft.icon);
        json.text("apiVersion", &draft.api_version);
        json.text("condition", &draft.condition);
        json.text("tags", &draft.tags);
        json.text("appVersion", &draft.app_version);
        json.flag("deprecated", draft.deprecated);
        json.text_map("annotations", &draft.annotations);
        json.text("kubeVersion", &draft.kube_version);
        json.entries("dependencies", &draft.dependencies, Encoder::dependency);
        json.text("type", &draft.chart_type);
        json.key("urls");
        match &draft.urls {
            None => json.raw("null"),
            Some(urls) => json.list(urls, |json, url| json.string(url)),
        }
        json.key("created");
        json.string(&draft.created.to_string());
        json.flag("removed", draft.removed);
        json.text("digest", &draft.digest);
        json.text("checksum", &draft.checksum);
        json.text("engine", &draft.engine);
        json.text("tillerVersion", &draft.tiller_version);
        json.text("url", &draft.url);
    });
}

/// Everything before the charts, with the key they stand under.
pub(super) fn before_entries(header: &Header, to: &mut String) {
    let mut json = Encoder::new(to, 0);
    json.begin('{');
    if !header.server_info.is_empty() {
        json.key("serverInfo");
        json.any_map(header.server_info.iter());
    }
    json.key("apiVersion");
    json.string(&header.api_version);
    json.key("generated");
    json.string(&header.generated.to_string());
    json.key("entries");
}

/// Everything after the charts.
pub(super) fn after_entries(header: &Header, to: &mut String) {
    let mut json = Encoder::new(to, 1);
    json.texts("publicKeys", &header.public_keys);
    json.text_map("annotations", &header.annotations);
    json.end('}');
}

/// `text` in quotes.
pub(super) fn string(text: &str, to: &mut String) {
    to.push('"');
    let mut rest = text;
    while let Some(at) = rest.bytes().position(may_need_escape) {
        let (plain, special) = rest.split_at(at);
        to.push_str(plain);
        let mut characters = special.chars();
        if let Some(character) = characters.next() {
            escape(character, to);
        }
        rest = characters.as_str();
    }
    to.push_str(rest);
    to.push('"');
}

fn may_need_escape(byte: u8) -> bool {
    // 0xe2 begins U+2028 and U+2029.
    matches!(byte, 0..=0x1f | b'"' | b'\\' | b'<' | b'>' | b'&' | 0xe2)
}

/// What Go escapes, so that JSON can stand in HTML and in JavaScript.
fn escape(character: char, to: &mut String) {
    match character {
        '"' => to.push_str("\\\""),
        '\\' => to.push_str("\\\\"),
        '\u{8}' => to.push_str("\\b"),
        '\u{c}' => to.push_str("\\f"),
        '\n' => to.push_str("\\n"),
        '\r' => to.push_str("\\r"),
        '\t' => to.push_str("\\t"),
        '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            // Writing to a string cannot fail.
            let _ = write!(to, "\\u{:04x}", u32::from(character));
        }
        other => to.push(other),
    }
}

/// A number as Go writes a `float64`.
fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        return match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => {
                format!("{digits}e+{exponent}")
            }
            _ => text,
        };
    }
    value.to_string()
}

struct Encoder<'a> {
    to: &'a mut String,
    depth: usize,
}

impl<'a> Encoder<'a> {
    fn new(to: &'a mut String, depth: usize) -> Self {
        Self { to, depth }
    }

    fn raw(&mut self, text: &str) {
        self.to.push_str(text);
    }

    fn string(&mut self, text: &str) {
        string(text, self.to);
    }

    fn begin(&mut self, bracket: char) {
        self.to.push(bracket);
        self.depth += 1;
    }

    /// End what has something in it.
    fn end(&mut self, bracket: char) {
        self.depth -= 1;
        self.line();
        self.to.push(bracket);
    }

    fn line(&mut self) {
        line(self.depth, self.to);
    }

    /// A new line for another field or entry.
    fn next(&mut self) {
        // At the beginning of the text something was written before it.
        if !self.to.ends_with(['{', '[']) {
            self.to.push(',');
        }
        self.line();
    }

    fn key(&mut self, key: &str) {
        self.next();
        self.string(key);
        self.raw(": ");
    }

    fn map(&mut self, fields: impl FnOnce(&mut Self)) {
        self.begin('{');
        fields(self);
        if self.to.ends_with('{') {
            self.depth -= 1;
            self.to.push('}');
        } else {
            self.end('}');
        }
    }

    fn list<T>(&mut self, list: &[T], each: impl Fn(&mut Self, &T)) {
        if list.is_empty() {
            return self.raw("[]");
        }
        self.begin('[');
        for entry in list {
            self.next();
            each(self, entry);
        }
        self.end(']');
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.key(key);
            self.string(text);
        }
    }

    fn optional(&mut self, key: &str, text: Option<&String>) {
        self.text(key, text.map(String::as_str).unwrap_or_default());
    }

    fn flag(&mut self, key: &str, flag: bool) {
        if flag {
            self.key(key);
            self.raw("true");
        }
    }

    fn texts(&mut self, key: &str, texts: &[String]) {
        if !texts.is_empty() {
            self.key(key);
            self.list(texts, |json, text| json.string(text));
        }
    }

    fn text_map(&mut self, key: &str, map: &BTreeMap<String, String>) {
        if !map.is_empty() {
            self.key(key);
            self.map(|json| {
                for (key, text) in map {
                    json.key(key);
                    json.string(text);
                }
            });
        }
    }

    fn entries<T>(&mut self, key: &str, list: &[Option<T>], each: impl Fn(&mut Self, &T)) {
        if !list.is_empty() {
            self.key(key);
            self.list(list, |json, entry| match entry {
                Some(entry) => each(json, entry),
                None => json.raw("null"),
            });
        }
    }

    fn maintainer(&mut self, maintainer: &Maintainer) {
        self.map(|json| {
            json.optional("name", maintainer.name.as_ref());
            json.optional("email", maintainer.email.as_ref());
            json.optional("url", maintainer.url.as_ref());
        });
    }

    fn dependency(&mut self, dependency: &Dependency) {
        self.map(|json| {
            json.key("name");
            json.string(&dependency.name);
            json.optional("version", dependency.version.as_ref());
            json.key("repository");
            json.string(&dependency.repository);
            json.optional("condition", dependency.condition.as_ref());
            json.texts("tags", &dependency.tags);
            json.flag("enabled", dependency.enabled);
            if !dependency.import_values.is_empty() {
                json.key("import-values");
                json.list(&dependency.import_values, Self::any);
            }
            json.optional("alias", dependency.alias.as_ref());
        });
    }

    fn any(&mut self, value: &Value) {
        match value {
            Value::Null => self.raw("null"),
            Value::Bool(value) => self.raw(if *value { "true" } else { "false" }),
            Value::Number(value) => self.raw(&number(value.as_f64().unwrap_or_default())),
            Value::String(text) => self.string(text),
            Value::Array(list) => self.list(list, Self::any),
            Value::Object(map) => {
                // Sorted here: another crate of a build may have maps keep their order.
                let sorted: BTreeMap<_, _> = map.iter().collect();
                self.any_map(sorted.into_iter());
            }
        }
    }

    fn any_map<'v>(&mut self, fields: impl Iterator<Item = (&'v String, &'v Value)>) {
        self.map(|json| {
            for (key, value) in fields {
                json.key(key);
                json.any(value);
            }
        });
    }
}

/// A new line at `depth`.
pub(super) fn line(depth: usize, to: &mut String) {
    to.push('\n');
    for _ in 0..depth {
        to.push_str("  ");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        for (value, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (5.0, "5"),
            (1.5, "1.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1e-6, "0.000001"),
            (1e-7, "1e-7"),
            (-2.5e-9, "-2.5e-9"),
            (9_007_199_254_740_993.0, "9007199254740992"),
        ] {
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn texts_are_escaped_as_go_escapes_them() {
        let mut text = String::new();
        string(
            "a<b>&\"\\\u{8}\u{c}\n\r\t\u{1f}\u{7f}\u{2028}\u{2026}ü",
            &mut text,
        );
        assert_eq!(
            text,
            "\"a\\u003cb\\u003e\\u0026\\\"\\\\\\b\\f\\n\\r\\t\\u001f\u{7f}\\u2028\u{2026}ü\""
        );
    }
}
