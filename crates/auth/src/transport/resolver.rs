//! Name resolution that leaves out the addresses nobody may send us to.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::Reach;

/// Addresses that were given instead of being looked up, by lower-case host name.
pub(super) type Pinned = HashMap<String, Vec<SocketAddr>>;

/// Resolves names for one pool of connections.
///
/// What is checked here is what the connector then connects to, so no second lookup can bring another
/// answer.
#[derive(Debug)]
pub(super) struct Resolver {
    pub(super) pinned: Arc<Pinned>,
    /// Where the one who named the host is. `None` if it was the caller, who may name any.
    pub(super) named_from: Option<Reach>,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let pinned = Arc::clone(&self.pinned);
        let named_from = self.named_from;
        Box::pin(async move {
            let addresses = addresses(name.as_str(), &pinned).await?;
            Ok(Box::new(permitted(addresses, named_from)?.into_iter()) as Addrs)
        })
    }
}

/// From where the host called `name` can be reached. One that has addresses of several kinds counts
/// as public: then it may name the fewest others.
pub(super) async fn reach_of(name: &str, pinned: &Pinned) -> io::Result<Reach> {
    let addresses = addresses(name, pinned).await?;
    let mut kinds = addresses.iter().map(|address| Reach::of(address.ip()));
    let first = kinds.next().unwrap_or(Reach::Public);
    Ok(if kinds.all(|kind| kind == first) {
        first
    } else {
        Reach::Public
    })
}

async fn addresses(name: &str, pinned: &Pinned) -> io::Result<Vec<SocketAddr>> {
    match pinned.get(&name.to_ascii_lowercase()) {
        Some(addresses) => Ok(addresses.clone()),
        None => Ok(tokio::net::lookup_host((name, 0)).await?.collect()),
    }
}

/// Those of `addresses` that may be connected to. An error only if there are some and none may.
fn permitted(
    mut addresses: Vec<SocketAddr>,
    named_from: Option<Reach>,
) -> Result<Vec<SocketAddr>, RefusedAddress> {
    let Some(named_from) = named_from else {
        return Ok(addresses);
    };
    let first = addresses.first().map(|address| Reach::of(address.ip()));
    addresses.retain(|address| named_from.may_name(Reach::of(address.ip())));
    match first {
        Some(reach) if addresses.is_empty() => Err(RefusedAddress(reach)),
        _ => Ok(addresses),
    }
}

/// A name stands for such an address, and may not be followed there.
#[derive(Debug, thiserror::Error)]
#[error("the name stands for a {0} address")]
pub(super) struct RefusedAddress(pub(super) Reach);

impl RefusedAddress {
    /// Look for one among the causes of `error`.
    pub(super) fn in_causes_of(error: &(dyn Error + 'static)) -> Option<Reach> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(refused) = error.downcast_ref::<Self>() {
                return Some(refused.0);
            }
            cause = error.source();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `resolved` and `expected` are space-separated lists; an empty `expected` is a refusal.
    #[track_caller]
    fn check(named_from: Option<Reach>, resolved: &str, expected: &str) {
        let addresses = |text: &str| -> Vec<SocketAddr> {
            text.split_whitespace()
                .map(|address| SocketAddr::new(address.parse().unwrap(), 0))
                .collect()
        };
        match permitted(addresses(resolved), named_from) {
            Ok(permitted) => assert_eq!(permitted, addresses(expected)),
            Err(_) => assert_eq!(expected, ""),
        }
    }

    #[test]
    fn inside_addresses_are_left_out_of_what_an_outsider_named() {
        check(Some(Reach::Public), "1.1.1.1 127.0.0.1 10.0.0.1", "1.1.1.1");
        check(Some(Reach::Public), "127.0.0.1", "");
        check(Some(Reach::Public), "169.254.169.254 fe80::1", "");
        check(Some(Reach::Private), "10.0.0.1 127.0.0.1", "10.0.0.1");
        check(Some(Reach::Loopback), "10.0.0.1", "");
        check(None, "127.0.0.1 10.0.0.1", "127.0.0.1 10.0.0.1");
    }
}
