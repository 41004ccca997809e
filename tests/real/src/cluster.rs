//! An API server with its store: as far as a controller can see, a cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::api::Api;
use crate::audit::{Call, POLICY};
use crate::folder::Folder;
use crate::http::post;
use crate::kinds::Id;
use crate::manifest::condition;
use crate::ours::ours;
use crate::parts::{Part, part};
use crate::ports::free_port;
use crate::process::Process;
use crate::wait::within;

const PATIENCE: Duration = Duration::from_mins(1);

/// The user that the controller is, as the audit log has it.
const CONTROLLER: &str = "portolan-controller";

static SHARED: LazyLock<Cluster> = LazyLock::new(Cluster::start);

/// etcd and kube-apiserver on ports of their own, with our custom resources.
#[derive(Debug)]
pub struct Cluster {
    // Before the folder, so that they end, and show their logs, before that goes.
    server: Mutex<Option<Process>>,
    _etcd: Process,
    folder: Folder,
    api: Api,
    etcd_port: u16,
    port: u16,
}

impl Cluster {
    /// The cluster that all tests of this process share. Each keeps to a namespace of its own.
    #[track_caller]
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// A cluster for whoever wants to stop its API server or to change its resources.
    #[track_caller]
    pub fn start() -> Self {
        let cluster = Self::without_resources();
        cluster.add_resources(&custom_resources());
        cluster.until_served("HelmChart");
        cluster.until_served("HelmRepository");
        cluster.api.create_all(&rights());
        cluster
    }

    /// A cluster that does not know our custom resources.
    #[track_caller]
    pub fn without_resources() -> Self {
        let folder = Folder::new("cluster");
        let (etcd_port, port) = (free_port(), free_port());
        write_keys(&folder);
        folder.write("audit-policy.json", POLICY);
        let tokens = format!(
            "admin-token,admin,admin,system:masters\n{CONTROLLER}-token,{CONTROLLER},{CONTROLLER},\n"
        );
        folder.write("tokens.csv", tokens);
        for user in ["admin", CONTROLLER] {
            let content = kubeconfig(&folder.join("certificates/apiserver.crt"), port, user);
            folder.write(&format!("{user}.kubeconfig"), content.to_string());
        }
        let etcd = start_etcd(&folder, etcd_port);
        let mut server = start_server(&folder, etcd_port, port);
        // The server makes its certificate itself, and then the key.
        let key = folder.join("certificates/apiserver.key");
        server.until_ready(PATIENCE, || key.exists());
        let api = Api::connect(&folder.join("admin.kubeconfig"));
        let cluster = Self {
            folder,
            api,
            _etcd: etcd,
            etcd_port,
            port,
            server: Mutex::new(Some(server)),
        };
        cluster.until_ready();
        cluster
    }

    /// A client with all rights.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// The kubeconfig of somebody with all rights.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("admin.kubeconfig")
    }

    /// The kubeconfig of the controller, with the rights that it has in a cluster.
    pub(crate) fn controllers_kubeconfig(&self) -> PathBuf {
        self.folder.join(&format!("{CONTROLLER}.kubeconfig"))
    }

    /// Whether the API server knows a kind.
    pub fn serves(&self, kind: &str) -> bool {
        self.api.try_list(kind, "").is_ok()
    }

    /// Add the custom resources of a YAML file, and wait until the API server knows them.
    #[track_caller]
    pub fn add_resources(&self, yaml: &str) {
        let names = self
            .api
            .apply_from_yaml("CustomResourceDefinition", yaml)
            .unwrap_or_else(|refusal| panic!("custom resources are refused: {refusal:?}"));
        assert!(!names.is_empty(), "there is no custom resource in {yaml:?}");
        for name in names {
            let id = Id::new("CustomResourceDefinition", "", &name);
            self.api
                .until(&id, PATIENCE, "was established", |resource| {
                    condition(resource, "Established")
                        .is_some_and(|(status, _, _)| status == "True")
                });
        }
    }

    /// A new namespace. Its name is returned.
    #[track_caller]
    pub fn namespace(&self, name: &str) -> String {
        let manifest = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        self.api.create(&manifest);
        name.to_owned()
    }

    /// Stop the API server at once: watches break, and nobody answers.
    pub fn stop_api_server(&self) {
        *self.server() = None;
    }

    /// Start the API server again, with all that it knew.
    #[track_caller]
    pub fn start_api_server(&self) {
        *self.server() = Some(start_server(&self.folder, self.etcd_port, self.port));
        self.until_ready();
    }

    /// Let etcd forget all changes up to now, so that no watch can take up where it was. For use while
    /// the API server is stopped: it remembers the latest changes itself.
    #[track_caller]
    pub fn forget_history(&self) {
        let ask = |path: &str, body: &Value| -> Value {
            let url = format!("http://127.0.0.1:{}/v3/kv/{path}", self.etcd_port);
            let answer = post(&url, body.to_string()).unwrap_or_else(|error| panic!("{error}"));
            let text = answer.text();
            assert_eq!(answer.status, 200, "{text}");
            serde_json::from_str(&text).expect("etcd answers JSON")
        };
        // A change that is nobody's, so that the newest revision is none that anybody has seen.
        let change = json!({"key": STANDARD.encode("change"), "value": STANDARD.encode("done")});
        let changed = ask("put", &change);
        ask(
            "compaction",
            &json!({"revision": changed["header"]["revision"], "physical": true}),
        );
    }

    /// What the controller asked about a namespace, oldest first.
    pub fn calls_of_the_controller(&self, namespace: &str) -> Vec<Call> {
        let log = fs::read_to_string(self.folder.join("audit.log")).unwrap_or_default();
        log.lines()
            .filter_map(Call::read)
            .filter(|call| call.user == CONTROLLER && call.namespace == namespace)
            .collect()
    }

    fn server(&self) -> MutexGuard<'_, Option<Process>> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[track_caller]
    fn until_ready(&self) {
        let mut server = self.server();
        let server = server.as_mut().expect("it was started");
        // Namespaces are there when all start-up work is done.
        let system = Id::new("Namespace", "", "kube-system");
        server.until_ready(PATIENCE, || self.api.try_get(&system).is_ok());
    }

    /// Established resources are served a moment later.
    #[track_caller]
    fn until_served(&self, kind: &str) {
        within(PATIENCE, &format!("{kind} to be served"), || {
            self.serves(kind).then_some(())
        });
    }
}

