//! From `spec.verify` and its Secret to who must have signed.

use k8s_openapi::api::core::v1::Secret;
use portolan_api::{OidcIdentityMatch, Verification, VerificationProvider};
use portolan_verify::{Identity, Pattern, Policy, PublicKey, TrustRoot};

use crate::chain::chain;
use crate::failure::Failure;
use crate::fingerprint::{Material, fingerprint};
use crate::secrets::{home, values};

/// Keys in a Secret end like this.
const PUBLIC_KEY: &str = ".pub";

/// Refuse what this version cannot verify, naming the field. Nothing has to be fetched or read for
/// that.
///
/// # Errors
///
/// A [`Failure`] that only a change of the spec can mend.
pub(super) fn refuse_unsupported(verify: &Verification) -> Result<(), Failure> {
    match &verify.provider {
        VerificationProvider::Cosign => Ok(()),
        other => Err(Failure::unverifiable(
            "spec.verify.provider",
            &format!(
                "signatures of {other} cannot be verified by this version, those of cosign can"
            ),
        )),
    }
}

/// Who must have signed.
///
/// With a Secret, which is the one that `verify` names, one of its keys, logged or not; what
/// `matchOIDCIdentity` says does not count then, as in Flux. Without, one of the identities, according
/// to the trust root, which is not asked for otherwise.
///
/// # Errors
///
/// A [`Failure`] that names the field, or the Secret and its key. Nobody is believed then.
pub(crate) fn policy(
    verify: &Verification,
    secret: Option<&Secret>,
    trust_root: impl FnOnce() -> TrustRoot,
) -> Result<Policy, Failure> {
    refuse_unsupported(verify)?;
    let failed = |cause: &str| Failure::verifier(verify, cause);
    let held = secret.map(values);
    let label = fingerprint(Material {
        provider: &verify.provider.to_string(),
        trusted_root: None,
        secret: held.as_ref(),
    });
    let builder = Policy::builder().label(label);
    let builder = match (secret, &held) {
        (Some(secret), Some(held)) => {
            let found = held.iter().filter(|(name, _)| name.ends_with(PUBLIC_KEY));
            let count = found.clone().count();
            if count > Policy::MAX_NAMED {
                let (home, most) = (home(secret), Policy::MAX_NAMED);
                let text =
                    format!("secret '{home}' has {count} public keys, and {most} is the most");
                return Err(failed(&text));
            }
            let keys = found.map(|(name, pem)| PublicKey::parse(*name, pem));
            let keys: Vec<_> = keys.collect::<Result<_, _>>().map_err(|error| {
                failed(&format!("secret '{}': {}", home(secret), chain(&error)))
            })?;
            if keys.is_empty() {
                let text = format!("no public keys found in secret '{}'", home(secret));
                return Err(failed(&text));
            }
            builder.keys(keys).require_log(false)
        }
        _ => builder
            .identities(identities(verify)?)
            .trust_root(trust_root()),
    };
    builder.build().map_err(|error| failed(&chain(&error)))
}

/// Whose certificates are accepted.
fn identities(verify: &Verification) -> Result<Vec<Identity>, Failure> {
    const FIELD: &str = "spec.verify.matchOIDCIdentity";
    if verify.match_oidc_identity.is_empty() {
        return Err(Failure::verifier(
            verify,
            &format!(
                "can't verify identities without providing at least one identity: add {FIELD} with the issuer and the subject of who signs, or spec.verify.secretRef with public keys"
            ),
        ));
    }
    // An expression of ten letters may take megabytes once it is read.
    let (count, most) = (verify.match_oidc_identity.len(), Policy::MAX_NAMED);
    if count > most {
        let text = format!("{FIELD} has {count} entries, and {most} is the most");
        return Err(Failure::verifier(verify, &text));
    }
    let named = verify.match_oidc_identity.iter().enumerate();
    let read = |(number, named): (usize, &OidcIdentityMatch)| {
        let pattern = |field: &str, text: &str| {
            let failed = |cause: &str| {
                Failure::verifier(verify, &format!("{FIELD}[{number}].{field}: {cause}"))
            };
            if text.is_empty() {
                return Err(failed(
                    "it is empty, which would be anybody: write .* if that is meant",
                ));
            }
            Pattern::regexp(text).map_err(|error| failed(&chain(&error)))
        };
        let issuer = pattern("issuer", &named.issuer)?;
        Ok(Identity::new(issuer, pattern("subject", &named.subject)?))
    };
    named.map(read).collect()
}

#[cfg(test)]
#[path = "verification/tests.rs"]
mod tests;
