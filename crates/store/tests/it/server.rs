//! What an honest client gets.

use std::fs;
use std::time::Duration;

use portolan_store::ServeLimits;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::home::app;
use crate::wire::{Answer, Server, read_to_close};

fn bytes(length: usize) -> Vec<u8> {
    (0..length)
        .map(|index| u8::try_from(index % 251).unwrap())
        .collect()
}

#[tokio::test]
async fn an_artifact_is_served_under_its_path_and_under_its_link() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    for path in [&artifact.path, &artifact.link] {
        // From disk, then from memory.
        for _ in 0..2 {
            let answer = server.get(&format!("/{path}")).await;
            assert_eq!(answer.status, 200);
            assert_eq!(answer.body, b"0123456789");
            assert_eq!(answer.header("content-length"), Some("10"));
            assert_eq!(answer.header("content-type"), Some("application/gzip"));
            assert_eq!(answer.header("accept-ranges"), Some("bytes"));
            let tag = format!("\"{}\"", artifact.digest);
            assert_eq!(answer.header("etag"), Some(tag.as_str()));
            let modified = answer.header("last-modified").unwrap();
            let modified = httpdate::parse_http_date(modified).unwrap();
            let age = artifact.modified.duration_since(modified).unwrap();
            assert!(age < Duration::from_secs(1));
        }
    }
}

#[tokio::test]
async fn a_nested_artifact_is_served() {
    let server = Server::new().await;
    let artifact = server.home.publish("team/app-1.0.0+3.tgz", b"chart").await;
    assert_eq!(
        server.get(&format!("/{}", artifact.path)).await.body,
        b"chart"
    );
    assert_eq!(
        server.get(&format!("/{}", artifact.link)).await.body,
        b"chart"
    );
    let escaped = artifact.path.replace('+', "%2B");
    assert_eq!(
        server.get(&format!("/{escaped}?query=1")).await.body,
        b"chart"
    );
}

#[tokio::test]
async fn the_root_is_there_and_empty() {
    let (server, _) = Server::with_chart(ServeLimits::default()).await;
    for method in ["GET", "HEAD"] {
        let answer = server.ask(&format!("{method} / HTTP/1.1")).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
}

#[tokio::test]
async fn nothing_is_listed() {
    let (server, _) = Server::with_chart(ServeLimits::default()).await;
    for path in [
        "/helmchart",
        "/helmchart/",
        "/helmchart/ns",
        "/helmchart/ns/app",
        "/helmchart/ns/app/",
        "//",
    ] {
        let answer = server.get(path).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{path}");
    }
}

#[tokio::test]
async fn a_folder_with_an_artifacts_name_is_not_there() {
    let server = Server::new().await;
    fs::create_dir_all(server.home.path("helmchart/ns/app/a.tgz")).unwrap();
    assert_eq!(server.status("/helmchart/ns/app/a.tgz").await, 404);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let (server, _) = Server::with_chart(ServeLimits::default()).await;
    for path in [
        "/helmchart/ns/app/app-2.0.0.tgz",
        "/helmchart/ns/other/latest.tar.gz",
        "/helmchart/ns/app/app-1.0.0.tgz/more",
        "/x",
    ] {
        assert_eq!(server.status(path).await, 404, "{path}");
    }
}

#[tokio::test]
async fn a_head_has_no_body() {
    let server = Server::new().await;
    let small = server.home.publish("a-1.tgz", b"0123456789").await;
    let large = server.home.publish("a-2.tgz", &bytes(1 << 20)).await;
    for artifact in [small, large] {
        let answer = server
            .ask(&format!("HEAD /{} HTTP/1.1", artifact.path))
            .await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        let length = artifact.size.to_string();
        assert_eq!(answer.header("content-length"), Some(length.as_str()));
        assert!(answer.header("etag").is_some());
    }
    let missing = server.ask("HEAD /helmchart/ns/app/x.tgz HTTP/1.1").await;
    assert_eq!((missing.status, missing.body.len()), (404, 0));
}

#[tokio::test]
async fn other_methods_are_refused() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    for method in [
        "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "get",
    ] {
        let answer = server
            .ask(&format!("{method} /{} HTTP/1.1", artifact.path))
            .await;
        assert_eq!(answer.status, 405, "{method}");
        assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    }
}

