//! Reading one page of a list of referrers.

use std::collections::HashSet;
use std::fmt;

use portolan_reference::Digest;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::Referrers;
use crate::manifest::{OCI_INDEX, RawDescriptor, essence, shortened, where_it_broke};
use crate::{Descriptor, ManifestFlaw};

/// Descriptors, each once, in the order in which they came.
#[derive(Debug)]
pub(super) struct Found {
    in_order: Vec<Descriptor>,
    known: HashSet<Digest>,
    limit: usize,
    truncated: bool,
}

impl Found {
    /// None yet, and never more than `limit`.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            in_order: Vec::new(),
            known: HashSet::new(),
            limit,
            truncated: false,
        }
    }

    /// Whether there were more than the limit.
    pub(super) fn is_truncated(&self) -> bool {
        self.truncated
    }

    pub(super) fn into_referrers(self) -> Referrers {
        Referrers {
            descriptors: self.in_order,
            truncated: self.truncated,
        }
    }

    /// These, and some that will not be read.
    pub(super) fn and_more(mut self) -> Referrers {
        self.truncated = true;
        self.into_referrers()
    }

    /// Read an image index.
    ///
    /// The entries go straight into the list: an index of very many very small ones never stands in
    /// memory as a list of its own.
    pub(super) fn read(
        &mut self,
        body: &[u8],
        content_type: Option<&str>,
    ) -> Result<(), ManifestFlaw> {
        check_kind(content_type)?;
        let mut flaw = None;
        let mut reader = serde_json::Deserializer::from_slice(body);
        let read = reader
            .deserialize_map(Document {
                found: self,
                flaw: &mut flaw,
            })
            .and_then(|()| reader.end());
        match (read, flaw) {
            (Ok(()), _) => Ok(()),
            (Err(_), Some(flaw)) => Err(flaw),
            (Err(error), None) => Err(ManifestFlaw::Unreadable {
                detail: where_it_broke(&error),
            }),
        }
    }

    fn add(&mut self, raw: RawDescriptor) -> Result<(), ManifestFlaw> {
        let descriptor = match raw.checked() {
            Ok(descriptor) => descriptor,
            // Of an algorithm that is not known here, perhaps: it could not be asked for.
            Err(ManifestFlaw::Digest(_)) => return Ok(()),
            Err(flaw) => return Err(flaw),
        };
        if self.known.contains(descriptor.digest()) {
            return Ok(());
        }
        if self.in_order.len() >= self.limit {
            self.truncated = true;
            return Ok(());
        }
        self.known.insert(descriptor.digest().clone());
        self.in_order.push(descriptor);
        Ok(())
    }
}

/// That what says of itself that it is of this type may be an image index. Who says nothing may be.
pub(super) fn check_kind(media_type: Option<&str>) -> Result<(), ManifestFlaw> {
    match media_type.map(essence) {
        Some(kind) if !kind.is_empty() && kind != OCI_INDEX => Err(ManifestFlaw::NotAnIndex {
            media_type: shortened(&kind),
        }),
        _ => Ok(()),
    }
}

/// `{"schemaVersion": 2, "mediaType": …, "manifests": […] or null}`
struct Document<'a> {
    found: &'a mut Found,
    /// What is wrong, where the parser has no words for it.
    flaw: &'a mut Option<ManifestFlaw>,
}

impl Document<'_> {
    fn stop<E: Error>(&mut self, flaw: ManifestFlaw) -> E {
        *self.flaw = Some(flaw);
        E::custom("not an index of referrers")
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an image index")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(field) = fields.next_key::<String>()? {
            let known = match field.as_str() {
                "schemaVersion" => {
                    if fields.next_value::<Option<i64>>()? != Some(2) {
                        return Err(self.stop(missing("schemaVersion")));
                    }
                    "schemaVersion"
                }
                "mediaType" => {
                    let kind = fields.next_value::<Option<String>>()?;
                    check_kind(kind.as_deref()).map_err(|flaw| self.stop(flaw))?;
                    "mediaType"
                }
                "manifests" => {
                    let (found, flaw) = (&mut *self.found, &mut *self.flaw);
                    fields.next_value_seed(Entries { found, flaw })?;
                    "manifests"
                }
                "layers" | "config" | "fsLayers" => {
                    return Err(self.stop(ManifestFlaw::TwoKinds));
                }
                _ => {
                    fields.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if !seen.insert(known) {
                return Err(A::Error::duplicate_field(known));
            }
        }
        for needed in ["schemaVersion", "manifests"] {
            if !seen.contains(needed) {
                return Err(self.stop(missing(needed)));
            }
        }
        Ok(())
    }
}

fn missing(field: &'static str) -> ManifestFlaw {
    ManifestFlaw::Missing { field }
}

