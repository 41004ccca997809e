//! Asking a token service for a token.

use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::Shared;
use super::authorization::{basic, bearer, secrets};
use super::exchange::{Answer, Exchange, NamedBy};
use super::flights::Token;
use super::origin::{Origin, host_of};
use super::server_text::server_text;
use crate::error::{DeniedBy, Waiting};
use crate::{Access, Credential, Response, SendError};

/// The largest answer of a token service, in bytes. go-containerregistry has the same bound.
const MAX_BYTES: u64 = 64 << 10;
/// How long a token is good for if the token service does not say:
/// [distribution, token authentication](https://distribution.github.io/distribution/spec/auth/token/#token-response-fields).
const DEFAULT_LIFETIME: Duration = Duration::from_mins(1);
/// The longest lifetime that is believed.
const LONGEST_LIFETIME: Duration = Duration::from_hours(24);
/// How long before its end a token is given up at most, so that one does not expire on the way.
const MARGIN: Duration = Duration::from_secs(30);
/// The name that stands for "the password is an identity token", as docker's credential helpers use it.
const IDENTITY_TOKEN_USER: &str = "<token>";

/// A token service, and what is wanted of it.
pub(super) struct TokenService<'a> {
    /// The registry that named it.
    pub(super) registry: &'a Origin,
    /// Checked: it may be asked.
    pub(super) url: Url,
    pub(super) service: &'a str,
    pub(super) scope: &'a str,
    pub(super) access: &'a Access,
    /// `None` if it is at the origin of the registry.
    pub(super) named_by: Option<NamedBy>,
}

impl Shared {
    /// Ask for a token, once. Redirects are not followed: a credential would be asked for elsewhere.
    pub(super) async fn ask(&self, service: &TokenService<'_>) -> Result<Token, SendError> {
        let asked = Instant::now();
        let answer = match service.access.credential() {
            Some(Credential::IdentityToken(token)) => {
                let answer = self.post(service, token.reveal()).await?;
                match answer.inner.status() {
                    // Some know the older of the two ways only.
                    StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
                        answer.read_aside().await;
                        let basic = basic(IDENTITY_TOKEN_USER, token.reveal())?;
                        self.get(service, Some(basic)).await?
                    }
                    _ => answer,
                }
            }
            Some(Credential::Basic { username, password }) => {
                let basic = basic(username, password.reveal())?;
                self.get(service, Some(basic)).await?
            }
            Some(Credential::RegistryToken(_)) | None => self.get(service, None).await?,
        };
        let status = answer.inner.status();
        if !status.is_success() {
            return Err(service.refused(status, &answer.read_aside().await));
        }
        let reading = Response::new(answer.inner, service.url.clone(), self.idle_timeout);
        let body = tokio::time::timeout(self.header_timeout, reading.collect(MAX_BYTES))
            .await
            .map_err(|_| SendError::Timeout {
                host: host_of(&service.url),
                waiting: Waiting::Body,
                after: self.header_timeout,
            })??;
        read(&body, asked).ok_or_else(|| service.without_token(status, None))
    }

    /// [Token authentication](https://distribution.github.io/distribution/spec/auth/token/#requesting-a-token).
    async fn get(
        &self,
        service: &TokenService<'_>,
        authorization: Option<HeaderValue>,
    ) -> Result<Answer, SendError> {
        let mut url = service.url.clone();
        url.query_pairs_mut()
            .extend_pairs(service.wanted())
            .finish();
        let headers = authorization
            .map(|value| (AUTHORIZATION, value))
            .into_iter()
            .collect();
        self.send_to(service, Method::GET, &url, headers, None)
            .await
    }

    /// [Token authentication with OAuth2](https://distribution.github.io/distribution/spec/auth/oauth/#refresh-token-format).
    async fn post(
        &self,
        service: &TokenService<'_>,
        refresh_token: &str,
    ) -> Result<Answer, SendError> {
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", refresh_token)
            .append_pair("client_id", "portolan")
            .extend_pairs(service.wanted())
            .finish();
        let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, form_type)]);
        self.send_to(service, Method::POST, &service.url, headers, Some(form))
            .await
    }

    async fn send_to(
        &self,
        service: &TokenService<'_>,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        form: Option<String>,
    ) -> Result<Answer, SendError> {
        self.exchange(Exchange {
            method,
            url,
            headers,
            body: form.map(Bytes::from),
            tls: service.access.tls(),
            counted_as: self.fingerprints.credential(service.access.credential()),
            named_by: service.named_by.clone(),
        })
        .await
    }
}

