//! Candidates over an API server that knows one lease, with real versions and conflicts.

use std::sync::{Arc, Mutex};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::*;

/// An API server that holds one lease, or none yet.
#[derive(Debug, Clone, Default)]
struct Server {
    lease: Arc<Mutex<Option<Value>>>,
    is_down: Arc<Mutex<bool>>,
    requests: Arc<Mutex<usize>>,
}

impl Server {
    fn client(&self) -> Client {
        let server = self.clone();
        let service = tower::service_fn(move |request: Request<Body>| {
            let server = server.clone();
            async move {
                let (parts, body) = request.into_parts();
                let bytes = body.collect().await.expect("a body").to_bytes();
                server.answer(
                    &parts.method,
                    serde_json::from_slice(&bytes).unwrap_or_default(),
                )
            }
        });
        Client::new(service, "flux-system")
    }

    fn answer(&self, method: &Method, body: Value) -> Result<Response<Body>, tower::BoxError> {
        if *self.is_down.lock().unwrap() {
            return Err("no route".into());
        }
        *self.requests.lock().unwrap() += 1;
        let mut lease = self.lease.lock().unwrap();
        let version = |lease: &Value| {
            lease["metadata"]["resourceVersion"]
                .as_str()
                .map(str::to_owned)
        };
        let code = match (method, &*lease) {
            (&Method::GET, None) => 404,
            (&Method::GET, Some(_)) => 200,
            (&Method::POST, Some(_)) => 409,
            (&Method::PUT, Some(live)) if version(live) != version(&body) => 409,
            _ => {
                let next = lease
                    .as_ref()
                    .and_then(&version)
                    .map_or(1, |old| old.parse::<u64>().unwrap() + 1);
                let mut written = body;
                written["metadata"]["resourceVersion"] = json!(next.to_string());
                *lease = Some(written);
                201
            }
        };
        let reason = if code == 404 { "NotFound" } else { "Conflict" };
        let answer = match code {
            200 | 201 => lease.clone().unwrap_or_default(),
            _ => {
                json!({ "kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": "" })
            }
        };
        let response = Response::builder().status(StatusCode::from_u16(code).unwrap());
        Ok(response
            .body(Body::from(answer.to_string().into_bytes()))
            .unwrap())
    }

    /// The same server over a line of its own, which can be cut.
    fn other_line(&self) -> Self {
        Self {
            is_down: Arc::default(),
            ..self.clone()
        }
    }

    fn candidate(&self, identity: &str) -> (Candidate, Leadership) {
        let lease = Lease::new(
            self.client(),
            "flux-system",
            lease_name(None),
            identity.to_owned(),
        );
        let (seat, leadership) = Seat::empty();
        (Candidate::new(lease, TERMS, seat), leadership)
    }

    fn field(&self, name: &str) -> Value {
        self.lease.lock().unwrap().as_ref().expect("a lease")["spec"][name].clone()
    }

