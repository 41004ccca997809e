//! Who may do what, and the tokens that say so.
//! <https://distribution.github.io/distribution/spec/auth/token/>

mod service;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hyper::StatusCode;

pub(crate) use self::service::Issued;
use super::refusal::Refusal;
use crate::server::{Call, Login};

/// The challenge that asks for a password.
const BASIC: &str = "Basic realm=\"portolan-kit\"";

/// How a registry wants to be told who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Scheme {
    /// It does not ask.
    #[default]
    Open,
    /// A password with every request.
    Basic,
    /// A token, which the token service gives for a password.
    Token,
}

/// What a request needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need<'a> {
    pub(crate) repository: &'a str,
    /// `pull`, `push` or `delete`.
    pub(crate) action: &'static str,
}

/// How to refuse.
#[derive(Debug)]
pub(crate) struct Terms {
    /// Where tokens come from.
    pub(crate) realm: String,
    /// What a login that is not good is answered with, if not with a challenge.
    pub(crate) stale: Option<StatusCode>,
}

impl Terms {
    /// The refusal of a login that is not good.
    fn refuse(&self, refusal: Refusal) -> Refusal {
        let message = "your authorization token has expired";
        match self.stale {
            None => refusal,
            Some(status) => Refusal::new(status, "DENIED", message),
        }
    }
}

/// Somebody the registry knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    pub(crate) password: String,
    /// What may be shown to the token service in place of the password.
    pub(crate) identity_token: Option<String>,
    /// The repositories (with everything below) the account may use. `None` is all of them.
    pub(crate) repositories: Option<Vec<String>>,
}

#[derive(Debug)]
struct Token {
    grants: Vec<Grant>,
    expires: Instant,
}

#[derive(Debug)]
struct Grant {
    repository: String,
    actions: Vec<String>,
}

/// The accounts of a registry, and the tokens it has given.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) scheme: Scheme,
    pub(crate) accounts: BTreeMap<String, Account>,
    /// The repositories (with everything below) that anybody may pull.
    pub(crate) public: Vec<String>,
    /// How long a token is good for.
    pub(crate) lifetime: Duration,
    tokens: BTreeMap<String, Token>,
    issued: u64,
}

impl Default for Guard {
    fn default() -> Self {
        Self {
            scheme: Scheme::Open,
            accounts: BTreeMap::new(),
            public: Vec::new(),
            lifetime: Duration::from_mins(5),
            tokens: BTreeMap::new(),
            issued: 0,
        }
    }
}

impl Guard {
    /// Whether the registry lets this request pass.
    pub(crate) fn check(
        &self,
        call: &Call,
        need: Option<Need<'_>>,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        match self.scheme {
            Scheme::Open => Ok(()),
            Scheme::Basic => self.check_password(call, need, terms),
            Scheme::Token => self.check_token(call, need, terms),
        }
    }

    /// 401 and how to do better. `error` is what was wrong with the token, if there was one.
    pub(crate) fn challenge(&self, need: Option<Need<'_>>, terms: &Terms, error: &str) -> Refusal {
        Refusal::unauthorized(match self.scheme {
            Scheme::Open | Scheme::Basic => BASIC.to_owned(),
            Scheme::Token => bearer(need, terms, error),
        })
    }

    fn check_password(
        &self,
        call: &Call,
        need: Option<Need<'_>>,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        if need.is_some_and(|need| need.action == "pull" && covers(&self.public, need.repository)) {
            return Ok(());
        }
        let Some(Login::Basic { user, password }) = login(call) else {
            return Err(self.challenge(need, terms, ""));
        };
        let account = self.account(&user, &password);
        let account = account.ok_or_else(|| terms.refuse(self.challenge(need, terms, "")))?;
        match need {
            Some(need) if !account.may_use(need.repository) => Err(Refusal::denied()),
            _ => Ok(()),
        }
    }

    fn check_token(
        &self,
        call: &Call,
        need: Option<Need<'_>>,
        terms: &Terms,
    ) -> Result<(), Refusal> {
        let Some(Login::Bearer { token }) = login(call) else {
            return Err(self.challenge(need, terms, ""));
        };
        let live = self.tokens.get(&token);
        let Some(token) = live.filter(|token| Instant::now() < token.expires) else {
            return Err(terms.refuse(self.challenge(need, terms, "invalid_token")));
        };
        match need {
            Some(need) if !token.allows(need) => {
                Err(self.challenge(Some(need), terms, "insufficient_scope"))
            }
            _ => Ok(()),
        }
    }

    fn account(&self, user: &str, password: &str) -> Option<&Account> {
        self.accounts
            .get(user)
            .filter(|account| account.password == password)
    }

    fn owner(&self, identity_token: &str) -> Option<String> {
        self.accounts
            .iter()
            .find(|(_, account)| account.identity_token.as_deref() == Some(identity_token))
            .map(|(user, _)| user.clone())
    }
}

impl Account {
    fn may_use(&self, repository: &str) -> bool {
        self.repositories
            .as_ref()
            .is_none_or(|prefixes| covers(prefixes, repository))
    }
}

impl Token {
    fn allows(&self, need: Need<'_>) -> bool {
        self.grants.iter().any(|grant| {
            grant.repository == need.repository
                && grant.actions.iter().any(|action| action == need.action)
        })
    }
}

/// The challenge that sends a client to the token service.
fn bearer(need: Option<Need<'_>>, terms: &Terms, error: &str) -> String {
    let mut parts = vec![
        format!("Bearer realm=\"{}\"", terms.realm),
        "service=\"portolan-kit\"".to_owned(),
    ];
    if let Some(Need { repository, action }) = need {
        let actions = if action == "push" {
            "pull,push"
        } else {
            action
        };
        parts.push(format!("scope=\"repository:{repository}:{actions}\""));
    }
    if !error.is_empty() {
        parts.push(format!("error=\"{error}\""));
    }
    parts.join(",")
}

fn login(call: &Call) -> Option<Login> {
    call.header("authorization").map(Login::read)
}

/// Whether one of the prefixes is the repository or a folder it is in. An empty prefix is all.
fn covers(prefixes: &[String], repository: &str) -> bool {
    prefixes.iter().any(|prefix| {
        prefix.is_empty()
            || repository
                .strip_prefix(prefix.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}
