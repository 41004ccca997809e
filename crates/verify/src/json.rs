//! How much there is in JSON, before anything is built of it.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::Reason;

/// Values in one document, lists and objects included. A bundle has a hundred, and one with all the
/// entries and timestamps that are looked at some thousands.
///
/// A value takes a hundred times the memory of the three bytes that it is written with.
const MAX_VALUES: usize = 10_000;

/// Whether `json` may be read: whatever is made of it takes memory in proportion to its bytes.
pub(crate) fn bounded(json: &[u8], what: &str) -> Result<(), Reason> {
    let mut left = MAX_VALUES;
    let mut reader = serde_json::Deserializer::from_slice(json);
    let counted = reader.deserialize_any(Count(&mut left));
    match counted.and_then(|()| reader.end()) {
        Ok(()) => Ok(()),
        Err(_) if left == 0 => Err(Reason::TooLarge {
            what: "values of JSON",
            limit: MAX_VALUES as u64,
        }),
        Err(error) => Err(Reason::Malformed(format!("{what}{error}"))),
    }
}

/// Counts values down.
struct Count<'a>(&'a mut usize);

impl Count<'_> {
    fn one<E: Error>(&mut self) -> Result<(), E> {
        *self.0 = self.0.saturating_sub(1);
        if *self.0 == 0 {
            return Err(E::custom("too many values"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Count<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Count<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(mut self) -> Result<(), E> {
        self.one()
    }

    fn visit_bool<E: Error>(mut self, _: bool) -> Result<(), E> {
        self.one()
    }

    fn visit_i64<E: Error>(mut self, _: i64) -> Result<(), E> {
        self.one()
    }

    fn visit_u64<E: Error>(mut self, _: u64) -> Result<(), E> {
        self.one()
    }

    fn visit_f64<E: Error>(mut self, _: f64) -> Result<(), E> {
        self.one()
    }

    fn visit_str<E: Error>(mut self, _: &str) -> Result<(), E> {
        self.one()
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.one()?;
        while items.next_element_seed(Count(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.one()?;
        while members.next_key_seed(Count(self.0))?.is_some() {
            members.next_value_seed(Count(self.0))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_wherever_they_are() {
        let too_many = |json: &str| match bounded(json.as_bytes(), "") {
            Ok(()) => false,
            Err(Reason::TooLarge { .. }) => true,
            Err(other) => panic!("{other}"),
        };
        // The list itself is one, and the last that may be there is not.
        let list = |item: &str, count| format!("[{}]", vec![item; count].join(","));
        assert!(!too_many(&list("0", 9_998)));
        for item in ["0", "-1", "1.5", "true", "null", "\"a\"", "[]", "{}"] {
            assert!(too_many(&list(item, 9_999)), "{item}");
        }
        // A name is one, too.
        assert!(!too_many(&list("{\"\":0}", 3_332)));
        assert!(too_many(&list("{\"\":0}", 3_333)));
        assert!(too_many(&format!("{{\"a\":[{}]}}", list("[0]", 5_000))));
    }

    #[test]
    fn what_is_no_json_is_said() {
        for json in ["", "[", "{}x", "\"\\ud800\"", &"[".repeat(200)] {
            let reason = bounded(json.as_bytes(), "a thing: ").unwrap_err();
            assert!(
                matches!(&reason, Reason::Malformed(text) if text.starts_with("a thing: ")),
                "{reason}"
            );
        }
    }
}
