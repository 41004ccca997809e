//! A server that answers as a test tells it to, and remembers what it was asked.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use portolan_auth::{Access, Credential, Request, SendError, Tls, Transport, TransportBuilder};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use url::Url;

/// A request, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Instant,
    pub(crate) method: String,
    /// Path and query; a whole URL if it was sent to a proxy.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// Whether the client presented a certificate.
    pub(crate) identified: bool,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn authorization(&self) -> Option<&str> {
        self.header("authorization")
    }

    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The values of a parameter of its query, or of its form.
    pub(crate) fn parameters(&self, name: &str) -> Vec<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        url::form_urlencoded::parse(query.as_bytes())
            .chain(url::form_urlencoded::parse(self.body.as_bytes()))
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    end: End,
    delay: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Proper,
    /// The length says one byte more than comes.
    Cut,
    /// The length says one byte more than comes, and the connection stays.
    Stalled,
    /// The body is repeated for ever, without a length.
    Never,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            end: End::Proper,
            delay: Duration::ZERO,
        }
    }

    pub(crate) fn ok(body: &str) -> Self {
        Self::new(200).body(body)
    }

    /// A token service's answer.
    pub(crate) fn token(token: &str) -> Self {
        Self::ok(&format!(r#"{{"token":"{token}","expires_in":300}}"#))
    }

    /// 401 with this challenge.
    pub(crate) fn challenge(challenge: &str) -> Self {
        Self::new(401).header("www-authenticate", challenge)
    }

    /// 401 that names a token service.
    pub(crate) fn bearer(realm: &str) -> Self {
        Self::challenge(&format!(r#"Bearer realm="{realm}",service="registry""#))
    }

    pub(crate) fn redirect(to: &str) -> Self {
        Self::new(307).header("location", to)
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn body(mut self, body: &str) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn cut(self) -> Self {
        Self {
            end: End::Cut,
            ..self
        }
    }

    pub(crate) fn stalled(self) -> Self {
        Self {
            end: End::Stalled,
            ..self
        }
    }

    pub(crate) fn endless(self) -> Self {
        Self {
            end: End::Never,
            ..self
        }
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }
}

/// A server on loopback. It stops when it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    secure: bool,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::serve(None, answer).await
    }

    pub(crate) async fn start_tls(
        authority: &Authority,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Self::serve(Some(authority.acceptor()), answer).await
    }

    async fn serve(
        tls: Option<TlsAcceptor>,
        answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let secure = tls.is_some();
        let state = (Arc::new(answer), Arc::clone(&seen));
        let serving = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let ((answer, seen), tls) = (state.clone(), tls.clone());
                connections.spawn(async move {
                    let Some(tls) = tls else {
                        return converse(stream, false, &*answer, &seen).await;
                    };
                    let stream = tls.accept(stream).await.ok()?;
                    let identified = stream.get_ref().1.peer_certificates().is_some();
                    converse(stream, identified, &*answer, &seen).await
                });
            }
        });
        Self {
            address,
            secure,
            seen,
            serving,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Host and port.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn url(&self, path: &str) -> Url {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}{path}", self.address)
            .parse()
            .unwrap()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// What it was asked, as `METHOD path`.
    pub(crate) fn asked(&self) -> Vec<String> {
        let seen = self.seen();
        seen.iter()
            .map(|seen| format!("{} {}", seen.method, seen.path()))
            .collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Answer on one connection until it ends.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    identified: bool,
    answer: &(impl Fn(&Seen) -> Reply + ?Sized),
    log: &Mutex<Vec<Seen>>,
) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        let mut words = line.split_whitespace();
        let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
        let mut headers = Vec::new();
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok()?;
            let Some((name, value)) = line.trim_end().split_once(": ") else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        let mut seen = Seen {
            at: Instant::now(),
            method,
            target,
            headers,
            body: String::new(),
            identified,
        };
        let length = seen
            .header("content-length")
            .map_or(0, |text| text.parse().unwrap());
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        seen.body = String::from_utf8(body).unwrap();
        log.lock().unwrap().push(seen.clone());
        let reply = answer(&seen);
        tokio::time::sleep(reply.delay).await;
        write(&mut stream, &reply, seen.method == "HEAD").await?;
    }
}

