//! Under which URL others find what the store serves.

/// The advertised address: who a URL of an artifact points at.
///
/// Follows Flux's source-controller: an address may have a scheme or none, and `http` is what none
/// means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    text: String,
}

impl Address {
    /// The address somebody chose: `HOST[:PORT]`, with `http://` or `https://` in front or not.
    ///
    /// # Errors
    ///
    /// If the text cannot be in front of a path: empty, or with a space, a control character, a
    /// query or a fragment.
    pub fn new(advertised: &str) -> Result<Self, InvalidAddressError> {
        let text = advertised.trim_end_matches('/');
        let bad = |byte: char| byte.is_whitespace() || byte.is_control() || "?#\\".contains(byte);
        if host_of(advertised).is_empty() || text.contains(bad) {
            return Err(InvalidAddressError {
                text: crate::name::shortened(advertised),
            });
        }
        Ok(Self {
            text: text.to_owned(),
        })
    }

    /// The address that a listener has for others: what it listens on, or `localhost` when it has
    /// no host, or what `host_name` says when it listens on every address (`0.0.0.0`).
    ///
    /// # Errors
    ///
    /// If `listener` is not `[HOST]:PORT`.
    pub fn of_listener(
        listener: &str,
        host_name: impl FnOnce() -> String,
    ) -> Result<Self, InvalidAddressError> {
        let (host, port) = listener.rsplit_once(':').ok_or(InvalidAddressError {
            text: crate::name::shortened(listener),
        })?;
        match host {
            "" => Self::new(&format!("localhost:{port}")),
            "0.0.0.0" => Self::new(&format!("{}:{port}", host_name())),
            _ => Self::new(listener),
        }
    }

    /// The URL of a file of the store; empty if the path is. Colons and plus signs stay as they are,
    /// as Flux leaves them.
    pub fn url(&self, path: &str) -> String {
        let scheme = if has_scheme(&self.text) {
            ""
        } else {
            "http://"
        };
        join(&format!("{scheme}{}", self.text), path)
    }

    /// The URL of a link that follows the newest artifact; empty if the path is. Always `http`, as
    /// Flux has it, whatever scheme the address came with.
    pub fn link_url(&self, path: &str) -> String {
        join(&format!("http://{}", without_scheme(&self.text)), path)
    }

    /// The same URL with this address's host and port in place of its own. What is not a URL stays
    /// as it is.
    pub fn refreshed(&self, url: &str) -> String {
        let Some((scheme, rest)) = url.split_once("://") else {
            return url.to_owned();
        };
        let path = rest.find('/').map_or("", |slash| &rest[slash..]);
        format!("{scheme}://{}{path}", host_of(&self.text))
    }
}

fn join(base: &str, path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    format!("{base}/{}", path.strip_prefix('/').unwrap_or(path))
}

fn has_scheme(text: &str) -> bool {
    without_scheme(text).len() < text.len()
}

fn without_scheme(text: &str) -> &str {
    let rest = text.strip_prefix("http://");
    rest.or_else(|| text.strip_prefix("https://"))
        .unwrap_or(text)
}

fn host_of(text: &str) -> &str {
    let rest = without_scheme(text);
    rest.split_once('/').map_or(rest, |(host, _)| host)
}

/// This machine's name: `HOSTNAME`, else what the operating system says.
pub fn host_name() -> String {
    match std::env::var("HOSTNAME") {
        Ok(name) if !name.is_empty() => name,
        _ => rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
    }
}

/// A text is not an address that artifacts can be advertised under.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an address to advertise: `HOST:PORT` is, with `http://` in front or not")]
pub struct InvalidAddressError {
    text: String,
}
