//! How a text is written: plain, in quotes, or as a block.

use crate::yaml::resolve::is_text;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    Literal,
}

impl Style {
    /// For a value, and for a key that does not fit on its line.
    pub(super) fn of_value(text: &str) -> Self {
        let analysis = Analysis::of(text);
        if !text.contains('\n') {
            return analysis.on_a_line(text);
        }
        if analysis.block_allowed {
            Self::Literal
        } else {
            Self::DoubleQuoted
        }
    }

    /// For a key, and for what has to fit on a line.
    pub(super) fn of_key(text: &str) -> Self {
        let analysis = Analysis::of(text);
        if analysis.line_breaks {
            return Self::DoubleQuoted;
        }
        analysis.on_a_line(text)
    }
}

/// What stands in a text that decides how it can be written.
#[derive(Debug)]
pub(super) struct Analysis {
    pub(super) line_breaks: bool,
    block_allowed: bool,
    /// As plain as its characters allow it.
    plainest: Style,
}

impl Analysis {
    pub(super) fn of(text: &str) -> Self {
        let mut line_breaks = false;
        let mut special = false;
        let mut indicators = text.starts_with("---") || text.starts_with("...");
        let (mut break_then_space, mut space_then_break) = (false, false);
        let mut previous = None;
        let mut characters = text.chars().peekable();
        while let Some(character) = characters.next() {
            let before_blank = characters.peek().is_none_or(|next| is_blank(*next));
            indicators |= is_indicator(character, previous, before_blank);
            special |= !is_printable(character);
            line_breaks |= is_break(character);
            break_then_space |= character == ' ' && previous.is_some_and(is_break);
            space_then_break |= is_break(character) && previous == Some(' ');
            previous = Some(character);
        }
        let is_edge = |character: char| character == ' ' || is_break(character);
        let edges = text.starts_with(is_edge) || text.ends_with(is_edge);
        let hidden = space_then_break || special;
        let plainest = if break_then_space || hidden {
            Style::DoubleQuoted
        } else if edges || line_breaks || indicators {
            Style::SingleQuoted
        } else {
            Style::Plain
        };
        Self {
            line_breaks,
            block_allowed: !(text.ends_with(' ') || hidden),
            plainest,
        }
    }

    fn on_a_line(&self, text: &str) -> Style {
        if is_text(text) {
            self.plainest
        } else {
            Style::DoubleQuoted
        }
    }
}

/// Whether `character` would mean something to a reader if it were not quoted.
fn is_indicator(character: char, previous: Option<char>, before_blank: bool) -> bool {
    match (character, previous) {
        (
            '#' | ',' | '[' | ']' | '{' | '}' | '&' | '*' | '!' | '|' | '>' | '\'' | '"' | '%'
            | '@' | '`',
            None,
        ) => true,
        ('?' | '-', None) | (':', _) => before_blank,
        ('#', Some(previous)) => is_blank(previous) || is_break(previous) || previous == '\0',
        _ => false,
    }
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t')
}

/// Line breaks of YAML 1.1.
pub(super) fn is_break(character: char) -> bool {
    matches!(character, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether `character` may stand in YAML as it is. To go-yaml nothing above U+FFFF may.
fn is_printable(character: char) -> bool {
    matches!(character, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}')
        && character != '\u{feff}'
}

/// What is written for `character` in double quotes; nothing if it stands for itself.
pub(super) fn escaped(character: char) -> Option<String> {
    if is_printable(character) && !is_break(character) && !matches!(character, '"' | '\\') {
        return None;
    }
    let short = match character {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => character,
        '\u{85}' => 'N',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            let code = u32::from(character);
            return Some(match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            });
        }
    };
    Some(format!("\\{short}"))
}