async fn write(
    stream: &mut (impl AsyncWrite + Unpin),
    reply: &Reply,
    head_only: bool,
) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} Told\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = match reply.end {
        End::Proper => write!(head, "content-length: {}\r\n\r\n", reply.body.len()),
        End::Cut | End::Stalled => write!(head, "content-length: {}\r\n\r\n", reply.body.len() + 1),
        End::Never => write!(head, "connection: close\r\n\r\n"),
    };
    stream.write_all(head.as_bytes()).await.ok()?;
    if head_only {
        return stream.flush().await.ok();
    }
    stream.write_all(&reply.body).await.ok()?;
    stream.flush().await.ok()?;
    match reply.end {
        End::Proper => Some(()),
        End::Cut => None,
        End::Stalled => std::future::pending().await,
        End::Never => loop {
            stream.write_all(&reply.body).await.ok()?;
        },
    }
}

/// A certificate authority with one server certificate and one client certificate.
pub(crate) struct Authority {
    ca_pem: String,
    ca: CertificateDer<'static>,
    server: (CertificateDer<'static>, Vec<u8>),
    client: (String, String),
}

impl Authority {
    /// For 127.0.0.1 and some names.
    pub(crate) fn new() -> Self {
        let names = ["127.0.0.1", "registry.test", "auth.test", "store.test"];
        let ca_key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = params.self_signed(&ca_key).unwrap();
        let issuer = Issuer::new(params, ca_key);
        let signed = |names: Vec<String>| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(names).unwrap();
            (params.signed_by(&key, &issuer).unwrap(), key)
        };
        let (server, server_key) = signed(names.map(str::to_owned).to_vec());
        let (client, client_key) = signed(vec!["client".to_owned()]);
        Self {
            ca_pem: ca.pem(),
            ca: ca.der().clone(),
            server: (server.der().clone(), server_key.serialize_der()),
            client: (client.pem(), client_key.serialize_pem()),
        }
    }

    pub(crate) fn roots_pem(&self) -> &str {
        &self.ca_pem
    }

    pub(crate) fn client_pem(&self) -> (&str, &str) {
        (&self.client.0, &self.client.1)
    }

    /// Trust it.
    pub(crate) fn tls(&self) -> Tls {
        Tls::default()
            .with_roots_pem(self.ca_pem.as_bytes())
            .unwrap()
    }

    /// Trust it, and present its client certificate.
    pub(crate) fn tls_with_identity(&self) -> Tls {
        let (certificate, key) = self.client_pem();
        self.tls()
            .with_identity_pem(certificate.as_bytes(), key.as_bytes())
            .unwrap()
    }

    fn acceptor(&self) -> TlsAcceptor {
        let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.ca.clone()).unwrap();
        let clients = WebPkiClientVerifier::builder_with_provider(roots.into(), provider.clone())
            .allow_unauthenticated()
            .build()
            .unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(
                vec![self.server.0.clone()],
                PrivatePkcs8KeyDer::from(self.server.1.clone()).into(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A transport that asks nobody else on the way.
pub(crate) fn transport() -> Transport {
    builder().build().unwrap()
}

pub(crate) fn builder() -> TransportBuilder {
    Transport::builder().without_proxy()
}

/// `user` with this password, for tenant `a`.
pub(crate) fn user(password: &str) -> Access {
    Access::new("a", Some(Credential::basic("user", password)))
}

/// `user:<password>` as Basic shows it.
pub(crate) fn shown(password: &str) -> String {
    use base64::Engine as _;
    let pair = format!("user:{password}");
    format!(
        "Basic {}",
        base64::engine::general_purpose::STANDARD.encode(pair)
    )
}

/// `GET url` for `access`, to pull `app`. The status, or the error.
pub(crate) async fn get(
    transport: &Transport,
    url: Url,
    access: &Access,
) -> Result<u16, SendError> {
    let request = Request::get(url).access(access.clone()).pull_scope("app");
    let response = transport.send(request).await?;
    let status = response.status().as_u16();
    // Read to the end, so that the connection can be used again.
    let _ = response.collect(1 << 20).await;
    Ok(status)
}

/// An error and its causes, in every form that a person might see.
pub(crate) fn told(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = format!("{error} {error:?}");
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, " {error} {error:?}");
        cause = error.source();
    }
    text
}
