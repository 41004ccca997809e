//! When the trust root is fetched.

use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use portolan_acquire::{Class, RefreshError, TrustRoots, TufRepository};
use portolan_auth::Transport;
use portolan_kit::{TufServer, WebLie};
use portolan_verify::TrustRoot;
use tokio::task::JoinHandle;
use tokio::time::advance;

use super::{TARGET, World, believed, believing, now, root};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// Timers stand still unless they are advanced, while sockets take the time they take.
struct Still(#[expect(dead_code, reason = "it ends a thread when it is dropped")] Sender<()>);

impl Still {
    fn new() -> Self {
        tokio::time::pause();
        let (sender, receiver) = mpsc::channel();
        // While a thread of this kind runs, the runtime does not advance the clock by itself.
        tokio::task::spawn_blocking(move || receiver.recv());
        Self(sender)
    }
}

/// Let whatever is under way get somewhere.
async fn a_moment() {
    let pause = || std::thread::sleep(Duration::from_millis(10));
    tokio::task::spawn_blocking(pause).await.unwrap();
}

/// Somebody who keeps a trust root fresh, once a day.
struct Keeper {
    told: Receiver<Result<bool, RefreshError>>,
    task: JoinHandle<()>,
}

impl Keeper {
    fn new(roots: &TrustRoots, interval: Duration) -> Self {
        let (sender, told) = mpsc::channel();
        let roots = roots.clone();
        let task = tokio::spawn(async move {
            let tell = |outcome| sender.send(outcome).unwrap_or_default();
            roots.keep_fresh(interval, now, tell).await;
        });
        Self { told, task }
    }

    async fn hears(&self) -> Result<bool, RefreshError> {
        for _ in 0..1000 {
            if let Ok(outcome) = self.told.try_recv() {
                return outcome;
            }
            a_moment().await;
        }
        self.told.try_recv().unwrap()
    }

    async fn hears_nothing(&self) {
        for _ in 0..3 {
            a_moment().await;
        }
        assert!(self.told.try_recv().is_err());
    }

    /// It is told something after exactly this time.
    async fn hears_after(&self, wait: Duration) -> Result<bool, RefreshError> {
        advance(wait.saturating_sub(Duration::from_secs(1))).await;
        self.hears_nothing().await;
        // Timers keep time to the millisecond.
        advance(Duration::from_millis(1001)).await;
        self.hears().await
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[tokio::test]
async fn nothing_is_fetched_before_somebody_wants_a_root_and_then_every_interval() {
    let _still = Still::new();
    let server = TufServer::start().await;
    server.publish(TARGET, root(1));
    let roots = believing(&server, None);
    let keeper = Keeper::new(&roots, DAY);
    a_moment().await;
    advance(DAY * 2).await;
    keeper.hears_nothing().await;
    assert!(server.asked().is_empty());

    assert_eq!(believed(&roots), 0, "nobody waits for it");
    assert!(keeper.hears().await.unwrap());
    assert_eq!(believed(&roots), 1);
    assert!(!keeper.hears_after(DAY).await.unwrap());
    server.publish(TARGET, root(2));
    assert!(keeper.hears_after(DAY).await.unwrap());
    assert_eq!(believed(&roots), 2);
}

#[tokio::test]
async fn what_failed_is_tried_again_after_a_minute_and_then_more_seldom() {
    let _still = Still::new();
    let world = World::new().await;
    world.server.web().stop();
    let keeper = Keeper::new(&world.roots, DAY);
    let failed = keeper.hears().await.unwrap_err();
    assert_eq!(failed.class(), Class::Unavailable);
    for minutes in [1, 2, 4, 8, 16, 32, 60, 60] {
        let failed = keeper.hears_after(MINUTE * minutes).await;
        assert!(failed.is_err(), "{minutes}");
        assert_eq!(world.believed(), 1, "a failure changes nothing");
    }
    world.server.web().start_again();
    world.server.publish(TARGET, root(2));
    assert!(keeper.hears_after(MINUTE * 60).await.unwrap());
    assert_eq!(world.believed(), 2);
    world.server.web().stop();
    keeper.hears_after(DAY).await.unwrap_err();
    keeper.hears_after(MINUTE).await.unwrap_err();
}

#[tokio::test]
async fn an_interval_of_nothing_is_a_minute() {
    let _still = Still::new();
    let world = World::new().await;
    let keeper = Keeper::new(&world.roots, Duration::ZERO);
    keeper.hears().await.unwrap();
    keeper.hears_after(MINUTE).await.unwrap();
}

#[tokio::test]
async fn a_root_that_somebody_gave_is_never_fetched() {
    let _still = Still::new();
    let roots = TrustRoots::fixed(TrustRoot::parse(&root(3)).unwrap());
    let keeper = Keeper::new(&roots, MINUTE);
    assert!(!roots.refresh(now()).await.unwrap());
    assert!(!roots.recall(now()).await);
    assert_eq!(believed(&roots), 3);
    a_moment().await;
    advance(DAY).await;
    keeper.hears_nothing().await;
    assert!(!keeper.task.is_finished());
    let embedded = TrustRoots::embedded().unwrap();
    assert_eq!(believed(&embedded), 0);
}

#[tokio::test]
async fn a_repository_that_says_next_to_nothing_is_given_up_after_a_minute() {
    let _still = Still::new();
    let server = TufServer::start().await;
    server.publish(TARGET, root(1));
    let (bytes, pause) = (1, Duration::from_millis(50));
    let drip = WebLie::SlowDrip { bytes, pause };
    server.web().tell("/timestamp.json", drip);
    // No single wait is too long.
    let patient = Transport::builder().header_timeout(DAY).idle_timeout(DAY);
    let (patient, url) = (patient.build().unwrap(), server.url().parse().unwrap());
    let repository = TufRepository::new(patient, url, server.first_root());
    let fetching = tokio::spawn(async move { repository.fetch(now()).await });
    a_moment().await;
    advance(Duration::from_secs(59)).await;
    a_moment().await;
    assert!(!fetching.is_finished());
    advance(Duration::from_millis(1001)).await;
    let refused = fetching.await.unwrap().unwrap_err();
    assert!(
        matches!(refused, RefreshError::TooSlow { .. }),
        "{refused:?}"
    );
    assert_eq!(refused.class(), Class::Unavailable);
}

#[tokio::test]
async fn what_was_asked_for_earlier_does_not_replace_what_was_fetched_later() {
    let world = World::new().await;
    let (bytes, pause) = (200, Duration::from_millis(20));
    let path = "/timestamp.json";
    world
        .server
        .web()
        .tell_times(path, WebLie::SlowDrip { bytes, pause }, 1);
    let (slow, quick) = tokio::join!(world.refresh(), async {
        a_moment().await;
        world.server.publish(TARGET, root(2));
        world.refresh().await
    });
    slow.unwrap();
    quick.unwrap();
    assert_eq!(world.believed(), 2);
}
