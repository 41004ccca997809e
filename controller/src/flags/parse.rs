//! Values as Go reads them.

use std::time::Duration;

use portolan_api::parse_duration;
use portolan_reference::Algorithm;
use url::Url;

/// A duration as Go writes it. `0` needs no unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    match text {
        "0" => Ok(Duration::ZERO),
        text if text.starts_with('-') => Err("a duration must not be negative".to_owned()),
        text => parse_duration(text).map_err(|error| error.to_string()),
    }
}

/// What Go's [`ParseBool`](https://pkg.go.dev/strconv@go1.25.0#ParseBool) takes.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("`true` or `false` is expected".to_owned()),
    }
}

/// A digest algorithm.
pub(super) fn algorithm(text: &str) -> Result<Algorithm, String> {
    [
        Algorithm::Sha256,
        Algorithm::Sha384,
        Algorithm::Sha512,
        Algorithm::Blake3,
    ]
    .into_iter()
    .find(|algorithm| algorithm.to_string() == text)
    .ok_or_else(|| "sha256, sha384, sha512 or blake3 is expected".to_owned())
}

/// `REGISTRY=ORIGIN`: from where a registry's tokens may come.
pub(super) fn token_realm(text: &str) -> Result<(String, Url), String> {
    const EXPECTED: &str =
        "REGISTRY=ORIGIN is expected, as in registry.example.com=https://auth.example.com";
    let (registry, origin) = text.split_once('=').ok_or(EXPECTED)?;
    let origin: Url = origin.parse().map_err(|_| EXPECTED)?;
    let is_origin = matches!(origin.scheme(), "https" | "http")
        && origin.has_host()
        && origin.path() == "/"
        && origin.query().is_none()
        && origin.fragment().is_none()
        && origin.username().is_empty()
        && origin.password().is_none();
    if registry.is_empty() || registry.contains('/') || !is_origin {
        return Err(EXPECTED.to_owned());
    }
    Ok((registry.to_owned(), origin))
}

/// An address to post to, or nothing.
pub(super) fn events_address(text: &str) -> Result<EventsAddress, String> {
    if text.is_empty() {
        return Ok(EventsAddress(None));
    }
    let url: Url = text
        .parse()
        .map_err(|error: url::ParseError| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("an http or https URL is expected".to_owned());
    }
    Ok(EventsAddress(Some(url)))
}

/// Where events are posted, if anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventsAddress(pub(crate) Option<Url>);
