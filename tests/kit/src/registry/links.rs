//! From one page of a list to the next.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::{Response, header};

use super::backend::Backend;
use crate::lie::Lie;
use crate::response::value;
use crate::server::{Body, Call};

/// The parameter of opaque cursors, as Quay calls it.
pub(super) const CURSOR: &str = "next_page";

/// How much a page holds at most where the way to the next one is a lie.
pub(super) const SMALL_PAGE: usize = 2;

/// A link that does not lead where it should.
pub(super) struct Astray {
    pub(super) next: String,
    /// Which page this is, if what it lists is made up for it.
    pub(super) made_up: Option<usize>,
}

impl Backend {
    /// Where a lie sends who has read this page, if there is such a lie.
    pub(super) fn astray(&self, call: &Call) -> Option<Astray> {
        let path = &call.path;
        let here = usize::try_from(cursor(call).unwrap_or_default()).ok()?;
        let page = |place: usize| format!("{path}?{CURSOR}={}", encode(place));
        let (next, made_up) = self.told.find(|lie| match lie {
            Lie::EndlessPages => Some((page(here + 1), (here > 0).then_some(here))),
            Lie::LinkLoop { pages } => Some(match (here + 1) % (*pages).max(1) as usize {
                0 => (path.clone(), None),
                next => (page(next), None),
            }),
            Lie::LinkToOtherHost => Some((format!("{}{path}", self.origins.other_url()), None)),
            Lie::LinkToOtherScheme => {
                let scheme = if self.origins.tls { "http" } else { "https" };
                let next = format!("{scheme}://{}{path}", self.origins.registry);
                Some((next, None))
            }
            _ => None,
        })?;
        Some(Astray { next, made_up })
    }
}

/// Say where the next page is, if there is one.
pub(super) fn link_to(next: Option<&str>, response: &mut Response<Body>) {
    if let Some(next) = next {
        let link = format!("<{next}>; rel=\"next\"");
        response.headers_mut().insert(header::LINK, value(&link));
    }
}

pub(super) fn encode(index: usize) -> String {
    URL_SAFE_NO_PAD.encode((index as u64).to_le_bytes())
}

/// The index in an opaque cursor.
pub(super) fn cursor(call: &Call) -> Option<u64> {
    let bytes = URL_SAFE_NO_PAD.decode(call.parameter(CURSOR)?).ok()?;
    Some(u64::from_le_bytes(bytes.try_into().ok()?))
}
