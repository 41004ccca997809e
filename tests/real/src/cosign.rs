//! The real cosign.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::folder::Folder;
use crate::parts::{Part, part};

/// What the private keys are encrypted with: cosign reads no others.
pub(crate) const PASSWORD: &str = "a password";

/// cosign with a home of its own: it sees nothing of whoever runs the suite, and asks no public service.
#[derive(Debug)]
pub struct Cosign {
    home: Folder,
}

/// What has to be proven of a signature, as flags that cosign and `portolan` have in common say it.
#[derive(Debug, Clone, Default)]
pub struct Demand {
    /// The file with the key that must have signed.
    pub key: Option<PathBuf>,
    /// The issuer and the name that must be in the certificate, to the letter.
    pub identity: Option<(String, String)>,
    /// The same as regular expressions.
    pub pattern: Option<(String, String)>,
    /// What must be signed together with the digest.
    pub annotations: Vec<(String, String)>,
    /// The file with what is believed.
    pub trusted_root: Option<PathBuf>,
    /// An entry in a log is not demanded.
    pub ignore_log: bool,
    /// A log's promise in the certificate is not demanded.
    pub ignore_sct: bool,
    /// Timestamps prove the time.
    pub use_timestamps: bool,
}

impl Cosign {
    /// cosign with an empty home.
    #[track_caller]
    pub fn new() -> Self {
        Self {
            home: Folder::new("cosign"),
        }
    }

    /// `cosign verify` of what is at `host/repository@digest`, over plain HTTP: what it printed.
    ///
    /// # Errors
    ///
    /// What it has against it.
    pub fn verify(&self, reference: &str, demand: &Demand) -> Result<String, String> {
        let mut arguments = vec!["verify".to_owned(), "--allow-http-registry".to_owned()];
        arguments.extend(demand.flags());
        arguments.push(reference.to_owned());
        self.run_in(self.home.path(), &arguments)
    }

    /// cosign with these arguments in a folder: what it printed.
    ///
    /// # Errors
    ///
    /// What it said when it failed.
    pub fn run_in(&self, folder: &Path, arguments: &[String]) -> Result<String, String> {
        let output = Command::new(part(Part::Cosign))
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .env("HOME", self.home.path())
            .env("COSIGN_PASSWORD", PASSWORD)
            // It asks the public log about a signature that carries no entry. What is on loopback is asked
            // without a proxy.
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .output()
            .expect("cosign runs");
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Default for Cosign {
    fn default() -> Self {
        Self::new()
    }
}

impl Demand {
    /// A signature by the key in a file, logged or not.
    pub fn key(file: &Path) -> Self {
        Self {
            key: Some(file.to_owned()),
            ignore_log: true,
            ..Self::default()
        }
    }

    /// A signature by this name, says this issuer.
    pub fn identity(issuer: &str, name: &str) -> Self {
        Self {
            identity: Some((issuer.to_owned(), name.to_owned())),
            ..Self::default()
        }
    }

    /// A signature by a name like this, says an issuer like this: regular expressions.
    pub fn pattern(issuer: &str, name: &str) -> Self {
        Self {
            pattern: Some((issuer.to_owned(), name.to_owned())),
            ..Self::default()
        }
    }

    /// The flags.
    pub fn flags(&self) -> Vec<String> {
        let mut flags = Vec::new();
        let mut push = |name: &str, value: &str| flags.push(format!("--{name}={value}"));
        if let Some(key) = &self.key {
            push("key", &key.display().to_string());
        }
        if let Some((issuer, name)) = &self.identity {
            push("certificate-oidc-issuer", issuer);
            push("certificate-identity", name);
        }
        if let Some((issuer, name)) = &self.pattern {
            push("certificate-oidc-issuer-regexp", issuer);
            push("certificate-identity-regexp", name);
        }
        for (name, value) in &self.annotations {
            push("annotations", &format!("{name}={value}"));
        }
        if let Some(root) = &self.trusted_root {
            push("trusted-root", &root.display().to_string());
        }
        for (wanted, name) in [
            (self.ignore_log, "insecure-ignore-tlog"),
            (self.ignore_sct, "insecure-ignore-sct"),
            (self.use_timestamps, "use-signed-timestamps"),
        ] {
            if wanted {
                flags.push(format!("--{name}"));
            }
        }
        flags
    }
}
