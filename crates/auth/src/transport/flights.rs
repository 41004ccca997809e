//! Tokens that are shared: kept while they are good, and fetched once for everybody who waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, Weak};

use http::HeaderValue;
use tokio::time::Instant;

use super::bounded::{Bounded, locked};
use super::fingerprint::Fingerprint;
use super::origin::Origin;
use crate::{Secret, SendError};

/// The most tokens that are kept.
const MOST: usize = 4096;

/// What a token is good for, and who may use it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenKey {
    /// Tenant, credential and TLS of whoever fetched it.
    pub(super) access: Fingerprint,
    /// The registry it is for.
    pub(super) registry: Origin,
    /// The token service it is from.
    pub(super) realm: String,
    pub(super) service: String,
    pub(super) scope: String,
}

/// A bearer token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// Tells it from every other, so that a refused one is not taken for its successor.
    id: u64,
    /// `Bearer …`, marked as sensitive.
    authorization: HeaderValue,
    /// When to stop using it.
    expires: Instant,
}

impl Token {
    pub(super) fn new(authorization: HeaderValue, expires: Instant) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            authorization,
            expires,
        }
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    pub(super) fn header(&self) -> &HeaderValue {
        &self.authorization
    }

    #[cfg(test)]
    pub(super) fn expires(&self) -> Instant {
        self.expires
    }

    /// The token alone.
    pub(super) fn secret(&self) -> Secret {
        let header = self.authorization.to_str().unwrap_or_default();
        Secret::new(header.strip_prefix("Bearer ").unwrap_or(header))
    }
}

/// One token request under way. Whoever holds the lock makes it; who waits for the lock finds the
/// outcome behind it. A maker who is dropped leaves no outcome, and the next in line makes the request.
type Flight = tokio::sync::Mutex<Option<Result<Token, SendError>>>;

