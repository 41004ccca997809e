//! YAML as Helm writes it.
//!
//! Helm writes with [sigs.k8s.io/yaml v1.6.0][1] over [go-yaml v2][2]: keys in its own order, lists
//! not indented below their keys, quotes where a reader of YAML 1.1 needs them, long lines folded at
//! blanks.
//!
//! [1]: https://github.com/kubernetes-sigs/yaml/blob/v1.6.0/yaml.go
//! [2]: https://github.com/yaml/go-yaml/blob/v2.4.2/emitterc.go

mod order;
mod scalar;

use super::Node;
use super::number::json_number;

use self::order::sorted;
use self::scalar::{Analysis, Style};

/// Longer keys are written with a `?` before them, in bytes.
const MAX_SIMPLE_KEY: usize = 128;

/// Where a line has more characters, the next blank in a text breaks it.
const WIDTH: usize = 80;

/// How much deeper each level is indented.
const INDENT: usize = 2;

/// `node` as a YAML document. Numbers have to be finite.
pub(crate) fn write(node: &Node) -> String {
    let mut writer = Writer {
        out: String::new(),
        column: 0,
        whitespace: true,
        indention: true,
    };
    writer.node(node, None, false);
    writer.indent(0);
    writer.out
}

/// `text` as it is written where a value stands that fits on a line.
pub(crate) fn write_text(text: &str) -> String {
    let mut writer = Writer {
        out: String::new(),
        column: 0,
        whitespace: true,
        indention: true,
    };
    writer.scalar(text, Style::of_key(text), None);
    writer.out
}

struct Writer {
    out: String,
    /// How many characters the line has so far.
    column: usize,
    /// Whether what was written last counts as white space.
    whitespace: bool,
    /// Whether nothing but indentation and indicators is on the line.
    indention: bool,
}

impl Writer {
    /// `indent` is that of what the node is in.
    fn node(&mut self, node: &Node, indent: Option<usize>, in_map: bool) {
        match node {
            Node::Null => self.word("null"),
            Node::Bool(value) => self.word(if *value { "true" } else { "false" }),
            Node::Int(value) => self.word(&value.to_string()),
            Node::Float(value) => self.word(&json_number(*value)),
            Node::Text(text) => self.scalar(text, Style::of_value(text), Some(deeper(indent))),
            Node::List(list) if list.is_empty() => self.indicators("[]"),
            Node::Map(map) if map.is_empty() => self.indicators("{}"),
            Node::List(list) => {
                let indent = match indent {
                    Some(indent) if in_map && !self.indention => indent,
                    Some(indent) => indent + INDENT,
                    None => 0,
                };
                for item in list {
                    self.indent(indent);
                    self.indicator("-", true, true);
                    self.node(item, Some(indent), false);
                }
            }
            Node::Map(map) => {
                let indent = indent.map_or(0, |indent| indent + INDENT);
                for (key, value) in sorted(map) {
                    self.indent(indent);
                    self.key(key, indent);
                    self.node(value, Some(indent), true);
                }
            }
        }
    }

    fn key(&mut self, key: &str, indent: usize) {
        if key.len() <= MAX_SIMPLE_KEY && !Analysis::of(key).line_breaks {
            self.scalar(key, Style::of_key(key), None);
            self.indicator(":", false, false);
            return;
        }
        self.indicator("?", true, true);
        self.scalar(key, Style::of_value(key), Some(indent + INDENT));
        self.indent(indent);
        self.indicator(":", true, true);
    }

    /// `folds` is the indentation of the lines that follow, where there may be any.
    fn scalar(&mut self, text: &str, style: Style, folds: Option<usize>) {
        match style {
            Style::Plain => self.plain(text, folds),
            Style::SingleQuoted => self.single_quoted(text, folds),
            Style::DoubleQuoted => self.double_quoted(text, folds),
            Style::Literal => self.literal(text, folds.unwrap_or_default()),
        }
    }

    fn word(&mut self, word: &str) {
        self.plain(word, None);
    }

    fn plain(&mut self, text: &str, folds: Option<usize>) {
        if !self.whitespace {
            self.put(' ');
        }
        let mut folding = Folding::of(text, folds);
        for (at, character) in text.char_indices() {
            if let Some(indent) = folding.at_one_blank(at, character, self.column) {
                self.indent(indent);
                continue;
            }
            self.put(character);
            self.indention = false;
        }
        self.whitespace = false;
        self.indention = false;
    }