impl TokenService<'_> {
    /// The parameters of both ways to ask. What a registry writes as one scope with blanks is several.
    fn wanted(&self) -> impl Iterator<Item = (&str, &str)> {
        let service = (!self.service.is_empty()).then_some(("service", self.service));
        let scopes = self.scope.split_whitespace().map(|scope| ("scope", scope));
        service.into_iter().chain(scopes)
    }

    /// What an answer without success means. Besides 401 and 403, services that speak `OAuth2` refuse a
    /// credential with 400 and a code.
    fn refused(&self, status: StatusCode, body: &[u8]) -> SendError {
        let message = server_text(body, &secrets(self.access.credential()));
        let denied = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
            StatusCode::BAD_REQUEST => message.as_deref().is_some_and(refuses_credential),
            _ => false,
        };
        if !denied {
            return self.without_token(status, message);
        }
        SendError::Denied {
            registry: self.registry.to_string(),
            status,
            by: DeniedBy::TokenService(host_of(&self.url)),
            message,
        }
    }

    fn without_token(&self, status: StatusCode, message: Option<String>) -> SendError {
        SendError::NoToken {
            registry: self.registry.to_string(),
            host: host_of(&self.url),
            status,
            message,
        }
    }
}

/// The codes of [RFC 6749, section 5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2) that are
/// about who is asking.
fn refuses_credential(message: &str) -> bool {
    ["invalid_grant", "invalid_client", "unauthorized_client"]
        .iter()
        .any(|code| message.starts_with(code))
}

/// The fields of an answer that matter.
#[derive(Deserialize)]
struct Answered {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<serde_json::Value>,
}

/// The token in `body`, which was asked for at `asked`: its lifetime began no earlier.
fn read(body: &[u8], asked: Instant) -> Option<Token> {
    let answered: Answered = serde_json::from_slice(body).ok()?;
    let given = |field: Option<String>| field.filter(|text| !text.is_empty());
    let token = given(answered.token).or(given(answered.access_token))?;
    let lifetime = answered
        .expires_in
        .and_then(|seconds| seconds.as_u64())
        .filter(|seconds| *seconds > 0)
        .map_or(DEFAULT_LIFETIME, Duration::from_secs)
        .min(LONGEST_LIFETIME);
    let usable = lifetime.saturating_sub(MARGIN.min(lifetime / 10));
    Some(Token::new(bearer(&token).ok()?, asked + usable))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected` is the token and the seconds that it is used for.
    #[track_caller]
    fn check(body: &str, expected: Option<(&str, u64)>) {
        let asked = Instant::now();
        let token = read(body.as_bytes(), asked);
        assert_eq!(
            token.map(|token| (token.header().clone(), token.expires() - asked)),
            expected.map(|(token, seconds)| (bearer(token).unwrap(), Duration::from_secs(seconds)))
        );
    }

    #[test]
    fn a_token_has_two_names() {
        check(r#"{"token":"t","expires_in":100}"#, Some(("t", 90)));
        check(r#"{"access_token":"t","expires_in":100}"#, Some(("t", 90)));
        check(
            r#"{"token":"t","access_token":"u","expires_in":100}"#,
            Some(("t", 90)),
        );
        check(
            r#"{"token":"","access_token":"u","expires_in":100}"#,
            Some(("u", 90)),
        );
    }

    #[test]
    fn a_token_is_given_up_a_little_before_its_end() {
        check(r#"{"token":"t"}"#, Some(("t", 54)));
        check(r#"{"token":"t","expires_in":null}"#, Some(("t", 54)));
        check(r#"{"token":"t","expires_in":0}"#, Some(("t", 54)));
        check(r#"{"token":"t","expires_in":-5}"#, Some(("t", 54)));
        check(r#"{"token":"t","expires_in":"soon"}"#, Some(("t", 54)));
        check(r#"{"token":"t","expires_in":10}"#, Some(("t", 9)));
        check(r#"{"token":"t","expires_in":3600}"#, Some(("t", 3570)));
        check(
            r#"{"token":"t","expires_in":18446744073709551615}"#,
            Some(("t", 86_370)),
        );
    }

    #[test]
    fn an_answer_without_a_usable_token_is_none() {
        check("", None);
        check("<html>", None);
        check("{}", None);
        check(r#"{"token":""}"#, None);
        check(r#"{"token":7}"#, None);
        check(
            r#"{"token":"a
Authorization: x"}"#,
            None,
        );
    }
}
