//! One HTTP/1.1 listener on loopback, on a thread and a runtime of its own.

mod body;
mod seen;
mod wire;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

pub(crate) use self::body::{Body, Step};
pub(crate) use self::seen::Log;
pub use self::seen::{Login, Seen, ServerName};
use self::wire::{Orders, Wire};

/// The largest request body taken, in bytes: more than any chart, and a mistake in a test does not
/// eat the machine.
const MAX_REQUEST_BYTES: usize = 1 << 30;

/// A request whose body has arrived.
#[derive(Debug)]
pub(crate) struct Call {
    /// The server that was asked.
    pub(crate) server: ServerName,
    pub(crate) method: hyper::Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: bytes::Bytes,
}

impl Call {
    /// The first value of a query parameter, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// Every value of a query parameter, decoded.
    pub(crate) fn parameters(&self, name: &str) -> Vec<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    /// A header's value, if it is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What a server does about a request.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Answer it.
    Say(Response<Body>),
    /// Answer it, and reset the connection where the body fails.
    SayThenReset(Response<Body>),
    /// Put these bytes on the wire in place of an answer, and carry on.
    Raw(bytes::Bytes),
    /// Close the connection.
    HangUp,
    /// Reset the connection.
    Reset,
    /// Say nothing for as long as the client waits.
    Never,
}

/// Whoever answers the requests of a server.
pub(crate) trait Answer: fmt::Debug + Send + Sync + 'static {
    /// What to do about this request. Waiting is part of the reply, so nothing here takes time.
    fn answer(&self, call: &Call) -> Reply;
}

/// What a server needs to know of itself, on every start.
#[derive(Clone)]
pub(crate) struct Setting {
    pub(crate) name: ServerName,
    pub(crate) answer: Arc<dyn Answer>,
    pub(crate) log: Arc<Log>,
    pub(crate) tls: Option<TlsAcceptor>,
}

/// A port of our own on 127.0.0.1, refusing connections until a server runs on it.
pub(crate) struct Port(TcpSocket);

impl Port {
    /// Take a free port.
    pub(crate) fn take() -> (Self, SocketAddr) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let socket = bind(any).expect("loopback has a free port");
        let address = socket
            .local_addr()
            .expect("a bound socket knows its address");
        (Self(socket), address)
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // A server that comes back must not wait for the connections it left behind.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// A server that can be stopped and started again on the same port. Stops when dropped.
pub(crate) struct Server {
    address: SocketAddr,
    setting: Setting,
    state: Mutex<State>,
}

enum State {
    Running(Running),
    /// Bound and not listening: connections are refused, and nobody else gets the port.
    Stopped(TcpSocket),
    /// The port could not be kept. Only seen on a way out by panic.
    Lost,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Serve on `port`. Connections are accepted when this returns.
    pub(crate) fn start(port: Port, setting: Setting) -> Self {
        let address = port
            .0
            .local_addr()
            .expect("a bound socket knows its address");
        let running = run(port.0, setting.clone());
        Self {
            address,
            setting,
            state: Mutex::new(State::Running(running)),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Close every connection and refuse new ones. The port stays ours.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(running) = std::mem::replace(&mut *state, State::Lost) {
            running.stop();
        }
        *state = State::Stopped(bind(self.address).expect("the port was ours a moment ago"));
    }

    /// Accept connections again. Nothing happens if the server runs.
    pub(crate) fn start_again(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state = match std::mem::replace(&mut *state, State::Lost) {
            State::Stopped(socket) => State::Running(run(socket, self.setting.clone())),
            other => other,
        };
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("name", &self.setting.name)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let state = self.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let State::Running(running) = std::mem::replace(state, State::Lost) {
            running.stop();
        }
    }
}

impl Running {
    fn stop(self) {
        // An error means that the thread is gone already.
        let _ = self.stop.send(());
        let _ = self.thread.join();
    }
}

/// Run a server on a new thread. Returns once it accepts connections.
fn run(socket: TcpSocket, setting: Setting) -> Running {
    let (stop, stopped) = oneshot::channel();
    let (ready, listening) = mpsc::channel();
    let thread = std::thread::Builder::new()
        .name(format!("kit-{}", setting.name))
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime for one thread can be built");
            runtime.block_on(async move {
                let listener = socket.listen(1024).expect("a bound socket can listen");
                // An error means that nobody waits for us any more.
                let _ = ready.send(());
                tokio::select! {
                    () = accept(listener, setting) => {}
                    _ = stopped => {}
                }
            });
            // Dropping the runtime drops every connection.
        })
        .expect("a thread can be started");
    listening
        .recv()
        .expect("the server listens before its thread does anything else");
    Running { stop, thread }
}

/// Numbers the connections of all servers of this process.
static CONNECTIONS: AtomicU64 = AtomicU64::new(1);

async fn accept(listener: TcpListener, setting: Setting) {
    loop {
        // A connection that fails before it begins is the client's loss.
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        tokio::spawn(connection(stream, setting.clone()));
    }
}

async fn connection(stream: TcpStream, setting: Setting) {
    // Each piece of a slow answer is to leave when it is written.
    let _ = stream.set_nodelay(true);
    let number = CONNECTIONS.fetch_add(1, Ordering::Relaxed);
    let orders = Orders::default();
    if let Some(acceptor) = setting.tls.clone() {
        if let Ok(stream) = acceptor.accept(stream).await {
            let certificate = stream.get_ref().1.peer_certificates().is_some();
            let wire = Wire::tls(stream, orders.clone());
            serve(wire, orders, setting, number, certificate).await;
        }
    } else {
        let wire = Wire::plain(stream, orders.clone());
        serve(wire, orders, setting, number, false).await;
    }
}

async fn serve(wire: Wire, orders: Orders, setting: Setting, connection: u64, certificate: bool) {
    let setting = &setting;
    let orders = &orders;
    let service = service_fn(|request: Request<Incoming>| async move {
        let seen = setting
            .log
            .arrived(setting.name, connection, certificate, &request);
        let (head, body) = request.into_parts();
        let body = Limited::new(body, MAX_REQUEST_BYTES)
            .collect()
            .await
            .map_err(|_| io::Error::other("the request body did not arrive"))?;
        let call = Call {
            server: setting.name,
            method: head.method,
            path: head.uri.path().to_owned(),
            query: head.uri.query().unwrap_or_default().to_owned(),
            headers: head.headers,
            body: body.to_bytes(),
        };
        let reply = setting.answer.answer(&call);
        carry_out(reply, orders, |status| setting.log.answered(seen, status)).await
    });
    // A connection that ends badly ends as the lie told there wanted it.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(wire), service)
        .await;
}

async fn carry_out(
    reply: Reply,
    orders: &Orders,
    answered: impl FnOnce(u16),
) -> io::Result<Response<Body>> {
    match reply {
        Reply::Say(response) => {
            answered(response.status().as_u16());
            Ok(response)
        }
        Reply::SayThenReset(response) => {
            answered(response.status().as_u16());
            orders.reset();
            Ok(response)
        }
        Reply::Raw(raw) => {
            orders.replace(raw);
            Ok(Response::new(Body::empty()))
        }
        Reply::HangUp => Err(io::Error::other("hung up")),
        Reply::Reset => {
            orders.reset();
            Err(io::Error::other("reset"))
        }
        Reply::Never => std::future::pending().await,
    }
}
