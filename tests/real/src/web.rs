//! The real web server.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::folder::Folder;
use crate::http::post;
use crate::parts::{Part, part};
use crate::ports::free_port;
use crate::process::Process;
use crate::registry::Account;

const PATIENCE: Duration = Duration::from_secs(20);

/// Whom a web server speaks with.
#[derive(Debug)]
enum Door {
    /// Everybody.
    Open,
    /// Those who send one of these names with its password, in every request.
    Passwords(Mutex<Vec<Account>>),
    /// Those whom the authority vouches for, over TLS.
    Certificate(Box<Authority>),
}

/// A request that a web server has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The path with the query.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
    /// How many bytes of body the answer had, as they were on the wire.
    pub bytes: u64,
    /// Whether the answer was compressed.
    pub compressed: bool,
    /// Whether the request had a credential, right or wrong.
    pub with_credential: bool,
}

/// Caddy on a port of its own, which serves the files of a folder: with `ETag` and `Last-Modified`,
/// with 304 for who has a file already, and an `index.yaml` compressed for who asks. Its files stay
/// when it is stopped.
#[derive(Debug)]
pub struct WebServer {
    // Before the folder, so that it ends, and shows its log, before that goes.
    process: Option<Process>,
    folder: Folder,
    port: u16,
    admin_port: u16,
    door: Door,
}

impl WebServer {
    /// A server that does not ask who is there.
    #[track_caller]
    pub fn open() -> Self {
        Self::with(Door::Open)
    }

    /// A server that lets `accounts` in by their passwords.
    #[track_caller]
    pub fn with_passwords(accounts: &[Account]) -> Self {
        Self::with(Door::Passwords(Mutex::new(accounts.to_vec())))
    }

    /// A server that speaks TLS, and with nobody but those who have a certificate by the authority
    /// that its own is by.
    #[track_caller]
    pub fn with_certificates(authority: Authority) -> Self {
        Self::with(Door::Certificate(Box::new(authority)))
    }

    #[track_caller]
    fn with(door: Door) -> Self {
        let folder = Folder::new("web");
        fs::create_dir(folder.join("content")).expect("a folder");
        let mut server = Self {
            folder,
            port: free_port(),
            admin_port: free_port(),
            door,
            process: None,
        };
        server.start();
        server
    }

    /// Whom the server lets in from now on.
    #[track_caller]
    pub fn accept(&self, accounts: &[Account]) {
        let Door::Passwords(known) = &self.door else {
            panic!("this server asks for no passwords");
        };
        *known.lock().unwrap_or_else(PoisonError::into_inner) = accounts.to_vec();
        let url = format!("http://127.0.0.1:{}/load", self.admin_port);
        let answer = post(&url, self.configuration().to_string());
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    /// Who vouches for it and for those it speaks with.
    #[track_caller]
    pub fn authority(&self) -> &Authority {
        match &self.door {
            Door::Certificate(authority) => authority,
            _ => panic!("this server asks for no certificates"),
        }
    }

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `http://127.0.0.1:port/path`, or `https:` where it speaks TLS.
    pub fn url(&self, path: &str) -> String {
        let scheme = match self.door {
            Door::Certificate(_) => "https",
            Door::Open | Door::Passwords(_) => "http",
        };
        format!("{scheme}://{}/{path}", self.host())
    }

    /// Serve these bytes at a path from now on, in the place of any before.
    #[track_caller]
    pub fn put(&self, path: &str, content: impl AsRef<[u8]>) {
        // Put in place whole: whoever reads meanwhile gets the one or the other.
        let whole = self.folder.write("coming", content);
        let place = self.file(path);
        fs::create_dir_all(place.parent().expect("a file in a folder")).expect("a folder");
        fs::rename(whole, place).expect("the file takes its name");
    }

    /// Serve a file of the disk below a path, by its own name.
    #[track_caller]
    pub fn put_file(&self, folder: &str, file: &Path) {
        let name = file.file_name().expect("a file").to_string_lossy();
        let content = fs::read(file).expect("a file");
        self.put(&format!("{folder}/{name}"), content);
    }

    /// Let a file be from a minute ago. What is as new as the clock can tell may change once more before
    /// the clock goes on, and careful clients ask for it again.
    #[track_caller]
    pub fn let_age(&self, path: &str) {
        let file = File::options().append(true).open(self.file(path));
        let before = SystemTime::now() - Duration::from_mins(1);
        let aged = file.and_then(|file| file.set_modified(before));
        aged.expect("a file gets another time");
    }

    /// What is served at a path, on the disk.
    pub fn file(&self, path: &str) -> PathBuf {
        self.folder.join("content").join(path)
    }

    /// Start it, if it is stopped.
    #[track_caller]
    pub fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        let configuration = self.configuration().to_string();
        let mut command = Command::new(part(Part::Caddy));
        command
            .arg("run")
            .arg("--config")
            .arg(self.folder.write("config.json", configuration))
            // It keeps to its folder.
            .env("HOME", self.folder.path())
            .env("XDG_DATA_HOME", self.folder.path())
            .env("XDG_CONFIG_HOME", self.folder.path());
        let mut process = Process::start("the web server", &mut command, &self.folder.join("log"));
        let address = (Ipv4Addr::LOCALHOST, self.port);
        process.until_ready(PATIENCE, || TcpStream::connect(address).is_ok());
        self.process = Some(process);
    }

