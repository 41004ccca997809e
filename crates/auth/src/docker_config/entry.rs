//! What one entry of a docker config says.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use serde_json::Value;

use crate::{Credential, Secret};

/// As Go's `base64.StdEncoding` reads it, but with or without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The fields of an entry that can hold a credential, best first.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(rename = "registrytoken")]
    registry_token: Option<String>,
    #[serde(rename = "identitytoken")]
    identity_token: Option<String>,
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

/// The credential that `entry` holds, `None` if it holds none. An error says what is wrong without
/// quoting any of it.
pub(super) fn credential(entry: &Value) -> Result<Option<Credential>, &'static str> {
    let entry = Option::<Entry>::deserialize(entry)
        .map_err(|_| "it is not an object of texts")?
        .unwrap_or_default();
    let given = |field: Option<String>| field.filter(|text| !text.is_empty());
    if let Some(token) = given(entry.registry_token) {
        return Ok(Some(Credential::RegistryToken(Secret::new(token))));
    }
    if let Some(token) = given(entry.identity_token) {
        return Ok(Some(Credential::IdentityToken(Secret::new(token))));
    }
    if let Some(auth) = given(entry.auth) {
        return decode(&auth).map(Some);
    }
    match (given(entry.username), given(entry.password)) {
        (None, None) => Ok(None),
        (username, password) => Ok(Some(Credential::basic(
            username.unwrap_or_default(),
            password.unwrap_or_default(),
        ))),
    }
}

/// `auth` is base64 of a name, a colon and a password. The first colon counts: a password may have
/// more.
fn decode(auth: &str) -> Result<Credential, &'static str> {
    let bytes = BASE64
        .decode(auth.trim_ascii())
        .map_err(|_| "`auth` is not base64")?;
    let text = String::from_utf8(bytes).map_err(|_| "`auth` is not text")?;
    let (username, password) = text.split_once(':').ok_or("`auth` has no colon")?;
    // Old versions of docker padded the password.
    Ok(Credential::basic(username, password.trim_end_matches('\0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn is(entry: &str, expected: Option<&Credential>) {
        let entry: Value = serde_json::from_str(entry).unwrap();
        assert_eq!(credential(&entry).unwrap().as_ref(), expected);
    }

    #[track_caller]
    fn pair(entry: &str, username: &str, password: &str) {
        is(entry, Some(&Credential::basic(username, password)));
    }

    #[test]
    fn auth_is_read_with_and_without_padding() {
        pair(r#"{"auth":"Zmx1eDpwYQ=="}"#, "flux", "pa");
        pair(r#"{"auth":"Zmx1eDpwYQ"}"#, "flux", "pa");
        pair(r#"{"auth":"Zmx1eDpwYQ==\n"}"#, "flux", "pa");
    }

    #[test]
    fn a_password_keeps_its_colons() {
        pair(r#"{"auth":"Zmx1eDpwOnE="}"#, "flux", "p:q");
    }

    #[test]
    fn a_name_may_be_empty() {
        pair(r#"{"auth":"OnA="}"#, "", "p");
        pair(r#"{"password":"p"}"#, "", "p");
        pair(r#"{"username":"u"}"#, "u", "");
    }

    #[test]
    fn tokens_win_over_auth_and_auth_over_a_pair() {
        let fields = r#""username":"a","password":"b","auth":"Zmx1eDpw""#;
        pair(&format!("{{{fields}}}"), "flux", "p");
        is(
            &format!(r#"{{{fields},"identitytoken":"i"}}"#),
            Some(&Credential::IdentityToken(Secret::new("i"))),
        );
        is(
            &format!(r#"{{{fields},"identitytoken":"i","registrytoken":"r"}}"#),
            Some(&Credential::RegistryToken(Secret::new("r"))),
        );
    }

    #[test]
    fn an_empty_entry_says_nothing() {
        is("{}", None);
        is("null", None);
        is(r#"{"username":"","password":"","auth":""}"#, None);
        is(r#"{"email":"a@example.com"}"#, None);
    }

    #[track_caller]
    fn malformed(entry: &str, expected: &str) {
        let entry: Value = serde_json::from_str(entry).unwrap();
        assert_eq!(credential(&entry).unwrap_err(), expected);
    }

    #[test]
    fn a_malformed_entry_is_told_without_its_text() {
        malformed(r#"{"auth":"!"}"#, "`auth` is not base64");
        malformed(r#"{"auth":"Zmx1eA=="}"#, "`auth` has no colon");
        malformed(r#"{"auth":"/zo="}"#, "`auth` is not text");
        malformed(r#"{"auth":7}"#, "it is not an object of texts");
        malformed(r#""text""#, "it is not an object of texts");
    }
}
