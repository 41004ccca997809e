//! What looking at an index costs that has not changed, and one that has, beside downloading it each
//! time as Flux does.
//!
//! Bytes and requests are counted on the way to the server, heads included. CPU is that of the one thread
//! that looks. The full download is made by our own HTTP client, so its CPU is a lower bound of what Flux
//! spends on it; and Flux reads the index afterwards.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use portolan_auth::{Access, Request, Transport};
use portolan_fetch::{IndexAnswer, IndexRemote, IndexRepository, Limits, Validators};
use portolan_kit::WebServer;
use portolan_real::{free_port, within};
use portolan_reference::{Algorithm, Digest};
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;

use crate::delay::Delay;
use crate::measure::peer;
use crate::table::{Row, title};

/// The size of the index, in bytes: that of the repository in Flux's issue 2113.
const SIZE: usize = 6 << 20;
const FULL: &str = "download all";

/// What some looks came to, each.
#[derive(Clone, Copy)]
struct Cost {
    requests: f64,
    bytes: f64,
    cpu_us: f64,
}

pub(crate) fn run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let index = index(SIZE);
    let digest = Digest::of(Algorithm::Sha256, index.as_bytes());
    std::fs::write(folder.path().join("index.yaml"), &index)?;
    // What changed within this second is not relied on.
    std::thread::sleep(Duration::from_millis(1_100));
    let server = Server::start(folder.path(), &index)?;
    let way = Delay::to(server.address(), Duration::ZERO)?;
    let reader = Reader::new(&way)?;
    let known = reader.look(None)?.context("nothing was known")?;

    title(&format!("look at an index of 6 MB ({})", server.name()));
    for looks in [1, 50, 500] {
        let ours = cost(&way, looks, || match reader.look(Some(&known))? {
            None => Ok(()),
            Some(_) => bail!("it has not changed"),
        })?;
        // Each costs the same, so that some are enough.
        let full = cost(&way, looks.min(50), || reader.download_all(&digest))?;
        print(
            &format!("{looks} looks, unchanged"),
            ours,
            full,
            ["1", "1 KB", "ratio 0.01"],
        );
    }
    let ours = cost(&way, 50, || {
        reader.look(None)?.context("nothing was known").map(drop)
    })?;
    let full = cost(&way, 50, || reader.download_all(&digest))?;
    print(
        "changed",
        ours,
        full,
        ["1", "ratio 0.14", "inflate and SHA-256"],
    );
    Ok(())
}

fn print(what: &str, ours: Cost, full: Cost, limits: [&str; 3]) {
    let figures = [
        ("requests per look", "", ours.requests, full.requests),
        ("bytes per look", "B", ours.bytes, full.bytes),
        ("CPU per look", "µs", ours.cpu_us, full.cpu_us),
    ];
    for ((figure, unit, ours, full), limit) in figures.into_iter().zip(limits) {
        Row {
            what: &format!("{what}: {figure}"),
            unit,
            ours,
            peer: Some((FULL, full)),
            limit,
        }
        .print();
    }
}

/// Who looks: on one thread, so that its CPU is all that looking takes.
struct Reader {
    runtime: Runtime,
    transport: Transport,
    repository: IndexRepository,
    remote: IndexRemote,
}

impl Reader {
    fn new(way: &Delay) -> Result<Self> {
        let transport = Transport::builder().without_proxy().build()?;
        let url = format!("http://{}/", way.address()).parse()?;
        Ok(Self {
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?,
            repository: IndexRepository::new(transport.clone(), Limits::default()),
            remote: IndexRemote::new(url, Access::anonymous()),
            transport,
        })
    }

    /// Read the index and hash it, unless it is known. By what it will be known again.
    fn look(&self, known: Option<&Validators>) -> Result<Option<Validators>> {
        self.runtime.block_on(async {
            match self.repository.index(&self.remote, known).await? {
                IndexAnswer::NotModified => Ok(None),
                IndexAnswer::Modified(mut download) => {
                    let mut hasher = portolan_reference::Hasher::new(Algorithm::Sha256);
                    while let Some(chunk) = download.chunk().await? {
                        hasher.update(&chunk);
                    }
                    std::hint::black_box(hasher.finish());
                    Ok(Some(download.validators().clone()))
                }
                other => bail!("{other:?}"),
            }
        })
    }

    /// What Flux does first: all of it, as it is, into memory, and its digest.
    fn download_all(&self, expected: &Digest) -> Result<()> {
        let request = Request::get(self.remote.repository().index_url());
        let body = self.runtime.block_on(async {
            let answer = self.transport.send(request).await?;
            answer.collect(2 * SIZE as u64).await
        })?;
        ensure!(Digest::of(Algorithm::Sha256, &body) == *expected);
        Ok(())
    }
}

