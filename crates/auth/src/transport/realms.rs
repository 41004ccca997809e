//! Which token service may be shown a credential.

use portolan_reference::redacted;
use url::Url;

use super::origin::{Origin, without_user_info};
use crate::docker_hub::is_docker_hub;
use crate::error::RealmRefusal;
use crate::{BuildTransportError, SendError};

/// The registries for which only some token services will do.
#[derive(Debug, Default)]
pub(super) struct Realms(Vec<Narrowed>);

#[derive(Debug)]
struct Narrowed {
    host: String,
    port: Option<u16>,
    to: Origin,
}

impl Realms {
    /// From pairs of a registry (host and port) and the origin of its token service.
    pub(super) fn new(pairs: &[(String, Url)]) -> Result<Self, BuildTransportError> {
        let narrowed = pairs.iter().map(|(registry, origin)| {
            narrowed(registry, origin).ok_or_else(|| BuildTransportError::TokenRealm {
                registry: redacted(registry),
                origin: redacted(origin.as_str()),
            })
        });
        narrowed.collect::<Result<_, _>>().map(Self)
    }

    /// The token service that `registry` names as `realm`, if it may be asked: over https, unless the
    /// registry itself is asked in the clear, and where the registry was narrowed to some, one of them.
    /// Whether its address may be named is for the resolver to say.
    pub(super) fn checked(&self, registry: &Origin, realm: &str) -> Result<Url, SendError> {
        let refused = |reason| SendError::RealmRefused {
            registry: registry.to_string(),
            realm: redacted(&realm.chars().take(120).collect::<String>()),
            reason,
        };
        let url = Url::parse(realm).map_err(|_| refused(RealmRefusal::NoUrl))?;
        let origin = Origin::of(&url).ok_or_else(|| refused(RealmRefusal::NoUrl))?;
        if origin.is_cleartext() && !registry.is_cleartext() {
            return Err(refused(RealmRefusal::Cleartext));
        }
        let mut named = self.0.iter().filter(|one| one.is_for(registry)).peekable();
        if named.peek().is_some() && !named.any(|one| one.to == origin) {
            return Err(refused(RealmRefusal::NotTheNamedOne));
        }
        Ok(without_user_info(&url))
    }
}

impl Narrowed {
    fn is_for(&self, registry: &Origin) -> bool {
        let same_host = self.host == registry.host()
            || is_docker_hub(&self.host) && is_docker_hub(registry.host());
        same_host && registry.is_at_port(self.port)
    }
}

fn narrowed(registry: &str, origin: &Url) -> Option<Narrowed> {
    if registry.contains(['/', '@', '?', '#']) || !matches!(origin.path(), "" | "/") {
        return None;
    }
    if origin.query().is_some() || !origin.username().is_empty() {
        return None;
    }
    // Each scheme drops its own port; what one drops the other tells.
    let secure = Url::parse(&format!("https://{registry}/")).ok()?;
    let cleartext = Url::parse(&format!("http://{registry}/")).ok()?;
    Some(Narrowed {
        host: secure.host_str()?.to_owned(),
        port: secure.port().or(cleartext.port()),
        to: Origin::of(origin)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `narrowed` is a list of `REGISTRY=ORIGIN`.
    #[track_caller]
    fn check(narrowed: &str, registry: &str, realm: &str, expected: Option<RealmRefusal>) {
        let pairs: Vec<_> = narrowed
            .split_whitespace()
            .map(|pair| {
                let (registry, origin) = pair.split_once('=').unwrap();
                (registry.to_owned(), Url::parse(origin).unwrap())
            })
            .collect();
        let registry = Origin::of(&Url::parse(registry).unwrap()).unwrap();
        match Realms::new(&pairs).unwrap().checked(&registry, realm) {
            Ok(_) => assert_eq!(expected, None),
            Err(SendError::RealmRefused { reason, .. }) => assert_eq!(Some(reason), expected),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_registry_may_name_any_token_service_over_https() {
        check("", "https://r.io", "https://r.io/token", None);
        check(
            "",
            "https://r.io",
            "https://gitlab.example.com/jwt/auth",
            None,
        );
        check("", "http://r.io", "https://auth.io/token", None);
    }

    #[test]
    fn a_token_service_is_asked_in_the_clear_only_if_the_registry_is() {
        let cleartext = Some(RealmRefusal::Cleartext);
        check("", "https://r.io", "http://r.io/token", cleartext);
        check("", "https://r.io", "http://auth.io/token", cleartext);
        check("", "http://r.io", "http://r.io/token", None);
        check("", "http://r.io", "http://auth.io/token", None);
    }

    #[test]
    fn a_realm_is_a_url_of_http() {
        for realm in [
            "",
            "token",
            "/token",
            "ftp://r.io/",
            "file:///x",
            "https://",
        ] {
            check("", "https://r.io", realm, Some(RealmRefusal::NoUrl));
        }
    }

    #[test]
    fn a_registry_can_be_narrowed_to_some_token_services() {
        let narrowed = "r.io=https://auth.io r.io=https://other.io:8443 s.io=https://s.io";
        let not_named = Some(RealmRefusal::NotTheNamedOne);
        check(narrowed, "https://r.io", "https://auth.io/token", None);
        check(narrowed, "https://r.io", "https://other.io:8443/", None);
        check(narrowed, "https://r.io", "https://other.io/", not_named);
        check(narrowed, "https://r.io", "https://r.io/token", not_named);
        check(
            narrowed,
            "https://r.io",
            "https://auth.io.evil.io/",
            not_named,
        );
        check(
            narrowed,
            "https://r.io",
            "https://auth.io@evil.io/",
            not_named,
        );
        check(narrowed, "https://r.io:5000", "https://evil.io/", None);
        check(narrowed, "https://t.io", "https://evil.io/", None);
    }

    #[test]
    fn a_narrowed_registry_is_recognised_however_it_is_written() {
        let not_named = Some(RealmRefusal::NotTheNamedOne);
        for (narrowed, registry) in [
            ("r.io:443=https://a.io", "https://r.io"),
            ("R.io=https://a.io", "https://r.io"),
            ("r.io=https://a.io", "http://r.io"),
            ("r.io:80=https://a.io", "http://r.io"),
            ("r.io:443=https://a.io", "http://r.io:443"),
            ("r.io:5000=https://a.io", "https://r.io:5000"),
            ("[::1]:5000=https://a.io", "https://[::1]:5000"),
            ("docker.io=https://a.io", "https://registry-1.docker.io"),
        ] {
            check(narrowed, registry, "https://evil.io/", not_named);
        }
    }

    #[test]
    fn a_narrowing_that_cannot_be_read_is_an_error() {
        for (registry, origin) in [
            ("https://r.io", "https://a.io"),
            ("r.io/path", "https://a.io"),
            ("r.io:port", "https://a.io"),
            ("", "https://a.io"),
            ("r.io", "https://a.io/token"),
            ("r.io", "https://u@a.io"),
            ("r.io", "ftp://a.io"),
        ] {
            let pair = (registry.to_owned(), Url::parse(origin).unwrap());
            assert!(Realms::new(&[pair]).is_err(), "{registry} {origin}");
        }
    }
}
