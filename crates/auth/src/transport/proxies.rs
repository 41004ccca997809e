//! Which requests go through a proxy.

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use portolan_reference::redacted;
use url::Url;

use super::origin::Origin;
use crate::{BuildTransportError, Reach};

/// The proxies of a transport.
#[derive(Debug)]
pub(super) struct Proxies(Option<Matcher>);

/// A proxy to go through.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Proxy {
    /// Without user info.
    pub(super) uri: String,
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxies {
    /// None at all.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// Those of `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, read now.
    pub(super) fn from_environment() -> Self {
        Self(Some(Matcher::from_env()))
    }

    /// `proxy` for everything but what `except` lists in the manner of `NO_PROXY`.
    pub(super) fn through(proxy: &Url, except: &str) -> Result<Self, BuildTransportError> {
        if Origin::of(proxy).is_none() {
            return Err(BuildTransportError::Proxy {
                proxy: redacted(proxy.as_str()),
            });
        }
        Ok(Self(Some(
            Matcher::builder().all(proxy.as_str()).no(except).build(),
        )))
    }

    /// The proxy that a request to `url` goes through. This machine is always talked to directly, as
    /// Go does it: its loopback is not the proxy's.
    pub(super) fn on_the_way_to(&self, url: &Url) -> Option<Proxy> {
        if Reach::by_name(url) == Some(Reach::Loopback) {
            return None;
        }
        let uri: Uri = url.as_str().parse().ok()?;
        let found = self.0.as_ref()?.intercept(&uri)?;
        Some(Proxy {
            uri: found.uri().to_string(),
            authorization: found.basic_auth().cloned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(url: &str, expected: Option<&str>) {
        let proxy = Url::parse("http://user:word@proxy.internal:3128").unwrap();
        let proxies = Proxies::through(&proxy, "example.com,10.0.0.0/8").unwrap();
        let found = proxies.on_the_way_to(&Url::parse(url).unwrap());
        assert_eq!(
            found.as_ref().map(|proxy| proxy.uri.as_str()),
            expected,
            "{url}"
        );
        assert!(found.is_none_or(|proxy| proxy.authorization.is_some()));
    }

    #[test]
    fn everything_goes_through_the_proxy_but_what_is_listed_and_this_machine() {
        check("https://r.io/v2/", Some("http://proxy.internal:3128/"));
        check("http://r.io/v2/", Some("http://proxy.internal:3128/"));
        check("https://example.com/", None);
        check("https://a.example.com/", None);
        check("https://10.1.2.3/", None);
        check("https://192.168.1.1/", Some("http://proxy.internal:3128/"));
        check("http://localhost:5000/", None);
        check("http://127.0.0.1:5000/", None);
        check("http://[::1]:5000/", None);
    }

    #[test]
    fn a_proxy_of_another_protocol_is_an_error_and_not_left_out() {
        let proxy = Url::parse("socks5://u:canary@proxy.internal:1080").unwrap();
        let error = Proxies::through(&proxy, "").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn without_proxies_everything_is_direct() {
        let url = Url::parse("https://r.io/").unwrap();
        assert_eq!(Proxies::none().on_the_way_to(&url), None);
    }
}
