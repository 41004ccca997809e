//! From Go's regular expressions to those of the `regex` crate.
//!
//! The grammar is followed where it is richer, poorer or says something else, and everything is
//! spelled out: classes as ranges, flags as what they do. The result means the same to a reader
//! without flags. Captures and laziness are dropped, as they make no difference to whether a text
//! matches.

use super::class::Class;
use super::error::{Fault, Reason};
use super::{MAX_DEPTH, bracket, escape};

/// The longest translation, in bytes: a hundred of the largest classes.
const MAX_TRANSLATED_BYTES: usize = 1 << 20;

/// The most copies that repetitions may ask for, as in Go.
const MAX_COPIES: u32 = 1000;

/// Go's `\B`. It is true inside a character of several bytes too, where no match may end, and
/// `is_match` of regex 1.13 gives up when it meets such a one: so it is tied to the ends of
/// characters, which is where the Unicode boundaries are told to be or not to be.
const NO_BOUNDARY: &str = r"(?:(?:\b|\B)(?-u:\B))";

/// Write `expression`, which Go would read, as the `regex` crate reads it.
pub(super) fn translate(expression: &str) -> Result<String, Reason> {
    let mut translator = Translator {
        expression,
        rest: expression,
        out: String::new(),
        flags: Flags::default(),
        groups: Vec::new(),
        level: Level::default(),
        last: None,
        repeated: None,
    };
    while !translator.rest.is_empty() {
        let before = translator.rest;
        let repeats = translator.step()?;
        translator.repeated = repeats.then_some(before);
        if translator.out.len() > MAX_TRANSLATED_BYTES {
            return Err(Reason::too_large(expression));
        }
    }
    if translator.groups.is_empty() {
        Ok(translator.out)
    } else {
        Err(Fault::MissingParen.of(expression))
    }
}

struct Translator<'e> {
    expression: &'e str,
    rest: &'e str,
    out: String,
    flags: Flags,
    /// The groups that are open, outermost first.
    groups: Vec<Group>,
    /// What was read of the innermost one, but for `last`.
    level: Level,
    /// What a repetition would repeat.
    last: Option<Atom>,
    /// Where the step before began, if it was a repetition.
    repeated: Option<&'e str>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    /// `i`: without regard to case.
    fold: bool,
    /// `m`: `^` and `$` are at line breaks too.
    lines: bool,
    /// `s`: `.` is a line break too.
    dot_all: bool,
}

/// How much there is in a part of the expression.
#[derive(Debug, Clone, Copy, Default)]
struct Level {
    /// Groups and repetitions in one another.
    depth: u32,
    /// Repetitions in one another, multiplied; zero for none.
    copies: u32,
}

impl Level {
    fn covering(self, other: Self) -> Self {
        Self {
            depth: self.depth.max(other.depth),
            copies: self.copies.max(other.copies),
        }
    }
}

/// Something that a repetition behind it repeats.
#[derive(Debug, Clone, Copy)]
struct Atom {
    /// Where its translation begins.
    start: usize,
    level: Level,
    is_repetition: bool,
}

/// A group that is open.
#[derive(Debug, Clone, Copy)]
struct Group {
    /// Where its translation begins.
    start: usize,
    /// As they were before it, and are again behind it.
    flags: Flags,
    level: Level,
}

impl<'e> Translator<'e> {
    /// Take the next piece off the rest. True if it was a repetition.
    fn step(&mut self) -> Result<bool, Reason> {
        let mut chars = self.rest.chars();
        let Some(c) = chars.next() else {
            return Ok(false);
        };
        let after = chars.as_str();
        match c {
            '(' if after.starts_with('?') => self.rest = self.extension()?,
            '(' => {
                self.open(self.flags);
                self.rest = after;
            }
            ')' => {
                self.close()?;
                self.rest = after;
            }
            '|' => {
                self.settle();
                self.out.push('|');
                self.rest = after;
            }
            '^' => self.look(if self.flags.lines { "(?m:^)" } else { r"\A" }, after),
            '$' => self.look(if self.flags.lines { "(?m:$)" } else { r"\z" }, after),
            '.' => {
                let all = self.flags.dot_all;
                self.look(if all { "(?s:.)" } else { r"[^\n]" }, after);
            }
            '[' => {
                let (class, rest) = bracket::class(self.rest, self.flags.fold)?;
                self.class(&class);
                self.rest = rest;
            }
            '*' | '+' | '?' => {
                self.repeat(&self.rest[..1], Some(1), after)?;
                return Ok(true);
            }
            '{' => return self.braces(),
            '\\' => self.backslash()?,
            c => {
                self.literal(u32::from(c))?;
                self.rest = after;
            }
        }
        Ok(false)
    }

