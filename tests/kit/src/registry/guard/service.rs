//! Giving and taking back tokens.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hyper::Method;

use super::{BASIC, Grant, Guard, Terms, Token, covers, login};
use crate::registry::refusal::Refusal;
use crate::server::{Call, Login};

/// What the token service gives.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) lifetime: Duration,
    /// The account's identity token, for who asked for one.
    pub(crate) refresh_token: Option<String>,
}

/// What somebody asks the token service for.
struct Asked {
    user: Option<String>,
    scopes: Vec<String>,
    /// Whether an identity token is wanted too.
    offline: bool,
}

impl Guard {
    /// Answer a request to the token service: `GET` with a password, `POST` with a form.
    pub(crate) fn token_request(&mut self, call: &Call, terms: &Terms) -> Result<Issued, Refusal> {
        let asked = match call.method {
            Method::GET => self.by_password(call),
            Method::POST => self.by_form(call)?,
            _ => return Err(Refusal::method()),
        };
        let wrong = || terms.refuse(Refusal::unauthorized(BASIC.to_owned()));
        let asked = asked.ok_or_else(wrong)?;
        let identity = asked
            .user
            .as_ref()
            .filter(|_| asked.offline)
            .and_then(|user| self.accounts.get(user)?.identity_token.clone());
        let scopes = asked.scopes.iter().flat_map(|scopes| scopes.split(' '));
        Ok(Issued {
            token: self.issue(asked.user.as_deref(), scopes),
            lifetime: self.lifetime,
            refresh_token: identity,
        })
    }

    /// `None` if the login is no good. No login at all is good: it gets what is public.
    fn by_password(&self, call: &Call) -> Option<Asked> {
        let user = match login(call) {
            None => None,
            Some(Login::Basic { user, password }) => {
                self.account(&user, &password)?;
                Some(user)
            }
            Some(_) => return None,
        };
        Some(Asked {
            user,
            scopes: call.parameters("scope"),
            offline: call.parameter("offline_token").as_deref() == Some("true"),
        })
    }

    /// <https://distribution.github.io/distribution/spec/auth/oauth/>
    fn by_form(&self, call: &Call) -> Result<Option<Asked>, Refusal> {
        let form: BTreeMap<String, String> = url::form_urlencoded::parse(&call.body)
            .into_owned()
            .collect();
        let field = |name: &str| form.get(name).map_or("", String::as_str);
        let user = match field("grant_type") {
            "refresh_token" => self.owner(field("refresh_token")),
            "password" => {
                let user = field("username");
                let known = self.account(user, field("password"));
                known.map(|_| user.to_owned())
            }
            _ => return Err(Refusal::bad("UNSUPPORTED", "this grant type is unknown")),
        };
        Ok(user.map(|user| Asked {
            user: Some(user),
            scopes: vec![field("scope").to_owned()],
            offline: field("access_type") == "offline",
        }))
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
}
