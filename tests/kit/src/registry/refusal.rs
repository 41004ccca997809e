//! Answers that say no, in the envelope that registries use.
//! <https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes>

use hyper::{Response, StatusCode, header};
use serde_json::json;

use crate::response::value;
use crate::server::{Body, Reply};

/// Why a request is refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
    challenge: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            challenge: None,
        }
    }

    pub(crate) fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn missing(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "the operation is unsupported",
        )
    }

    pub(crate) fn unauthorized(challenge: String) -> Self {
        Self {
            challenge: Some(challenge),
            ..Self::new(
                StatusCode::UNAUTHORIZED,
                "UNAUTHORIZED",
                "authentication required",
            )
        }
    }

    pub(crate) fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "DENIED",
            "requested access to the resource is denied",
        )
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let body = json!({ "errors": [{ "code": self.code, "message": self.message }] });
        let mut response = Response::new(Body::whole(body.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, value("application/json"));
        headers.insert("docker-distribution-api-version", value("registry/2.0"));
        if let Some(challenge) = &self.challenge {
            headers.insert(header::WWW_AUTHENTICATE, value(challenge));
        }
        response
    }
}

impl From<Refusal> for Reply {
    fn from(refusal: Refusal) -> Self {
        Self::Say(refusal.into_response())
    }
}
