//! What there is, in a cluster or in a folder. Nothing is written.

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ApiResource, DynamicObject, ListParams};
use kube::{Api, Client};
use portolan_api::{HelmChart, HelmRepository};

use super::Seen;
use crate::chain::chain;
use crate::cluster::{Cluster as _, Folder, Problem, connect};
use crate::flags::PreflightFlags;
use crate::kind::{Kind, Watched};
use crate::metrics::Metrics;

/// How many objects are asked for at a time.
const PAGE: u32 = 500;

/// Look where the flags say.
pub(super) async fn look(flags: &PreflightFlags) -> anyhow::Result<Seen> {
    if let Some(folder) = &flags.folder {
        return in_folder(folder.clone()).await;
    }
    let metrics = Metrics::new();
    let (client, _) = connect(flags.kubeconfig.as_deref(), &metrics).await?;
    in_cluster(&client).await
}

async fn in_folder(root: PathBuf) -> anyhow::Result<Seen> {
    let opening = root.clone();
    let opened = tokio::task::spawn_blocking(move || Folder::open(&opening)).await?;
    let (folder, _) =
        opened.with_context(|| format!("cannot read the folder {}", root.display()))?;
    let mut seen = Seen {
        charts: copied(&folder),
        repositories: copied(&folder),
        unreadable: folder.problems().iter().map(Problem::to_string).collect(),
        ..Seen::default()
    };
    for (namespace, name) in named(&seen.charts) {
        let secret = folder.read::<Secret>(&namespace, &name).await?;
        seen.secrets.insert((namespace, name), secret);
    }
    Ok(seen)
}

fn copied<K: Kind>(folder: &Folder) -> Vec<K> {
    let objects = folder.objects::<K>();
    objects.iter().map(|object| (**object).clone()).collect()
}

async fn in_cluster(client: &Client) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    seen.charts = listed::<HelmChart>(client, &mut seen.unreadable).await?;
    seen.repositories = listed::<HelmRepository>(client, &mut seen.unreadable).await?;
    for (namespace, name) in named(&seen.charts) {
        let secrets = Api::<Secret>::namespaced(client.clone(), &namespace);
        let secret = secrets.get_opt(&name).await;
        let secret = secret.with_context(|| format!("cannot read Secret {namespace}/{name}"))?;
        seen.secrets.insert((namespace, name), secret);
    }
    Ok(seen)
}

/// All objects of a kind, page by page. One that cannot be read is told and does not hide the others.
async fn listed<K: Watched>(
    client: &Client,
    unreadable: &mut Vec<String>,
) -> anyhow::Result<Vec<K>> {
    let resource = ApiResource::erase::<K>(&());
    let api = Api::<DynamicObject>::all_with(client.clone(), &resource);
    let mut pages = ListParams::default().limit(PAGE);
    let mut found = Vec::new();
    loop {
        let page = api.list(&pages).await;
        let page = page.with_context(|| format!("cannot list every {}", K::NAME))?;
        for object in page.items {
            let metadata = object.metadata.clone();
            match object.try_parse() {
                Ok(object) => found.push(object),
                Err(error) => unreadable.push(format!(
                    "{} {}/{}: {}",
                    K::NAME,
                    metadata.namespace.unwrap_or_default(),
                    metadata.name.unwrap_or_default(),
                    chain(&error)
                )),
            }
        }
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => pages = pages.continue_token(&token),
            None => return Ok(found),
        }
    }
}

/// The Secrets that charts name, by namespace and name.
fn named(charts: &[HelmChart]) -> BTreeSet<(String, String)> {
    let named = charts.iter().filter_map(|chart| {
        let secret = chart.spec.verify.as_ref()?.secret_ref.as_ref()?;
        Some((chart.home(), secret.name.clone()))
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::{Value, json};

    use super::*;

    fn chart(name: &str, spec: &Value) -> Value {
        json!({ "metadata": { "name": name, "namespace": "team" }, "spec": spec })
    }

    /// An API server with two pages of charts, no repository, and one Secret.
    fn server() -> Client {
        let spec = json!({
            "chart": "c", "interval": "1m", "sourceRef": { "kind": "HelmRepository", "name": "r" },
            "verify": { "provider": "cosign", "secretRef": { "name": "keys" } },
        });
        let other = json!({ "chart": ["no", "text"] });
        let pages = [
            json!({ "metadata": { "continue": "more" }, "items": [chart("a", &spec)] }),
            json!({ "metadata": {}, "items": [chart("b", &other), chart("c", &spec)] }),
        ];
        let service = tower::service_fn(move |request: Request<Body>| {
            let (path, query) = (request.uri().path(), request.uri().query());
            let answer = match path.rsplit('/').next().unwrap_or_default() {
                "helmcharts" if query.is_some_and(|query| query.contains("continue=more")) => {
                    pages[1].clone()
                }
                "helmcharts" => pages[0].clone(),
                "helmrepositories" => json!({ "metadata": {}, "items": [] }),
                "keys" => json!({ "metadata": { "name": "keys" }, "data": { "a.pub": "YQ==" } }),
                other => panic!("{other}"),
            };
            assert_eq!(request.method(), http::Method::GET, "nothing is written");
            let body = Body::from(answer.to_string().into_bytes());
            async move { Ok::<_, std::convert::Infallible>(Response::new(body)) }
        });
        Client::new(service, "default")
    }

    #[tokio::test]
    async fn every_page_is_read_and_what_cannot_be_read_hides_nothing() {
        let seen = in_cluster(&server()).await.unwrap();
        let name = |chart: &HelmChart| chart.metadata.name.clone().unwrap();
        assert_eq!(seen.charts.iter().map(name).collect::<Vec<_>>(), ["a", "c"]);
        let [told] = seen.unreadable.as_slice() else {
            panic!("{:?}", seen.unreadable);
        };
        assert!(told.starts_with("HelmChart team/b: "), "{told}");
        let key = ("team".to_owned(), "keys".to_owned());
        assert!(seen.secrets[&key].is_some());
    }
}
