//! What a request shows, and what its first answer means.

use http::{HeaderValue, Method, StatusCode};

use super::challenge::Challenge;
use super::flights::{Token, TokenKey};
use super::origin::host_of;
use super::redirects::Arrival;
use crate::Credential;
use crate::error::DeniedBy;

/// What a request shows.
pub(super) enum Shown {
    Nothing,
    /// What the caller brought: a name and a password, or a token for the registry itself.
    Credential(HeaderValue),
    Token {
        key: TokenKey,
        token: Token,
        /// Whether it was there before this request, so that it may have gone bad since.
        kept: bool,
    },
}

impl Shown {
    pub(super) fn header(&self) -> Option<HeaderValue> {
        match self {
            Self::Nothing => None,
            Self::Credential(header) => Some(header.clone()),
            Self::Token { token, .. } => Some(token.header().clone()),
        }
    }

    pub(super) fn token_id(&self) -> Option<u64> {
        match self {
            Self::Token { token, .. } => Some(token.id()),
            Self::Nothing | Self::Credential(_) => None,
        }
    }
}

/// What becomes of the first answer to a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is for the caller.
    Take,
    /// Access is refused for good.
    Denied(DeniedBy),
    /// It is worth asking once more, after this challenge has been answered.
    Answer(Challenge),
}

/// Decide over the first answer to a request that showed `shown`.
pub(super) fn verdict(
    arrival: &Arrival,
    shown: &Shown,
    credential: Option<&Credential>,
    method: &Method,
) -> Verdict {
    let status = arrival.answer.inner.status();
    if status == StatusCode::FORBIDDEN && !arrival.abroad {
        return match shown {
            // A registry may say so of a token that has gone bad. It is asked once more, and then
            // believed.
            Shown::Token {
                key, kept: true, ..
            } if is_repeatable(method) => Verdict::Answer(Challenge::Bearer {
                realm: key.realm.clone(),
                service: key.service.clone(),
                scope: key.scope.clone(),
            }),
            _ => Verdict::Take,
        };
    }
    if status != StatusCode::UNAUTHORIZED {
        return Verdict::Take;
    }
    // What asks there is not the one whom the credential is for.
    if arrival.abroad {
        return Verdict::Denied(refuser(arrival));
    }
    let challenge = Challenge::read(arrival.answer.inner.headers());
    match (shown, challenge) {
        (Shown::Nothing, None) => Verdict::Denied(DeniedBy::RegistryWithoutCredential),
        (Shown::Nothing | Shown::Token { kept: true, .. }, Some(challenge)) => {
            Verdict::Answer(challenge)
        }
        // Fetched a moment ago, but perhaps from a token service that is no longer the one.
        (
            Shown::Token { key, .. },
            Some(Challenge::Bearer {
                realm,
                service,
                scope,
            }),
        ) if realm != key.realm || service != key.service => Verdict::Answer(Challenge::Bearer {
            realm,
            service,
            scope,
        }),
        (Shown::Credential(_), Some(bearer @ Challenge::Bearer { .. }))
            if matches!(credential, Some(Credential::Basic { .. })) =>
        {
            Verdict::Answer(bearer)
        }
        (Shown::Credential(_) | Shown::Token { .. }, _) => Verdict::Denied(DeniedBy::Registry),
    }
}

/// Who it was that answered 401.
pub(super) fn refuser(arrival: &Arrival) -> DeniedBy {
    if arrival.abroad {
        DeniedBy::RedirectTarget(host_of(&arrival.url))
    } else {
        DeniedBy::Registry
    }
}

fn is_repeatable(method: &Method) -> bool {
    *method == Method::GET || *method == Method::HEAD
}
