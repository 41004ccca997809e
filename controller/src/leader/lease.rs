//! The lease object.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease as Object, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use portolan_api::MANAGER;
use tokio::time::{Instant, timeout};

use crate::clock;

/// A lease, and one who wants it.
#[derive(Debug)]
pub(crate) struct Lease {
    api: Api<Object>,
    name: String,
    identity: String,
    /// The lease as last seen, and when on our own clock it last changed.
    seen: Option<(Object, Instant)>,
}

impl Lease {
    /// The lease `name` in `namespace`, wanted by `identity`, which no other process has.
    pub(crate) fn new(client: Client, namespace: &str, name: String, identity: String) -> Self {
        Self {
            api: Api::namespaced(client, namespace),
            name,
            identity,
            seen: None,
        }
    }

    /// What it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Who wants it.
    pub(crate) fn identity(&self) -> &str {
        &self.identity
    }

    /// Take the lease for `duration`, or extend it. `false` if another holds it, or was faster.
    ///
    /// # Errors
    ///
    /// If the API server could not be asked; it is not known then whose the lease is.
    pub(crate) async fn take(&mut self, duration: Duration) -> kube::Result<bool> {
        if self.is_ours() {
            // Nobody else writes a lease that is held, so most times one request is enough.
            if self.write(duration).await? {
                return Ok(true);
            }
        }
        if !self.look().await? {
            return self.create(duration).await;
        }
        if !self.is_ours() && !self.is_free() {
            return Ok(false);
        }
        self.write(duration).await
    }

    /// Give the lease back.
    ///
    /// # Errors
    ///
    /// If the API server could not be told. The lease runs out then.
    pub(crate) async fn release(&mut self) -> kube::Result<()> {
        const PATIENCE: Duration = Duration::from_secs(1);
        if !self.is_ours() {
            return Ok(());
        }
        let Some((seen, _)) = &self.seen else {
            return Ok(());
        };
        let mut lease = seen.clone();
        let spec = lease.spec.get_or_insert_default();
        // As client-go does it: an empty holder, and a second, as zero is not allowed.
        spec.holder_identity = Some(String::new());
        spec.lease_duration_seconds = Some(1);
        spec.renew_time = Some(MicroTime(now()));
        let params = params();
        let replaced = self.api.replace(&self.name, &params, &lease);
        if let Ok(answer) = timeout(PATIENCE, replaced).await {
            answer?;
        }
        self.seen = None;
        Ok(())
    }

    /// See whose the lease is. `false` if there is none.
    async fn look(&mut self) -> kube::Result<bool> {
        let Some(lease) = self.api.get_opt(&self.name).await? else {
            self.seen = None;
            return Ok(false);
        };
        let is_news = self
            .seen
            .as_ref()
            .is_none_or(|(seen, _)| seen.spec != lease.spec);
        let since = match &self.seen {
            Some((_, since)) if !is_news => *since,
            _ => Instant::now(),
        };
        self.seen = Some((lease, since));
        Ok(true)
    }

    async fn create(&mut self, duration: Duration) -> kube::Result<bool> {
        let lease = Object {
            metadata: ObjectMeta {
                name: Some(self.name.clone()),
                ..ObjectMeta::default()
            },
            spec: Some(self.spec(None, duration)),
        };
        let created = self.api.create(&params(), &lease).await;
        self.remember(created)
    }

    /// Write our claim over the lease as last seen.
    async fn write(&mut self, duration: Duration) -> kube::Result<bool> {
        let Some((seen, _)) = &self.seen else {
            return Ok(false);
        };
        let mut lease = seen.clone();
        lease.spec = Some(self.spec(seen.spec.as_ref(), duration));
        let written = self.api.replace(&self.name, &params(), &lease).await;
        self.remember(written)
    }

    fn remember(&mut self, written: kube::Result<Object>) -> kube::Result<bool> {
        match written {
            Ok(lease) => {
                self.seen = Some((lease, Instant::now()));
                Ok(true)
            }
            Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => {
                self.seen = None;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn spec(&self, before: Option<&LeaseSpec>, duration: Duration) -> LeaseSpec {
        let now = MicroTime(now());
        let ours = before.filter(|spec| spec.holder_identity.as_ref() == Some(&self.identity));
        let transitions = before
            .and_then(|spec| spec.lease_transitions)
            .unwrap_or_default();
        LeaseSpec {
            holder_identity: Some(self.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(duration.as_secs()).unwrap_or(i32::MAX)),
            acquire_time: ours
                .and_then(|spec| spec.acquire_time.clone())
                .or(Some(now.clone())),
            renew_time: Some(now),
            lease_transitions: Some(match (before, ours) {
                (None, _) => 0,
                (_, Some(_)) => transitions,
                (Some(_), None) => transitions.saturating_add(1),
            }),
            ..LeaseSpec::default()
        }
    }

    fn is_ours(&self) -> bool {
        self.holder() == Some(&self.identity)
    }

    fn holder(&self) -> Option<&str> {
        let (lease, _) = self.seen.as_ref()?;
        lease.spec.as_ref()?.holder_identity.as_deref()
    }

    /// Whether nobody holds it, or who does has not been heard of for as long as they asked for.
    fn is_free(&self) -> bool {
        let Some((lease, since)) = &self.seen else {
            return true;
        };
        if self.holder().unwrap_or_default().is_empty() {
            return true;
        }
        let seconds = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.lease_duration_seconds);
        let seconds = u64::try_from(seconds.unwrap_or_default()).unwrap_or_default();
        since.elapsed() >= Duration::from_secs(seconds)
    }
}

fn params() -> PostParams {
    PostParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PostParams::default()
    }
}

fn now() -> Timestamp {
    Timestamp::try_from(clock::now()).unwrap_or_default()
}
