//! Whom a credential is for.

use std::fmt;

use url::Url;

/// Scheme, host and port: [RFC 6454, section 4](https://www.rfc-editor.org/rfc/rfc6454#section-4),
/// narrowed to HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    cleartext: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// `None` if `url` is not one of HTTP.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let cleartext = match url.scheme() {
            "http" => true,
            "https" => false,
            _ => return None,
        };
        Some(Self {
            cleartext,
            host: url.host_str().filter(|host| !host.is_empty())?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// In lower case, an address in brackets if it is one of IPv6.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Whether `port` is its port, where none means the one that the scheme implies.
    pub(crate) fn is_at_port(&self, port: Option<u16>) -> bool {
        self.port == port.unwrap_or(if self.cleartext { 80 } else { 443 })
    }

    /// Whether what is sent there can be read on the way.
    pub(crate) fn is_cleartext(&self) -> bool {
        self.cleartext
    }
}

impl fmt::Display for Origin {
    /// Host and port as people write them: without the port that the scheme implies.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match (self.cleartext, self.port) {
            (true, 80) | (false, 443) => Ok(()),
            (_, port) => write!(f, ":{port}"),
        }
    }
}

/// Host and port of `url`, for messages.
pub(crate) fn host_of(url: &Url) -> String {
    Origin::of(url).map_or_else(String::new, |origin| origin.to_string())
}

/// `url` without user info and fragment. The user info of a URL is never a credential here: an HTTP
/// library would send it along to whatever host a server has put behind it.
pub(crate) fn without_user_info(url: &Url) -> Url {
    let mut url = url.clone();
    // Fails only for URLs that cannot have user info.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn same(one: &str, other: &str, expected: bool) {
        let of = |text: &str| Origin::of(&Url::parse(text).unwrap()).unwrap();
        assert_eq!(of(one) == of(other), expected);
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        same("https://r.io/a", "https://r.io/b?c", true);
        same("https://r.io", "https://r.io:443", true);
        same("https://R.io", "https://r.io", true);
        same("https://u:p@r.io", "https://r.io", true);
        same("https://r.io", "http://r.io", false);
        same("https://r.io", "http://r.io:443", false);
        same("https://r.io", "https://r.io:444", false);
        same("https://r.io", "https://a.r.io", false);
        same("https://r.io", "https://r.io.", false);
    }

    #[test]
    fn other_schemes_have_none() {
        for text in ["ftp://r.io", "file:///etc/passwd", "data:,x", "oci://r.io"] {
            assert_eq!(Origin::of(&Url::parse(text).unwrap()), None);
        }
    }

    #[test]
    fn user_info_and_fragment_are_taken_out() {
        let url = Url::parse("https://user:word@r.io/a?b#c").unwrap();
        assert_eq!(without_user_info(&url).as_str(), "https://r.io/a?b");
    }
}