#[tokio::test]
async fn a_part_is_served_as_asked_for() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let ask = async |range: &str| {
        server
            .ask(&format!(
                "GET /{} HTTP/1.1\r\nRange: {range}",
                artifact.path
            ))
            .await
    };
    let answer = ask("bytes=2-4").await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (206, b"234".as_slice())
    );
    assert_eq!(answer.header("content-range"), Some("bytes 2-4/10"));
    assert_eq!(answer.header("content-length"), Some("3"));
    let answer = ask("bytes=-3").await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (206, b"789".as_slice())
    );
    let answer = ask("bytes=7-").await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (206, b"789".as_slice())
    );
    let answer = ask("bytes=10-").await;
    assert_eq!((answer.status, answer.body.len()), (416, 0));
    assert_eq!(answer.header("content-range"), Some("bytes */10"));
    let answer = ask("bytes=0-1,4-5").await;
    assert_eq!(
        (answer.status, answer.body.as_slice()),
        (200, b"0123456789".as_slice())
    );
}

#[tokio::test]
async fn a_client_that_has_the_bytes_is_told_so() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let ask = async |condition: &str| {
        server
            .ask(&format!("GET /{} HTTP/1.1\r\n{condition}", artifact.path))
            .await
    };
    let tag = format!("\"{}\"", artifact.digest);
    let answer = ask(&format!("If-None-Match: {tag}")).await;
    assert_eq!((answer.status, answer.body.len()), (304, 0));
    assert_eq!(answer.header("etag"), Some(tag.as_str()));
    let modified = ask("If-None-Match: \"other\"").await;
    assert_eq!(modified.status, 200);
    let date = modified.header("last-modified").unwrap().to_owned();
    assert_eq!(ask(&format!("If-Modified-Since: {date}")).await.status, 304);
    let range = format!("If-Range: {tag}\r\nRange: bytes=0-0");
    assert_eq!(ask(&range).await.status, 206);
    assert_eq!(
        ask("If-Range: \"other\"\r\nRange: bytes=0-0").await.status,
        200
    );
    assert_eq!(ask("If-Match: \"other\"").await.status, 412);
}

#[tokio::test]
async fn a_large_artifact_arrives_byte_for_byte() {
    let server = Server::new().await;
    for length in [(256 << 10) - 1, 256 << 10, (256 << 10) + 1, 5_000_001] {
        let content = bytes(length);
        let artifact = server
            .home
            .publish(&format!("a-{length}.tgz"), &content)
            .await;
        let answer = server.get(&format!("/{}", artifact.path)).await;
        assert_eq!(answer.status, 200);
        assert!(answer.body == content, "{length}");
        assert!(answer.header("etag").is_some());
        let (first, last) = (length / 3, length / 2);
        let range = format!(
            "GET /{} HTTP/1.1\r\nRange: bytes={first}-{last}",
            artifact.path
        );
        let answer = server.ask(&range).await;
        assert_eq!(answer.status, 206);
        assert!(
            Some(answer.body.as_slice()) == content.get(first..=last),
            "{length}"
        );
    }
}

#[tokio::test]
async fn a_large_artifact_that_is_only_on_disk_arrives_byte_for_byte() {
    let server = Server::new().await;
    let content = bytes(5_000_001);
    let artifact = server.home.publish("a.tgz", &content).await;
    let file = fs::File::open(server.home.path(&artifact.path)).unwrap();
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    let answer = server.get(&format!("/{}", artifact.path)).await;
    assert!(answer.body == content);
}

