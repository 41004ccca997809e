//! Lies that are told before a request is looked at.

use hyper::{Method, StatusCode, header};

use super::backend::Backend;
use super::refusal::Refusal;
use super::route::Route;
use super::told::is_about;
use crate::lie::Lie;
use crate::response::{login_page, value};
use crate::server::{Call, Reply};

impl Backend {
    /// What is said in place of an answer, if anything is.
    pub(super) fn interrupt(&self, call: &Call, route: Route<'_>) -> Option<Reply> {
        let lie = self
            .told
            .take(|lie, _| is_in_place_of_an_answer(lie, call, route).then(|| lie.clone()))?;
        Some(match lie {
            Lie::HangUp { .. } => Reply::HangUp,
            Lie::Reset { .. } => Reply::Reset,
            Lie::StallBeforeHeaders { .. } => Reply::Never,
            Lie::LoginPage { .. } => Reply::Say(login_page()),
            Lie::Status { status, .. } | Lie::HeadStatus(status) => refusal(status).into(),
            Lie::TooManyRequests { retry_after, .. } => {
                let mut response = refusal(429).into_response();
                if let Some(text) = retry_after {
                    let headers = response.headers_mut();
                    headers.insert(header::RETRY_AFTER, value(&text));
                }
                Reply::Say(response)
            }
            Lie::UnauthorizedLoop { .. } => self.challenge(call, route).into(),
            Lie::Challenge(challenge) => Refusal::unauthorized(challenge).into(),
            _ => return None,
        })
    }
}

/// Whether this lie is told of this request, and before it is looked at.
fn is_in_place_of_an_answer(lie: &Lie, call: &Call, route: Route<'_>) -> bool {
    match lie {
        Lie::HangUp { at, .. }
        | Lie::Reset { at, .. }
        | Lie::StallBeforeHeaders { at, .. }
        | Lie::LoginPage { at }
        | Lie::Status { at, .. }
        | Lie::TooManyRequests { at, .. }
        | Lie::UnauthorizedLoop { at } => is_about(*at, call, route),
        Lie::HeadStatus(_) => {
            call.method == Method::HEAD && matches!(route, Route::Manifest { .. })
        }
        // There is nothing to be challenged about once somebody has logged in.
        Lie::Challenge(_) => {
            route != Route::Token && !call.headers.contains_key(header::AUTHORIZATION)
        }
        _ => false,
    }
}

fn refusal(status: u16) -> Refusal {
    let (code, message) = match status {
        401 => ("UNAUTHORIZED", "authentication required"),
        403 => ("DENIED", "requested access to the resource is denied"),
        404 => ("NOT_FOUND", "not found"),
        405 => ("UNSUPPORTED", "the operation is unsupported"),
        429 => ("TOOMANYREQUESTS", "too many requests"),
        _ => ("UNKNOWN", "something went wrong"),
    };
    let status = StatusCode::from_u16(status).expect("a test names a status that exists");
    Refusal::new(status, code, message)
}