/// What `portolan-controller crds` prints.
#[track_caller]
pub fn custom_resources() -> String {
    let output = Command::new(&ours().controller)
        .arg("crds")
        .output()
        .expect("portolan-controller runs");
    assert!(output.status.success(), "portolan-controller crds failed");
    String::from_utf8(output.stdout).expect("text")
}

fn start_etcd(folder: &Folder, port: u16) -> Process {
    let address = |port: u16| format!("http://127.0.0.1:{port}");
    let mut command = Command::new(part(Part::Etcd));
    command
        .arg("--data-dir")
        .arg(folder.join("etcd"))
        .args(["--listen-client-urls", &address(port)])
        .args(["--advertise-client-urls", &address(port)])
        .args(["--listen-peer-urls", &address(free_port())])
        .args(["--log-level", "warn"])
        // Nothing here outlives a power cut.
        .arg("--unsafe-no-fsync");
    Process::start("etcd", &mut command, &folder.join("etcd.log"))
}

fn start_server(folder: &Folder, etcd: u16, port: u16) -> Process {
    let file = |flag: &str, name: &str| format!("--{flag}={}", folder.join(name).display());
    let mut command = Command::new(part(Part::KubeApiserver));
    command
        .arg(format!("--etcd-servers=http://127.0.0.1:{etcd}"))
        .args(["--bind-address=127.0.0.1", &format!("--secure-port={port}")])
        .arg(file("cert-dir", "certificates"))
        .arg(file("token-auth-file", "tokens.csv"))
        .arg("--authorization-mode=RBAC")
        .arg(file("service-account-key-file", "public.pem"))
        .arg(file("service-account-signing-key-file", "private.pem"))
        .arg("--service-account-issuer=https://kubernetes.default.svc")
        .arg("--service-cluster-ip-range=10.0.0.0/24")
        // There is nobody who would make a service account for every namespace.
        .arg("--disable-admission-plugins=ServiceAccount")
        .arg(file("audit-policy-file", "audit-policy.json"))
        .arg(file("audit-log-path", "audit.log"));
    let log = folder.join("apiserver.log");
    Process::start("kube-apiserver", &mut command, &log)
}

/// The server's certificate is checked, as a controller in a cluster checks it.
fn kubeconfig(certificate: &Path, port: u16, user: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "cluster", "cluster": {
            "server": format!("https://127.0.0.1:{port}"),
            "certificate-authority": certificate,
        }}],
        "users": [{"name": user, "user": {"token": format!("{user}-token")}}],
        "contexts": [{"name": "context", "context": {"cluster": "cluster", "user": user}}],
        "current-context": "context",
    })
}

/// What Flux lets its source-controller do.
fn rights() -> [Value; 2] {
    let version = "rbac.authorization.k8s.io/v1";
    let allow = |group: &str, resources: &[&str], verbs: &[&str]| json!({"apiGroups": [group], "resources": resources, "verbs": verbs});
    let role = json!({
        "apiVersion": version,
        "kind": "ClusterRole",
        "metadata": {"name": CONTROLLER},
        "rules": [
            allow("source.toolkit.fluxcd.io", &["*"], &["*"]),
            allow("", &["secrets", "configmaps", "serviceaccounts"], &["get", "list", "watch"]),
            allow("", &["events"], &["create", "patch"]),
            allow("coordination.k8s.io", &["leases"], &["get", "list", "watch", "create", "update", "patch", "delete"]),
        ],
    });
    let binding = json!({
        "apiVersion": version,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": CONTROLLER},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": CONTROLLER},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": CONTROLLER}],
    });
    [role, binding]
}

/// A pair of keys for the signatures of service account tokens.
fn write_keys(folder: &Folder) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a new key");
    let private = key.to_pkcs8v1().expect("a key can be written");
    folder.write("private.pem", pem("PRIVATE KEY", private.as_ref()));
    let public = key.public_key().as_der().expect("a key can be written");
    folder.write("public.pem", pem("PUBLIC KEY", public.as_ref()));
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    let lines = lines.join("\n");
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}