struct Entries<'a> {
    found: &'a mut Found,
    flaw: &'a mut Option<ManifestFlaw>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of descriptors, or null")
    }

    fn visit_none<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(raw) = list.next_element()? {
            if let Err(flaw) = self.found.add(raw) {
                *self.flaw = Some(flaw);
                return Err(A::Error::custom("not a descriptor"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use portolan_reference::Algorithm;

    use super::*;

    fn digest(content: &str) -> Digest {
        Digest::of(Algorithm::Sha256, content.as_bytes())
    }

    fn entry(content: &str) -> String {
        let digest = digest(content);
        format!(r#"{{"mediaType":"application/x","digest":"{digest}","size":3}}"#)
    }

    fn index(entries: &[String]) -> String {
        let entries = entries.join(",");
        format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{entries}]}}"#)
    }

    fn read(limit: usize, document: &str) -> Result<Referrers, ManifestFlaw> {
        let mut found = Found::new(limit);
        found.read(document.as_bytes(), Some(OCI_INDEX))?;
        Ok(found.into_referrers())
    }

    /// `expected` is a space-separated list of contents.
    #[track_caller]
    fn check(document: &str, expected: &str) {
        let referrers = read(10, document).unwrap();
        let digests: Vec<&Digest> = referrers
            .descriptors()
            .iter()
            .map(Descriptor::digest)
            .collect();
        let expected: Vec<Digest> = expected.split_whitespace().map(digest).collect();
        assert_eq!(digests, expected.iter().collect::<Vec<_>>());
        assert!(!referrers.is_truncated());
    }

    #[track_caller]
    fn check_flaw(document: &str, expected: &ManifestFlaw) {
        assert_eq!(&read(10, document).unwrap_err(), expected);
    }

    #[test]
    fn each_referrer_is_taken_once_and_in_its_place() {
        check(&index(&["b", "a", "b"].map(entry)), "b a");
        check(&index(&[]), "");
        check(r#"{"manifests":null,"schemaVersion":2,"x":[1]}"#, "");
    }

    #[test]
    fn the_kind_of_artifact_is_told_and_may_be_missing() {
        let named = entry("a").replace("\"size\"", "\"artifactType\":\"application/y\",\"size\"");
        let empty = entry("b").replace("\"size\"", "\"artifactType\":\"\",\"size\"");
        let referrers = read(10, &index(&[named, empty, entry("c")])).unwrap();
        let kinds: Vec<_> = referrers
            .descriptors()
            .iter()
            .map(Descriptor::artifact_type)
            .collect();
        assert_eq!(kinds, [Some("application/y"), None, None]);
    }

    #[test]
    fn what_has_no_digest_that_can_be_asked_for_is_passed_over() {
        let foreign = entry("a").replace("sha256:", "sha3-256:");
        let path = entry("a").replace(digest("a").hex(), "../../etc");
        check(&index(&[foreign, entry("b"), path]), "b");
    }

    #[test]
    fn one_referrer_too_many_is_told_and_not_kept() {
        let three = index(&["a", "b", "c"].map(entry));
        let referrers = read(2, &three).unwrap();
        assert_eq!(referrers.descriptors().len(), 2);
        assert!(referrers.is_truncated());
        assert!(!read(3, &three).unwrap().is_truncated());
        let again = read(2, &index(&["a", "b", "a"].map(entry))).unwrap();
        assert!(!again.is_truncated(), "a known one is not one more");
    }

    #[test]
    fn what_is_no_image_index_is_not_read_as_an_empty_one() {
        let missing = |field| ManifestFlaw::Missing { field };
        let not = |media_type: &str| ManifestFlaw::NotAnIndex {
            media_type: media_type.to_owned(),
        };
        check_flaw("{}", &missing("schemaVersion"));
        check_flaw(r#"{"schemaVersion":2}"#, &missing("manifests"));
        check_flaw(
            r#"{"schemaVersion":1,"manifests":[]}"#,
            &missing("schemaVersion"),
        );
        for field in ["config", "layers", "fsLayers"] {
            let both = format!(r#"{{"schemaVersion":2,"manifests":[],"{field}":[]}}"#);
            check_flaw(&both, &ManifestFlaw::TwoKinds);
        }
        let image = "application/vnd.oci.image.manifest.v1+json";
        check_flaw(
            &format!(r#"{{"schemaVersion":2,"mediaType":"{image}","manifests":[]}}"#),
            &not(image),
        );
        for nameless in ["{}", r#"{"mediaType":"x","size":1}"#] {
            let document = index(&[nameless.to_owned()]);
            assert!(matches!(
                read(10, &document),
                Err(ManifestFlaw::Missing { .. })
            ));
        }
        for unreadable in [
            "",
            "null",
            "[]",
            "<html>",
            r#"{"schemaVersion":2,"manifests":{}}"#,
            r#"{"schemaVersion":2,"manifests":[1]}"#,
            r#"{"schemaVersion":2,"manifests":[],"manifests":[]}"#,
            r#"{"schemaVersion":2,"schemaVersion":2,"manifests":[]}"#,
            r#"{"schemaVersion":2,"manifests":[]} x"#,
        ] {
            let flaw = read(10, unreadable).unwrap_err();
            assert!(
                matches!(flaw, ManifestFlaw::Unreadable { .. }),
                "{unreadable}: {flaw:?}"
            );
        }
    }

    #[test]
    fn the_header_decides_before_anything_is_read() {
        let read = |header| Found::new(10).read(index(&[]).as_bytes(), header);
        for index in [
            None,
            Some(""),
            Some("application/vnd.oci.image.index.v1+json; charset=utf-8"),
            Some("Application/vnd.OCI.image.index.v1+json"),
        ] {
            assert_eq!(read(index), Ok(()), "{index:?}");
        }
        for other in [
            "text/html",
            "application/json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
        ] {
            let media_type = other.to_owned();
            assert_eq!(
                read(Some(other)),
                Err(ManifestFlaw::NotAnIndex { media_type })
            );
        }
    }
}
