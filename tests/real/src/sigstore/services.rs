//! The processes of a sigstore.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::certificates::{FULCIO_CHAIN, TIMESTAMP_CHAIN};
use super::issuer::OpenIdIssuer;
use crate::folder::Folder;
use crate::http::get;
use crate::parts::{Part, part};
use crate::ports::free_port;
use crate::process::Process;

const PATIENCE: Duration = Duration::from_secs(30);

/// How often the newer Rekor signs what was added: whoever signs waits for it.
const CHECKPOINT_INTERVAL: &str = "200ms";

/// The name of the older Rekor in its checkpoints.
const REKOR_ORIGIN: &str = "rekor.test";

/// The name of the newer Rekor in its checkpoints. cosign's client looks for the host in the URL of the trusted root,
/// without the port.
pub(super) const REKOR_TILES_ORIGIN: &str = "127.0.0.1";

/// The services, and where they are.
#[derive(Debug)]
pub(super) struct Services {
    running: Vec<Running>,
    /// Speaks no HTTP. That the logs answer says that it does.
    #[expect(dead_code, reason = "it ends when it is dropped")]
    trillian: Process,
    /// Issues certificates that are logged.
    pub(super) fulcio: String,
    /// Issues certificates that are not logged.
    pub(super) fulcio_without_log: String,
    /// The certificate transparency log.
    pub(super) ctlog: String,
    /// The first version.
    pub(super) rekor: String,
    /// The second version.
    pub(super) rekor_tiles: String,
    /// Where timestamps are asked for.
    pub(super) timestamps: String,
}

#[derive(Debug)]
struct Running {
    process: Process,
    /// What it answers when it is ready.
    probe: String,
}

impl Services {
    /// Start all of them, with the keys that are in the folder.
    #[track_caller]
    pub(super) fn start(folder: &Folder, issuer: &OpenIdIssuer) -> Self {
        let issuers = folder.write("issuers.json", issuer.configuration().to_string());
        let [
            fulcio,
            fulcio_without_log,
            trillian,
            ctlog,
            rekor,
            tiles,
            timestamps,
        ] = std::array::from_fn(|_| format!("127.0.0.1:{}", free_port()));
        let http = |address: &str, path: &str| format!("http://{address}{path}");
        let (trillian_process, [certificate_tree, signature_tree]) = trees(&trillian, folder);
        let mut services = Self {
            running: Vec::new(),
            trillian: trillian_process,
            fulcio: http(&fulcio, ""),
            fulcio_without_log: http(&fulcio_without_log, ""),
            ctlog: http(&ctlog, "/lab"),
            rekor: http(&rekor, ""),
            rekor_tiles: http(&tiles, ""),
            timestamps: http(&timestamps, "/api/v1/timestamp"),
        };

        let mut command = service(Part::TimestampAuthority, folder);
        command.args(["-chain", TIMESTAMP_CHAIN, "-key", "timestamp.key"]);
        command.arg(&timestamps);
        services.run(
            "timestamp-authority",
            command,
            &http(&timestamps, "/ping"),
            folder,
        );

        let mut command = service(Part::RekorTiles, folder);
        command.args(["serve", "--hostname", REKOR_TILES_ORIGIN]);
        command.args(["--signer-filepath", "rekor-tiles.key"]);
        command.args([
            "--storage-dir",
            "rekor-tiles",
            "--persistent-antispam=false",
        ]);
        command.args(["--checkpoint-interval", CHECKPOINT_INTERVAL]);
        command.args(["--http-address", "127.0.0.1", "--grpc-address", "127.0.0.1"]);
        let (_, port) = tiles.split_once(':').expect("a port");
        command.args(["--http-port", port, "--grpc-port", &free_port().to_string()]);
        command.args(["--http-metrics-port", &free_port().to_string()]);
        fs::create_dir(folder.join("rekor-tiles")).expect("a folder");
        services.run("rekor-tiles", command, &http(&tiles, "/healthz"), folder);

        for (name, address, log) in [
            ("fulcio", &fulcio, Some(services.ctlog.clone())),
            ("fulcio-without-log", &fulcio_without_log, None),
        ] {
            let mut command = service(Part::Fulcio, folder);
            command.args(["-chain", FULCIO_CHAIN, "-key", "fulcio.key"]);
            command.arg("-issuers").arg(&issuers);
            if let Some(log) = log {
                command.args(["-ct-log", &log]);
            }
            command.arg(address);
            services.run(name, command, &http(address, "/api/v2/trustBundle"), folder);
        }

        let configuration = folder.write(
            "ctlog.cfg",
            ctlog_configuration(&certificate_tree, folder.path()),
        );
        let mut command = service(Part::CtLog, folder);
        command.arg("--log_config").arg(configuration);
        command.args(["--log_rpc_server", &trillian, "--http_endpoint", &ctlog]);
        command.arg("--logtostderr");
        let probe = format!("{}/ct/v1/get-sth", services.ctlog);
        services.run("ctlog", command, &probe, folder);

        let mut command = service(Part::Rekor, folder);
        command.args(["-log", &trillian, "-tree", &signature_tree]);
        command.args(["-key", "rekor.key", "-origin", REKOR_ORIGIN, &rekor]);
        services.run("rekor", command, &http(&rekor, "/api/v1/log"), folder);
        services
    }

    /// Wait until all of them answer.
    #[track_caller]
    pub(super) fn until_ready(&mut self) {
        for Running { process, probe } in &mut self.running {
            process.until_ready(PATIENCE, || {
                get(probe).is_ok_and(|answer| answer.status.is_success())
            });
        }
    }

    #[track_caller]
    fn run(&mut self, name: &str, mut command: Command, probe: &str, folder: &Folder) {
        let log = folder.join(&format!("{name}.log"));
        self.running.push(Running {
            process: Process::start(name, &mut command, &log),
            probe: probe.to_owned(),
        });
    }
}

/// Start what the logs keep their entries in: the process, and the numbers of two empty trees.
#[track_caller]
fn trees(address: &str, folder: &Folder) -> (Process, [String; 2]) {
    let mut command = service(Part::Trillian, folder);
    command.args(["-trees", "2", "-list", "trees", address]);
    let mut process = Process::start("trillian", &mut command, &folder.join("trillian.log"));
    let list = folder.join("trees");
    process.until_ready(PATIENCE, || list.exists());
    let text = fs::read_to_string(&list).expect("the numbers of the trees");
    let numbers: Vec<_> = text.lines().map(str::to_owned).collect();
    let numbers = numbers.try_into();
    (process, numbers.expect("as many trees as were wanted"))
}

/// A service that finds its files in the folder, and nothing of whoever runs the suite.
fn service(which: Part, folder: &Folder) -> Command {
    let mut command = Command::new(part(which));
    command
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path());
    command
}

/// What the certificate transparency log has to be told, as a
/// [text of a protocol buffer](https://github.com/google/certificate-transparency-go/blob/v1.3.2/trillian/ctfe/configpb/config.proto).
fn ctlog_configuration(tree: &str, folder: &Path) -> String {
    let key = fs::read(folder.join("ctlog.der")).expect("a key");
    let key = key.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "\\x{byte:02x}");
        text
    });
    let roots = folder.join(FULCIO_CHAIN);
    format!(
        r#"config {{
  log_id: {tree}
  prefix: "lab"
  roots_pem_file: "{}"
  max_merge_delay_sec: 86400
  expected_merge_delay_sec: 60
  private_key: {{ [type.googleapis.com/keyspb.PrivateKey] {{ der: "{key}" }} }}
}}
"#,
        roots.display()
    )
}
