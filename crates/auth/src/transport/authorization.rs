//! The headers that show a credential, and what they are made of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::{Credential, SendError};

/// The header that shows a name and a password:
/// [RFC 7617, section 2](https://www.rfc-editor.org/rfc/rfc7617#section-2).
pub(super) fn basic(username: &str, password: &str) -> Result<HeaderValue, SendError> {
    sensitive(&format!("Basic {}", pair(username, password)))
}

/// The header that shows a token:
/// [RFC 6750, section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1).
pub(super) fn bearer(token: &str) -> Result<HeaderValue, SendError> {
    sensitive(&format!("Bearer {token}"))
}

/// What a message must not repeat of `credential`, in every form that a server is shown.
pub(super) fn secrets(credential: Option<&Credential>) -> Vec<String> {
    match credential {
        None => Vec::new(),
        Some(Credential::Basic { username, password }) => {
            vec![
                password.reveal().to_owned(),
                pair(username, password.reveal()),
            ]
        }
        Some(Credential::IdentityToken(token) | Credential::RegistryToken(token)) => {
            vec![token.reveal().to_owned()]
        }
    }
}

fn pair(username: &str, password: &str) -> String {
    STANDARD.encode(format!("{username}:{password}"))
}

/// Marked, so that HTTP libraries neither print nor index it.
fn sensitive(text: &str) -> Result<HeaderValue, SendError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| SendError::InvalidRequest {
        reason: "its token has characters that cannot stand in a header",
    })?;
    value.set_sensitive(true);
    Ok(value)
}
