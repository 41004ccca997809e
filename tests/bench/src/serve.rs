//! Serving artifacts, beside nginx.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use portolan_real::{free_port, within};
use portolan_store::{ObjectKey, Options, Record, Store};
use tokio::net::TcpListener;

use crate::measure::{cpu_of, peer, rss_of};
use crate::table::{Row, title};

const SIZES: [(&str, usize); 4] = [
    ("14 KB", 14 << 10),
    ("200 KB", 200 << 10),
    ("2 MB", 2 << 20),
    ("50 MB", 50 << 20),
];

/// One figure of a load.
type Figure = fn(Load) -> f64;

/// What a load came to.
#[derive(Clone, Copy)]
struct Load {
    per_second: f64,
    cpu_us: f64,
    rss_mib: f64,
}

pub(crate) fn run() -> Result<()> {
    let Some(wrk) = peer("wrk") else {
        return Ok(());
    };
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Runtime::new()?;
    let store = Store::open(folder.path(), Options::default())?;
    let key = ObjectKey::new("HelmChart", "bench", "app")?;
    for (name, size) in SIZES {
        let content: Vec<u8> = (0..size).map(|n| ((n * 7919) >> 3) as u8).collect();
        let file = format!("{}.tgz", name.replace(' ', ""));
        runtime.block_on(async {
            let mut staged = store.stage(&key).await?;
            staged.write(&content).await?;
            staged.finish().await?;
            store
                .publish(staged, &file, "latest.tar.gz", Record::default())
                .await?;
            anyhow::Ok(())
        })?;
    }
    // In a process of its own, so that its CPU and memory are the server's alone.
    let port = free_port();
    let server = Server::ours(folder.path(), port)?;
    let nginx = peer("nginx")
        .map(|program| Server::nginx(&program, folder.path()))
        .transpose()?;
    for connections in [1, 32, 256] {
        title(&format!("serve artifacts to {connections} connections"));
        // The largest takes longer for many at once than a load lasts.
        let sizes = if connections > 32 {
            &SIZES[..3]
        } else {
            &SIZES[..]
        };
        for (name, _) in sizes {
            let path = format!("helmchart/bench/app/{}.tgz", name.replace(' ', ""));
            let ours = server.load(&wrk, connections, &path)?;
            let theirs = nginx
                .as_ref()
                .map(|nginx| nginx.load(&wrk, connections, &path))
                .transpose()?;
            let of = |figure: fn(Load) -> f64| theirs.map(|theirs| ("nginx", figure(theirs)));
            let what = format!("{name}: answers");
            let figures: [(&str, &str, Figure); 2] = [
                (&what, "1/s", |load| load.per_second),
                ("CPU per answer", "µs", |load| load.cpu_us),
            ];
            for (what, unit, figure) in figures {
                Row {
                    what,
                    unit,
                    ours: figure(ours),
                    peer: of(figure),
                    limit: "loopback",
                }
                .print();
            }
            Row {
                what: "peak memory so far",
                unit: "MiB",
                ours: ours.rss_mib,
                peer: None,
                limit: "32",
            }
            .print();
        }
    }
    Ok(())
}

/// The hidden command that [`Server::ours`] starts.
pub(crate) fn serve_folder(folder: &Path, port: u16) -> Result<()> {
    let store = Store::open(folder, Options::default())?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        Ok(portolan_store::serve(listener, store, std::future::pending()).await?)
    })
}

struct Server {
    process: std::process::Child,
    port: u16,
    workers: bool,
    _home: Option<tempfile::TempDir>,
}

impl Server {
    fn ours(folder: &Path, port: u16) -> Result<Self> {
        let process = Command::new(std::env::current_exe()?)
            .arg("serve-folder")
            .arg(folder)
            .arg(port.to_string())
            .spawn()?;
        Ok(Self {
            process,
            port,
            workers: false,
            _home: None,
        }
        .ready())
    }

    fn nginx(program: &Path, folder: &Path) -> Result<Self> {
        let home = tempfile::tempdir()?;
        let port = free_port();
        let (here, root) = (home.path().display(), folder.display());
        let config = format!(
            "daemon off; worker_processes 2; pid {here}/pid; error_log {here}/error.log; user root;\n\
             events {{ worker_connections 1024; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n\
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
        Ok(Self {
            process,
            port,
            workers: true,
            _home: Some(home),
        }
        .ready())
    }

    fn ready(self) -> Self {
        let port = self.port;
        within(Duration::from_secs(10), "the server listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port))
                .is_ok()
                .then_some(())
        });
        self
    }

    fn pids(&self) -> Vec<u32> {
        let parent = self.process.id();
        let mut pids = vec![parent];
        if self.workers
            && let Ok(text) =
                std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"))
        {
            pids.extend(
                text.split_whitespace()
                    .filter_map(|pid| pid.parse::<u32>().ok()),
            );
        }
        pids
    }

    fn cpu(&self) -> Result<f64> {
        self.pids().into_iter().map(cpu_of).sum()
    }

    fn load(&self, wrk: &Path, connections: u32, path: &str) -> Result<Load> {
        let url = format!("http://127.0.0.1:{}/{path}", self.port);
        let before = self.cpu()?;
        let output = Command::new(wrk)
            .args(["-t1", &format!("-c{connections}"), "-d3s", &url])
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "wrk: {text}");
        ensure!(
            !text.contains("Non-2xx"),
            "not every answer was one: {text}"
        );
        let cpu = self.cpu()? - before;
        let answers: f64 = text
            .lines()
            .find_map(|line| line.trim().split_once(" requests in "))
            .context("wrk counts requests")?
            .0
            .parse()?;
        let per_second: f64 = text
            .lines()
            .find_map(|line| line.trim().strip_prefix("Requests/sec:"))
            .context("wrk tells a rate")?
            .trim()
            .parse()?;
        Ok(Load {
            per_second,
            cpu_us: cpu * 1e6 / answers.max(1.0),
            rss_mib: rss_of(self.process.id())?,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for pid in self.pids().into_iter().rev() {
            let _ = Command::new("kill").arg(pid.to_string()).status();
        }
        let _ = self.process.wait();
    }
}
