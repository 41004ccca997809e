//! From where an address can be reached, and who may send us there.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// From where an address can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reach {
    /// From anywhere.
    Public,
    /// From inside an organisation: [RFC 1918](https://www.rfc-editor.org/rfc/rfc1918),
    /// [RFC 4193](https://www.rfc-editor.org/rfc/rfc4193),
    /// [RFC 6598](https://www.rfc-editor.org/rfc/rfc6598),
    /// [RFC 2544](https://www.rfc-editor.org/rfc/rfc2544).
    Private,
    /// From the same link, and the addresses where clouds keep their metadata services.
    LinkLocal,
    /// From the same machine.
    Loopback,
    /// From nowhere: unspecified, multicast, broadcast and reserved addresses.
    Unusable,
}

impl Reach {
    /// What kind of address `address` is. IPv6 addresses that stand for an IPv4 one are as that one.
    pub(crate) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::of_v4(address),
            IpAddr::V6(address) => match embedded_v4(address) {
                Some(address) => Self::of_v4(address),
                None => Self::of_v6(address),
            },
        }
    }

    /// What is known of the host of `url` without asking DNS: addresses, and names that mean one.
    pub(crate) fn by_name(url: &Url) -> Option<Self> {
        match url.host()? {
            Host::Ipv4(address) => Some(Self::of(address.into())),
            Host::Ipv6(address) => Some(Self::of(address.into())),
            Host::Domain(name) => {
                let name = name.trim_end_matches('.');
                if name == "localhost" || name.ends_with(".localhost") {
                    Some(Self::Loopback)
                } else if name == "metadata.google.internal" {
                    Some(Self::LinkLocal)
                } else {
                    None
                }
            }
        }
    }

    /// Whether somebody at such an address may send us to `target`. A public host may name public hosts
    /// only, so that it cannot use our place in the network; an insider may also name others of its own
    /// kind. Nobody may name what is for no one.
    pub(crate) fn may_name(self, target: Self) -> bool {
        target == Self::Public || target == self && target != Self::Unusable
    }

    fn of_v4(address: Ipv4Addr) -> Self {
        let [a, b, c, _] = address.octets();
        match (a, b, c) {
            (127, ..) => Self::Loopback,
            _ if METADATA_V4.contains(&address) => Self::LinkLocal,
            (169, 254, _) => Self::LinkLocal,
            (10, ..)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (100, 64..=127, _)
            | (198, 18..=19, _) => Self::Private,
            (0 | 224.., ..) | (192, 0, 0) => Self::Unusable,
            _ => Self::Public,
        }
    }

    fn of_v6(address: Ipv6Addr) -> Self {
        match address.segments() {
            [0, 0, 0, 0, 0, 0, 0, 1] => Self::Loopback,
            [0, 0, 0, 0, 0, 0, 0, 0] | [0xff00..=0xffff, ..] => Self::Unusable,
            // AWS keeps its metadata service inside the range of RFC 4193.
            [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, _] | [0xfe80..=0xfebf, ..] => Self::LinkLocal,
            [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => Self::Private,
            _ => Self::Public,
        }
    }
}

/// Metadata services outside 169.254.0.0/16: Azure's wire server, Alibaba Cloud, Oracle Cloud.
const METADATA_V4: [Ipv4Addr; 3] = [
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(192, 0, 0, 192),
];

/// The IPv4 address that packets to `address` end up at: mapped and compatible addresses, NAT64
/// ([RFC 6052](https://www.rfc-editor.org/rfc/rfc6052)) and 6to4
/// ([RFC 3056](https://www.rfc-editor.org/rfc/rfc3056)).
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let (high, low) = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => return None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Some(Ipv4Addr::new(a, b, c, d))
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::LinkLocal => "link-local",
            Self::Loopback => "loopback",
            Self::Unusable => "reserved",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn address(addresses: &str, expected: Reach) {
        for text in addresses.split(' ') {
            assert_eq!(Reach::of(text.parse().unwrap()), expected, "{text}");
        }
    }

    #[test]
    fn addresses_are_told_apart_by_who_can_reach_them() {
        address(
            "1.1.1.1 172.32.0.1 100.128.0.1 2606:4700::1111",
            Reach::Public,
        );
        address("127.0.0.1 127.255.255.254 ::1", Reach::Loopback);
        address(
            "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1",
            Reach::Private,
        );
        address(
            "100.64.0.1 198.18.0.1 fc00::1 fd12:3456::1 fec0::1",
            Reach::Private,
        );
        address(
            "169.254.169.254 169.254.0.1 fe80::1 febf::1",
            Reach::LinkLocal,
        );
        address(
            "0.0.0.0 0.1.2.3 224.0.0.1 240.0.0.1 255.255.255.255",
            Reach::Unusable,
        );
        address(":: ff02::1", Reach::Unusable);
    }

    #[test]
    fn metadata_services_are_link_local_wherever_they_are() {
        address(
            "168.63.129.16 100.100.100.200 192.0.0.192 fd00:ec2::254",
            Reach::LinkLocal,
        );
    }

    #[test]
    fn an_ipv4_address_dressed_as_ipv6_stays_what_it_is() {
        address(
            "::ffff:127.0.0.1 ::127.0.0.1 64:ff9b::7f00:1 2002:7f00:1::",
            Reach::Loopback,
        );
        address(
            "::ffff:10.0.0.1 64:ff9b::a00:1 2002:a00:1::1",
            Reach::Private,
        );
        address(
            "::ffff:169.254.169.254 64:ff9b::a9fe:a9fe",
            Reach::LinkLocal,
        );
        address("::ffff:1.1.1.1 64:ff9b::101:101", Reach::Public);
    }

    #[track_caller]
    fn name(hosts: &str, expected: Option<Reach>) {
        for host in hosts.split(' ') {
            let url = Url::parse(&format!("https://{host}/")).unwrap();
            assert_eq!(Reach::by_name(&url), expected, "{host}");
        }
    }

    #[test]
    fn some_names_mean_an_address() {
        name(
            "localhost LOCALHOST localhost. a.localhost",
            Some(Reach::Loopback),
        );
        name("metadata.google.internal", Some(Reach::LinkLocal));
        name("example.com localhost.example.com notlocalhost", None);
    }

    #[test]
    fn an_address_may_be_spelled_in_many_ways() {
        name(
            "127.1 2130706433 0x7f.1 0177.0.0.1 [::1]",
            Some(Reach::Loopback),
        );
    }

    #[test]
    fn whoever_is_public_may_name_the_public_only() {
        use Reach::{LinkLocal, Loopback, Private, Public, Unusable};
        for from in [Public, Private, LinkLocal, Loopback, Unusable] {
            assert!(from.may_name(Public));
            assert!(!from.may_name(Unusable));
            for target in [Private, LinkLocal, Loopback] {
                assert_eq!(from.may_name(target), from == target, "{from} {target}");
            }
        }
    }
}
