//! What a dishonest client gets, and what it costs others: nothing.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use portolan_store::{ObjectKey, Record, ServeLimits};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::home::LINK;
use crate::wire::{Answer, Server, read_to_close};

#[tokio::test]
async fn a_path_that_climbs_is_refused() {
    let (server, _) = Server::with_chart(ServeLimits::default()).await;
    server.home.outside();
    for path in [
        "/../outside/precious",
        "/helmchart/ns/app/../../../../outside/precious",
        "/helmchart/ns/app/..%2f..%2f..%2f..%2foutside%2fprecious",
        "/helmchart/ns/app/%2e%2e/%2e%2e/%2e%2e/%2e%2e/outside/precious",
        "/helmchart/ns/app/%252e%252e/x",
        "/helmchart/ns/app/a%00.tgz",
        "/helmchart/ns/app/..\\..\\x",
        "/helmchart/ns/app/a%5cb",
        "/helmchart/ns/app/a%0d%0aSet-Cookie:x",
        "/helmchart/ns/app/%zz",
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.body.len()), (400, 0), "{path}");
    }
}

#[tokio::test]
async fn locks_records_and_staged_files_are_not_served() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let key = ObjectKey::new("K", "ns", "n").unwrap();
    let staged = server.home.store.stage(&key).await.unwrap();
    let name = staged.path().file_name().unwrap().to_str().unwrap();
    fs::write(server.home.path("helmchart/ns/app/.hidden"), b"x").unwrap();
    for path in [
        format!("/{}.lock", artifact.path),
        format!("/{}.%6Cock", artifact.path),
        format!("/.portolan/staging/{name}"),
        format!("/.portolan/./staging/{name}").replace("/./", "//"),
        format!("/%2eportolan/staging/{name}"),
        format!("/.portolan/records/{}.json", artifact.path),
        "/helmchart/ns/app/.hidden".to_owned(),
    ] {
        let answer = server.get(&path).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{path}");
    }
}

#[tokio::test]
async fn a_link_out_of_its_object_is_not_followed() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let precious = server.home.outside().join("precious");
    // The same path under another root.
    let twin = server.home.parent().join(&artifact.path);
    fs::create_dir_all(twin.parent().unwrap()).unwrap();
    fs::write(&twin, b"outside").unwrap();
    let other = ObjectKey::new("HelmChart", "secret", "app").unwrap();
    let staged = server.home.store.stage(&other).await.unwrap();
    let published = server
        .home
        .store
        .publish(staged, "a.tgz", LINK, Record::default());
    let other = published.await.unwrap();
    let link = server.home.path(&artifact.link);
    let path = server.home.path("");
    for target in [
        precious,
        twin,
        path.join("../outside/precious"),
        path.join("helmchart/ns/app/../../../../outside/precious"),
        path.join(&other.path),
        path.join(".portolan/staging"),
        path.join(format!("{}.lock", artifact.path)),
        path.join(&artifact.link),
        path.join("helmchart/ns/app/second"),
        "/etc/passwd".into(),
        "app-1.0.0.tgz/../../../../../outside/precious".into(),
    ] {
        fs::remove_file(&link).unwrap();
        symlink(&target, &link).unwrap();
        let _ = symlink(
            path.join(&artifact.path),
            path.join("helmchart/ns/app/second"),
        );
        let answer = server.get(&format!("/{}", artifact.link)).await;
        assert_eq!(
            (answer.status, answer.body.len()),
            (404, 0),
            "{}",
            target.display()
        );
    }
}

#[tokio::test]
async fn a_folder_that_became_a_link_is_not_served() {
    for folder in ["helmchart", "helmchart/ns", "helmchart/ns/app"] {
        let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
        let outside = server.home.outside();
        let moved = outside.join("moved");
        fs::rename(server.home.path(folder), &moved).unwrap();
        symlink(&moved, server.home.path(folder)).unwrap();
        let answer = server.get(&format!("/{}", artifact.path)).await;
        assert_ne!(answer.status, 200, "{folder}");
        assert!(answer.body.is_empty());
    }
}