    /// Line breaks of Unicode stay where they are, and a line after one is indented.
    fn single_quoted(&mut self, text: &str, folds: Option<usize>) {
        self.indicator("'", true, false);
        let mut folding = Folding::of(text, folds);
        let mut breaks = false;
        for (at, character) in text.char_indices() {
            if scalar::is_break(character) {
                self.put_break(character);
                self.indention = true;
                breaks = true;
                continue;
            }
            if breaks && character != ' ' {
                self.indent(folds.unwrap_or_default());
                breaks = false;
            }
            if let Some(indent) = folding.at_one_blank(at, character, self.column) {
                self.indent(indent);
                continue;
            }
            if character == '\'' {
                self.put('\'');
            }
            self.put(character);
            self.indention = false;
        }
        self.indicator("'", false, false);
    }

    fn double_quoted(&mut self, text: &str, folds: Option<usize>) {
        self.indicator("\"", true, false);
        let mut folding = Folding::of(text, folds);
        for (at, character) in text.char_indices() {
            if let Some(indent) = folding.at(at, character, self.column) {
                self.indent(indent);
                if folding.blank_follows(at) {
                    self.put('\\');
                }
                continue;
            }
            match scalar::escaped(character) {
                Some(escape) => self.put_all(&escape),
                None => self.put(character),
            }
        }
        self.indicator("\"", false, false);
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true, false);
        if text.starts_with(|character| character == ' ' || scalar::is_break(character)) {
            self.put_all(&INDENT.to_string());
        }
        let mut from_the_end = text.chars().rev().map(scalar::is_break);
        match (from_the_end.next(), from_the_end.next()) {
            (Some(true), Some(false)) => {}
            (Some(true), _) => self.put('+'),
            _ => self.put('-'),
        }
        self.put_break('\n');
        self.whitespace = true;
        self.indention = true;
        let mut breaks = true;
        for character in text.chars() {
            if scalar::is_break(character) {
                self.put_break(character);
                self.indention = true;
                breaks = true;
                continue;
            }
            if breaks {
                self.indent(indent);
                breaks = false;
            }
            self.put(character);
            self.indention = false;
        }
    }

    /// Go to where a line of this indentation begins.
    fn indent(&mut self, indent: usize) {
        let there = self.column == indent && self.whitespace;
        if !self.indention || (self.column >= indent && !there) {
            self.put_break('\n');
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    fn indicator(&mut self, indicator: &str, after_blank: bool, indents: bool) {
        if after_blank && !self.whitespace {
            self.put(' ');
        }
        self.put_all(indicator);
        self.whitespace = false;
        self.indention = self.indention && indents;
    }

    fn indicators(&mut self, both: &str) {
        self.indicator(both, true, false);
    }

    fn put_all(&mut self, text: &str) {
        for character in text.chars() {
            self.put(character);
        }
    }

    fn put(&mut self, character: char) {
        self.out.push(character);
        self.column += 1;
    }

    fn put_break(&mut self, character: char) {
        self.out.push(character);
        self.column = 0;
    }
}

fn deeper(indent: Option<usize>) -> usize {
    indent.unwrap_or(0) + INDENT
}

/// Looks for the blanks at which a text is folded.
struct Folding<'t> {
    text: &'t str,
    indent: Option<usize>,
    after_blank: bool,
}

impl<'t> Folding<'t> {
    fn of(text: &'t str, indent: Option<usize>) -> Self {
        Self {
            text,
            indent,
            after_blank: false,
        }
    }

    /// The indentation of the line that comes instead of `character`, which is at `at` with so much
    /// on its line, if the text is folded there.
    fn at(&mut self, at: usize, character: char, column: usize) -> Option<usize> {
        let after_blank = std::mem::replace(&mut self.after_blank, character == ' ');
        let inside = at > 0 && at + 1 < self.text.len();
        self.indent
            .filter(|_| character == ' ' && !after_blank && inside && column > WIDTH)
    }

    /// The same where a second blank would be lost.
    fn at_one_blank(&mut self, at: usize, character: char, column: usize) -> Option<usize> {
        let fold = self.at(at, character, column);
        fold.filter(|_| !self.blank_follows(at))
    }

    fn blank_follows(&self, at: usize) -> bool {
        self.text[at + 1..].starts_with(' ')
    }
}

#[cfg(test)]
mod tests;
