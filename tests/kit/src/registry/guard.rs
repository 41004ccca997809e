//! Who may do what, and the tokens that say so.
//! <https://distribution.github.io/distribution/spec/auth/token/>

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hyper::StatusCode;

use super::refusal::Refusal;
use crate::server::{Call, Login};

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

/// What the token service gives.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) lifetime: Duration,
    /// The account's identity token, for who asked for one.
    pub(crate) refresh_token: Option<String>,
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
    /// What the registry answers to a token it no longer takes.
    pub(crate) stale_status: StatusCode,
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
            stale_status: StatusCode::UNAUTHORIZED,
            tokens: BTreeMap::new(),
            issued: 0,
        }
    }
}

impl Guard {
    /// Whether the registry lets this request pass. `realm` is where its tokens come from.
    pub(crate) fn check(
        &self,
        call: &Call,
        need: Option<Need<'_>>,
        realm: &str,
    ) -> Result<(), Refusal> {
        match self.scheme {
            Scheme::Open => Ok(()),
            Scheme::Basic => self.check_password(call, need),
            Scheme::Token => self.check_token(call, need, realm),
        }
    }

    fn check_password(&self, call: &Call, need: Option<Need<'_>>) -> Result<(), Refusal> {
        if need.is_some_and(|need| need.action == "pull" && covers(&self.public, need.repository)) {
            return Ok(());
        }
        let challenge = || Refusal::unauthorized("Basic realm=\"portolan-kit\"".to_owned());
        let Some(Login::Basic { user, password }) = login(call) else {
            return Err(challenge());
        };
        let account = self.account(&user, &password).ok_or_else(challenge)?;
        match need {
            Some(need) if !account.may_use(need.repository) => Err(Refusal::denied()),
            _ => Ok(()),
        }
    }

    fn check_token(&self, call: &Call, need: Option<Need<'_>>, realm: &str) -> Result<(), Refusal> {
        let challenge = |error| challenge(realm, need, error);
        let Some(Login::Bearer { token }) = login(call) else {
            return Err(Refusal::unauthorized(challenge("")));
        };
        let live = self.tokens.get(&token);
        let Some(token) = live.filter(|token| Instant::now() < token.expires) else {
            return Err(match self.stale_status {
                StatusCode::UNAUTHORIZED => Refusal::unauthorized(challenge("invalid_token")),
                _ => Refusal::denied(),
            });
        };
        match need {
            Some(need) if !token.allows(need) => {
                Err(Refusal::unauthorized(challenge("insufficient_scope")))
            }
            _ => Ok(()),
        }
    }

    /// Answer a request to the token service: `GET` with a password, `POST` with a form.
    pub(crate) fn token_request(&mut self, call: &Call) -> Result<Issued, Refusal> {
        let wrong = || Refusal::unauthorized("Basic realm=\"portolan-kit\"".to_owned());
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(&call.body)
            .into_owned()
            .collect();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let (user, scopes, offline) = if call.method == hyper::Method::POST {
            let user = match field("grant_type") {
                "refresh_token" => self.owner(field("refresh_token")).ok_or_else(wrong)?,
                "password" => {
                    let user = field("username");
                    self.account(user, field("password")).ok_or_else(wrong)?;
                    user.to_owned()
                }
                _ => return Err(Refusal::bad("UNSUPPORTED", "this grant type is unknown")),
            };
            let offline = field("access_type") == "offline";
            (Some(user), vec![field("scope").to_owned()], offline)
        } else if call.method == hyper::Method::GET {
            let user = match login(call) {
                None => None,
                Some(Login::Basic { user, password }) => {
                    self.account(&user, &password).ok_or_else(wrong)?;
                    Some(user)
                }
                Some(_) => return Err(wrong()),
            };
            let offline = call.parameter("offline_token").as_deref() == Some("true");
            (user, call.parameters("scope"), offline)
        } else {
            return Err(Refusal::method());
        };
        let refresh_token = user
            .as_ref()
            .filter(|_| offline)
            .and_then(|user| self.accounts.get(user)?.identity_token.clone());
        let scopes = scopes.iter().flat_map(|scopes| scopes.split(' '));
        Ok(Issued {
            token: self.issue(user.as_deref(), scopes),
            lifetime: self.lifetime,
            refresh_token,
        })
    }

    /// Make a token that grants what these scopes ask for, as far as the account may.
    pub(crate) fn issue<'a>(
        &mut self,
        user: Option<&str>,
        scopes: impl IntoIterator<Item = &'a str>,
    ) -> String {
        let grants = scopes
            .into_iter()
            .filter_map(|scope| self.grant(user, scope))
            .collect();
        self.issued += 1;
        let token = format!("token-{}-{}", self.issued, user.unwrap_or("anonymous"));
        let expires = Instant::now() + self.lifetime;
        self.tokens.insert(token.clone(), Token { grants, expires });
        token
    }

    /// How many tokens were ever given.
    pub(crate) fn issued(&self) -> u64 {
        self.issued
    }

    /// Take no token that was given so far any more.
    pub(crate) fn revoke(&mut self) {
        self.tokens.clear();
    }

    /// Take this token no more. Answers whether it was good.
    pub(crate) fn revoke_token(&mut self, token: &str) -> bool {
        self.tokens.remove(token).is_some()
    }

    fn grant(&self, user: Option<&str>, scope: &str) -> Option<Grant> {
        let (kind, rest) = scope.split_once(':')?;
        let (repository, actions) = rest.rsplit_once(':')?;
        if kind != "repository" {
            return None;
        }
        let known = user.and_then(|user| self.accounts.get(user));
        let mine = known.is_some_and(|account| account.may_use(repository));
        let public = covers(&self.public, repository);
        let actions = actions
            .split(',')
            .filter(|action| mine || (public && *action == "pull"))
            .map(str::to_owned)
            .collect();
        Some(Grant {
            repository: repository.to_owned(),
            actions,
        })
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

/// The value of `WWW-Authenticate` that sends a client to the token service.
fn challenge(realm: &str, need: Option<Need<'_>>, error: &str) -> String {
    let mut parts = vec![
        format!("Bearer realm=\"{realm}\""),
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