/// Each is one connection; whatever follows the first head must not be answered.
#[tokio::test]
async fn requests_that_two_servers_would_read_differently_are_refused() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let hidden = format!("GET /{} HTTP/1.1\r\nHost: store\r\n\r\n", artifact.path);
    for head in [
        "GET / HTTP/1.1\r\nHost: store\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "GET / HTTP/1.1\r\nHost: store\r\nTransfer-Encoding: chunked",
        "GET / HTTP/1.1\r\nHost: store\r\nTransfer-Encoding: chunked, identity",
        "GET / HTTP/1.1\r\nHost: store\r\nTransfer-Encoding: xchunked",
        "GET / HTTP/1.1\r\nHost: store\r\nTransfer-Encoding : chunked",
        "GET / HTTP/1.1\r\nHost: store\r\nTransfer-Encoding:\x0bchunked",
        "GET / HTTP/1.1\r\nHost: store\r\nContent-Length: 5\r\nContent-Length: 6",
        "GET / HTTP/1.1\r\nHost: store\r\nContent-Length: 5, 6",
        "GET / HTTP/1.1\r\nHost: store\r\nContent-Length: +5",
        "GET / HTTP/1.1\r\nHost: store\r\nContent-Length: 0x5",
        "GET / HTTP/1.1\r\nHost: store\r\nContent-Length: 99999999999999999999",
        "GET / HTTP/1.1\r\nHost: store\r\nContent-Length: 300",
        "GET / HTTP/1.1\r\nHost: store\r\nHost: other",
        "GET / HTTP/1.1\r\nHost : store",
        "GET / HTTP/1.1\r\nX: y",
        "GET / HTTP/1.1\r\n Host: store",
        "GET / HTTP/1.1\r\nHost: store\r\n X: folded",
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked",
        "GET / HTTP/3.0\r\nHost: store",
        "GET / /x HTTP/1.1\r\nHost: store",
        "GET /\r\nHost: store",
        "G\0T / HTTP/1.1\r\nHost: store",
        "GET / HTTP/1.1\r\nHost: store\r\nX: a\0b",
        "GET / HTTP/1.1\r\nHost: store\r\nX: a\rGET",
        "POST / HTTP/1.1\r\nHost: store\r\nContent-Length: 4",
    ] {
        let answered = server
            .send(format!("{head}\r\n\r\n{hidden}").as_bytes())
            .await;
        let text = String::from_utf8_lossy(&answered);
        assert!(!text.contains("0123456789"), "{head}: {text}");
        assert!(!text.starts_with("HTTP/1.1 2"), "{head}: {text}");
        assert!(text.matches("HTTP/1.").count() <= 1, "{head}: {text}");
    }
    assert_eq!(server.status("/").await, 200);
}

#[tokio::test]
async fn a_request_that_is_too_large_is_refused() {
    let server = Server::new().await;
    let large = "a".repeat(100_000);
    let many = "X: y\r\n".repeat(5_000);
    for request in [
        format!("GET /{large} HTTP/1.1\r\nHost: store\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: store\r\nX: {large}\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: store\r\n{many}\r\n"),
        large.clone(),
    ] {
        let answered = server.send(request.as_bytes()).await;
        let text = String::from_utf8_lossy(&answered);
        assert!(!text.contains("200 OK"), "{text}");
    }
    assert_eq!(server.status("/").await, 200);
}

#[tokio::test]
async fn however_many_ranges_are_asked_for_no_more_than_the_artifact_comes() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let ranges = vec!["0-"; 1_300].join(",");
    let request = format!("GET /{} HTTP/1.1\r\nRange: bytes={ranges}", artifact.path);
    let answer = server.ask(&request).await;
    assert_eq!((answer.status, answer.body.len()), (200, 10));
    let request = format!(
        "GET /{} HTTP/1.1\r\nRange: bytes=0-1\r\nRange: bytes=2-3",
        artifact.path
    );
    let answer = server.ask(&request).await;
    assert_eq!((answer.status, answer.body.len()), (200, 10));
}

fn hurried() -> ServeLimits {
    ServeLimits {
        header_timeout: Duration::from_millis(300),
        idle_timeout: Duration::from_secs(3),
        stall_timeout: Duration::from_millis(500),
        ..ServeLimits::default()
    }
}

async fn seconds_until_closed(stream: &mut tokio::net::TcpStream) -> f64 {
    let start = Instant::now();
    read_to_close(stream).await;
    start.elapsed().as_secs_f64()
}

