use std::time::Duration;

use super::*;
use crate::failure::{Chosen, Claim};

const NOW: i64 = 1_700_000_000;

fn time(seconds: i64) -> Time {
    Time(jiff::Timestamp::from_second(seconds).unwrap())
}

fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Condition {
    Condition {
        type_: kind.to_owned(),
        status: status.to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        observed_generation: Some(1),
        last_transition_time: time(NOW - 60),
    }
}

fn before(conditions: &[Condition]) -> Before<'_> {
    Before {
        conditions,
        generation: 1,
        observed_generation: 1,
        had_artifact: true,
        has_artifact: true,
    }
}

fn failure(retry: Retry) -> Failure {
    Failure {
        retry,
        ..Failure::fetch(reason::CHART_PULL_ERROR, "chart pull error: gone")
    }
}

const LATER: Retry = Retry::After {
    at_least: Duration::ZERO,
};

/// `Type=Status/Reason` of each condition.
fn told(conditions: &[Condition]) -> Vec<String> {
    conditions
        .iter()
        .map(|condition| {
            format!(
                "{}={}/{}",
                condition.type_, condition.status, condition.reason
            )
        })
        .collect()
}

fn message_of<'a>(conditions: &'a [Condition], kind: &str) -> &'a str {
    &conditions
        .iter()
        .find(|condition| condition.type_ == kind)
        .unwrap()
        .message
}

const STORED: Outcome<'_> = Outcome::Stored {
    reason: reason::CHART_PULL_SUCCEEDED,
    message: "pulled 'app' chart with version '1.0.0'",
    verified: None,
};

#[test]
fn a_stored_artifact_clears_every_failure_and_is_ready() {
    let old = [
        condition("Reconciling", "True", "ProgressingWithRetry", "x"),
        condition("Ready", "False", "ChartPullError", "x"),
        condition("FetchFailed", "True", "ChartPullError", "x"),
        condition("BuildFailed", "True", "ValuesFilesError", "x"),
        condition(
            "StorageOperationFailed",
            "True",
            "ArchiveOperationFailed",
            "x",
        ),
        condition("ArtifactOutdated", "True", "NewChart", "x"),
        condition("Stalled", "True", "x", "x"),
    ];
    let (conditions, observed) = after(HELM_CHART, before(&old), STORED, &time(NOW));
    assert_eq!(
        told(&conditions),
        [
            "Ready=True/ChartPullSucceeded",
            "ArtifactInStorage=True/ChartPullSucceeded"
        ]
    );
    assert_eq!(observed, 1);
}

#[test]
fn a_proof_is_told_of_what_is_stored_and_of_nothing_else() {
    #[track_caller]
    fn check(before_status: Option<&str>, outcome: Outcome<'_>, expected: Option<&str>) {
        let old = before_status.map(|status| condition("SourceVerified", status, "x", "x"));
        let old: Vec<_> = old.into_iter().collect();
        let (conditions, _) = after(HELM_CHART, before(&old), outcome, &time(NOW));
        let found = told(&conditions);
        let found = found.iter().find(|one| one.starts_with("SourceVerified"));
        assert_eq!(found.map(String::as_str), expected);
    }
    let proven = Outcome::Stored {
        reason: reason::CHART_PULL_SUCCEEDED,
        message: "pulled",
        verified: Some("verified signature of version 1.0.0"),
    };
    let succeeded = Some("SourceVerified=True/Succeeded");
    for status in [None, Some("True"), Some("False")] {
        check(status, proven, succeeded);
        check(status, STORED, None);
    }
    let failed = |claim| Failure {
        claim,
        ..failure(LATER)
    };
    let (kept, withdrawn) = (failed(Claim::Kept), failed(Claim::Withdrawn));
    check(None, Outcome::Failed(&kept), None);
    check(
        Some("True"),
        Outcome::Failed(&kept),
        Some("SourceVerified=True/x"),
    );
    check(Some("False"), Outcome::Failed(&kept), None);
    for status in [None, Some("True"), Some("False")] {
        check(status, Outcome::Failed(&withdrawn), None);
        let denied = failed(Claim::Denied);
        let refused = Some("SourceVerified=False/VerificationError");
        check(status, Outcome::Failed(&denied), refused);
    }
}

#[test]
fn nothing_is_said_of_signatures_where_nothing_is_stored() {
    let old = [condition("SourceVerified", "True", "Succeeded", "x")];
    let failure = failure(LATER);
    let seen = Before {
        has_artifact: false,
        ..before(&old)
    };
    let (conditions, _) = after(HELM_CHART, seen, Outcome::Failed(&failure), &time(NOW));
    let kinds = conditions.iter().map(|condition| condition.type_.as_str());
    assert!(!kinds.collect::<Vec<_>>().contains(&"SourceVerified"));
}

