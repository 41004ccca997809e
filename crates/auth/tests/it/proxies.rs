//! Going through a proxy.

use portolan_auth::Transport;

use crate::server::{Reply, Server, get, user};

#[tokio::test]
async fn what_is_not_excepted_goes_through_the_proxy() {
    let proxy = Server::start(|_| Reply::ok("")).await;
    let direct = Server::start(|_| Reply::ok("")).await;
    let mut url = proxy.url("/");
    url.set_username("me").unwrap();
    url.set_password(Some("word")).unwrap();
    let transport = Transport::builder()
        .proxy(url, "direct.test")
        .resolve("direct.test", [direct.address()])
        .build()
        .unwrap();
    for host in ["registry.test", "direct.test", &direct.host()] {
        let url = format!("http://{host}/v2/a").parse().unwrap();
        assert_eq!(get(&transport, url, &user("secret")).await.unwrap(), 200);
    }
    let seen = proxy.seen();
    assert_eq!(proxy.asked(), ["GET http://registry.test/v2/a"]);
    // `me:word`
    assert_eq!(
        seen[0].header("proxy-authorization"),
        Some("Basic bWU6d29yZA==")
    );
    assert_eq!(direct.asked(), ["GET /v2/a", "GET /v2/a"]);
    assert_eq!(direct.seen()[0].header("proxy-authorization"), None);
}

#[tokio::test]
async fn https_goes_through_the_proxy_as_a_tunnel_that_sees_no_password() {
    let proxy = Server::start(|_| Reply::new(502)).await;
    let transport = Transport::builder()
        .proxy(proxy.url("/"), "")
        .build()
        .unwrap();
    let url = "https://registry.test/v2/a".parse().unwrap();
    let error = get(&transport, url, &user("secret")).await.unwrap_err();
    assert!(error.is_transient());
    assert_eq!(proxy.asked(), ["CONNECT registry.test:443"]);
    assert_eq!(proxy.seen()[0].authorization(), None);
}