    fn holder(&self) -> String {
        self.field("holderIdentity")
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

const TERMS: Terms = Terms {
    lease_duration: Duration::from_secs(35),
    renew_deadline: Duration::from_secs(30),
    retry_period: Duration::from_secs(5),
};

fn campaign(mut candidate: Candidate) -> tokio::task::JoinHandle<Candidate> {
    tokio::spawn(async move {
        candidate.campaign().await;
        candidate
    })
}

async fn seconds(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[test]
fn a_shard_has_a_lease_of_its_own() {
    assert_eq!(lease_name(None), "source-controller-leader-election");
    assert_eq!(lease_name(Some("")), "source-controller-leader-election");
    // echo -n 'sharding.fluxcd.io/key=shard1' | sha256sum
    assert_eq!(
        lease_name(Some("sharding.fluxcd.io/key=shard1")),
        "source-controller-leader-election-73fdc1be"
    );
}

#[test]
fn terms_under_which_two_could_lead_are_refused() {
    assert_eq!(TERMS.check(), Ok(()));
    let short = Terms {
        lease_duration: TERMS.renew_deadline,
        ..TERMS
    };
    assert!(short.check().is_err());
    let rounded = Terms {
        lease_duration: Duration::from_millis(30_900),
        ..TERMS
    };
    assert!(rounded.check().is_err(), "the lease says 30 seconds");
    let rare = Terms {
        retry_period: Duration::from_secs(25),
        ..TERMS
    };
    assert!(rare.check().is_err());
    let never = Terms {
        retry_period: Duration::ZERO,
        ..TERMS
    };
    assert!(never.check().is_err());
}

#[test]
fn who_asks_nobody_leads() {
    assert!(Leadership::unchallenged().holds());
}

#[tokio::test(start_paused = true)]
async fn the_first_candidate_leads_and_the_second_waits() {
    let server = Server::default();
    let (first, first_leads) = server.candidate("first");
    let _first = campaign(first);
    seconds(1).await;
    let (second, second_leads) = server.candidate("second");
    let _second = campaign(second);
    seconds(600).await;
    assert!(first_leads.holds());
    assert!(!second_leads.holds());
    assert_eq!(server.holder(), "first");
    assert_eq!(server.field("leaseTransitions"), 0);
}

#[tokio::test(start_paused = true)]
async fn holding_on_costs_one_request_each_period() {
    let server = Server::default();
    let _running = campaign(server.candidate("first").0);
    seconds(1).await;
    let before = *server.requests.lock().unwrap();
    seconds(50).await;
    assert_eq!(*server.requests.lock().unwrap() - before, 10);
}

#[tokio::test(start_paused = true)]
async fn a_released_lease_is_taken_within_a_period() {
    let server = Server::default();
    let (mut first, first_leads) = server.candidate("first");
    tokio::select! {
        () = first.campaign() => unreachable!("nobody else wants it"),
        () = seconds(10) => {}
    }
    let (second, second_leads) = server.candidate("second");
    let _second = campaign(second);
    seconds(1).await;
    assert!(!second_leads.holds());
    first.release().await;
    assert!(!first_leads.holds());
    assert_eq!(server.holder(), "");
    seconds(6).await;
    assert!(second_leads.holds());
    assert_eq!(server.field("leaseTransitions"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_old_leader_stops_before_a_new_one_starts() {
    let server = Server::default();
    let line_of_first = server.other_line();
    let (first, first_leads) = line_of_first.candidate("first");
    let first = campaign(first);
    seconds(1).await;
    let (second, second_leads) = server.candidate("second");
    let _second = campaign(second);
    *line_of_first.is_down.lock().unwrap() = true;
    seconds(10).await;
    assert!(
        first_leads.holds(),
        "an outage of the API server for a while is endured"
    );
    for _ in 0..60 {
        seconds(1).await;
        assert!(!(first_leads.holds() && second_leads.holds()), "both lead");
    }
    assert!(first.is_finished(), "who lost the lease is told");
    assert!(second_leads.holds());
    assert_eq!(server.holder(), "second");
}

#[tokio::test(start_paused = true)]
async fn who_was_stopped_for_a_minute_does_not_lead_when_it_goes_on() {
    let server = Server::default();
    let (mut first, first_leads) = server.candidate("first");
    tokio::select! {
        () = first.campaign() => unreachable!("nobody else wants it"),
        () = seconds(10) => {}
    }
    assert!(first_leads.holds());
    // Nothing of the candidate runs.
    tokio::time::advance(Duration::from_mins(1)).await;
    assert!(!first_leads.holds());
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_another_took_is_lost_at_the_next_period() {
    let server = Server::default();
    let (first, first_leads) = server.candidate("first");
    let first = campaign(first);
    seconds(1).await;
    {
        let mut lease = server.lease.lock().unwrap();
        let lease = lease.as_mut().expect("a lease");
        lease["spec"]["holderIdentity"] = json!("somebody");
        lease["metadata"]["resourceVersion"] = json!("100");
    }
    seconds(6).await;
    assert!(!first_leads.holds());
    assert!(first.is_finished());
    assert_eq!(server.holder(), "somebody");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_flux_left_behind_is_taken_after_its_duration() {
    let server = Server::default();
    *server.lease.lock().unwrap() = Some(json!({
        "metadata": { "name": lease_name(None), "resourceVersion": "7" },
        "spec": {
            "holderIdentity": "source-controller-abc_123", "leaseDurationSeconds": 35, "leaseTransitions": 4,
            "acquireTime": "2036-01-01T00:00:00.000000Z", "renewTime": "2036-01-01T00:00:00.000000Z",
        },
    }));
    let (candidate, leads) = server.candidate("ours");
    let _running = campaign(candidate);
    seconds(34).await;
    assert!(!leads.holds(), "the times in it are of another clock");
    seconds(8).await;
    assert!(leads.holds());
    assert_eq!(server.field("leaseTransitions"), 5);
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_leadership_is_told() {
    let server = Server::default();
    let (candidate, mut leads) = server.candidate("first");
    let _running = campaign(candidate);
    timeout(Duration::from_secs(1), leads.gained())
        .await
        .expect("it is free");
    assert!(leads.holds());
}
