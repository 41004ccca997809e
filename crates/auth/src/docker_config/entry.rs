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
    fn check(entry: &str, expected: Result<Option<Credential>, &'static str>) {
        let entry: Value = serde_json::from_str(entry).unwrap();
        assert_eq!(credential(&entry), expected);
    }

    fn basic(username: &str, password: &str) -> Result<Option<Credential>, &'static str> {
        Ok(Some(Credential::basic(username, password)))
    }

    #[test]
    fn auth_is_read_with_and_without_padding() {
        check(r#"{"auth":"Zmx1eDpwYQ=="}"#, basic("flux", "pa"));
        check(r#"{"auth":"Zmx1eDpwYQ"}"#, basic("flux", "pa"));
        check(r#"{"auth":"Zmx1eDpwYQ==\n"}"#, basic("flux", "pa"));
    }

    #[test]
    fn a_password_keeps_its_colons() {
        check(r#"{"auth":"Zmx1eDpwOnE="}"#, basic("flux", "p:q"));
    }

    #[test]
    fn a_name_may_be_empty() {
        check(r#"{"auth":"OnA="}"#, basic("", "p"));
        check(r#"{"password":"p"}"#, basic("", "p"));
        check(r#"{"username":"u"}"#, basic("u", ""));
    }

    #[test]
    fn tokens_win_over_auth_and_auth_over_a_pair() {
        let pair = r#""username":"a","password":"b""#;
        check(
            &format!(r#"{{{pair},"auth":"Zmx1eDpw"}}"#),
            basic("flux", "p"),
        );
        check(
            &format!(r#"{{{pair},"auth":"Zmx1eDpw","identitytoken":"i"}}"#),
            Ok(Some(Credential::IdentityToken(Secret::new("i")))),
        );
        check(
            &format!(r#"{{{pair},"identitytoken":"i","registrytoken":"r"}}"#),
            Ok(Some(Credential::RegistryToken(Secret::new("r")))),
        );
    }

    #[test]
    fn an_empty_entry_says_nothing() {
        check("{}", Ok(None));
        check("null", Ok(None));
        check(r#"{"username":"","password":"","auth":""}"#, Ok(None));
        check(r#"{"email":"a@example.com"}"#, Ok(None));
    }

    #[test]
    fn a_malformed_entry_is_told_without_its_text() {
        check(r#"{"auth":"!"}"#, Err("`auth` is not base64"));
        check(r#"{"auth":"Zmx1eA=="}"#, Err("`auth` has no colon"));
        check(r#"{"auth":"/zo="}"#, Err("`auth` is not text"));
        check(r#"{"auth":7}"#, Err("it is not an object of texts"));
        check(r#""text""#, Err("it is not an object of texts"));
    }
}