#[tokio::test]
async fn one_connection_serves_large_and_small_in_turn() {
    let server = Server::new().await;
    let content = bytes(3_000_000);
    let large = server.home.publish("large.tgz", &content).await;
    let small = server.home.publish("small.tgz", b"0123456789").await;
    let mut stream = server.connect().await;
    // All at once: pipelined.
    let mut requests = Vec::new();
    for (index, path) in [&large.path, &small.path, &large.path, &small.path]
        .iter()
        .enumerate()
    {
        let close = if index == 3 {
            "Connection: close\r\n"
        } else {
            ""
        };
        let request = format!("GET /{path} HTTP/1.1\r\nHost: store\r\n{close}\r\n");
        requests.extend(request.into_bytes());
    }
    stream.write_all(&requests).await.unwrap();
    let all = read_to_close(&mut stream).await;
    let mut rest = all.as_slice();
    for expected in [
        content.as_slice(),
        b"0123456789",
        content.as_slice(),
        b"0123456789",
    ] {
        let answer = Answer::parse(rest);
        assert_eq!(answer.status, 200);
        let (body, next) = answer.body.split_at(expected.len());
        assert!(body == expected);
        let taken = rest.len() - next.len();
        rest = rest.get(taken..).unwrap();
    }
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_replaced_file_is_never_served_from_memory() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let path = format!("/{}", artifact.path);
    let file = server.home.path(&artifact.path);
    assert_eq!(server.get(&path).await.body, b"0123456789");
    // Same name, size and time; other bytes.
    fs::write(&file, b"9876543210").unwrap();
    let opened = fs::File::options().write(true).open(&file).unwrap();
    opened.set_modified(artifact.modified).unwrap();
    let answer = server.get(&path).await;
    assert_eq!(answer.body, b"9876543210");
    assert_eq!(answer.header("etag"), None, "the tag is of other bytes");
    fs::remove_file(&file).unwrap();
    assert_eq!(server.status(&path).await, 404);
    assert_eq!(server.status(&format!("/{}", artifact.link)).await, 404);
}

#[tokio::test]
async fn a_link_is_followed_to_where_it_points_now() {
    let server = Server::new().await;
    let first = server.home.publish("a-1.tgz", b"one").await;
    let link = format!("/{}", first.link);
    for _ in 0..2 {
        assert_eq!(server.get(&link).await.body, b"one");
    }
    server.home.publish("a-2.tgz", b"two").await;
    assert_eq!(server.get(&link).await.body, b"two");
    server.home.publish("a-1.tgz", b"one").await;
    assert_eq!(server.get(&link).await.body, b"one");
}

#[tokio::test]
async fn a_removed_object_is_no_longer_served() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    let path = format!("/{}", artifact.path);
    assert_eq!(server.status(&path).await, 200);
    server.home.store.remove(&app()).await.unwrap();
    assert_eq!(server.status(&path).await, 404);
    assert_eq!(server.status(&format!("/{}", artifact.link)).await, 404);
}

#[tokio::test]
async fn memory_is_bounded_and_what_does_not_fit_is_served_all_the_same() {
    let server = Server::with(ServeLimits {
        max_memory_bytes: 2_500,
        ..ServeLimits::default()
    })
    .await;
    for _ in 0..2 {
        for index in 0..6_u8 {
            let artifact = server
                .home
                .publish(&format!("a-{index}.tgz"), &[index; 1_000])
                .await;
            let answer = server.get(&format!("/{}", artifact.path)).await;
            assert_eq!(answer.body, [index; 1_000]);
        }
    }
    let artifact = server.home.publish("big.tgz", &bytes(100_000)).await;
    for _ in 0..2 {
        assert!(server.get(&format!("/{}", artifact.path)).await.body == bytes(100_000));
    }
}

#[tokio::test]
async fn content_types_go_by_the_name() {
    let server = Server::new().await;
    for (name, expected) in [
        ("a.tgz", "application/gzip"),
        ("a.tar.gz", "application/gzip"),
        ("index-1.yaml", "application/yaml"),
        ("a.bin", "application/octet-stream"),
        ("a", "application/octet-stream"),
    ] {
        let artifact = server.home.publish(name, name.as_bytes()).await;
        let answer = server.get(&format!("/{}", artifact.path)).await;
        assert_eq!(answer.header("content-type"), Some(expected), "{name}");
    }
}