/// As Flux stores them where a signature is refused.
#[test]
fn a_refused_signature_weighs_more_than_the_failed_build() {
    let failure = Failure {
        claim: Claim::Denied,
        ..Failure::build("ChartVerificationError", "chart verification error: x")
    };
    let seen = Before {
        had_artifact: false,
        has_artifact: false,
        observed_generation: -1,
        ..before(&[])
    };
    let (conditions, observed) = after(HELM_CHART, seen, Outcome::Failed(&failure), &time(NOW));
    assert_eq!(
        told(&conditions),
        [
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/VerificationError",
            "BuildFailed=True/ChartVerificationError",
            "SourceVerified=False/VerificationError",
        ]
    );
    assert_eq!(
        message_of(&conditions, "Ready"),
        "chart verification error: x"
    );
    assert_eq!(message_of(&conditions, "Reconciling"), "building artifact");
    assert_eq!(observed, -1);
}

#[test]
fn a_failure_keeps_the_artifact_and_says_that_it_is_tried_again() {
    let old = [
        condition("Ready", "True", "ChartPullSucceeded", "pulled"),
        condition("ArtifactInStorage", "True", "ChartPullSucceeded", "pulled"),
    ];
    let failure = failure(LATER);
    let seen = Before {
        generation: 3,
        observed_generation: 2,
        ..before(&old)
    };
    let (conditions, observed) = after(HELM_CHART, seen, Outcome::Failed(&failure), &time(NOW));
    assert_eq!(
        told(&conditions),
        [
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/ChartPullError",
            "FetchFailed=True/ChartPullError",
            "ArtifactInStorage=True/ChartPullSucceeded",
        ]
    );
    assert_eq!(
        message_of(&conditions, "Reconciling"),
        "processing object: new generation 2 -> 3"
    );
    assert_eq!(
        observed, 2,
        "helm-controller would take the old artifact for the new one"
    );
    let kept = conditions.last().unwrap();
    assert_eq!(
        kept.observed_generation,
        Some(1),
        "nothing new is known of it"
    );
}

#[test]
fn what_is_being_done_depends_on_what_is_there() {
    #[track_caller]
    fn check(had: bool, has: bool, generations: (i64, i64), expected: &str) {
        let failure = failure(LATER);
        let seen = Before {
            had_artifact: had,
            has_artifact: has,
            observed_generation: generations.0,
            generation: generations.1,
            ..before(&[])
        };
        let (conditions, _) = after(HELM_CHART, seen, Outcome::Failed(&failure), &time(NOW));
        assert_eq!(message_of(&conditions, "Reconciling"), expected);
    }
    check(false, false, (-1, 1), "building artifact");
    check(false, false, (-1, 5), "building artifact");
    check(
        true,
        false,
        (1, 1),
        "building artifact: disappeared from storage",
    );
    check(true, true, (1, 1), "reconciliation in progress");
    check(
        true,
        true,
        (1, 3),
        "processing object: new generation 1 -> 3",
    );
}

#[test]
fn an_artifact_that_disappeared_is_not_in_storage() {
    let old = [condition(
        "ArtifactInStorage",
        "True",
        "ChartPullSucceeded",
        "pulled",
    )];
    let failure = failure(LATER);
    let seen = Before {
        has_artifact: false,
        ..before(&old)
    };
    let (conditions, _) = after(HELM_CHART, seen, Outcome::Failed(&failure), &time(NOW));
    assert!(
        conditions
            .iter()
            .all(|condition| condition.type_ != "ArtifactInStorage")
    );
}

#[test]
fn what_only_a_change_can_mend_is_stalled_and_observed() {
    let failure = failure(Retry::WhenChanged);
    let seen = Before {
        generation: 2,
        ..before(&[])
    };
    let (conditions, observed) = after(HELM_CHART, seen, Outcome::Failed(&failure), &time(NOW));
    assert_eq!(
        told(&conditions),
        [
            "Stalled=True/ChartPullError",
            "Ready=False/ChartPullError",
            "FetchFailed=True/ChartPullError",
        ]
    );
    assert_eq!(observed, 2);
}

#[test]
fn a_rest_claims_the_new_generation_only_when_ready() {
    let good = [
        condition("Ready", "True", "ChartPullSucceeded", "pulled"),
        condition("ArtifactInStorage", "True", "ChartPullSucceeded", "pulled"),
    ];
    let seen = Before {
        generation: 2,
        ..before(&good)
    };
    let (conditions, observed) = after(HELM_CHART, seen, Outcome::Rested, &time(NOW));
    assert_eq!(observed, 2);
    assert_eq!(conditions[0].observed_generation, Some(2));
    assert_eq!(conditions[1].observed_generation, Some(1));
    let bad = [condition("FetchFailed", "True", "ChartPullError", "x")];
    let seen = Before {
        generation: 2,
        ..before(&bad)
    };
    assert_eq!(after(HELM_CHART, seen, Outcome::Rested, &time(NOW)).1, 1);
    let newborn = Before {
        observed_generation: -1,
        ..before(&[])
    };
    assert_eq!(
        after(HELM_CHART, newborn, Outcome::Rested, &time(NOW)),
        (vec![], -1)
    );
}