    /// Stop it at once: connections break.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// What it has answered below a path, oldest first. An answer is in the list a moment after it
    /// was given.
    pub fn visits(&self, path: &str) -> Vec<Visit> {
        let log = fs::read_to_string(self.folder.join("access.log")).unwrap_or_default();
        let below = format!("/{path}");
        log.lines()
            .filter_map(read_line)
            .filter(|visit| visit.target.starts_with(&below))
            .collect()
    }

    fn configuration(&self) -> Value {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let index = json!({
            "match": [{"path": ["*/index.yaml"]}],
            "handle": [{
                "handler": "encode",
                "encodings": {"gzip": {}},
                "minimum_length": 1,
                "match": {"headers": {"Content-Type": ["*yaml*"]}},
            }],
        });
        let files = json!({"handle": [{"handler": "file_server", "root": path("content")}]});
        let mut server = json!({
            "listen": [self.host()],
            "automatic_https": {"disable": true},
            "protocols": ["h1"],
            "logs": {},
            "routes": [index, files],
        });
        let mut apps = json!({});
        match &self.door {
            Door::Open => {}
            Door::Passwords(accounts) => {
                let accounts = accounts.lock().unwrap_or_else(PoisonError::into_inner);
                let guard = json!({"handle": [{
                    "handler": "authentication",
                    "providers": {"http_basic": {"accounts": accounts.iter().map(Account::for_a_web_server).collect::<Vec<_>>()}},
                }]});
                let routes = server["routes"].as_array_mut().expect("routes");
                routes.insert(0, guard);
            }
            Door::Certificate(authority) => {
                let file = |name: &str, text: &str| {
                    let path = self.folder.write(name, text);
                    path.display().to_string()
                };
                let identity = authority.server();
                // Clients name no host in the handshake whose name is an address.
                server["strict_sni_host"] = json!(false);
                server["protocols"] = json!(["h1", "h2"]);
                apps["tls"] = json!({"certificates": {"load_files": [{
                    "certificate": file("tls.crt", &identity.certificate),
                    "key": file("tls.key", &identity.key),
                }]}});
                server["tls_connection_policies"] = json!([{"client_authentication": {
                    "mode": "require_and_verify",
                    "ca": {"provider": "file", "pem_files": [file("ca.crt", authority.certificate())]},
                }}]);
            }
        }
        apps["http"] = json!({"servers": {"server": server}});
        json!({
            "admin": {"listen": format!("127.0.0.1:{}", self.admin_port), "config": {"persist": false}},
            "storage": {"module": "file_system", "root": path("storage")},
            "logging": {"logs": {
                "default": {"level": "WARN", "exclude": ["http.log.access"]},
                "access": {
                    "include": ["http.log.access"],
                    "encoder": {"format": "json"},
                    "writer": {"output": "file", "filename": path("access.log"), "roll": false},
                },
            }},
            "apps": apps,
        })
    }
}

/// A line of the access log.
fn read_line(line: &str) -> Option<Visit> {
    let line: Value = serde_json::from_str(line).ok()?;
    let answer = &line["resp_headers"];
    Some(Visit {
        target: line["request"]["uri"].as_str()?.to_owned(),
        status: line["status"].as_u64()?.try_into().ok()?,
        bytes: line["size"].as_u64()?,
        compressed: answer["Content-Encoding"][0] == "gzip",
        // The log tells of it, and not what it is.
        with_credential: !line["request"]["headers"]["Authorization"].is_null(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_access_log_is_read() {
        let line = json!({
            "request": {"method": "GET", "uri": "/charts/index.yaml", "headers": {"Authorization": ["REDACTED"]}},
            "size": 571,
            "status": 200,
            "resp_headers": {"Content-Encoding": ["gzip"]},
        });
        let visit = read_line(&line.to_string()).expect("a request");
        assert_eq!((visit.status, visit.bytes), (200, 571));
        assert_eq!(visit.target, "/charts/index.yaml");
        assert!(visit.compressed && visit.with_credential);
        assert_eq!(read_line("{}"), None);
    }
}