#[tokio::test]
async fn an_artifact_without_a_record_is_served_without_a_tag() {
    let (server, artifact) = Server::with_chart(ServeLimits::default()).await;
    fs::remove_dir_all(server.home.path(".portolan/records")).unwrap();
    let answer = server.get(&format!("/{}", artifact.path)).await;
    assert_eq!((answer.status, answer.header("etag")), (200, None));
}

#[tokio::test]
async fn an_answer_that_is_running_ends_before_the_server_does() {
    let mut server = Server::new().await;
    let content = bytes(20_000_000);
    let artifact = server.home.publish("large.tgz", &content).await;
    let mut stream = server.connect().await;
    let request = format!("GET /{} HTTP/1.1\r\nHost: store\r\n\r\n", artifact.path);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1000];
    stream.read_exact(&mut first).await.unwrap();
    let idle = server.connect().await;
    server.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let rest = read_to_close(&mut stream).await;
    let all: Vec<u8> = first.into_iter().chain(rest).collect();
    assert!(Answer::parse(&all).body == content);
    drop(idle);
    server.ended().await;
}

#[tokio::test]
async fn clients_that_ask_for_nothing_do_not_keep_the_server_from_stopping() {
    let mut server = Server::with(ServeLimits {
        shutdown_grace: Duration::from_secs(30),
        ..ServeLimits::default()
    })
    .await;
    let silent = server.connect().await;
    let mut begun = server.connect().await;
    begun.write_all(b"GET / HT").await.unwrap();
    let mut idle = server.connect().await;
    idle.write_all(b"GET / HTTP/1.1\r\nHost: store\r\n\r\n")
        .await
        .unwrap();
    let mut answered = [0; 1000];
    assert!(idle.read(&mut answered).await.unwrap() > 0);
    server.stop();
    let ended = tokio::time::timeout(Duration::from_secs(8), server.ended());
    ended.await.expect("the server did not stop");
    drop((silent, begun, idle));
}

#[tokio::test]
async fn a_client_that_reads_nothing_does_not_keep_the_server_from_stopping() {
    let mut server = Server::with(ServeLimits {
        shutdown_grace: Duration::from_millis(200),
        ..ServeLimits::default()
    })
    .await;
    let artifact = server.home.publish("large.tgz", &bytes(20_000_000)).await;
    let mut stream = server.connect().await;
    let request = format!("GET /{} HTTP/1.1\r\nHost: store\r\n\r\n", artifact.path);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1000];
    stream.read_exact(&mut first).await.unwrap();
    server.stop();
    let ended = tokio::time::timeout(Duration::from_secs(5), server.ended());
    ended.await.expect("the server did not stop");
}

#[tokio::test]
async fn an_artifact_that_is_collected_while_it_is_read_arrives_whole() {
    let server = Server::new().await;
    let content = bytes(20_000_000);
    let artifact = server.home.publish("large.tgz", &content).await;
    let mut stream = server.connect().await;
    let request = format!(
        "GET /{} HTTP/1.1\r\nHost: store\r\nConnection: close\r\n\r\n",
        artifact.path
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1000];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(server.home.store.remove(&app()).await.unwrap(), 1);
    let rest = read_to_close(&mut stream).await;
    let all: Vec<u8> = first.into_iter().chain(rest).collect();
    assert!(Answer::parse(&all).body == content);
}

#[tokio::test]
async fn a_file_that_is_cut_while_it_is_read_ends_the_connection() {
    let server = Server::new().await;
    let artifact = server.home.publish("large.tgz", &bytes(20_000_000)).await;
    let mut stream = server.connect().await;
    let request = format!("GET /{} HTTP/1.1\r\nHost: store\r\n\r\n", artifact.path);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 1000];
    stream.read_exact(&mut first).await.unwrap();
    let file = server.home.path(&artifact.path);
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_len(0).unwrap();
    let rest = read_to_close(&mut stream).await;
    assert!(rest.len() < 20_000_000);
    assert_eq!(server.status("/").await, 200);
}
