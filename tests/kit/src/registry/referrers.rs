//! What refers to a manifest.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers>

use bytes::Bytes;
use hyper::{Method, Response, header};
use serde_json::{Value, json};

use super::backend::Backend;
use super::content::Manifest;
use super::links::{SMALL_PAGE, link_to};
use super::manifests::{INDEX_MEDIA_TYPE, MANIFEST_MEDIA_TYPE};
use super::names::is_digest;
use super::refusal::Refusal;
use crate::digest::sha256;
use crate::lie::Lie;
use crate::response::{json as json_answer, value};
use crate::server::{Body, Call, Step};

impl Backend {
    pub(super) fn referrers(
        &self,
        call: &Call,
        repository: &str,
        digest: &str,
    ) -> Result<Response<Body>, Refusal> {
        if !self.settings.referrers {
            return Err(Refusal::missing("UNSUPPORTED", "there is no such page"));
        }
        if !matches!(call.method, Method::GET | Method::HEAD) {
            return Err(Refusal::method());
        }
        if !is_digest(digest) {
            return Err(Refusal::bad("DIGEST_INVALID", "not a digest"));
        }
        let filters = !self.told.has(&Lie::ReferrersUnfiltered);
        let wanted = call.parameter("artifactType").filter(|_| filters);
        let mut found = self.referring(repository, digest);
        found.retain(|found| {
            let wanted = wanted.as_deref();
            wanted.is_none_or(|wanted| found["artifactType"] == wanted)
        });
        let (page, next) = match self.astray(call) {
            None => self.referrers_page(call, found),
            Some(astray) => {
                let page = match astray.made_up {
                    None => found,
                    Some(here) => vec![made_up(here)],
                };
                (page, Some(astray.next))
            }
        };
        let media_type = self.told.find(|lie| match lie {
            Lie::ReferrersMediaType(text) => Some(text.clone()),
            _ => None,
        });
        let mut response = json_answer(&json!({
            "schemaVersion": 2,
            "mediaType": media_type.as_deref().unwrap_or(INDEX_MEDIA_TYPE),
            "manifests": page,
        }));
        if self.told.has(&Lie::EndlessReferrers) {
            *response.body_mut() = endless();
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, value(INDEX_MEDIA_TYPE));
        if wanted.is_some() {
            headers.insert("oci-filters-applied", value("artifactType"));
        }
        link_to(next.as_deref(), &mut response);
        Ok(response)
    }

    /// What refers to this digest, sorted by digest, and what lies add.
    fn referring(&self, repository: &str, digest: &str) -> Vec<Value> {
        let strangers = self.told.has(&Lie::StrangeReferrers);
        let by_config = self.told.has(&Lie::ReferrersByConfig);
        let content = self.content();
        let manifests = content
            .repository(repository)
            .into_iter()
            .flat_map(|repository| repository.manifests.values());
        let mut found: Vec<Value> = manifests
            .filter(|manifest| strangers || manifest.json()["subject"]["digest"] == digest)
            .map(|manifest| descriptor(manifest, by_config))
            .collect();
        let more = self.told.find(|lie| match lie {
            Lie::ManyReferrers(more) => Some(*more),
            _ => None,
        });
        found.extend((0..more.unwrap_or_default()).map(made_up));
        found
    }

    /// The page that was asked for, and where the next one is.
    fn referrers_page(&self, call: &Call, found: Vec<Value>) -> (Vec<Value>, Option<String>) {
        let astray = self.told.has(&Lie::LinkToOtherPath);
        let size = self.settings.referrers_page_size.unwrap_or(usize::MAX);
        let size = if astray { size.min(SMALL_PAGE) } else { size };
        let last = call.parameter("last");
        let start = last.and_then(|last| found.iter().position(|found| found["digest"] == *last));
        let rest = found.into_iter().skip(start.map_or(0, |place| place + 1));
        let mut page: Vec<Value> = rest.collect();
        if page.len() <= size {
            return (page, None);
        }
        page.truncate(size);
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(wanted) = call.parameter("artifactType") {
            query.append_pair("artifactType", &wanted);
        }
        if let Some(last) = page.last().and_then(|last| last["digest"].as_str()) {
            query.append_pair("last", last);
        }
        let mut next = format!("{}?{}", call.path, query.finish());
        if astray {
            let registry = self.origins.url(self.origins.registry);
            next = format!("{registry}/repository/kit{next}");
        }
        (page, Some(next))
    }
}

/// How a list of referrers names a manifest: by the kind of its artifact, or of its config where it
/// names none, or where that is all the registry looks at.
pub(super) fn descriptor(manifest: &Manifest, by_config: bool) -> Value {
    let json = manifest.json();
    let artifact_type = match &json["artifactType"] {
        Value::String(named) if !named.is_empty() && !by_config => named.clone(),
        _ => json["config"]["mediaType"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    };
    let mut descriptor = json!({
        "mediaType": manifest.media_type,
        "digest": manifest.digest,
        "size": manifest.bytes.len(),
        "artifactType": artifact_type,
    });
    if let Some(annotations) = json.get("annotations") {
        descriptor["annotations"] = annotations.clone();
    }
    descriptor
}

/// The descriptor of a manifest that nobody has.
fn made_up(place: usize) -> Value {
    json!({
        "mediaType": MANIFEST_MEDIA_TYPE,
        "digest": sha256(format!("referrer {place}").as_bytes()),
        "size": 1000,
        "artifactType": "application/vnd.kit.made-up",
    })
}

/// An index whose list does not end.
fn endless() -> Body {
    let begin = format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"{INDEX_MEDIA_TYPE}\",\"manifests\":[{}",
        made_up(0)
    );
    let mut more = String::new();
    for place in 1..200 {
        more.push(',');
        more.push_str(&made_up(place).to_string());
    }
    Body::told([Step::Send(begin.into()), Step::Repeat(Bytes::from(more))])
}
