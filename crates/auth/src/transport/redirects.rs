//! Following redirects, and what is left behind on the way.

use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderValue, Method, StatusCode};
use portolan_reference::redacted;
use url::Url;

use super::Shared;
use super::exchange::{Answer, Exchange, NamedBy};
use super::origin::{Origin, host_of, without_user_info};
use crate::error::RedirectRefusal;
use crate::{Request, SendError};

/// The answer at the end of a chain of redirects.
pub(super) struct Arrival {
    pub(super) answer: Answer,
    pub(super) url: Url,
    /// Whether any hop left the origin of the request. It counts for good: a chain that comes back has
    /// been led by a stranger.
    pub(super) abroad: bool,
}

impl Shared {
    /// Send `request` with `authorization`, and follow where it is redirected to.
    ///
    /// Beyond its origin the request carries neither authorization nor client certificate, and it only
    /// goes where the host that redirects may send us.
    pub(super) async fn follow(
        &self,
        request: &Request,
        authorization: Option<HeaderValue>,
    ) -> Result<Arrival, SendError> {
        let mut url = without_user_info(&request.url);
        let home = Origin::of(&url);
        let mut tls = request.access.tls().clone();
        let mut headers = request.headers.clone();
        if let Some(authorization) = authorization {
            headers.insert(AUTHORIZATION, authorization);
        }
        let mut counted_as = self.fingerprints.credential(request.access.credential());
        let mut named_by = self.namer(request).await?;
        let mut abroad = false;
        let mut followed = 0;
        loop {
            let answer = self
                .exchange(Exchange {
                    method: request.method.clone(),
                    url: &url,
                    headers: headers.clone(),
                    body: request.body.clone(),
                    tls: &tls,
                    counted_as,
                    named_by: named_by.clone(),
                })
                .await?;
            let Some(location) = location(&request.method, &answer) else {
                return Ok(Arrival {
                    answer,
                    url,
                    abroad,
                });
            };
            let refused = |reason, to: &str| SendError::RedirectRefused {
                host: host_of(&url),
                to: redacted(to),
                reason,
            };
            let next = target(&url, location).map_err(|(reason, to)| refused(reason, &to))?;
            if followed == self.max_redirects {
                let reason = RedirectRefusal::TooMany(self.max_redirects);
                return Err(refused(reason, next.as_str()));
            }
            if abroad || Origin::of(&next) != home {
                abroad = true;
                headers.remove(AUTHORIZATION);
                counted_as = self.fingerprints.credential(None);
                tls = tls.without_identity();
                named_by = Some(NamedBy {
                    host: host_of(&url),
                    reach: answer.reach,
                });
            }
            answer.read_aside().await;
            url = next;
            followed += 1;
        }
    }
}

impl Shared {
    /// Who chose the host of `request`, if it was not the caller. What is at the origin of the one who
    /// did is where the caller wanted to go anyway.
    async fn namer(&self, request: &Request) -> Result<Option<NamedBy>, SendError> {
        let Some(place) = &request.named_by else {
            return Ok(None);
        };
        if Origin::of(place) == Origin::of(&request.url) {
            return Ok(None);
        }
        Ok(Some(NamedBy {
            host: host_of(place),
            reach: self.reach_of(place).await?,
        }))
    }
}

/// Where `answer` redirects to, if it does and a request of this kind may be repeated there.
fn location<'a>(method: &Method, answer: &'a Answer) -> Option<&'a HeaderValue> {
    let redirects = matches!(
        answer.inner.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let repeatable = *method == Method::GET || *method == Method::HEAD;
    answer
        .inner
        .headers()
        .get(LOCATION)
        .filter(|_| redirects && repeatable)
}

/// What `location` means in an answer of `from`; if it may not be followed, why, and what it says.
fn target(from: &Url, location: &HeaderValue) -> Result<Url, (RedirectRefusal, String)> {
    let text = String::from_utf8_lossy(location.as_bytes());
    let Some(next) = from.join(&text).ok().map(|next| without_user_info(&next)) else {
        return Err((RedirectRefusal::NoUrl, shortened(&text)));
    };
    match (Origin::of(from), Origin::of(&next)) {
        (_, None) => Err((RedirectRefusal::NoUrl, shortened(next.as_str()))),
        (Some(from), Some(to)) if to.is_cleartext() && !from.is_cleartext() => {
            Err((RedirectRefusal::Cleartext, next.into()))
        }
        _ => Ok(next),
    }
}

/// Enough of a text that somebody made up to recognise it by.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(from: &str, location: &str, expected: Result<&str, RedirectRefusal>) {
        let actual = target(
            &Url::parse(from).unwrap(),
            &HeaderValue::from_str(location).unwrap(),
        );
        assert_eq!(
            actual
                .as_ref()
                .map(Url::as_str)
                .map_err(|(reason, _)| *reason),
            expected
        );
    }

    #[test]
    fn a_location_may_be_relative() {
        check("https://r.io/a/b?c", "d", Ok("https://r.io/a/d"));
        check("https://r.io/a/b", "/d?e", Ok("https://r.io/d?e"));
        check("https://r.io/a", "//s.io/d", Ok("https://s.io/d"));
        check("http://r.io/a", "https://s.io/d", Ok("https://s.io/d"));
        check("http://r.io/a", "http://s.io/d", Ok("http://s.io/d"));
    }

    #[test]
    fn user_info_in_a_location_is_not_sent() {
        check("https://r.io/", "https://u:p@s.io/", Ok("https://s.io/"));
    }

    #[test]
    fn https_never_leads_to_http() {
        use RedirectRefusal::Cleartext;
        check("https://r.io/", "http://r.io/", Err(Cleartext));
        check("https://r.io/", "http://s.io/", Err(Cleartext));
        check("https://r.io/", "HTTP://s.io/", Err(Cleartext));
    }

    #[test]
    fn only_http_is_followed() {
        for location in ["file:///etc/passwd", "ftp://s.io/", "data:,x", "https://"] {
            check("https://r.io/", location, Err(RedirectRefusal::NoUrl));
        }
    }
}
