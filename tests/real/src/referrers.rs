//! A registry that is asked what refers to an artifact, and answers.

use std::process::Command;
use std::time::Duration;

use crate::folder::Folder;
use crate::http::get;
use crate::parts::{Part, part};
use crate::ports::free_port;
use crate::process::Process;

const PATIENCE: Duration = Duration::from_secs(20);

/// A registry with the [referrers API](https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers),
/// which [`OciRegistry`](crate::OciRegistry) lacks. It does not ask who is there, and forgets all when it is stopped.
#[derive(Debug)]
pub struct ReferrersRegistry {
    #[expect(dead_code, reason = "it ends when it is dropped")]
    process: Process,
    #[expect(dead_code, reason = "it has the log, and goes when it is dropped")]
    folder: Folder,
    port: u16,
}

impl ReferrersRegistry {
    /// An empty registry.
    #[track_caller]
    pub fn start() -> Self {
        let folder = Folder::new("referrers-registry");
        let port = free_port();
        let mut command = Command::new(part(Part::ReferrersRegistry));
        let address = format!("127.0.0.1:{port}");
        command.arg(&address);
        let mut process = Process::start("the registry", &mut command, &folder.join("log"));
        let ping = format!("http://{address}/v2/");
        process.until_ready(PATIENCE, || get(&ping).is_ok());
        Self {
            process,
            folder,
            port,
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
}
