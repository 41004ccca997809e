//! From flags to a policy.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use portolan_verify::{Identity, Policy, PublicKey, TrustRoot};

use crate::args::{ISSUER, IdentityArgs, PolicyArgs, SUBJECT};
use crate::exit::Usage;

/// What the flags demand. `sigstore` brings the trust root of the public Sigstore, and is asked when
/// nothing else is wrong: where one is needed and no file is named.
pub(crate) async fn policy(
    args: &PolicyArgs,
    sigstore: impl AsyncFnOnce() -> anyhow::Result<TrustRoot>,
) -> anyhow::Result<Policy> {
    let identities = identities(&args.identities)?;
    if identities.is_empty() && args.keys.is_empty() {
        return Err(Usage(format!(
            "nobody is named who may sign: add --key FILE, or {SUBJECT} SUBJECT and {ISSUER} URL"
        ))
        .into());
    }
    if !identities.is_empty() && !args.keys.is_empty() && args.required.is_none() {
        return Err(Usage(format!(
            "--key and {SUBJECT} together: say with --required whether one of them is enough (1) or \
             how many have to agree"
        ))
        .into());
    }
    let needs_root =
        !identities.is_empty() || !args.insecure_ignore_tlog || args.use_signed_timestamps;
    let mut policy = Policy::builder()
        .identities(identities)
        .required(args.required.map_or(1, Into::into))
        .require_log(!args.insecure_ignore_tlog)
        .require_sct(!args.insecure_ignore_sct)
        .require_timestamp(args.use_signed_timestamps);
    for file in &args.keys {
        policy = policy.key(key(file)?);
    }
    for (key, value) in annotations(&args.annotations)? {
        policy = policy.annotation(key, value);
    }
    if let Some(file) = &args.trusted_root {
        let root = TrustRoot::parse(&read(file)?);
        policy = policy.trust_root(root.with_context(|| format!("cannot use {}", file.display()))?);
    } else if needs_root {
        policy = policy.trust_root(sigstore().await?);
    }
    Ok(policy.build().map_err(|error| Usage(error.to_string()))?)
}

/// The first subject with the first issuer, the second with the second.
fn identities(args: &IdentityArgs) -> Result<Vec<Identity>, Usage> {
    match (args.subjects.len(), args.issuers.len()) {
        (1.., 0) => Err(Usage(format!(
            "{SUBJECT} means nobody without an issuer that vouches for it: add {ISSUER} URL, or \
             {ISSUER}-regexp REGEXP"
        ))),
        (0, 1..) => Err(Usage(format!(
            "{ISSUER} alone means everybody who has an account there: add {SUBJECT} SUBJECT, or \
             {SUBJECT}-regexp REGEXP"
        ))),
        (subjects, issuers) if subjects != issuers => Err(Usage(format!(
            "each {SUBJECT} has an issuer of its own, and there are {subjects} and {issuers}: write them \
             as pairs, with the issuer again where it is the same"
        ))),
        _ => {
            let pairs = args.issuers.iter().zip(&args.subjects);
            let pairs = pairs.map(|(issuer, subject)| (issuer.clone(), subject.clone()));
            Ok(pairs
                .map(|(issuer, subject)| Identity::new(issuer, subject))
                .collect())
        }
    }
}

fn key(file: &Path) -> anyhow::Result<PublicKey> {
    let name = file.display().to_string();
    if name.contains("://") {
        return Err(Usage(format!(
            "--key {name}: a key is a file here; `cosign public-key --key {name}` writes one"
        ))
        .into());
    }
    Ok(PublicKey::parse(name, &read(file)?)?)
}

pub(crate) fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(file).with_context(|| format!("cannot read {}", file.display()))
}

/// Annotations as cosign reads them: several may stand in one text with commas between, in quotes if a
/// comma is part of one.
fn annotations(texts: &[String]) -> Result<BTreeMap<String, String>, Usage> {
    let mut annotations = BTreeMap::new();
    for text in texts {
        let fields = fields(text).ok_or_else(|| Usage(format!("-a {text}: a quote has no end")))?;
        for field in fields {
            let (key, value) = field.split_once('=').ok_or_else(|| {
                Usage(format!(
                    "-a {text}: `{field}` is not KEY=VALUE; with a comma in the value, write \
                     '\"KEY=VALUE\"'"
                ))
            })?;
            let before = annotations.insert(key.to_owned(), value.to_owned());
            if before.is_some_and(|before| before != value) {
                return Err(Usage(format!(
                    "-a {key} has two values, and nobody can sign both"
                )));
            }
        }
    }
    Ok(annotations)
}

/// The fields of one record of comma-separated values ([RFC 4180, section 2]); `None` if it is none.
///
/// [RFC 4180, section 2]: https://www.rfc-editor.org/rfc/rfc4180#section-2
fn fields(text: &str) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let (mut field, mut quoted) = (String::new(), false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => field.push('"'),
            '"' if quoted || field.is_empty() => quoted = !quoted,
            ',' if !quoted => fields.push(std::mem::take(&mut field)),
            other => field.push(other),
        }
    }
    fields.push(field);
    (!quoted).then_some(fields)
}

#[cfg(test)]
mod tests;
