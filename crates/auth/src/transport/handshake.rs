//! Who is there? Answering it once, and remembering how.

use http::StatusCode;

use super::Shared;
use super::authorization::{basic, bearer, secrets};
use super::bounded::locked;
use super::challenge::Challenge;
use super::exchange::{Answer, NamedBy};
use super::fingerprint::Fingerprint;
use super::flights::{Token, TokenKey};
use super::origin::Origin;
use super::redirects::Arrival;
use super::server_text::server_text;
use super::token_service::TokenService;
use super::verdict::{Shown, Verdict, refuser, verdict};
use crate::error::DeniedBy;
use crate::{Access, Credential, Reach, Request, Response, Secret, SendError};

/// How an origin wants to be asked, as its last challenge said.
#[derive(Debug, Clone)]
pub(super) enum Scheme {
    Basic,
    Bearer {
        realm: String,
        service: String,
        /// Where the registry was when it named that token service.
        reach: Reach,
    },
}

/// Whose habit a [`Scheme`] is: another tenant or credential may be asked for something else.
pub(super) type SchemeKey = (Fingerprint, Origin);

/// Who asks whom for what.
struct Asker<'a> {
    access: &'a Access,
    fingerprint: Fingerprint,
    registry: Origin,
    /// What the caller said it needs. Empty if it did not say.
    scope: &'a str,
    /// Whether a password need not be asked for.
    shows_credential: bool,
}

impl Shared {
    /// Send `request`, and answer at most one challenge.
    pub(super) async fn send(&self, request: &Request) -> Result<Response, SendError> {
        let asker = self.asker(request)?;
        // Before a token is fetched that could not be used.
        let counted_as = self.fingerprints.credential(request.access.credential());
        self.check_door(&(asker.registry.clone(), counted_as))?;
        let shown = self.remembered(&asker).await?;
        let arrival = self.follow(request, shown.header()).await?;
        let shown = match verdict(
            &arrival,
            &shown,
            request.access.credential(),
            &request.method,
        ) {
            Verdict::Take => return Ok(self.response(arrival)),
            Verdict::Denied(by) => {
                self.forget(&shown);
                return Err(asker.denied(arrival.answer, &shown, by).await);
            }
            Verdict::Answer(challenge) => {
                self.forget(&shown);
                self.show(&asker, &shown, challenge, arrival.answer).await?
            }
        };
        let arrival = self.follow(request, shown.header()).await?;
        if arrival.answer.inner.status() == StatusCode::UNAUTHORIZED {
            self.forget(&shown);
            let by = refuser(&arrival);
            return Err(asker.denied(arrival.answer, &shown, by).await);
        }
        Ok(self.response(arrival))
    }

    /// A token for the scope of `request`, without sending it unless it takes a challenge to learn of
    /// the token service.
    pub(super) async fn token_for(&self, request: &Request) -> Result<Option<Secret>, SendError> {
        let asker = self.asker(request)?;
        if let Some(Credential::RegistryToken(token)) = request.access.credential() {
            return Ok(Some(token.clone()));
        }
        let mut shown = self.remembered(&asker).await?;
        if matches!(shown, Shown::Nothing) {
            let arrival = self.follow(request, None).await?;
            match verdict(
                &arrival,
                &shown,
                request.access.credential(),
                &request.method,
            ) {
                Verdict::Take => return Ok(None),
                Verdict::Denied(by) => {
                    return Err(asker.denied(arrival.answer, &shown, by).await);
                }
                Verdict::Answer(challenge) => {
                    shown = self.show(&asker, &shown, challenge, arrival.answer).await?;
                }
            }
        }
        Ok(match shown {
            Shown::Token { token, .. } => Some(token.secret()),
            Shown::Nothing | Shown::Credential(_) => None,
        })
    }