    /// What was read last can no more be repeated.
    fn settle(&mut self) {
        if let Some(last) = self.last.take() {
            self.level = self.level.covering(last.level);
        }
    }

    /// What is written next can be repeated.
    fn begin(&mut self) {
        self.settle();
        self.last = Some(Atom {
            start: self.out.len(),
            level: Level::default(),
            is_repetition: false,
        });
    }

    /// Something that needs no look at flags.
    fn look(&mut self, translated: &str, rest: &'e str) {
        self.begin();
        self.out.push_str(translated);
        self.rest = rest;
    }

    fn class(&mut self, class: &Class) {
        self.begin();
        class.write(&mut self.out);
    }

    fn literal(&mut self, code: u32) -> Result<(), Reason> {
        let mut class = Class::range(code, code);
        if self.flags.fold {
            let folded = class.folded();
            class = folded.ok_or_else(|| Reason::internal(self.expression))?;
        }
        self.class(&class);
        Ok(())
    }

    /// A group begins, in which `flags` hold.
    fn open(&mut self, flags: Flags) {
        self.settle();
        self.groups.push(Group {
            start: self.out.len(),
            flags: self.flags,
            level: self.level,
        });
        self.level = Level::default();
        self.flags = flags;
        self.out.push_str("(?:");
    }

    fn close(&mut self) -> Result<(), Reason> {
        self.settle();
        let Some(group) = self.groups.pop() else {
            return Err(Fault::UnexpectedParen.of(self.expression));
        };
        self.out.push(')');
        let level = Level {
            depth: self.deeper(self.level.depth)?,
            copies: self.level.copies,
        };
        self.last = Some(Atom {
            start: group.start,
            level,
            is_repetition: false,
        });
        self.level = group.level;
        self.flags = group.flags;
        Ok(())
    }

    fn deeper(&self, depth: u32) -> Result<u32, Reason> {
        if depth == MAX_DEPTH {
            return Err(Fault::Depth.of(self.expression));
        }
        Ok(depth + 1)
    }

