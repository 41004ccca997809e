//! A server that takes notifications.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hyper::{Method, StatusCode};
use serde_json::Value;

use crate::response::empty;
use crate::server::{Answer, Call, Log, Port, Reply, Seen, Server, ServerName, Setting};

/// What arrived at an [`EventsSink`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// When all of it had arrived.
    pub at: Instant,
    /// The path it was posted to.
    pub path: String,
    /// The body; null if it is not JSON.
    pub body: Value,
}

/// What an [`EventsSink`] does with what arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Mood {
    /// It takes it, and says so with 202.
    #[default]
    Taking,
    /// It records it, and answers with this status.
    Answering(u16),
    /// It records it, and says nothing.
    Silent,
}

/// A server on 127.0.0.1 that records the JSON posted to it. Stops when it is dropped.
#[derive(Debug)]
pub struct EventsSink {
    server: Server,
    taker: Arc<Taker>,
    log: Arc<Log>,
}

#[derive(Debug, Default)]
struct Taker {
    events: Mutex<Vec<Event>>,
    mood: Mutex<Mood>,
}

impl EventsSink {
    /// Start it, and wait until it accepts connections.
    #[expect(
        clippy::unused_async,
        reason = "as with the registry, starting may once take time"
    )]
    pub async fn start() -> Self {
        Self::start_blocking()
    }

    /// [`start`](Self::start) for who is not async.
    pub fn start_blocking() -> Self {
        let (port, _) = Port::take();
        let taker = Arc::new(Taker::default());
        let log = Arc::new(Log::default());
        let setting = Setting {
            name: ServerName::Events,
            answer: Arc::clone(&taker) as _,
            log: Arc::clone(&log),
            tls: None,
        };
        Self {
            server: Server::start(port, setting),
            taker,
            log,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// `http://127.0.0.1:40001`
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// What was posted so far.
    pub fn events(&self) -> Vec<Event> {
        self.taker.events().clone()
    }

    /// Every request so far, whatever its method.
    pub fn requests(&self) -> Vec<Seen> {
        self.log.all()
    }

    /// Do this from now on.
    pub fn be(&self, mood: Mood) {
        *self
            .taker
            .mood
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// Close every connection and refuse new ones.
    pub fn stop(&self) {
        self.server.stop();
    }

    /// Accept connections on the same port again.
    pub fn start_again(&self) {
        self.server.start_again();
    }
}

impl Taker {
    fn events(&self) -> std::sync::MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Answer for Taker {
    fn answer(&self, call: &Call) -> Reply {
        if call.method != Method::POST {
            return Reply::Say(empty(StatusCode::METHOD_NOT_ALLOWED));
        }
        self.events().push(Event {
            at: Instant::now(),
            path: call.path.clone(),
            body: serde_json::from_slice(&call.body).unwrap_or_default(),
        });
        match *self.mood.lock().unwrap_or_else(PoisonError::into_inner) {
            Mood::Taking => Reply::Say(empty(StatusCode::ACCEPTED)),
            Mood::Answering(status) => {
                let status = StatusCode::from_u16(status);
                let status = status.expect("a test names a status that exists");
                Reply::Say(empty(status))
            }
            Mood::Silent => Reply::Never,
        }
    }
}
