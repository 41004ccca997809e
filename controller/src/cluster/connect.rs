//! How the API server is reached.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::header::USER_AGENT;
use http::{HeaderValue, Request, Response};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::{Layer, Service};

use crate::metrics::Metrics;

/// What this process calls itself.
const AGENT: &str = concat!("portolan-controller/", env!("CARGO_PKG_VERSION"));

/// Why the API server cannot be reached.
#[derive(Debug, thiserror::Error)]
#[error("there is no way to the API server: {tried}")]
pub(crate) struct ConnectError {
    tried: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

impl ConnectError {
    fn new(tried: &'static str) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> Self {
        move |source| Self { tried, source }
    }
}

/// A client for the API server that `kubeconfig` names, or the variable `KUBECONFIG`, or the
/// `ServiceAccount` of this pod, or `~/.kube/config`; and the namespace it speaks from. Its requests
/// are counted.
///
/// # Errors
///
/// If the first of these that is there cannot be used. Nothing is sent.
pub(crate) async fn connect(
    kubeconfig: Option<&Path>,
    metrics: &Metrics,
) -> Result<(Client, String), ConnectError> {
    let mut config = configuration(kubeconfig).await?;
    config
        .headers
        .push((USER_AGENT, HeaderValue::from_static(AGENT)));
    let namespace = config.default_namespace.clone();
    let counting = Counting {
        metrics: metrics.clone(),
        host: config
            .cluster_url
            .authority()
            .map(ToString::to_string)
            .unwrap_or_default(),
    };
    let builder = ClientBuilder::try_from(config)
        .map_err(|error| ConnectError::new("its configuration cannot be used")(error.into()))?;
    Ok((builder.with_layer(&counting).build(), namespace))
}

async fn configuration(kubeconfig: Option<&Path>) -> Result<Config, ConnectError> {
    let options = KubeConfigOptions::default();
    if let Some(path) = kubeconfig {
        let failed = ConnectError::new("--kubeconfig cannot be used");
        let file = Kubeconfig::read_from(path).map_err(|error| failed(error.into()))?;
        let config = Config::from_custom_kubeconfig(file, &options).await;
        return config.map_err(|error| failed(error.into()));
    }
    if std::env::var_os("KUBECONFIG").is_some_and(|value| !value.is_empty()) {
        let config = Config::from_kubeconfig(&options).await;
        return config
            .map_err(|error| ConnectError::new("KUBECONFIG cannot be used")(error.into()));
    }
    match Config::incluster() {
        Ok(config) => Ok(config),
        Err(in_cluster) => Config::from_kubeconfig(&options).await.map_err(|_| {
            ConnectError::new("neither --kubeconfig nor KUBECONFIG is given, and this is no pod")(
                in_cluster.into(),
            )
        }),
    }
}

/// Counts requests.
#[derive(Debug, Clone)]
struct Counting {
    metrics: Metrics,
    host: String,
}

impl<S> Layer<S> for Counting {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Counted {
            inner,
            counting: self.clone(),
        }
    }
}

/// A service whose requests are counted.
#[derive(Debug, Clone)]
struct Counted<S> {
    inner: S,
    counting: Counting,
}

impl<S, B> Service<Request<Body>> for Counted<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Counting { metrics, host } = self.counting.clone();
        let method = request.method().to_string();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let code = match &answer {
                Ok(answer) => answer.status().as_u16().to_string(),
                Err(_) => "<error>".to_owned(),
            };
            metrics.api_request(code, host, method);
            answer
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn requests_are_counted_by_what_came_of_them() {
        let metrics = Metrics::new();
        let counting = Counting {
            metrics: metrics.clone(),
            host: "host:443".to_owned(),
        };
        let mut service = counting.layer(tower::service_fn(|request: Request<Body>| async move {
            match request.uri().path() {
                "/fail" => Err("no route"),
                _ => Ok(Response::new(())),
            }
        }));
        for path in ["/a", "/b", "/fail"] {
            let request = Request::get(path).body(Body::empty()).expect("a request");
            let _ = service.call(request).await;
        }
        let text = metrics.text();
        assert!(
            text.contains(
                r#"rest_client_requests_total{code="200",host="host:443",method="GET"} 2"#
            ),
            "{text}"
        );
        assert!(
            text.contains(
                r#"rest_client_requests_total{code="<error>",host="host:443",method="GET"} 1"#
            ),
            "{text}"
        );
    }

    #[tokio::test]
    async fn a_kubeconfig_that_is_named_is_used_or_refused() {
        let missing = connect(Some(Path::new("/nowhere")), &Metrics::new())
            .await
            .err()
            .expect("a refusal");
        assert!(missing.to_string().contains("--kubeconfig"), "{missing}");
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        let text = "{apiVersion: v1, kind: Config, current-context: x, \
            clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}], \
            users: [{name: u, user: {token: t}}], contexts: [{name: x, context: {cluster: c, user: u, namespace: flux-system}}]}";
        file.write_all(text.as_bytes()).expect("written");
        let (_, namespace) = connect(Some(file.path()), &Metrics::new())
            .await
            .expect("a client");
        assert_eq!(namespace, "flux-system");
    }
}
