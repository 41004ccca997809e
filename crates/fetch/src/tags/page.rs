//! Reading one page of a tag list.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Tags, each once, in the order in which they came.
#[derive(Debug)]
pub(super) struct Tags {
    in_order: Vec<String>,
    known: HashSet<String>,
    limit: usize,
    overflowed: bool,
}

impl Tags {
    /// None yet, and never more than `limit`.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            in_order: Vec::new(),
            known: HashSet::new(),
            limit,
            overflowed: false,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.in_order.len()
    }

    pub(super) fn last(&self) -> Option<&str> {
        self.in_order.last().map(String::as_str)
    }

    /// Whether there were more than the limit.
    pub(super) fn overflowed(&self) -> bool {
        self.overflowed
    }

    pub(super) fn into_list(self) -> Vec<String> {
        self.in_order
    }

    /// Read `{"name": …, "tags": […] or null}`. Returns how many entries the page has, known ones and
    /// nonsense included.
    ///
    /// The entries go straight into the list: a page of very many very small ones never stands in
    /// memory as a list of its own.
    pub(super) fn read(&mut self, body: &[u8]) -> Result<usize, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(body);
        let entries = reader.deserialize_map(Document(self))?;
        reader.end().map(|()| entries)
    }

    fn add(&mut self, tag: String) -> Result<(), &'static str> {
        if !is_tag(&tag) || self.known.contains(&tag) {
            return Ok(());
        }
        if self.in_order.len() >= self.limit {
            self.overflowed = true;
            return Err("too many tags");
        }
        self.known.insert(tag.clone());
        self.in_order.push(tag);
        Ok(())
    }
}

struct Document<'a>(&'a mut Tags);

impl<'de> Visitor<'de> for Document<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tag list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<usize, A::Error> {
        let mut entries = None;
        while let Some(field) = fields.next_key::<String>()? {
            if field != "tags" {
                fields.next_value::<IgnoredAny>()?;
            } else if entries.is_none() {
                entries = Some(fields.next_value_seed(Entries(&mut *self.0))?);
            } else {
                return Err(A::Error::duplicate_field("tags"));
            }
        }
        entries.ok_or_else(|| A::Error::missing_field("tags"))
    }
}

struct Entries<'a>(&'a mut Tags);

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = usize;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tags, or null")
    }

    fn visit_none<E>(self) -> Result<usize, E> {
        Ok(0)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<usize, A::Error> {
        let mut entries = 0;
        while let Some(tag) = list.next_element()? {
            entries += 1;
            self.0.add(tag).map_err(A::Error::custom)?;
        }
        Ok(entries)
    }
}

/// `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`
fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= 128
        && text.as_bytes().first().is_some_and(|first| word(*first))
        && text
            .bytes()
            .all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected` is a space-separated list.
    #[track_caller]
    fn check(body: &str, entries: usize, expected: &str) {
        let mut tags = Tags::new(10);
        assert_eq!(tags.read(body.as_bytes()).unwrap(), entries);
        assert_eq!(tags.into_list().join(" "), expected);
    }

    #[track_caller]
    fn check_unreadable(body: &str) {
        let mut tags = Tags::new(10);
        assert!(tags.read(body.as_bytes()).is_err());
        assert!(!tags.overflowed());
    }

    #[test]
    fn each_tag_is_taken_once_and_in_its_place() {
        check(
            r#"{"name":"x","tags":["2.0.0","1.0.0","2.0.0","latest"]}"#,
            4,
            "2.0.0 1.0.0 latest",
        );
        check(
            r#"{"tags":["1.0.0_build.1","\u0031.1"],"x":{"tags":["y"]}}"#,
            2,
            "1.0.0_build.1 1.1",
        );
    }

    #[test]
    fn no_tags_are_no_mistake() {
        check(r#"{"name":"x","tags":null}"#, 0, "");
        check(r#"{"name":"x","tags":[]}"#, 0, "");
    }

    #[test]
    fn what_no_tag_can_be_is_passed_over() {
        let longest = "a".repeat(128);
        let body =
            format!(r#"{{"tags":["","-a","a+b","a/b","ä","a b","{longest}","{longest}a"]}}"#);
        check(&body, 8, &longest);
    }

    #[test]
    fn what_is_no_tag_list_is_unreadable() {
        for body in [
            "",
            "[]",
            "null",
            "<html>",
            "{}",
            r#"{"errors":[]}"#,
            r#"{"tags":{}}"#,
            r#"{"tags":"a"}"#,
        ] {
            check_unreadable(body);
        }
        for body in [
            r#"{"tags":[1]}"#,
            r#"{"tags":[null]}"#,
            r#"{"tags":["a"]"#,
            r#"{"tags":["a"]} x"#,
        ] {
            check_unreadable(body);
        }
        check_unreadable(r#"{"tags":["a"],"tags":["b"]}"#);
        check_unreadable(&format!(r#"{{"x":{}"#, "[".repeat(100_000)));
    }

    #[test]
    fn one_tag_too_many_ends_the_reading() {
        let mut tags = Tags::new(2);
        assert!(tags.read(br#"{"tags":["a","b","a","b"]}"#).is_ok());
        assert!(tags.read(br#"{"tags":["a","b","c","d"]}"#).is_err());
        assert!(tags.overflowed());
        assert_eq!(tags.len(), 2);
    }
}
