//! Reading a manifest, and refusing what others could read otherwise.

use std::collections::BTreeMap;

use bytes::Bytes;
use portolan_reference::Digest;
use serde::Deserialize;

use super::{
    DOCKER_LIST, DOCKER_MANIFEST, Descriptor, Document, Index, IndexEntry, Manifest, ManifestFlaw,
    OCI_INDEX, OCI_MANIFEST, Platform,
};

/// How the media types of Docker's withdrawn schema 1 begin.
const DOCKER_SCHEMA_1: &str = "application/vnd.docker.distribution.manifest.v1+";

/// Read a manifest whose digest has been checked. A field that is there twice is an error.
///
/// `content_type` is the header of the answer. It may be missing, but where it is there it must
/// agree with the document ([CVE-2021-41190](https://github.com/opencontainers/distribution-spec/security/advisories/GHSA-mc8v-mgrf-8f4m)).
pub(crate) fn read(
    bytes: Bytes,
    content_type: Option<&str>,
    digest: Digest,
) -> Result<Document, ManifestFlaw> {
    let header = content_type.map(essence).filter(|kind| !kind.is_empty());
    if let Some(kind) = &header {
        known(kind)?;
    }
    let raw: Raw = serde_json::from_slice(&bytes).map_err(|error| ManifestFlaw::Unreadable {
        detail: where_it_broke(&error),
    })?;
    if raw.schema_version == Some(1) || raw.fs_layers.is_some() {
        return Err(ManifestFlaw::Schema1);
    }
    if raw.schema_version != Some(2) {
        return Err(ManifestFlaw::Missing {
            field: "schemaVersion",
        });
    }
    if raw.manifests.is_some() && (raw.layers.is_some() || raw.config.is_some()) {
        return Err(ManifestFlaw::TwoKinds);
    }
    if let (Some(header), Some(document)) = (&header, &raw.media_type)
        && header != document
    {
        return Err(ManifestFlaw::TwoMediaTypes {
            header: shortened(header),
            document: shortened(document),
        });
    }
    // Only OCI's own documents may leave the field out.
    let implied = if raw.manifests.is_some() {
        OCI_INDEX
    } else {
        OCI_MANIFEST
    };
    match known(
        raw.media_type
            .as_deref()
            .or(header.as_deref())
            .unwrap_or(implied),
    )? {
        Kind::Index => raw.into_index(digest).map(Document::Index),
        Kind::Image(media_type) => raw
            .into_image(media_type, digest, bytes)
            .map(|image| Document::Image(Box::new(image))),
    }
}

enum Kind {
    Image(&'static str),
    Index,
}

fn known(media_type: &str) -> Result<Kind, ManifestFlaw> {
    match media_type {
        OCI_MANIFEST => Ok(Kind::Image(OCI_MANIFEST)),
        DOCKER_MANIFEST => Ok(Kind::Image(DOCKER_MANIFEST)),
        OCI_INDEX | DOCKER_LIST => Ok(Kind::Index),
        other if other.starts_with(DOCKER_SCHEMA_1) => Err(ManifestFlaw::Schema1),
        other => Err(ManifestFlaw::ContentType {
            content_type: shortened(other),
        }),
    }
}

/// The media type without parameters, in lower case.
pub(crate) fn essence(content_type: &str) -> String {
    content_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
}

/// The beginning of a stranger's text, which may be as long as a manifest.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The parser's own message may quote the document, which is a stranger's and may be long.
pub(crate) fn where_it_broke(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax => "it is not JSON",
        serde_json::error::Category::Data => "a field is not of its type, or there twice",
        serde_json::error::Category::Io => "it could not be read",
    };
    format!("{kind} (line {}, column {})", error.line(), error.column())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    schema_version: Option<i64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<RawDescriptor>,
    layers: Option<Vec<RawDescriptor>>,
    manifests: Option<Vec<RawDescriptor>>,
    subject: Option<RawDescriptor>,
    fs_layers: Option<serde::de::IgnoredAny>,
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawDescriptor {
    media_type: Option<String>,
    artifact_type: Option<String>,
    digest: Option<String>,
    size: Option<serde_json::Number>,
    annotations: Option<BTreeMap<String, String>>,
    platform: Option<RawPlatform>,
}

#[derive(Deserialize)]
struct RawPlatform {
    #[serde(default)]
    os: String,
    #[serde(default)]
    architecture: String,
}

impl Raw {
    fn into_image(
        self,
        media_type: &'static str,
        digest: Digest,
        bytes: Bytes,
    ) -> Result<Manifest, ManifestFlaw> {
        let config = self
            .config
            .ok_or(ManifestFlaw::Missing { field: "config" })?
            .checked()?;
        let layers = self
            .layers
            .ok_or(ManifestFlaw::Missing { field: "layers" })?;
        Ok(Manifest {
            digest,
            media_type,
            artifact_type: self.artifact_type.filter(|kind| !kind.is_empty()),
            bytes,
            config,
            layers: layers
                .into_iter()
                .map(RawDescriptor::checked)
                .collect::<Result<_, _>>()?,
            subject: self.subject.map(RawDescriptor::checked).transpose()?,
            annotations: self.annotations.unwrap_or_default(),
            index: None,
        })
    }