/// What `act` costs each time.
fn cost(way: &Delay, looks: u32, act: impl Fn() -> Result<()>) -> Result<Cost> {
    act()?;
    way.requests();
    way.bytes();
    let before = cpu();
    for _ in 0..looks {
        act()?;
    }
    let spent = cpu() - before;
    let each = |sum: f64| sum / f64::from(looks);
    Ok(Cost {
        requests: each(way.requests() as f64),
        bytes: each(way.bytes() as f64),
        cpu_us: each(spent * 1e6),
    })
}

/// The CPU that this thread has used, in seconds.
fn cpu() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// An index as `helm repo index` writes it, of at least so many bytes, with some 930 for each version.
fn index(bytes: usize) -> String {
    let mut text = String::from("apiVersion: v1\nentries:\n");
    let mut state = 1_u64;
    // Digests do not compress, and nothing else of an index is random.
    let mut random = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        state
    };
    let mut chart = 0;
    while text.len() < bytes {
        chart += 1;
        let _ = writeln!(text, "  chart-{chart}:");
        for version in (0..200).rev() {
            let [a, b, c, d] = [(); 4].map(|()| random());
            let _ = write!(
                text,
                "  - annotations:\n      category: Infrastructure\n      licenses: Apache-2.0\n    \
                 apiVersion: v2\n    appVersion: 1.{version}.0\n    \
                 created: \"2026-11-{:02}T{:02}:{:02}:09.123456789Z\"\n    dependencies:\n    \
                 - name: common\n      repository: https://charts.example.com/common\n      \
                 tags:\n      - common\n      version: 2.x.x\n    description: Chart number {chart} \
                 serves the pages of a shop, and keeps what people have put into their baskets.\n    \
                 digest: {a:016x}{b:016x}{c:016x}{d:016x}\n    home: https://example.com/chart-{chart}\n    \
                 icon: https://example.com/chart-{chart}.svg\n    keywords:\n    - shop\n    - web\n    \
                 - http\n    maintainers:\n    - email: somebody@example.com\n      name: somebody\n    \
                 name: chart-{chart}\n    sources:\n    - https://example.com/source/chart-{chart}\n    \
                 type: application\n    urls:\n    \
                 - https://charts.example.com/chart-{chart}-1.{version}.0.tgz\n    version: 1.{version}.0\n",
                version % 28 + 1,
                version % 24,
                version % 60,
            );
        }
    }
    text.push_str("generated: \"2026-11-21T12:00:00.123456789Z\"\n");
    text
}

enum Server {
    Nginx {
        process: Child,
        port: u16,
        _home: tempfile::TempDir,
    },
    Kit(WebServer),
}

impl Server {
    fn start(folder: &Path, index: &str) -> Result<Self> {
        let Some(program) = peer("nginx") else {
            let server = WebServer::start_blocking();
            server.put("/index.yaml", "text/yaml", index);
            server.compress();
            return Ok(Self::Kit(server));
        };
        let home = tempfile::tempdir()?;
        let port = free_port();
        let (here, root) = (home.path().display(), folder.display());
        let config = format!(
            "daemon off; worker_processes 1; pid {here}/pid; error_log {here}/error.log; user root;\n\
             events {{ worker_connections 256; }}\n\
             http {{ access_log off; keepalive_requests 1000000; types {{ text/yaml yaml; }}\n\
             gzip on; gzip_types text/yaml;\n\
             client_body_temp_path {here}/a; proxy_temp_path {here}/b; fastcgi_temp_path {here}/c;\n\
             uwsgi_temp_path {here}/d; scgi_temp_path {here}/e;\n\
             server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n"
        );
        let file = home.path().join("nginx.conf");
        std::fs::write(&file, config)?;
        let process = Command::new(program)
            .arg("-c")
            .arg(&file)
            .arg("-p")
            .arg(home.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        within(Duration::from_secs(10), "nginx listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port))
                .is_ok()
                .then_some(())
        });
        Ok(Self::Nginx {
            process,
            port,
            _home: home,
        })
    }

    fn address(&self) -> String {
        match self {
            Self::Nginx { port, .. } => format!("127.0.0.1:{port}"),
            Self::Kit(server) => server.url("").trim_start_matches("http://").to_owned(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Nginx { .. } => "nginx",
            Self::Kit(_) => "the kit's server",
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Self::Nginx { process, .. } = self {
            // Told to stop, it stops its worker first.
            let _ = Command::new("kill").arg(process.id().to_string()).status();
            let _ = process.wait();
        }
    }
}