#[tokio::test]
async fn a_client_that_says_nothing_is_left() {
    let server = Server::with(hurried()).await;
    let mut stream = server.connect().await;
    let seconds = seconds_until_closed(&mut stream).await;
    assert!((0.2..2.4).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_client_that_drips_its_request_is_left() {
    let server = Server::with(hurried()).await;
    let mut stream = server.connect().await;
    let start = Instant::now();
    let mut answered = [0; 100];
    loop {
        let dripped = stream.write_all(b"G").await;
        let read = stream.read(&mut answered);
        let closed = tokio::time::timeout(Duration::from_millis(20), read).await;
        if dripped.is_err() || closed.is_ok() {
            break;
        }
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "it may drip for ever"
        );
    }
}

#[tokio::test]
async fn a_client_that_drips_its_second_request_is_left() {
    let server = Server::with(hurried()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: store\r\n\r\n")
        .await
        .unwrap();
    let mut answered = [0; 1000];
    assert!(stream.read(&mut answered).await.unwrap() > 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    stream.write_all(b"GET / HT").await.unwrap();
    let seconds = seconds_until_closed(&mut stream).await;
    assert!((0.2..2.4).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn an_idle_client_is_left_later() {
    let server = Server::with(hurried()).await;
    let mut stream = server.connect().await;
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: store\r\n\r\n")
        .await
        .unwrap();
    let seconds = seconds_until_closed(&mut stream).await;
    assert!((2.5..10.0).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_its_answer_is_left() {
    let server = Server::with(hurried()).await;
    let artifact = server.home.publish("a.tgz", &vec![7; 50_000_000]).await;
    let mut stream = server.connect().await;
    let request = format!("GET /{} HTTP/1.1\r\nHost: store\r\n\r\n", artifact.path);
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let read = read_to_close(&mut stream).await;
    assert!(read.len() < 50_000_000);
}

#[tokio::test]
async fn a_client_that_is_slow_but_takes_something_gets_everything() {
    let server = Server::with(hurried()).await;
    let artifact = server.home.publish("a.tgz", &vec![7; 20_000_000]).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(64 << 10).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    let request = format!(
        "GET /{} HTTP/1.1\r\nHost: store\r\nConnection: close\r\n\r\n",
        artifact.path
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let start = Instant::now();
    let mut read = 0;
    let mut buffer = vec![0; 1_000_000];
    loop {
        let length = stream.read(&mut buffer).await.unwrap();
        if length == 0 {
            break;
        }
        read += length;
        // Two seconds in all.
        let due = Duration::from_nanos(100 * u64::try_from(read).unwrap());
        tokio::time::sleep_until(start + due).await;
    }
    assert!(read > 20_000_000);
    // Longer than any of the limits.
    assert!(start.elapsed() > Duration::from_millis(1_500));
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let (server, artifact) = Server::with_chart(ServeLimits {
        max_connections: 3,
        ..hurried()
    })
    .await;
    let mut silent = Vec::new();
    for _ in 0..10 {
        silent.push(server.connect().await);
    }
    // Three at a time are left, and then it is this one's turn.
    let start = Instant::now();
    let answer = server.get(&format!("/{}", artifact.path)).await;
    assert_eq!(answer.status, 200);
    let waited = start.elapsed();
    assert!(waited > Duration::from_millis(500), "{waited:?}");
}

#[tokio::test]
async fn clients_that_leave_in_the_middle_hurt_nobody() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let large = server.home.publish("large.tgz", &vec![7; 5_000_000]).await;
    for index in 0..50 {
        let mut stream = server.connect().await;
        let request = format!("GET /{} HTTP/1.1\r\nHost: store\r\n\r\n", large.path);
        let sent = request.get(..index * 2).unwrap_or(&request);
        stream.write_all(sent.as_bytes()).await.unwrap();
        if index % 2 == 0 {
            stream.set_zero_linger().unwrap();
        }
    }
    let answer = server.get(&format!("/{}", artifact.path)).await;
    assert_eq!(answer.body, b"0123456789");
}

#[tokio::test]
async fn an_old_client_is_answered_and_left() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let request = format!("GET /{} HTTP/1.0\r\n\r\n", artifact.path);
    let answer = Answer::parse(&server.send(request.as_bytes()).await);
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"0123456789".as_slice())
    );
}
