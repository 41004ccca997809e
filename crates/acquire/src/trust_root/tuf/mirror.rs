//! Where files of a repository are fetched from.

use std::collections::BTreeSet;

use http::StatusCode;
use portolan_auth::{Request, SendError, Transport};
use sigstore_tuf::transport::FetchFuture;
use sigstore_tuf::{Error, Metadata, Repository, Result, Root};
use url::Url;

/// Fetches files of a repository through our own transport, with its rules about redirects and sizes.
pub(super) struct Mirror {
    transport: Transport,
    base: Url,
}

impl Mirror {
    /// `base` ends with a slash.
    pub(super) fn new(transport: Transport, base: Url) -> Self {
        Self { transport, base }
    }

    async fn get(&self, folder: &str, name: &str, limit: u64) -> Result<Option<Vec<u8>>> {
        // Names are made of what was signed. Whoever signed `../../x` gets nothing from there.
        if !is_plain(name) {
            return Err(Error::Malformed(format!("`{name}` is no name of a file")));
        }
        let failed =
            |error: SendError| Error::transport_with_source(format!("cannot get `{name}`"), error);
        let url = self
            .base
            .join(&format!("{folder}{name}"))
            .map_err(|error| {
                Error::transport_with_source(format!("`{name}` has no address"), error)
            })?;
        let response = self.transport.send(Request::get(url)).await;
        let response = response.map_err(failed)?;
        match response.status() {
            StatusCode::OK => {}
            // Object stores say 403 of what is not there, and the end of the chain of roots is found by
            // asking for one more.
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN => return Ok(None),
            status => return Err(Error::transport(format!("`{name}`: {status}"))),
        }
        let body = response.collect(limit).await.map_err(failed)?;
        if name.ends_with(".root.json") {
            has_no_key_twice(&body)?;
        }
        Ok(Some(body.into()))
    }
}

impl Repository for Mirror {
    fn fetch_metadata<'a>(&'a self, name: &'a str, limit: u64) -> FetchFuture<'a> {
        Box::pin(self.get("", name, limit))
    }

    fn fetch_target<'a>(&'a self, path: &'a str, limit: u64) -> FetchFuture<'a> {
        Box::pin(self.get("targets/", path, limit))
    }
}

/// Whether a name stays where it is put.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.starts_with('.') && name.bytes().all(plain)
}

/// Whether the keys of each role are different ones: signatures are counted by the names of keys, so one
/// with two names would count twice.
pub(super) fn has_no_key_twice(root: &[u8]) -> Result<()> {
    let root = Metadata::<Root>::from_slice(root)?.into_signed();
    for (role, named) in &root.roles {
        let mut seen = BTreeSet::new();
        for key in named.keyids.iter().filter_map(|name| root.keys.get(name)) {
            if !seen.insert(key.keyval.public.trim()) {
                let flaw = format!("the root has one key twice for the role {role}");
                return Err(Error::Malformed(flaw));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_where_it_is_put() {
        for name in ["17.root.json", "timestamp.json", "00ff.trusted_root.json"] {
            assert!(is_plain(name), "{name}");
        }
        for name in [
            "../x", "..", ".x", "a/b", "a\\b", "a%2Fb", "//x", "x?y", "x#y", "h:80",
        ] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