    fn into_index(self, digest: Digest) -> Result<Index, ManifestFlaw> {
        let manifests = self
            .manifests
            .ok_or(ManifestFlaw::Missing { field: "manifests" })?;
        let entry = |mut raw: RawDescriptor| {
            let platform = raw
                .platform
                .take()
                .map(|platform| Platform::new(platform.os, platform.architecture));
            Ok(IndexEntry {
                descriptor: raw.checked()?,
                platform,
            })
        };
        Ok(Index {
            digest,
            entries: manifests.into_iter().map(entry).collect::<Result<_, _>>()?,
        })
    }
}

impl RawDescriptor {
    pub(crate) fn checked(self) -> Result<Descriptor, ManifestFlaw> {
        let size = self.size.ok_or(ManifestFlaw::Missing { field: "size" })?;
        let bytes = size.as_i64().and_then(|bytes| u64::try_from(bytes).ok());
        let digest = self
            .digest
            .ok_or(ManifestFlaw::Missing { field: "digest" })?;
        Ok(Descriptor {
            media_type: self
                .media_type
                .ok_or(ManifestFlaw::Missing { field: "mediaType" })?,
            digest: digest.parse().map_err(ManifestFlaw::Digest)?,
            size: bytes.ok_or_else(|| ManifestFlaw::Size {
                size: size.to_string(),
            })?,
            artifact_type: self.artifact_type.filter(|kind| !kind.is_empty()),
            annotations: self.annotations.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use portolan_reference::Algorithm;
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn judge(content_type: Option<&str>, document: &str) -> Result<Document, ManifestFlaw> {
        let bytes = Bytes::copy_from_slice(document.as_bytes());
        let digest = Digest::of(Algorithm::Sha256, &bytes);
        read(bytes, content_type, digest)
    }

    /// `fields` are added to those that every image has.
    fn image(fields: &str) -> String {
        let descriptor = descriptor("application/x", "3");
        format!(r#"{{"schemaVersion":2,"config":{descriptor},"layers":[{descriptor}]{fields}}}"#)
    }

    fn descriptor(media_type: &str, size: &str) -> String {
        format!(r#"{{"mediaType":"{media_type}","digest":"{DIGEST}","size":{size}}}"#)
    }

    #[track_caller]
    fn check_image(content_type: Option<&str>, document: &str, media_type: &str) {
        match judge(content_type, document).unwrap() {
            Document::Image(manifest) => assert_eq!(manifest.media_type(), media_type),
            Document::Index(index) => panic!("an index: {index:?}"),
        }
    }

    #[track_caller]
    fn check_index(content_type: Option<&str>, document: &str) {
        let read = judge(content_type, document).unwrap();
        assert!(matches!(read, Document::Index(_)), "{read:?}");
    }

    #[track_caller]
    fn check_flaw(content_type: Option<&str>, document: &str, expected: &ManifestFlaw) {
        assert_eq!(&judge(content_type, document).unwrap_err(), expected);
    }

    #[track_caller]
    fn check_unreadable(document: &str) {
        let flaw = judge(None, document).unwrap_err();
        assert!(matches!(flaw, ManifestFlaw::Unreadable { .. }), "{flaw:?}");
    }

    #[test]
    fn the_kind_is_told_by_the_header_or_the_document_or_implied() {
        check_image(None, &image(""), OCI_MANIFEST);
        check_image(Some(""), &image(""), OCI_MANIFEST);
        check_image(Some(OCI_MANIFEST), &image(""), OCI_MANIFEST);
        check_image(Some(DOCKER_MANIFEST), &image(""), DOCKER_MANIFEST);
        let docker = image(&format!(r#","mediaType":"{DOCKER_MANIFEST}""#));
        check_image(None, &docker, DOCKER_MANIFEST);
        check_image(
            Some(&format!("{DOCKER_MANIFEST}; charset=utf-8")),
            &docker,
            DOCKER_MANIFEST,
        );
        check_image(Some(&OCI_MANIFEST.to_uppercase()), &image(""), OCI_MANIFEST);

        check_index(None, r#"{"schemaVersion":2,"manifests":[]}"#);
        check_index(Some(OCI_INDEX), r#"{"schemaVersion":2,"manifests":[]}"#);
        check_index(Some(DOCKER_LIST), r#"{"schemaVersion":2,"manifests":[]}"#);
    }

    #[test]
    fn header_and_document_must_not_disagree() {
        for (header, document) in [
            (DOCKER_MANIFEST, OCI_MANIFEST),
            (OCI_MANIFEST, OCI_INDEX),
            (OCI_INDEX, OCI_MANIFEST),
        ] {
            let text = image(&format!(r#","mediaType":"{document}""#));
            let flaw = ManifestFlaw::TwoMediaTypes {
                header: header.to_owned(),
                document: document.to_owned(),
            };
            check_flaw(Some(header), &text, &flaw);
        }
    }

    #[test]
    fn what_could_be_read_as_image_and_as_index_is_neither() {
        check_flaw(None, &image(r#","manifests":[]"#), &ManifestFlaw::TwoKinds);
        let config = descriptor("application/x", "3");
        let document = format!(r#"{{"schemaVersion":2,"manifests":[],"config":{config}}}"#);
        check_flaw(None, &document, &ManifestFlaw::TwoKinds);
        check_flaw(
            Some(OCI_INDEX),
            &image(""),
            &ManifestFlaw::Missing { field: "manifests" },
        );
        check_flaw(
            Some(OCI_MANIFEST),
            r#"{"schemaVersion":2,"manifests":[]}"#,
            &ManifestFlaw::Missing { field: "config" },
        );
    }

    #[test]
    fn a_login_page_is_named_as_what_it_is() {
        let flaw = ManifestFlaw::ContentType {
            content_type: "text/html".to_owned(),
        };
        check_flaw(Some("text/html; charset=utf-8"), "<html>", &flaw);
        check_flaw(Some("text/html"), &image(""), &flaw);
        assert_eq!(
            flaw.to_string(),
            "the registry sent `text/html`, which is no manifest"
        );
    }

    #[test]
    fn a_strangers_media_type_neither_floods_nor_forges_a_log() {
        let strange = format!(r#","mediaType":"x\n{}""#, "y".repeat(100_000));
        let flaw = judge(None, &image(&strange)).unwrap_err();
        let shown = format!(
            r"the registry sent `x\n{}`, which is no manifest",
            "y".repeat(78)
        );
        assert_eq!(flaw.to_string(), shown);
    }

    #[test]
    fn schema_1_is_refused_by_its_name() {
        check_flaw(
            None,
            r#"{"schemaVersion":1,"fsLayers":[]}"#,
            &ManifestFlaw::Schema1,
        );
        check_flaw(
            None,
            r#"{"schemaVersion":2,"fsLayers":[]}"#,
            &ManifestFlaw::Schema1,
        );
        let signed = "application/vnd.docker.distribution.manifest.v1+prettyjws";
        check_flaw(
            Some(signed),
            r#"{"schemaVersion":1}"#,
            &ManifestFlaw::Schema1,
        );
    }

    #[test]
    fn every_field_that_a_manifest_needs_is_missed() {
        let missing = |field| ManifestFlaw::Missing { field };
        let config = descriptor("application/x", "3");
        let of = |rest: &str| format!(r#"{{"schemaVersion":2,"config":{config}{rest}}}"#);
        check_flaw(None, "{}", &missing("schemaVersion"));
        check_flaw(None, r#"{"schemaVersion":3}"#, &missing("schemaVersion"));
        check_flaw(
            None,
            r#"{"schemaVersion":2,"layers":[]}"#,
            &missing("config"),
        );
        check_flaw(None, &of(""), &missing("layers"));
        check_flaw(None, &of(r#","layers":null"#), &missing("layers"));
        for (field, descriptor) in [
            (
                "size",
                format!(r#"{{"mediaType":"x","digest":"{DIGEST}"}}"#),
            ),
            ("digest", r#"{"mediaType":"x","size":1}"#.to_owned()),
            ("mediaType", format!(r#"{{"digest":"{DIGEST}","size":1}}"#)),
        ] {
            check_flaw(
                None,
                &of(&format!(r#","layers":[{descriptor}]"#)),
                &missing(field),
            );
        }
    }

    #[test]
    fn a_size_is_a_whole_number_that_is_not_negative_and_fits() {
        let of = |size: &str| {
            let config = descriptor("application/x", size);
            judge(
                None,
                &format!(r#"{{"schemaVersion":2,"config":{config},"layers":[]}}"#),
            )
        };
        for size in ["0", "9223372036854775807"] {
            assert!(of(size).is_ok(), "{size}");
        }
        for size in ["-1", "9223372036854775808", "18446744073709551616", "1.5"] {
            let flaw = of(size).unwrap_err();
            assert!(
                matches!(flaw, ManifestFlaw::Size { .. }),
                "{size}: {flaw:?}"
            );
        }
    }

    #[test]
    fn a_digest_that_cannot_be_read_is_a_flaw() {
        for digest in [
            "",
            "sha256:abc",
            "md5:900150983cd24fb0d6963f7d28e17f72",
            "sha256:../../x",
        ] {
            let config = format!(r#"{{"mediaType":"x","digest":"{digest}","size":1}}"#);
            let flaw = judge(
                None,
                &format!(r#"{{"schemaVersion":2,"config":{config},"layers":[]}}"#),
            );
            assert!(
                matches!(flaw, Err(ManifestFlaw::Digest(_))),
                "{digest}: {flaw:?}"
            );
        }
    }

    #[test]
    fn what_is_not_the_json_of_a_manifest_is_unreadable() {
        for document in [
            "",
            "[]",
            "null",
            "{",
            "\u{feff}{}",
            r#"{"layers":{}}"#,
            r#"{"schemaVersion":"2"}"#,
        ] {
            check_unreadable(document);
        }
        check_unreadable(&"[".repeat(100_000));
        check_unreadable(&image(r#","layers":[]"#));
        check_unreadable(&format!("{} {{}}", image("")));
    }

    #[test]
    fn urls_and_data_of_a_descriptor_are_not_kept() {
        let urls = r#""urls":["http://169.254.169.254/"],"data":"YWJj""#;
        let foreign = format!(r#"{{"mediaType":"x","digest":"{DIGEST}","size":3,{urls}}}"#);
        let document = format!(r#"{{"schemaVersion":2,"config":{foreign},"layers":[{foreign}]}}"#);
        let Document::Image(manifest) = judge(None, &document).unwrap() else {
            panic!("an index")
        };
        assert_eq!(
            manifest.layers(),
            [Descriptor::new("x", DIGEST.parse().unwrap(), 3)]
        );
    }

    #[test]
    fn the_first_image_for_the_platform_is_chosen() {
        let entry = |media_type: &str, size: &str, os: &str, architecture: &str| {
            let descriptor = descriptor(media_type, size);
            let platform =
                format!(r#"{{"os":"{os}","architecture":"{architecture}","variant":"v1"}}"#);
            format!(
                r#"{},"platform":{platform}}}"#,
                descriptor.trim_end_matches('}')
            )
        };
        let manifests = [
            descriptor(OCI_MANIFEST, "1"),
            entry(OCI_MANIFEST, "2", "linux", "arm64"),
            entry(OCI_INDEX, "3", "linux", "amd64"),
            entry(OCI_MANIFEST, "4", "linux", "amd64"),
            entry(DOCKER_MANIFEST, "5", "linux", "amd64"),
        ];
        let document = format!(
            r#"{{"schemaVersion":2,"manifests":[{}]}}"#,
            manifests.join(",")
        );
        let Document::Index(index) = judge(None, &document).unwrap() else {
            panic!("an image")
        };
        assert_eq!(index.choose(&Platform::linux_amd64()).unwrap().size(), 4);
        assert_eq!(
            index
                .choose(&Platform::new("linux", "arm64"))
                .unwrap()
                .size(),
            2
        );
        let flaw = index.choose(&Platform::new("plan9", "386")).unwrap_err();
        assert_eq!(flaw.to_string(), "it has no image for plan9/386");
    }

    proptest! {
        /// A byte of a sound manifest is another one.
        #[test]
        fn no_manifest_makes_the_reader_panic(place in any::<prop::sample::Index>(), byte: u8) {
            let mut document = image(r#","mediaType":"application/vnd.oci.image.manifest.v1+json""#).into_bytes();
            let place = place.index(document.len());
            document[place] = byte;
            let digest = Digest::of(Algorithm::Sha256, &document);
            if let Ok(Document::Image(manifest)) = read(document.clone().into(), None, digest.clone()) {
                prop_assert_eq!(manifest.bytes(), &document);
                prop_assert_eq!(manifest.digest(), &digest);
            }
        }
    }
}
