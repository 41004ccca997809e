//! A small server for small pages: health and metrics.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::leader::Leadership;
use crate::metrics::{MEDIA_TYPE, Metrics};

/// How long a request's head may take, and how long a connection may wait for its next request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may last: a scraper opens a new one then.
const CONNECTION_TIMEOUT: Duration = Duration::from_mins(10);

/// How many connections are open at a time.
const MAX_CONNECTIONS: usize = 128;

const PLAIN: &str = "text/plain; charset=utf-8";

/// A page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    status: StatusCode,
    media_type: &'static str,
    text: String,
}

impl Page {
    fn plain(status: StatusCode, text: impl Into<String>) -> Self {
        Self {
            status,
            media_type: PLAIN,
            text: text.into(),
        }
    }
}

/// What is found under a path.
#[derive(Clone)]
pub(crate) struct Pages(Arc<Find>);

/// Finds the page of a path.
type Find = dyn Fn(&str) -> Option<Page> + Send + Sync;

impl Pages {
    /// `/healthz`: whether this process is alive. `/readyz`: whether it leads, as source-controller
    /// has it since 1.10, and serves, so that a Service sends nobody to a process that serves no
    /// artifacts.
    pub(crate) fn health(leadership: Leadership, serving: watch::Receiver<bool>) -> Self {
        let unready = |check| {
            let text = format!("[-]{check}\nreadyz check failed\n");
            Some(Page::plain(StatusCode::INTERNAL_SERVER_ERROR, text))
        };
        Self(Arc::new(move |path| match path {
            "/readyz" | "/readyz/" if !leadership.holds() => {
                unready("leader-election failed: this process does not lead")
            }
            "/readyz" | "/readyz/" if !*serving.borrow() => {
                unready("storage failed: artifacts are not served yet")
            }
            "/healthz" | "/healthz/" | "/readyz" | "/readyz/" => {
                Some(Page::plain(StatusCode::OK, "ok"))
            }
            _ => None,
        }))
    }

    /// `/metrics`. `lease` is what this process leads by, if it asks anybody.
    ///
    /// # Deviation
    ///
    /// There is no `/debug/pprof`, which is Go's.
    pub(crate) fn metrics(metrics: Metrics, lease: Option<(String, Leadership)>) -> Self {
        Self(Arc::new(move |path| {
            if path != "/metrics" {
                return None;
            }
            if let Some((lease, leadership)) = &lease {
                metrics.leads(lease, leadership.holds());
            }
            Some(Page {
                status: StatusCode::OK,
                media_type: MEDIA_TYPE,
                text: metrics.text(),
            })
        }))
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let page = if method == Method::GET || method == Method::HEAD {
            let page = (self.0)(path);
            page.unwrap_or_else(|| Page::plain(StatusCode::NOT_FOUND, "404 page not found\n"))
        } else {
            Page::plain(StatusCode::METHOD_NOT_ALLOWED, "")
        };
        let mut response = Response::new(Full::from(page.text));
        *response.status_mut() = page.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(page.media_type));
        if page.status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        response
    }

    /// Serve the pages for as long as the future is polled. A failure of a connection is that
    /// connection's.
    pub(crate) async fn serve(self, listener: TcpListener) -> Infallible {
        let free = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            // The semaphore is never closed.
            let permit = Arc::clone(&free).acquire_owned().await.ok();
            let Ok((stream, _)) = listener.accept().await else {
                // Out of descriptors, most likely.
                sleep(Duration::from_millis(100)).await;
                continue;
            };
            let pages = self.clone();
            let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                let answer = pages.answer(request.method(), request.uri().path());
                async move { Ok::<_, Infallible>(answer) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD_TIMEOUT)
                .serve_connection(TokioIo::new(stream), service);
            connections.spawn(async move {
                let _ = timeout(CONNECTION_TIMEOUT, connection).await;
                drop(permit);
            });
        }
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;

    use super::*;

    #[track_caller]
    fn check(pages: &Pages, method: &str, path: &str, status: u16) {
        let method = method.parse().expect("a method");
        assert_eq!(
            pages.answer(&method, path).status().as_u16(),
            status,
            "{method} {path}"
        );
    }

    #[test]
    fn who_leads_and_serves_is_ready_and_who_waits_is_alive() {
        let (serving, served) = watch::channel(true);
        let leading = Pages::health(Leadership::unchallenged(), served.clone());
        check(&leading, "GET", "/healthz", 200);
        check(&leading, "GET", "/readyz", 200);
        check(&leading, "HEAD", "/readyz", 200);
        serving.send_replace(false);
        check(&leading, "GET", "/healthz", 200);
        check(&leading, "GET", "/readyz", 500);
        serving.send_replace(true);
        let waiting = Pages::health(Leadership::none(), served);
        check(&waiting, "GET", "/healthz", 200);
        check(&waiting, "GET", "/readyz", 500);
    }

    #[test]
    fn anything_else_is_not_there() {
        let health = Pages::health(Leadership::unchallenged(), watch::channel(true).1);
        check(&health, "GET", "/", 404);
        check(&health, "GET", "/metrics", 404);
        check(&health, "POST", "/healthz", 405);
        let metrics = Pages::metrics(Metrics::new(), None);
        check(&metrics, "GET", "/metrics", 200);
        check(&metrics, "GET", "/debug/pprof/", 404);
    }

    #[test]
    fn leadership_is_in_the_metrics() {
        let lease = ("lease".to_owned(), Leadership::unchallenged());
        let page = (Pages::metrics(Metrics::new(), Some(lease)).0)("/metrics").expect("a page");
        assert!(
            page.text
                .contains(r#"leader_election_master_status{name="lease"} 1"#)
        );
    }

    #[tokio::test]
    async fn a_page_is_served_and_a_silent_client_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let health = Pages::health(Leadership::unchallenged(), watch::channel(true).1);
        tokio::spawn(health.serve(listener));
        let _silent = TcpStream::connect(address).await.expect("a connection");
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        let request = "GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
        stream.write_all(request.as_bytes()).await.expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.ends_with("ok"),
            "{answer}"
        );
    }
}
