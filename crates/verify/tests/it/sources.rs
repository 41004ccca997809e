//! Where signatures come from, and what comes of it if they do not.

use std::collections::VecDeque;

use portolan_verify::{
    Captured, Capturing, PolicyBuilder, Signature, SignatureSource, VerifyError, verify,
};

use crate::fixtures::{Case, now, ready};
use crate::judging::keys;

#[test]
fn what_was_judged_can_be_kept_and_judged_again() {
    for name in [
        "genuine/mixed-tag-key-bundle-keyless",
        "genuine/tag-key-two",
    ] {
        let case = Case::load(name);
        let policy = keys(&["p256a"]).build().unwrap();
        let mut source = Capturing::new(case.captured());
        let first = ready(verify(&policy, &case.digest, &mut source, now())).unwrap();
        let kept = serde_json::to_string(&source.into_captured()).unwrap();
        let mut again: Captured = serde_json::from_str(&kept).unwrap();
        let second = ready(verify(&policy, &case.digest, &mut again, now())).unwrap();
        assert_eq!(first, second);
        assert_eq!(first.policy, *policy.fingerprint());
        assert_eq!(first.digest, case.digest);
        // And under another policy.
        let mut again: Captured = serde_json::from_str(&kept).unwrap();
        let other = keys(&["p384"]).build().unwrap();
        assert!(ready(verify(&other, &case.digest, &mut again, now())).is_err());
    }
}

/// What happens when somebody asks for the next signature.
struct Script(VecDeque<Result<Signature, Broken>>);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("broken {0}")]
struct Broken(usize);

impl SignatureSource for Script {
    type Error = Broken;

    async fn next(&mut self) -> Result<Option<Signature>, Broken> {
        self.0.pop_front().transpose()
    }
}

#[test]
fn what_cannot_be_looked_at_matters_only_if_something_is_missing() {
    let case = Case::load("genuine/tag-key-p256a-no-log");
    let good = || Ok(case.signatures[0].clone());
    let noise = || Ok(Signature::bundle("noise", "{}"));
    let ask = |script: Vec<Result<Signature, Broken>>, policy: PolicyBuilder| {
        let mut source = Script(script.into());
        let policy = policy.build().unwrap();
        let answer = ready(verify(&policy, &case.digest, &mut source, now()));
        (answer, source.0.len())
    };
    let one = || keys(&["p256a"]);
    let (answer, left) = ask(vec![Err(Broken(1)), good(), noise()], one());
    assert!(answer.is_ok());
    assert_eq!(
        left, 1,
        "nobody looks further than to the signature that is enough"
    );

    let (answer, _) = ask(vec![noise(), Err(Broken(1)), Err(Broken(2))], one());
    let Err(VerifyError::Unavailable { source, refused }) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(source, Broken(1), "the first counts");
    assert_eq!(refused.refused.len(), 1);

    let (answer, _) = ask(vec![noise()], one());
    let Err(VerifyError::Refused(refused)) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(refused.refused[0].origin, "noise");

    let (answer, _) = ask(vec![], one());
    assert_eq!(answer.unwrap_err().to_string(), "no signatures found");

    // A source that only fails comes to an end.
    let failing = (0..1000).map(|number| Err(Broken(number))).collect();
    let (answer, left) = ask(failing, one());
    assert!(matches!(answer, Err(VerifyError::Unavailable { .. })));
    assert_eq!(left, 900);
}
