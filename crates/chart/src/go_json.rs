//! JSON as Go writes it, for digests that Helm compares.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// `value` as Go's `json.Marshal` writes it.
pub(crate) fn to_go_json(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut json, Go))?;
    Ok(json)
}

/// What Go does otherwise than `serde_json`: it hides what means something in HTML, and every
/// number was one of floating point to it.
struct Go;

impl Formatter for Go {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(['<', '>', '&', '\u{2028}', '\u{2029}']) {
            let (before, from) = rest.split_at(at);
            writer.write_all(before.as_bytes())?;
            let mut characters = from.chars();
            if let Some(character) = characters.next() {
                write!(writer, "\\u{:04x}", u32::from(character))?;
            }
            rest = characters.as_str();
        }
        writer.write_all(rest.as_bytes())
    }

    #[expect(clippy::cast_precision_loss, reason = "as Go does")]
    fn write_i64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: i64) -> io::Result<()> {
        self.write_f64(writer, value as f64)
    }

    #[expect(clippy::cast_precision_loss, reason = "as Go does")]
    fn write_u64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: u64) -> io::Result<()> {
        self.write_f64(writer, value as f64)
    }

    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        let size = value.abs();
        if value == 0.0 || (1e-6..1e21).contains(&size) {
            return write!(writer, "{value}");
        }
        let text = format!("{value:e}");
        match text.split_once('e') {
            Some((digits, exponent)) if !exponent.starts_with('-') => {
                write!(writer, "{digits}e+{exponent}")
            }
            _ => writer.write_all(text.as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: impl Serialize, expected: &str) {
        assert_eq!(
            String::from_utf8(to_go_json(&value).unwrap()).unwrap(),
            expected
        );
    }

    #[test]
    fn what_means_something_in_html_is_hidden() {
        check(">=1.0 <2 & \u{2028}é\"", r#"">=1.0 <2 & \u2028é\"""#
            .replace('>', r"\u003e")
            .replace('<', r"\u003c")
            .replace('&', r"\u0026")
            .as_str());
    }

    #[test]
    fn numbers_are_those_of_floating_point() {
        check([1_u64, 1 << 60], "[1,1152921504606847000]");
        check([-7_i64], "[-7]");
        check([1e21, 0.5, 1e-7, 0.0], "[1e+21,0.5,1e-7,0]");
    }
}
