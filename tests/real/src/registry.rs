//! The real registry.

use std::fs;
use std::net::{Ipv4Addr, TcpStream};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::authority::Authority;
use crate::crane::crane;
use crate::folder::Folder;
use crate::parts::{Part, part};
use crate::ports::free_port;
use crate::process::Process;
use crate::token::TokenService;

const PATIENCE: Duration = Duration::from_secs(20);

/// Somebody whom a registry may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: &'static str,
    /// The password.
    pub password: &'static str,
    /// The bcrypt hash of the password, which is what the registry is told.
    hash: &'static str,
}

impl Account {
    /// Alice.
    pub const ALICE: Self = Self {
        name: "alice",
        password: "first-password",
        hash: "$2b$04$F2t8ZTN.vtYZsgyepuiq2.ZE5BcEd56AMgJ341RDOUXKN7dIOvfPq",
    };
    /// Alice, after she has changed her password.
    pub const ALICE_LATER: Self = Self {
        name: "alice",
        password: "second-password",
        hash: "$2b$04$yQZtA80tdoJWiFv9ULvbTODTFj.aiFChMUAESsVC5weuPS1dOsea6",
    };
    /// Bob.
    pub const BOB: Self = Self {
        name: "bob",
        password: "bobs-password",
        hash: "$2b$04$vGNjFyEDtz25UoyazxnWS.cZYzfBp/Zg70y19mI46K85ICYSrZ5ma",
    };
}

impl Account {
    /// As the configuration of a web server has it.
    pub(crate) fn for_a_web_server(&self) -> Value {
        json!({"username": self.name, "password": self.hash})
    }
}

/// How a registry learns whom it speaks with.
#[derive(Debug)]
pub enum Guard {
    /// It does not ask.
    Open,
    /// It asks for a password in every request.
    Basic,
    /// It believes what a token service has signed.
    Token(TokenService),
    /// It speaks TLS, and with nobody whom the same authority does not vouch for.
    Certificate(Box<Authority>),
}

/// A request that a registry has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET`.
    pub method: String,
    /// The path with the query.
    pub target: String,
    /// The status of the answer.
    pub status: u16,
    /// The `User-Agent`.
    pub agent: String,
}

/// A registry on a port of its own. Its content stays when it is stopped.
#[derive(Debug)]
pub struct OciRegistry {
    // Before the folder, so that it ends, and shows its log, before that goes.
    process: Option<Process>,
    folder: Folder,
    port: u16,
    guard: Guard,
}

impl OciRegistry {
    /// A registry that does not ask who is there.
    #[track_caller]
    pub fn open() -> Self {
        Self::guarded(Guard::Open, &[])
    }

    /// A registry that lets `accounts` in by their passwords.
    #[track_caller]
    pub fn with_passwords(accounts: &[Account]) -> Self {
        Self::guarded(Guard::Basic, accounts)
    }

    /// A registry that lets `accounts` in by tokens, which are good for `lifetime`.
    #[track_caller]
    pub fn with_tokens(accounts: &[Account], lifetime: Duration) -> Self {
        Self::guarded(Guard::Token(TokenService::start(lifetime)), accounts)
    }

    /// A registry that speaks TLS, and with nobody but those who have a certificate by the authority
    /// that its own is by.
    #[track_caller]
    pub fn with_certificates(authority: Authority) -> Self {
        Self::guarded(Guard::Certificate(Box::new(authority)), &[])
    }

    #[track_caller]
    fn guarded(guard: Guard, accounts: &[Account]) -> Self {
        let mut registry = Self {
            folder: Folder::new("registry"),
            port: free_port(),
            guard,
            process: None,
        };
        registry.accept(accounts);
        registry.start();
        registry
    }

    /// Whom the registry lets in from now on.
    #[track_caller]
    pub fn accept(&self, accounts: &[Account]) {
        match &self.guard {
            Guard::Open | Guard::Certificate(_) => {}
            Guard::Basic => {
                let lines = accounts
                    .iter()
                    .map(|account| format!("{}:{}", account.name, account.hash));
                let lines = lines.collect::<Vec<_>>().join("\n");
                // Replaced whole, as the registry reads it again with any request.
                let path = self.folder.write("htpasswd.new", lines);
                fs::rename(path, self.folder.join("htpasswd")).expect("the file takes its name");
            }
            Guard::Token(service) => service.accept(accounts),
        }
    }

    /// Its token service.
    #[track_caller]
    pub fn tokens(&self) -> &TokenService {
        match &self.guard {
            Guard::Token(service) => service,
            _ => panic!("this registry asks for no tokens"),
        }
    }

