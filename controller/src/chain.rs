//! An error in one line.

use std::error::Error;

use portolan_reference::redacted;

/// `error` and its causes, each told once, without what a URL must not show.
///
/// Some foreign errors repeat their cause in their own text: it is not repeated then.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = error.source();
    }
    redacted(&text)
}

/// A URL as it is told: without user info, and without a query, which may be a signature.
pub(crate) fn shown(url: &str) -> String {
    let url = redacted(url);
    url.split_once('?')
        .map_or(url.as_str(), |(url, _)| url)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Step {
        text: &'static str,
        source: Option<Box<Self>>,
    }

    fn step(text: &'static str, source: Option<Step>) -> Step {
        Step {
            text,
            source: source.map(Box::new),
        }
    }

    #[test]
    fn every_cause_is_told_once() {
        let error = step(
            "no chart",
            Some(step("no answer", Some(step("no route", None)))),
        );
        assert_eq!(chain(&error), "no chart: no answer: no route");
    }

    #[test]
    fn a_cause_that_was_told_already_is_not_repeated() {
        let error = step("no chart: no answer", Some(step("no answer", None)));
        assert_eq!(chain(&error), "no chart: no answer");
    }

    #[test]
    fn a_url_is_told_without_user_info_and_query() {
        #[track_caller]
        fn check(url: &str, expected: &str) {
            assert_eq!(shown(url), expected);
        }
        check("http://h:1/helm", "http://h:1/helm");
        check("https://ci:hunter2@h/helm?sig=hunter2", "https://h/helm");
        check("https://ci:hunter2@h?sig=hunter2", "https://h");
    }

    #[test]
    fn a_url_is_shown_without_its_secrets() {
        let error = step(
            "GET failed",
            Some(step("https://user:hunter2@host/path?sig=abc", None)),
        );
        let told = chain(&error);
        assert!(
            !told.contains("hunter2") && !told.contains("sig=abc"),
            "{told}"
        );
    }
}