    fn asker<'a>(&self, request: &'a Request) -> Result<Asker<'a>, SendError> {
        Ok(Asker {
            access: &request.access,
            fingerprint: self.fingerprints.access(&request.access),
            registry: Origin::of(&request.url).ok_or(SendError::InvalidRequest {
                reason: "its URL is not one of HTTP",
            })?,
            scope: request.scope.as_deref().unwrap_or_default(),
            shows_credential: request.shows_credential,
        })
    }

    /// What the registry wanted to be shown the last time. A token that has expired since is fetched
    /// anew, so that an answer is not wasted on learning what is known.
    async fn remembered(&self, asker: &Asker<'_>) -> Result<Shown, SendError> {
        if let Some(Credential::RegistryToken(token)) = asker.access.credential() {
            return Ok(Shown::Credential(bearer(token.reveal())?));
        }
        let mut scheme = locked(&self.schemes).get(&asker.scheme_key()).cloned();
        if asker.shows_credential {
            scheme = scheme.or(Some(Scheme::Basic));
        }
        let (realm, service, reach) = match (scheme, asker.access.credential()) {
            (Some(Scheme::Basic), Some(Credential::Basic { username, password })) => {
                return Ok(Shown::Credential(basic(username, password.reveal())?));
            }
            (Some(Scheme::Basic) | None, _) => return Ok(Shown::Nothing),
            (
                Some(Scheme::Bearer {
                    realm,
                    service,
                    reach,
                }),
                _,
            ) => (realm, service, reach),
        };
        let key = asker.token_key(realm, service, asker.scope);
        if let Some(token) = self.tokens.kept(&key, None) {
            return Ok(Shown::Token {
                key,
                token,
                kept: true,
            });
        }
        if asker.scope.is_empty() {
            return Ok(Shown::Nothing);
        }
        match self.token(asker, &key, reach, None).await {
            Ok(token) => Ok(Shown::Token {
                key,
                token,
                kept: false,
            }),
            Err(error) => {
                // The registry may name another token service by now.
                locked(&self.schemes).remove(&asker.scheme_key());
                Err(error)
            }
        }
    }

    /// Answer `challenge`, which came in `answer` although `before` was shown.
    async fn show(
        &self,
        asker: &Asker<'_>,
        before: &Shown,
        challenge: Challenge,
        answer: Answer,
    ) -> Result<Shown, SendError> {
        let reach = answer.reach;
        let (shown, scheme) = match (challenge, asker.access.credential()) {
            (Challenge::Basic, Some(Credential::Basic { username, password })) => {
                answer.read_aside().await;
                let header = basic(username, password.reveal())?;
                (Shown::Credential(header), Scheme::Basic)
            }
            (Challenge::Basic, _) => {
                let by = DeniedBy::RegistryWithoutCredential;
                return Err(asker.denied(answer, before, by).await);
            }
            (
                Challenge::Bearer {
                    realm,
                    service,
                    scope,
                },
                _,
            ) => {
                answer.read_aside().await;
                let scope = match asker.scope {
                    "" => &scope,
                    asked_for => asked_for,
                };
                let key = asker.token_key(realm.clone(), service.clone(), scope);
                let token = self.token(asker, &key, reach, before.token_id()).await?;
                let shown = Shown::Token {
                    key,
                    token,
                    kept: false,
                };
                (
                    shown,
                    Scheme::Bearer {
                        realm,
                        service,
                        reach,
                    },
                )
            }
        };
        locked(&self.schemes).insert(asker.scheme_key(), scheme);
        Ok(shown)
    }

    /// A token for `key` other than `refused`, shared with whoever else wants it.
    async fn token(
        &self,
        asker: &Asker<'_>,
        key: &TokenKey,
        reach: Reach,
        refused: Option<u64>,
    ) -> Result<Token, SendError> {
        let url = self.realms.checked(&asker.registry, &key.realm)?;
        // What is at the origin of the registry is where the caller wanted to go anyway.
        let abroad = Origin::of(&url).as_ref() != Some(&asker.registry);
        let service = TokenService {
            registry: &asker.registry,
            url,
            service: &key.service,
            scope: &key.scope,
            access: asker.access,
            named_by: abroad.then(|| NamedBy {
                host: asker.registry.to_string(),
                reach,
            }),
        };
        self.tokens.get(key, refused, || self.ask(&service)).await
    }

    fn forget(&self, shown: &Shown) {
        if let Shown::Token { key, token, .. } = shown {
            self.tokens.forget(key, token.id());
        }
    }

    fn response(&self, arrival: Arrival) -> Response {
        Response::new(arrival.answer.inner, arrival.url, self.idle_timeout)
    }
}

impl Asker<'_> {
    fn scheme_key(&self) -> SchemeKey {
        (self.fingerprint, self.registry.clone())
    }

    fn token_key(&self, realm: String, service: String, scope: &str) -> TokenKey {
        TokenKey {
            access: self.fingerprint,
            registry: self.registry.clone(),
            realm,
            service,
            scope: scope.to_owned(),
        }
    }

    /// The error that `answer` is, with what it says.
    async fn denied(&self, answer: Answer, shown: &Shown, by: DeniedBy) -> SendError {
        let status = answer.inner.status();
        let mut secrets = secrets(self.access.credential());
        if let Shown::Token { token, .. } = shown {
            secrets.push(token.secret().reveal().to_owned());
        }
        SendError::Denied {
            registry: self.registry.to_string(),
            status,
            by,
            message: server_text(&answer.read_aside().await, &secrets),
        }
    }
}
