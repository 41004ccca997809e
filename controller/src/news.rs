//! A source has stored something, or is another one now: who takes charts from it hears of it.

use kube::ResourceExt as _;
use portolan_api::Artifact;
use tokio::sync::mpsc::UnboundedSender;

use crate::kind::Watched;

/// A source has an artifact, or another one than before, or another spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    /// `GitRepository`.
    pub(crate) kind: &'static str,
    /// Its namespace.
    pub(crate) namespace: String,
    /// Its name there.
    pub(crate) name: String,
    /// The revision of the artifact; `None` if it is the spec that is new.
    pub(crate) revision: Option<String>,
}

impl News {
    /// What is new about `new`, which was `old` before. A source that loses its artifact is no news:
    /// whoever looks at it finds out.
    fn of<K: Watched>(old: Option<&K>, new: &K) -> Option<Self> {
        // One that was lost and stored again has the same revision, and another time.
        let is_new = |artifact: &&Artifact| {
            !old.and_then(K::artifact).is_some_and(|old| {
                old.revision == artifact.revision
                    && old.last_update_time == artifact.last_update_time
            })
        };
        let stored = new.artifact().filter(is_new);
        let changed = old.is_some_and(|old| old.meta().generation != new.meta().generation);
        (stored.is_some() || changed).then(|| Self {
            kind: K::NAME,
            namespace: new.home(),
            name: new.name_any(),
            revision: stored.map(|artifact| artifact.revision.clone()),
        })
    }
}

/// Collects news while a list of objects is being received, and tells them once the objects can be
/// looked up.
#[derive(Debug)]
pub(crate) struct Announcer {
    to: UnboundedSender<News>,
    waiting: Vec<News>,
}

impl Announcer {
    /// News go to `to`.
    pub(crate) fn new(to: UnboundedSender<News>) -> Self {
        Self {
            to,
            waiting: Vec::new(),
        }
    }

    /// Take notice of a change, if it is one.
    pub(crate) fn notice<K: Watched>(&mut self, old: Option<&K>, new: &K) {
        self.waiting.extend(News::of(old, new));
    }

    /// A list begins again: what was noticed in the one before is noticed again.
    pub(crate) fn forget(&mut self) {
        self.waiting.clear();
    }

    /// Tell what was noticed.
    pub(crate) fn tell(&mut self) {
        for news in self.waiting.drain(..) {
            // Whoever listened is gone, and the process is about to end.
            let _ = self.to.send(news);
        }
    }
}

#[cfg(test)]
mod tests {
    use portolan_api::GitRepository;
    use serde_json::{Value, json};

    use super::*;

    fn source(revision: Option<&str>) -> GitRepository {
        let artifact = revision.map_or(Value::Null, |revision| {
            json!({
                "digest": "sha256:00", "lastUpdateTime": "2026-01-01T00:00:00Z",
                "path": "p", "revision": revision, "url": "http://h/p",
            })
        });
        serde_json::from_value(json!({
            "metadata": { "name": "src", "namespace": "team" },
            "status": { "artifact": artifact },
        }))
        .unwrap()
    }

    /// `-` is a source without an artifact, and nothing is none at all.
    #[track_caller]
    fn check(old: Option<&str>, new: &str, told: Option<&str>) {
        let read = |text: &str| source((text != "-").then_some(text));
        let news = News::of(old.map(read).as_ref(), &read(new));
        let revision = news.and_then(|news| news.revision);
        assert_eq!(revision.as_deref(), told);
    }

    #[test]
    fn an_artifact_that_appears_or_has_another_revision_is_news() {
        check(Some("-"), "main@sha1:1", Some("main@sha1:1"));
        check(Some("main@sha1:1"), "main@sha1:2", Some("main@sha1:2"));
        check(None, "main@sha1:1", Some("main@sha1:1"));
        check(Some("main@sha1:1"), "main@sha1:1", None);
        check(Some("main@sha1:1"), "-", None);
        check(None, "-", None);
    }

    #[test]
    fn another_spec_is_news_without_a_revision() {
        let generation = |number: i64| {
            let mut source = source(Some("1"));
            source.metadata.generation = Some(number);
            source
        };
        let news = News::of(Some(&generation(1)), &generation(2));
        assert_eq!(news.map(|news| news.revision), Some(None));
        assert_eq!(News::of(Some(&generation(2)), &generation(2)), None);
    }

    #[test]
    fn news_are_told_when_the_objects_can_be_looked_up_and_once() {
        let (to, mut told) = tokio::sync::mpsc::unbounded_channel();
        let mut announcer = Announcer::new(to);
        announcer.notice(None, &source(Some("1")));
        assert!(told.try_recv().is_err());
        announcer.forget();
        announcer.notice(None, &source(Some("1")));
        announcer.tell();
        announcer.tell();
        let news = told.try_recv().unwrap();
        assert_eq!(
            (news.kind, &*news.namespace, &*news.name),
            ("GitRepository", "team", "src")
        );
        assert!(told.try_recv().is_err());
    }
}
