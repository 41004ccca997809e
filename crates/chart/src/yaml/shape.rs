//! Whether values can be used, without keeping them.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};

use super::{
    Node, YamlError, check_characters, first_document, key_text, options_for_values, text,
};

/// Check that `yaml` is what Helm takes as values: documents that each are a map, or nothing.
///
/// Takes no more memory than its longest scalar and what its anchors name.
pub(crate) fn check_values(yaml: &[u8]) -> Result<(), YamlError> {
    for document in documents(yaml)? {
        let document = first_document(text(document)?);
        check_characters(document)?;
        serde_saphyr::with_deserializer_from_str_with_options(
            document,
            options_for_values(),
            |deserializer| Values { top: true }.deserialize(deserializer),
        )
        .map_err(YamlError::new)?;
    }
    Ok(())
}

/// The documents of a values file, cut apart by lines as Helm does. There is one at least.
pub(crate) fn documents(yaml: &[u8]) -> Result<Vec<&[u8]>, YamlError> {
    let text = text(yaml)?;
    let mut documents = Vec::new();
    let (mut from, mut at) = (0, 0);
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !(rest.is_empty() || rest.starts_with('#')) {
                return Err(YamlError(format!(
                    "text after a document separator: {rest}"
                )));
            }
            documents.push(&yaml[from..at]);
            from = at + line.len();
        }
        at += line.len();
    }
    documents.push(&yaml[from..]);
    Ok(documents)
}

/// A value of a values file; the one at the top must be a map.
#[derive(Clone, Copy)]
struct Values {
    top: bool,
}

impl Values {
    fn scalar<E: serde::de::Error>(self, what: &str) -> Result<(), E> {
        if self.top {
            return Err(E::custom(format!("{what} where a map is expected")));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Values {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Values {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.scalar("a boolean")
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.scalar("a number")
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.scalar("a number")
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        if !value.is_finite() {
            return Err(E::custom(format!("{value} is no number in JSON")));
        }
        self.scalar("a number")
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.scalar("text")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        self.scalar("a list")?;
        while access.next_element_seed(Self { top: false })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<(), A::Error> {
        while let Some(key) = access.next_key::<Node>()? {
            key_text(key).map_err(A::Error::custom)?;
            access.next_value_seed(Self { top: false })?;
        }
        Ok(())
    }
}

/// Check that `json` is JSON.
pub(crate) fn is_json(json: &[u8]) -> bool {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    IgnoredAny::deserialize(&mut deserializer).is_ok() && deserializer.end().is_ok()
}
