//! Staying where one was sent.

use portolan_reference::redacted;
use url::{ParseError, Url};

/// Why a place that a registry names is not visited.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stray {
    /// It is no URL.
    NoUrl,
    /// It has another scheme, host or port, or brings a login of its own. Holds where it leads, fit
    /// to be shown.
    Elsewhere(String),
}

impl From<ParseError> for Stray {
    fn from(_: ParseError) -> Self {
        Self::NoUrl
    }
}

/// Where `target` leads, read relative to `base`, if that is still the origin of `home`.
///
/// A registry decides where its clients go next. Its own origin is what the credential is for, and
/// what the client was allowed to reach; anywhere else it could send them on errands of its own.
pub(crate) fn within(home: &Url, base: &Url, target: &str) -> Result<Url, Stray> {
    let mut place = base.join(target)?;
    let has_login = !place.username().is_empty() || place.password().is_some();
    if place.origin() != home.origin() || has_login {
        return Err(Stray::Elsewhere(redacted(place.as_str())));
    }
    place.set_fragment(None);
    Ok(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: &str = "https://r.example/v2/charts/x/tags/list?n=1000";

    #[track_caller]
    fn check(target: &str, expected: &str) {
        let home = HOME.parse().unwrap();
        assert_eq!(within(&home, &home, target).unwrap().as_str(), expected);
    }

    #[track_caller]
    fn check_elsewhere(target: &str, shown: &str) {
        let home = HOME.parse().unwrap();
        let stray = within(&home, &home, target).unwrap_err();
        assert_eq!(stray, Stray::Elsewhere(shown.to_owned()));
    }

    #[test]
    fn the_same_origin_may_be_written_in_many_ways() {
        check("/v2/y?last=a&n=2", "https://r.example/v2/y?last=a&n=2");
        check(
            "?next_page=gAAA%3D",
            "https://r.example/v2/charts/x/tags/list?next_page=gAAA%3D",
        );
        check("https://r.example/elsewhere", "https://r.example/elsewhere");
        check(
            "https://r.example:443/elsewhere",
            "https://r.example/elsewhere",
        );
        check("//R.EXAMPLE/x#y", "https://r.example/x");
        check("", HOME);
    }

    #[test]
    fn another_scheme_host_or_port_is_another_origin() {
        check_elsewhere("https://evil.example/x", "https://evil.example/x");
        check_elsewhere("//evil.example/", "https://evil.example/");
        check_elsewhere(
            "https://r.example.evil.example/",
            "https://r.example.evil.example/",
        );
        check_elsewhere("https://r.example:8443/", "https://r.example:8443/");
        check_elsewhere("http://r.example/x", "http://r.example/x");
        check_elsewhere("file:///etc/passwd", "file:///etc/passwd");
        check_elsewhere("data:text/plain,x", "data:text/plain,x");
    }

    #[test]
    fn a_login_is_neither_taken_nor_shown() {
        check_elsewhere("https://user:secret@r.example/", "https://r.example/");
        check_elsewhere("https://user@r.example/", "https://r.example/");
        check_elsewhere(
            "https://evil.example/?token=secret",
            "https://evil.example/?[redacted]",
        );
    }

    #[test]
    fn after_a_redirect_relative_means_relative_to_where_it_led() {
        let home: Url = HOME.parse().unwrap();
        let moved = "https://r.example/mirror/list".parse().unwrap();
        assert_eq!(within(&home, &moved, "?2").unwrap().path(), "/mirror/list");
        let away = "https://cdn.example/list".parse().unwrap();
        assert!(matches!(
            within(&home, &away, "?2"),
            Err(Stray::Elsewhere(_))
        ));
        assert_eq!(within(&home, &home, "https://[::"), Err(Stray::NoUrl));
    }
}
