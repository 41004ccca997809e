//! Who of several processes leads.
//!
//! The [`Lease`](https://kubernetes.io/docs/concepts/architecture/leases/) is held as client-go holds
//! it ([leaderelection](https://github.com/kubernetes/client-go/tree/v0.34.1/tools/leaderelection)),
//! so that this process and Flux's own may take turns: every write names the version it was made for,
//! and a lease is given up for lost only after its duration has passed on the watcher's own clock.
//! Wall clocks are written for people and never compared.

mod lease;

use std::time::Duration;

use portolan_reference::{Algorithm, Digest};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use tracing::{debug, info, warn};

use crate::backoff::chance;
use crate::chain::chain;
pub(crate) use crate::leader::lease::Lease;

/// How long to hold on to the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Terms {
    /// How long others wait for a sign of life before one of them takes over.
    pub(crate) lease_duration: Duration,
    /// How long this process goes on without one before it considers itself deposed.
    pub(crate) renew_deadline: Duration,
    /// How long to wait between two tries.
    pub(crate) retry_period: Duration,
}

impl Terms {
    /// Refuse what could let two lead at a time.
    ///
    /// # Errors
    ///
    /// A sentence, if the duration is not longer than the deadline, or the deadline not longer than
    /// the period with its jitter.
    pub(crate) fn check(&self) -> Result<(), &'static str> {
        // The lease counts in whole seconds.
        if Duration::from_secs(self.lease_duration.as_secs()) <= self.renew_deadline {
            return Err(
                "--leader-election-lease-duration must be longer than --leader-election-renew-deadline",
            );
        }
        if self.renew_deadline <= self.retry_period.mul_f64(JITTER) {
            return Err(
                "--leader-election-renew-deadline must be more than 1.2 times --leader-election-retry-period",
            );
        }
        if self.retry_period.is_zero() || self.lease_duration < Duration::from_secs(1) {
            return Err(
                "leader election needs a period above zero and a lease of a second or more",
            );
        }
        Ok(())
    }
}

/// By how much a wait for the lease may be longer than the period, so that those who wait do not all
/// ask at the same moment.
const JITTER: f64 = 1.2;

/// The name of the lease: Flux's, and for a shard one of its own.
pub(crate) fn lease_name(selector: Option<&str>) -> String {
    const NAME: &str = "source-controller-leader-election";
    match selector {
        None | Some("") => NAME.to_owned(),
        Some(selector) => {
            let digest = Digest::of(Algorithm::Sha256, selector.as_bytes());
            let short: String = digest.hex().chars().take(8).collect();
            format!("{NAME}-{short}")
        }
    }
}

/// What a candidate takes.
#[derive(Debug)]
pub(crate) struct Seat {
    until: watch::Sender<Option<Instant>>,
}

impl Seat {
    /// An empty seat, and what others see of it.
    pub(crate) fn empty() -> (Self, Leadership) {
        let (until, seen) = watch::channel(None);
        (Self { until }, Leadership { until: seen })
    }
}

/// Whether this process leads. Clones see the same.
#[derive(Debug, Clone)]
pub(crate) struct Leadership {
    /// Until when it does if nothing more is heard from the lease.
    until: watch::Receiver<Option<Instant>>,
}

impl Leadership {
    /// Of a process that leads without asking anybody.
    pub(crate) fn unchallenged() -> Self {
        const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);
        let (_, until) = watch::channel(Some(Instant::now() + CENTURY));
        Self { until }
    }

    /// Of a process that never leads.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        let (_, until) = watch::channel(None);
        Self { until }
    }

    /// Whether it leads at this moment. `false` as soon as the lease might be another's, also after
    /// the process was stopped for a while and goes on: ask right before a write.
    pub(crate) fn holds(&self) -> bool {
        self.until
            .borrow()
            .is_some_and(|until| Instant::now() < until)
    }

    /// Wait until it leads.
    pub(crate) async fn gained(&mut self) {
        // An error means that nobody campaigns any more, and nothing changes then.
        if self.until.wait_for(Option::is_some).await.is_err() && !self.holds() {
            std::future::pending::<()>().await;
        }
    }
}

/// One candidate for a lease.
#[derive(Debug)]
pub(crate) struct Candidate {
    lease: Lease,
    terms: Terms,
    until: watch::Sender<Option<Instant>>,
}

impl Candidate {
    /// A candidate for `seat` that has not asked yet.
    pub(crate) fn new(lease: Lease, terms: Terms, seat: Seat) -> Self {
        Self {
            lease,
            terms,
            until: seat.until,
        }
    }

    /// Ask for the lease until it is given, then hold on to it. Comes back when it is lost, and then
    /// this process must not write anything any more.
    ///
    /// # Cancel safety
    ///
    /// May be dropped at any time. [`release`](Self::release) may follow.
    pub(crate) async fn campaign(&mut self) {
        info!(
            lease = self.lease.name(),
            identity = self.lease.identity(),
            "waiting for the lease"
        );
        while !self.try_once().await {
            let wait = self
                .terms
                .retry_period
                .mul_f64(1.0 + (JITTER - 1.0) * chance());
            sleep(wait).await;
        }
        info!(lease = self.lease.name(), "this process leads");
        while self.holds() {
            sleep(self.terms.retry_period.min(self.left())).await;
            if self.holds() {
                self.try_once().await;
            }
        }
        self.until.send_replace(None);
        warn!(lease = self.lease.name(), "the lease is lost");
    }

    /// Give the lease back, if it is held, so that the next one need not wait. All work must have
    /// ended.
    pub(crate) async fn release(&mut self) {
        if self.until.send_replace(None).is_none() {
            return;
        }
        match self.lease.release().await {
            Ok(()) => info!(lease = self.lease.name(), "the lease is released"),
            Err(error) => warn!(
                lease = self.lease.name(),
                error = chain(&error),
                "the lease could not be released"
            ),
        }
    }

    fn holds(&self) -> bool {
        !self.left().is_zero()
    }

    fn left(&self) -> Duration {
        let until = *self.until.borrow();
        until.map_or(Duration::ZERO, |until| {
            until.saturating_duration_since(Instant::now())
        })
    }

    /// Ask for the lease, or say that this process is alive. Whether it is ours.
    async fn try_once(&mut self) -> bool {
        // Others count from when they see the answer, which is later.
        let asked = Instant::now();
        // A request that hangs must leave time for another one.
        let patience = self.terms.renew_deadline / 2;
        let taken = timeout(patience, self.lease.take(self.terms.lease_duration)).await;
        match taken {
            Ok(Ok(true)) => {
                self.until
                    .send_replace(Some(asked + self.terms.renew_deadline));
                true
            }
            Ok(Ok(false)) => {
                if self.until.send_replace(None).is_some() {
                    warn!(lease = self.lease.name(), "another process took the lease");
                }
                debug!(lease = self.lease.name(), "another process leads");
                false
            }
            Ok(Err(error)) => {
                warn!(
                    lease = self.lease.name(),
                    error = chain(&error),
                    "the lease could not be asked for"
                );
                false
            }
            Err(_) => {
                warn!(
                    lease = self.lease.name(),
                    "the lease could not be asked for in time"
                );
                false
            }
        }
    }
}

#[cfg(test)]
mod tests;