    /// Who vouches for it and for those it speaks with.
    #[track_caller]
    pub fn authority(&self) -> &Authority {
        match &self.guard {
            Guard::Certificate(authority) => authority,
            _ => panic!("this registry asks for no certificates"),
        }
    }

    /// `127.0.0.1:port`.
    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `oci://127.0.0.1:port/path`.
    pub fn url(&self, path: &str) -> String {
        format!("oci://{}/{path}", self.host())
    }

    /// Start it, if it is stopped.
    #[track_caller]
    pub fn start(&mut self) {
        if self.process.is_some() {
            return;
        }
        let configuration = self
            .folder
            .write("config.json", self.configuration().to_string());
        let mut command = Command::new(part(Part::Registry));
        command
            .arg("serve")
            .arg(configuration)
            // It would send traces to a collector that nobody runs, and log that it cannot.
            .env("OTEL_TRACES_EXPORTER", "none");
        let mut process = Process::start("the registry", &mut command, &self.folder.join("log"));
        let address = (Ipv4Addr::LOCALHOST, self.port);
        process.until_ready(PATIENCE, || TcpStream::connect(address).is_ok());
        self.process = Some(process);
    }

    /// Stop it at once: connections break.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Give a chart that is in the registry another tag as well.
    #[track_caller]
    pub fn tag(&self, repository: &str, existing: &str, tag: &str) {
        let existing = format!("{}/{repository}:{existing}", self.host());
        crane(&["tag", &existing, tag]);
    }

    /// Push the image of a container, of one empty layer.
    #[track_caller]
    pub fn push_image(&self, repository: &str, tag: &str) {
        // A tar archive ends with two blocks of nothing.
        let layer = self
            .folder
            .write("layer.tar", [0; 1024])
            .display()
            .to_string();
        let reference = format!("{}/{repository}:{tag}", self.host());
        crane(&["append", "--new_layer", &layer, "--new_tag", &reference]);
    }

    /// What it has answered for a repository, oldest first. An answer is in the list a moment after
    /// it was given.
    pub fn seen(&self, repository: &str) -> Vec<Seen> {
        let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let below = format!("/v2/{repository}/");
        log.lines()
            .filter_map(read_line)
            .filter(|seen| seen.target.starts_with(&below))
            .collect()
    }

    fn configuration(&self) -> Value {
        let path = |name: &str| self.folder.join(name).display().to_string();
        let mut configuration = json!({
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": false}},
            "storage": {"filesystem": {"rootdirectory": path("content")}, "delete": {"enabled": true}},
            "http": {"addr": self.host(), "secret": "the same after a restart"},
        });
        match &self.guard {
            Guard::Open => {}
            Guard::Basic => {
                configuration["auth"] =
                    json!({"htpasswd": {"realm": "registry", "path": path("htpasswd")}});
            }
            Guard::Token(service) => {
                let keys = self.folder.write("keys.json", service.keys().to_string());
                let keys = keys.display().to_string();
                configuration["auth"] = json!({"token": service.configuration("registry", &keys)});
            }
            Guard::Certificate(authority) => {
                let file = |name: &str, text: &str| {
                    let path = self.folder.write(name, text);
                    path.display().to_string()
                };
                let server = authority.server();
                configuration["http"]["tls"] = json!({
                    "certificate": file("tls.crt", &server.certificate),
                    "key": file("tls.key", &server.key),
                    "clientcas": [file("ca.crt", authority.certificate())],
                });
            }
        }
        configuration
    }
}

/// A line of the access log, in the combined format:
/// `127.0.0.1 - - [time] "GET /v2/ HTTP/1.1" 200 2 "" "agent"`.
fn read_line(line: &str) -> Option<Seen> {
    let mut parts = line.split('"');
    let (_, request, numbers) = (parts.next()?, parts.next()?, parts.next()?);
    let agent = parts.nth(2)?.to_owned();
    let mut request = request.split(' ');
    let (method, target) = (request.next()?.to_owned(), request.next()?.to_owned());
    let status = numbers.split_whitespace().next()?.parse().ok()?;
    Some(Seen {
        method,
        target,
        status,
        agent,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_access_log_is_read() {
        let line = r#"127.0.0.1 - - [21/Nov/2026:11:46:38 +0000] "GET /v2/a/tags/list?n=9 HTTP/1.1" 200 46 "" "helm/4""#;
        let seen = read_line(line).expect("a request");
        assert_eq!((seen.method.as_str(), seen.status), ("GET", 200));
        assert_eq!(seen.target, "/v2/a/tags/list?n=9");
        assert_eq!(seen.agent, "helm/4");
        assert_eq!(read_line("time=\"2026\" level=error msg=\"no\""), None);
    }
}