/// Rows of Flux's own summary: the condition that weighs most gives `Ready` its words.
#[test]
fn ready_repeats_the_condition_that_weighs_most() {
    #[track_caller]
    fn check(order: Order, conditions: &[(&str, &str, &str)], expected: &str) {
        let conditions: Vec<_> = conditions
            .iter()
            .map(|(kind, status, reason)| condition(kind, status, reason, "m"))
            .collect();
        let now = time(NOW);
        let mut list = List {
            conditions,
            generation: 1,
            now: &now,
        };
        list.summarise(order);
        let ready = list.get("Ready").unwrap();
        assert_eq!(format!("{}/{}", ready.status, ready.reason), expected);
    }
    let fetch = ("FetchFailed", "True", "AuthenticationFailed");
    let storage = ("StorageOperationFailed", "True", "DirectoryCreationFailed");
    let outdated = ("ArtifactOutdated", "True", "NewRevision");
    let stored = ("ArtifactInStorage", "True", "Succeeded");
    let reconciling = ("Reconciling", "True", "Progressing");
    check(
        HELM_REPOSITORY,
        &[fetch, storage, outdated],
        "False/DirectoryCreationFailed",
    );
    check(
        HELM_CHART,
        &[
            fetch,
            storage,
            ("BuildFailed", "True", "ChartPackageError"),
            outdated,
        ],
        "False/DirectoryCreationFailed",
    );
    check(HELM_CHART, &[stored, fetch], "False/AuthenticationFailed");
    check(
        HELM_REPOSITORY,
        &[reconciling, outdated],
        "False/NewRevision",
    );
    check(
        HELM_CHART,
        &[outdated, reconciling, ("SourceVerified", "True", "Success")],
        "False/NewRevision",
    );
    check(
        HELM_CHART,
        &[fetch, ("SourceVerified", "False", "VerificationError")],
        "False/VerificationError",
    );
    check(HELM_CHART, &[stored], "True/Succeeded");
    check(
        HELM_CHART,
        &[("ArtifactInStorage", "Unknown", "x")],
        "Unknown/x",
    );
}

#[test]
fn the_time_moves_only_when_something_told_changes() {
    let old = [
        condition(
            "Ready",
            "True",
            "ChartPullSucceeded",
            "pulled 'app' chart with version '1.0.0'",
        ),
        condition("ArtifactInStorage", "True", "ChartPullSucceeded", "other"),
    ];
    let (conditions, _) = after(HELM_CHART, before(&old), STORED, &time(NOW));
    assert_eq!(conditions[0].last_transition_time, time(NOW - 60));
    assert_eq!(conditions[1].last_transition_time, time(NOW));
}

#[test]
fn conditions_of_others_are_kept() {
    let old = [condition("example.com/Audited", "True", "Fine", "x")];
    let (conditions, _) = after(HELM_CHART, before(&old), STORED, &time(NOW));
    assert!(told(&conditions).contains(&"example.com/Audited=True/Fine".to_owned()));
}

#[test]
fn a_message_that_is_too_long_is_cut_between_characters() {
    assert_eq!(shortened("short"), "short");
    let cut = shortened(&"é".repeat(20_000));
    assert!(cut.len() <= MAX_MESSAGE_BYTES && cut.ends_with("é..."));
}

#[test]
fn a_chart_that_cannot_be_fetched_was_not_built() {
    let old = [condition("BuildFailed", "True", "ValuesFilesError", "x")];
    let failure = failure(LATER);
    let (conditions, _) = after(
        HELM_CHART,
        before(&old),
        Outcome::Failed(&failure),
        &time(NOW),
    );
    assert!(
        conditions
            .iter()
            .all(|condition| condition.type_ != "BuildFailed")
    );
}

/// Rows of Flux's own controller, where the disk refuses what was already chosen.
#[test]
fn what_was_chosen_and_not_stored_makes_the_artifact_outdated() {
    #[track_caller]
    fn check(has_artifact: bool, expected: &[&str]) {
        let failure = Failure {
            condition: "StorageOperationFailed",
            reason: "ArchiveOperationFailed",
            chosen: Some(Box::new(Chosen {
                reason: reason::NEW_REVISION,
                text: "new index revision 'sha256:1'".to_owned(),
            })),
            ..failure(LATER)
        };
        let seen = Before {
            had_artifact: has_artifact,
            has_artifact,
            ..before(&[])
        };
        let (conditions, _) = after(HELM_REPOSITORY, seen, Outcome::Failed(&failure), &time(NOW));
        assert_eq!(told(&conditions), expected);
        assert_eq!(
            message_of(&conditions, "Reconciling"),
            "building artifact: new index revision 'sha256:1'"
        );
    }
    check(
        true,
        &[
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/ArchiveOperationFailed",
            "ArtifactOutdated=True/NewRevision",
            "StorageOperationFailed=True/ArchiveOperationFailed",
        ],
    );
    check(
        false,
        &[
            "Reconciling=True/ProgressingWithRetry",
            "Ready=False/ArchiveOperationFailed",
            "StorageOperationFailed=True/ArchiveOperationFailed",
        ],
    );
}
