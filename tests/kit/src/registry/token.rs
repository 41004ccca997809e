//! The token service.

use hyper::Response;
use serde_json::{Value, json};

use super::backend::Backend;
use super::guard::Issued;
use super::refusal::Refusal;
use crate::lie::Lie;
use crate::response::json_text;
use crate::server::{Body, Call};

impl Backend {
    pub(super) fn token(&self, call: &Call) -> Result<Response<Body>, Refusal> {
        let terms = self.terms();
        let issued = self.guard().token_request(call, &terms)?;
        Ok(self.token_answer(issued))
    }

    /// The token service of somebody else, which takes any login and gives a good token.
    pub(super) fn stolen_token(&self, call: &Call) -> Response<Body> {
        let mut guard = self.guard();
        let anybody = guard.accounts.keys().next().cloned();
        let scopes = call.parameters("scope");
        let scopes = scopes.iter().flat_map(|scopes| scopes.split(' '));
        let issued = Issued {
            token: guard.issue(anybody.as_deref(), scopes),
            lifetime: guard.lifetime,
            refresh_token: None,
        };
        drop(guard);
        self.token_answer(issued)
    }

    fn token_answer(&self, issued: Issued) -> Response<Body> {
        /// Stands for `expires_in` as a lie writes it.
        const PLACEHOLDER: &str = "\u{1}expires\u{1}";
        let mut body = json!({
            "token": issued.token,
            "access_token": issued.token,
            "expires_in": issued.lifetime.as_secs(),
        });
        if let Some(refresh_token) = issued.refresh_token {
            body["refresh_token"] = refresh_token.into();
        }
        let mut written = None;
        for lie in self.told.all() {
            match lie {
                Lie::ExpiresIn(Some(text)) => {
                    body["expires_in"] = PLACEHOLDER.into();
                    written = Some(text);
                }
                Lie::ExpiresIn(None) => drop(take(&mut body, "expires_in")),
                Lie::OnlyAccessToken => drop(take(&mut body, "token")),
                Lie::EmptyToken => {
                    body["token"] = "".into();
                    body["access_token"] = "".into();
                }
                Lie::HugeTokenBody(bytes) => body["padding"] = "x".repeat(bytes).into(),
                _ => {}
            }
        }
        let mut text = body.to_string();
        if let Some(written) = written {
            text = text.replace(&Value::from(PLACEHOLDER).to_string(), &written);
        }
        json_text(text)
    }
}

fn take(body: &mut Value, key: &str) -> Option<Value> {
    body.as_object_mut()?.remove(key)
}
