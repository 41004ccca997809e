//! What others had to publish advisories for, forged anew: [`crate::advisories`] alters recorded
//! signatures, and here is what takes keys.
//!
//! Each forgery is made with the keys of a private Sigstore, so that everything in it is genuine but
//! the link under attack, and each test shows first that its twin without the fault is accepted.

mod endless;
mod entries;
mod payloads;
mod times;

use portolan_verify::{Judge, PolicyBuilder, Reason, Refused, Signature, Verified};

use crate::forge::{now, subject};

fn judge(policy: PolicyBuilder, signature: &Signature) -> Result<Verified, Refused> {
    let mut judge = Judge::new(policy.build().unwrap(), subject(), now());
    judge.consider(signature);
    judge.finish()
}

#[track_caller]
fn accepted(policy: PolicyBuilder, signature: &Signature) -> Verified {
    match judge(policy, signature) {
        Ok(verified) => verified,
        Err(refused) => panic!("the genuine one is refused: {refused}"),
    }
}

#[track_caller]
fn refused(policy: PolicyBuilder, signature: &Signature) -> Reason {
    match judge(policy, signature) {
        Ok(_) => panic!("a forgery is accepted"),
        Err(refused) => refused.refused.into_iter().next().unwrap().reason,
    }
}

#[track_caller]
fn not_logged(what: &str, policy: PolicyBuilder, signature: &Signature) {
    let Err(refused) = judge(policy, signature) else {
        panic!("a forgery is accepted: {what}");
    };
    let reason = &refused.refused[0].reason;
    assert!(
        matches!(reason, Reason::TransparencyLog(_)),
        "{what}: {reason}"
    );
}