    /// `(?`: a name, flags, or both a group and flags.
    fn extension(&mut self) -> Result<&'e str, Reason> {
        let whole = self.rest;
        let inner = &whole[2..];
        // As in Go, a text that ends here begins no name.
        for opening in ["P<", "<"] {
            if let Some(name) = inner.strip_prefix(opening).filter(|name| !name.is_empty()) {
                return self.named_group(whole, name);
            }
        }
        let mut flags = self.flags;
        let (mut on, mut seen) = (true, false);
        let mut chars = inner.chars();
        for c in chars.by_ref() {
            match c {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.dot_all = on,
                // Laziness does not matter here.
                'U' => {}
                '-' if on => {
                    (on, seen) = (false, false);
                    continue;
                }
                ':' | ')' if on || seen => {
                    if c == ':' {
                        self.open(flags);
                    } else {
                        self.flags = flags;
                    }
                    return Ok(chars.as_str());
                }
                _ => break,
            }
            seen = true;
        }
        let rest = chars.as_str();
        Err(Fault::PerlSyntax.of(&whole[..whole.len() - rest.len()]))
    }

    /// `name` begins with the name and the `>` behind it.
    fn named_group(&mut self, whole: &str, name: &'e str) -> Result<&'e str, Reason> {
        let Some((name, rest)) = name.split_once('>') else {
            return Err(Fault::NamedCapture.of(whole));
        };
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_word) {
            return Err(Fault::NamedCapture.of(&whole[..whole.len() - rest.len()]));
        }
        self.open(self.flags);
        Ok(rest)
    }

    /// `{2}`, `{2,}` or `{2,5}`; a `{` that begins none of these is itself.
    fn braces(&mut self) -> Result<bool, Reason> {
        let Some((bounds, after)) = Bounds::read(self.rest) else {
            self.literal(u32::from('{'))?;
            self.rest = &self.rest[1..];
            return Ok(false);
        };
        let written = &self.rest[..self.rest.len() - after.len()];
        if !bounds.are_valid() {
            return Err(Fault::RepeatSize.of(written));
        }
        self.repeat(written, bounds.copies(), after)?;
        Ok(true)
    }

    /// Repeat what was read last; `copies` is the greatest number that is told, and `None` if
    /// there are to be none at all.
    fn repeat(
        &mut self,
        operator: &str,
        copies: Option<u32>,
        after: &'e str,
    ) -> Result<(), Reason> {
        let start = self.rest;
        let after = after.strip_prefix('?').unwrap_or(after);
        let up_to_here = |from: &'e str| &from[..from.len() - after.len()];
        if let Some(before) = self.repeated {
            return Err(Fault::RepeatOperator.of(up_to_here(before)));
        }
        let Some(last) = self.last else {
            return Err(Fault::MissingRepeatArgument.of(up_to_here(start)));
        };
        let level = Level {
            depth: self.deeper(last.level.depth)?,
            copies: copies.map_or(0, |copies| copies.max(1) * last.level.copies.max(1)),
        };
        if level.copies > MAX_COPIES {
            return Err(Fault::RepeatSize.of(up_to_here(start)));
        }
        if last.is_repetition {
            self.out.insert_str(last.start, "(?:");
            self.out.push(')');
        }
        self.out.push_str(operator);
        self.last = Some(Atom {
            level,
            is_repetition: true,
            ..last
        });
        self.rest = after;
        Ok(())
    }

    fn backslash(&mut self) -> Result<(), Reason> {
        let text = self.rest;
        let mut chars = text.chars();
        let letter = chars.nth(1);
        let after = chars.as_str();
        match letter {
            Some('A') => self.look(r"\A", after),
            Some('z') => self.look(r"\z", after),
            Some('b') => self.look(r"(?-u:\b)", after),
            Some('B') => self.look(NO_BOUNDARY, after),
            Some('Q') => {
                let (quoted, rest) = after.split_once(r"\E").unwrap_or((after, ""));
                for c in quoted.chars() {
                    self.literal(u32::from(c))?;
                }
                self.rest = rest;
            }
            _ => {
                if let Some((class, rest)) = escape::class(text, self.flags.fold)? {
                    self.class(&class);
                    self.rest = rest;
                } else {
                    let (code, rest) = escape::character(text)?;
                    self.literal(code)?;
                    self.rest = rest;
                }
            }
        }
        Ok(())
    }
}

/// What is written in the braces of a repetition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    /// Greater than any legal one if it was too long to be read.
    least: u32,
    /// `None` if there is none.
    most: Option<u32>,
}

impl Bounds {
    /// What `text` begins with, and the rest.
    fn read(text: &str) -> Option<(Self, &str)> {
        let (least, rest) = number(text.strip_prefix('{')?)?;
        let (most, rest) = match rest.strip_prefix(',') {
            None => (Some(least), rest),
            Some(rest) if rest.starts_with('}') => (None, rest),
            Some(rest) => {
                let (most, rest) = number(rest)?;
                (Some(most), rest)
            }
        };
        Some((Self { least, most }, rest.strip_prefix('}')?))
    }

    fn are_valid(self) -> bool {
        let most = self.most.unwrap_or(self.least);
        self.least <= MAX_COPIES && most <= MAX_COPIES && self.least <= most
    }

    /// How many copies that takes; `None` if nothing is left.
    fn copies(self) -> Option<u32> {
        match self.most {
            Some(0) => None,
            Some(most) => Some(most),
            None => Some(self.least),
        }
    }
}

/// A number without leading zeros; one that is too large is [`u32::MAX`].
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit());
    let (digits, rest) = text.split_at(end.unwrap_or(text.len()));
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), rest))
}

#[cfg(test)]
mod tests {
    use super::translate;

    #[test]
    fn an_expression_is_given_up_before_its_translation_is_large() {
        assert!(translate(&r"\pL".repeat(100)).is_ok());
        assert!(translate(&r"\pL".repeat(200)).is_err());
    }
}
