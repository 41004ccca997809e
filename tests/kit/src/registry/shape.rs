//! Manifests that are not what they should be. Their digests are right: only who looks inside can
//! tell.

use hyper::Method;
use serde_json::{Value, json};

use super::backend::Backend;
use super::content::Manifest;
use super::manifests::{INDEX_MEDIA_TYPE, MANIFEST_MEDIA_TYPE};
use super::names::is_digest;
use crate::lie::Lie;
use crate::server::Call;

/// Stands for what a lie puts in its place, as the lie writes it.
const PLACEHOLDER: &str = "\u{1}placeholder\u{1}";

impl Backend {
    /// The manifest that this request gets, with the lies told about it.
    pub(super) fn find_manifest(
        &self,
        call: &Call,
        repository: &str,
        reference: &str,
    ) -> Option<Manifest> {
        debug_assert!(matches!(call.method, Method::GET | Method::HEAD));
        if is_digest(reference) {
            let honest = self.honest_manifest(repository, reference);
            return honest.or_else(|| self.shaped_manifest(repository, reference));
        }
        let moved = self.told.take(|lie, told| match lie {
            Lie::TagMoves {
                repository: of,
                tag,
                to,
                after,
            } if of == repository && tag == reference => Some((told >= *after).then(|| to.clone())),
            _ => None,
        });
        let reference = moved.flatten().unwrap_or_else(|| reference.to_owned());
        let honest = self.honest_manifest(repository, &reference)?;
        Some(self.shaped(honest))
    }

    fn honest_manifest(&self, repository: &str, reference: &str) -> Option<Manifest> {
        self.content()
            .repository(repository)?
            .manifest(reference)
            .cloned()
    }

    /// A manifest that only exists in a lie, by its digest.
    fn shaped_manifest(&self, repository: &str, digest: &str) -> Option<Manifest> {
        let honest: Vec<Manifest> = self
            .content()
            .repository(repository)?
            .manifests
            .values()
            .cloned()
            .collect();
        honest
            .into_iter()
            .map(|manifest| self.shaped(manifest))
            .find(|manifest| manifest.digest == digest)
    }

    fn shaped(&self, honest: Manifest) -> Manifest {
        let other = self.other_url_path("/foreign");
        self.told.all().iter().fold(honest, |manifest, lie| {
            shape(lie, &manifest, &other).unwrap_or(manifest)
        })
    }

    fn other_url_path(&self, path: &str) -> String {
        format!("{}{path}", self.origins.other_url())
    }
}

/// What a lie makes of a manifest, if it is about manifests. `foreign` is where a layer may be
/// said to be.
fn shape(lie: &Lie, honest: &Manifest, foreign: &str) -> Option<Manifest> {
    let mut json = honest.json();
    let layer = json["layers"][0].clone();
    let digest = layer["digest"].as_str().unwrap_or_default();
    let mut written = None;
    match lie {
        Lie::Schema1 => return Some(schema1(digest)),
        Lie::ImageIndex => return Some(index_of(honest)),
        Lie::EmptyLayers => json["layers"] = json!([]),
        Lie::NoChartLayer => {
            json["layers"] = json!([layer]);
            json["layers"][0]["mediaType"] = "application/vnd.oci.image.layer.v1.tar+gzip".into();
        }
        Lie::TwoChartLayers => json["layers"] = json!([layer, layer]),
        Lie::NotAChart => {
            json["config"]["mediaType"] = "application/vnd.oci.image.config.v1+json".into();
        }
        Lie::LayersAndManifests => json["manifests"] = index_of(honest).json()["manifests"].take(),
        Lie::ForeignUrls => json["layers"][0]["urls"] = json!([format!("{foreign}/{digest}")]),
        Lie::LayerSize(text) => {
            json["layers"][0]["size"] = PLACEHOLDER.into();
            written = Some(text);
        }
        Lie::LayerDigest(text) => json["layers"][0]["digest"] = text.as_str().into(),
        Lie::MediaTypeField(text) => json["mediaType"] = text.as_str().into(),
        Lie::HugeManifest(bytes) => {
            json["annotations"]["padding"] = "x".repeat(*bytes).into();
        }
        _ => return None,
    }
    let mut text = json.to_string();
    if let Some(written) = written {
        text = text.replace(&Value::from(PLACEHOLDER).to_string(), written);
    }
    Some(Manifest::new(&honest.media_type, text))
}

fn index_of(manifest: &Manifest) -> Manifest {
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX_MEDIA_TYPE,
        "manifests": [{
            "mediaType": MANIFEST_MEDIA_TYPE,
            "digest": manifest.digest,
            "size": manifest.bytes.len(),
            "platform": { "architecture": "amd64", "os": "linux" },
        }],
    });
    Manifest::new(INDEX_MEDIA_TYPE, index.to_string())
}

fn schema1(layer: &str) -> Manifest {
    let manifest = json!({
        "schemaVersion": 1,
        "name": "charts/podinfo",
        "tag": "1.0.0",
        "architecture": "amd64",
        "fsLayers": [{ "blobSum": layer }],
        "history": [{ "v1Compatibility": "{\"id\":\"kit\"}" }],
        "signatures": [{ "header": { "alg": "ES256" }, "signature": "kit", "protected": "kit" }],
    });
    Manifest::new(
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        manifest.to_string(),
    )
}