/// All tokens of a process.
#[derive(Debug)]
pub(super) struct Tokens {
    kept: Mutex<Bounded<TokenKey, Token>>,
    flights: Mutex<HashMap<TokenKey, Weak<Flight>>>,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self {
            kept: Mutex::new(Bounded::new(MOST)),
            flights: Mutex::new(HashMap::new()),
        }
    }

    /// A kept token that is still good, unless it is the one called `refused`.
    pub(super) fn kept(&self, key: &TokenKey, refused: Option<u64>) -> Option<Token> {
        locked(&self.kept)
            .get(key)
            .filter(|token| token.expires > Instant::now() && Some(token.id) != refused)
            .cloned()
    }

    /// Drop the token `id`, if it is still the one that is kept.
    pub(super) fn forget(&self, key: &TokenKey, id: u64) {
        let mut kept = locked(&self.kept);
        if kept.get(key).is_some_and(|token| token.id == id) {
            kept.remove(key);
        }
    }

    /// A token for `key` that is not `refused`: a kept one, the outcome of a request that is under way,
    /// or else of `fetch`. Failures are shared with whoever waited for them and not kept.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped during `fetch`, one of those who wait runs its own.
    pub(super) async fn get<F>(
        &self,
        key: &TokenKey,
        refused: Option<u64>,
        fetch: impl FnOnce() -> F,
    ) -> Result<Token, SendError>
    where
        F: Future<Output = Result<Token, SendError>>,
    {
        if let Some(token) = self.kept(key, refused) {
            return Ok(token);
        }
        let flight = self.join(key);
        let mut outcome = flight.lock().await;
        if let Some(outcome) = outcome.as_ref() {
            return outcome.clone();
        }
        // A flight may have landed between the first look and joining.
        if let Some(token) = self.kept(key, refused) {
            return Ok(token);
        }
        let fetched = fetch().await;
        if let Ok(token) = &fetched {
            locked(&self.kept).insert(key.clone(), token.clone());
        }
        *outcome = Some(fetched.clone());
        self.land(key, &flight);
        fetched
    }

    /// The flight for `key` that is under way, or a new one.
    fn join(&self, key: &TokenKey) -> Arc<Flight> {
        let mut flights = locked(&self.flights);
        if let Some(flight) = flights.get(key).and_then(Weak::upgrade) {
            return flight;
        }
        // Flights whose makers and waiters were all dropped never landed.
        flights.retain(|_, flight| flight.strong_count() > 0);
        let flight = Arc::new(Flight::default());
        flights.insert(key.clone(), Arc::downgrade(&flight));
        flight
    }

    /// Let nobody else join `landed`: its outcome is for those who waited.
    fn land(&self, key: &TokenKey, landed: &Arc<Flight>) {
        let mut flights = locked(&self.flights);
        if flights
            .get(key)
            .is_some_and(|flight| flight.as_ptr() == Arc::as_ptr(landed))
        {
            flights.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Access;
    use crate::transport::fingerprint::Fingerprints;
    use std::time::Duration;
    use url::Url;

    fn key(scope: &str) -> TokenKey {
        TokenKey {
            access: Fingerprints::new().unwrap().access(&Access::anonymous()),
            registry: Origin::of(&Url::parse("https://r.io").unwrap()).unwrap(),
            realm: String::new(),
            service: String::new(),
            scope: scope.to_owned(),
        }
    }

    fn token(seconds: u64) -> Token {
        Token::new(
            HeaderValue::from_static("Bearer t"),
            Instant::now() + Duration::from_secs(seconds),
        )
    }

    fn failure() -> SendError {
        SendError::InvalidRequest { reason: "test" }
    }

    #[tokio::test(start_paused = true)]
    async fn a_token_is_kept_until_it_expires() {
        let (tokens, key) = (Tokens::new(), key("a"));
        let first = tokens
            .get(&key, None, async || Ok(token(10)))
            .await
            .unwrap();
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(tokens.kept(&key, None).unwrap().id(), first.id());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(tokens.kept(&key, None).is_none());
        let second = tokens
            .get(&key, None, async || Ok(token(10)))
            .await
            .unwrap();
        assert_ne!(second.id(), first.id());
    }

    #[tokio::test]
    async fn a_refused_token_is_not_given_again_and_its_successor_is() {
        let (tokens, key) = (Tokens::new(), key("a"));
        let first = tokens
            .get(&key, None, async || Ok(token(10)))
            .await
            .unwrap();
        let second = tokens
            .get(&key, Some(first.id()), async || Ok(token(10)))
            .await
            .unwrap();
        assert_ne!(second.id(), first.id());
        // Somebody else who held the first one is given the second.
        let third = tokens
            .get(&key, Some(first.id()), async || Err(failure()))
            .await
            .unwrap();
        assert_eq!(third.id(), second.id());
        tokens.forget(&key, first.id());
        assert!(tokens.kept(&key, None).is_some());
        tokens.forget(&key, second.id());
        assert!(tokens.kept(&key, None).is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_share_a_failure_and_those_who_come_later_do_not() {
        let (tokens, key) = (Tokens::new(), key("a"));
        let slow = async || {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Err(failure())
        };
        let (one, other) = tokio::join!(
            tokens.get(&key, None, slow),
            tokens.get(&key, None, async || unreachable!("asked twice")),
        );
        assert!(one.is_err() && other.is_err());
        assert!(tokens.get(&key, None, async || Ok(token(10))).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn when_the_one_who_asks_is_cancelled_another_asks() {
        let (tokens, key) = (Arc::new(Tokens::new()), key("a"));
        let leader = {
            let (tokens, key) = (Arc::clone(&tokens), key.clone());
            tokio::spawn(async move {
                tokens
                    .get(&key, None, async || std::future::pending().await)
                    .await
            })
        };
        tokio::task::yield_now().await;
        let waiter = {
            let (tokens, key) = (Arc::clone(&tokens), key.clone());
            tokio::spawn(async move { tokens.get(&key, None, async || Ok(token(10))).await })
        };
        tokio::task::yield_now().await;
        assert!(!waiter.is_finished());
        leader.abort();
        assert!(waiter.await.unwrap().is_ok());
    }

    #[tokio::test]
    async fn flights_that_nobody_is_on_are_forgotten() {
        let tokens = Tokens::new();
        for number in 0..100 {
            let key = key(&number.to_string());
            let flight = tokens.get(&key, None, async || std::future::pending().await);
            let _ = tokio::time::timeout(Duration::ZERO, flight).await;
        }
        assert!(locked(&tokens.flights).len() <= 1);
    }
}
