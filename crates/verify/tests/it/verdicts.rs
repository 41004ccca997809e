//! Every row of the table of verdicts, in which cosign and Flux have answered too.

use portolan_verify::{Identity, Pattern, Policy, verify};

use crate::fixtures::{Asked, Case, Person, key, now, ready, root, rows};

/// The policy that a row asks for.
pub(crate) fn policy(asked: &Asked) -> Policy {
    let pattern = |exact: &Option<String>, regexp: &Option<String>| match (exact, regexp) {
        (Some(exact), None) => Pattern::exact(exact),
        (None, Some(regexp)) => Pattern::regexp(regexp).unwrap(),
        _ => panic!("neither, or both"),
    };
    let identity = |person: &Person| {
        Identity::new(
            pattern(&person.issuer, &person.issuer_regexp),
            pattern(&person.subject, &person.subject_regexp),
        )
    };
    let policy = Policy::builder()
        .keys(asked.keys.iter().map(|name| key(name)))
        .identities(asked.identities.iter().map(identity))
        .trust_root(root(asked.root.as_deref().unwrap_or("trusted_root.json")))
        .require_log(!asked.ignore_tlog)
        .require_sct(!asked.ignore_sct)
        .require_timestamp(asked.signed_timestamps);
    let annotations = asked.annotations.iter();
    annotations
        .fold(policy, |policy, (key, value)| policy.annotation(key, value))
        .build()
        .unwrap()
}

#[test]
fn every_verdict_is_the_one_of_the_table() {
    let (mut judged, mut wrong) = (0, Vec::new());
    for row in rows() {
        let case = Case::load(&row.case);
        let mut source = case.captured();
        let policy = policy(&row.policy);
        let answer = ready(verify(&policy, &case.digest, &mut source, now()));
        let said = if answer.is_ok() { "accept" } else { "refuse" };
        if row.expect != "either" && row.expect != said {
            let (case, name) = (&row.case, &row.name);
            let told = answer.map_or_else(|error| error.to_string(), |_| String::new());
            wrong.push(format!("{case}, {name}: {said} {told}"));
        }
        judged += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(judged, 211);
}
