//! Who signed, as it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::time::SystemTime;

use jiff::Timestamp;
use portolan_verify::{Format, Logged, Reason, Refusal, Signer, Verified, VerifiedSignature};
use serde::{Serialize, Serializer};

/// A policy that is met. The names of the fields are what programs rely on.
#[derive(Debug, Serialize)]
pub(crate) struct Proof {
    /// What two policies have in common if they judge alike.
    policy: String,
    signatures: Vec<Signed>,
    /// What was looked at before there were enough, and does not count.
    refused: Vec<Refused>,
}

#[derive(Debug, Serialize)]
struct Signed {
    signer: Who,
    format: Format,
    origin: String,
    logged: Vec<Entry>,
    timestamps: Vec<Moment>,
    annotations: BTreeMap<String, String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
enum Who {
    Key {
        name: String,
        fingerprint: String,
    },
    Identity {
        subject: String,
        issuer: String,
    },
    /// Somebody of a kind that this program has no words for.
    Other {
        name: String,
    },
}

#[derive(Debug, Serialize)]
struct Entry {
    log_id: String,
    log_index: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrated_time: Option<Moment>,
}

#[derive(Debug, Serialize)]
struct Refused {
    origin: String,
    format: Format,
    reason: String,
}

impl From<&Verified> for Proof {
    fn from(verified: &Verified) -> Self {
        Self {
            policy: verified.policy.to_string(),
            signatures: verified.signatures.iter().map(Signed::from).collect(),
            refused: verified.refused.iter().map(Refused::from).collect(),
        }
    }
}

impl From<&VerifiedSignature> for Signed {
    fn from(signature: &VerifiedSignature) -> Self {
        let timestamps = signature.timestamps.iter();
        Self {
            signer: Who::from(&signature.signer),
            format: signature.format,
            origin: signature.origin.clone(),
            logged: signature.logged.iter().map(Entry::from).collect(),
            timestamps: timestamps.filter_map(|time| Moment::of(*time)).collect(),
            annotations: signature.annotations.clone(),
        }
    }
}

impl From<&Signer> for Who {
    fn from(signer: &Signer) -> Self {
        match signer {
            Signer::Key { name, fingerprint } => Self::Key {
                name: name.clone(),
                fingerprint: fingerprint.to_string(),
            },
            Signer::Identity { subject, issuer } => Self::Identity {
                subject: subject.clone(),
                issuer: issuer.clone(),
            },
            other => Self::Other {
                name: other.to_string(),
            },
        }
    }
}

impl From<&Logged> for Entry {
    fn from(logged: &Logged) -> Self {
        Self {
            log_id: logged.log_id.clone(),
            log_index: logged.log_index,
            integrated_time: logged.integrated_time.and_then(Moment::of),
        }
    }
}

impl From<&Refusal> for Refused {
    fn from(refusal: &Refusal) -> Self {
        Self {
            origin: refusal.origin.clone(),
            format: refusal.format,
            reason: refusal.reason.to_string(),
        }
    }
}

/// A time in whole seconds, which is what logs and authorities tell at best; for programs in the words
/// of RFC 3339.
#[derive(Debug, Clone, Copy)]
struct Moment(Timestamp);

impl Moment {
    fn of(time: SystemTime) -> Option<Self> {
        let time = Timestamp::try_from(time).ok()?;
        Timestamp::from_second(time.as_second()).ok().map(Self)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.strftime("%Y-%m-%d %H:%M:%S UTC").fmt(f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Proof {
    /// A paragraph for each signature; with `verbose`, what does not count as well.
    pub(crate) fn text(&self, verbose: bool) -> String {
        let mut text = String::new();
        for signature in &self.signatures {
            signature.tell(&mut text);
        }
        if verbose && !self.refused.is_empty() {
            text.push_str("\nNot counted:\n");
            for refused in &self.refused {
                line(&mut text, 2, &refused.told());
            }
        }
        text
    }

    /// Each signature in a few words.
    pub(crate) fn signers(&self) -> Vec<String> {
        let signers = self.signatures.iter().map(|signature| {
            let mut text = signature.signer.told();
            if let Who::Identity { issuer, .. } = &signature.signer {
                // Writing to a string does not fail.
                let _ = write!(text, " (issuer {issuer})");
            }
            if let Some(time) = signature.logged.iter().find_map(|it| it.integrated_time) {
                let _ = write!(text, ", logged {time}");
            }
            printable(&text)
        });
        signers.collect()
    }
}

impl Signed {
    fn tell(&self, text: &mut String) {
        line(text, 2, &self.signer.told());
        let mut fact = |name: &str, value: &str| line(text, 4, &format!("{name:<11} {value}"));
        if let Who::Identity { issuer, .. } = &self.signer {
            fact("issuer:", issuer);
        }
        fact("signature:", &format!("{}, {}", self.format, self.origin));
        if self.logged.is_empty() {
            fact("logged:", "not asked for");
        }
        for entry in &self.logged {
            let time = entry.integrated_time.map_or_else(
                || "at a time that the log does not tell".to_owned(),
                |time| time.to_string(),
            );
            let log = entry.log_id.get(..SHORT_LOG).unwrap_or(&entry.log_id);
            fact(
                "logged:",
                &format!("{time}, entry {} of log {log}", entry.log_index),
            );
        }
        for time in &self.timestamps {
            fact("timestamp:", &time.to_string());
        }
        for (key, value) in &self.annotations {
            fact("annotation:", &format!("{key}={value}"));
        }
    }
}

/// So much of a log's identifier tells it from others.
const SHORT_LOG: usize = 12;

impl Who {
    fn told(&self) -> String {
        match self {
            Self::Key { name, .. } => format!("key {name}"),
            Self::Identity { subject, .. } => subject.clone(),
            Self::Other { name } => name.clone(),
        }
    }
}

impl Refused {
    fn told(&self) -> String {
        format!("{} ({}): {}", self.origin, self.format, self.reason)
    }
}

fn line(text: &mut String, indent: usize, content: &str) {
    let _ = writeln!(text, "{:indent$}{}", "", printable(content));
}

/// Whoever signs chooses some of the words: they end no line and steer no terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            printable.extend(character.escape_unicode());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Characters that end lines, or turn around or hide what stands beside them (Unicode's `Bidi_Control`
/// and separators).
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

/// So many reasons are told of a policy that is not met, unless more are wanted.
const TOLD: usize = 10;

/// Why a policy is not met: a line, and one for each signature that does not count. With `verbose` for
/// all of them.
pub(crate) fn unmet(refused: &portolan_verify::Refused, verbose: bool) -> String {
    let (counting, refusals) = (&refused.counting, &refused.refused);
    if counting.is_empty() && refusals.is_empty() {
        return "no signatures found".to_owned();
    }
    let mut text = "no matching signatures".to_owned();
    if !counting.is_empty() {
        let signers: BTreeSet<_> = counting.iter().map(|counts| who(&counts.signer)).collect();
        let _ = write!(
            text,
            ": {} of {} signers agree",
            signers.len(),
            refused.required
        );
    }
    text.push('\n');
    for counts in counting {
        line(&mut text, 2, &format!("counts: {}", counts.signer));
    }
    let most = if verbose { refusals.len() } else { TOLD };
    for refusal in refusals.iter().take(most) {
        line(&mut text, 2, &refusal.to_string());
    }
    if let more @ 1.. = refusals.len().saturating_sub(most) {
        line(
            &mut text,
            2,
            &format!("and {more} more: `portolan verify --verbose` tells them"),
        );
    }
    if let Some(help) = help(refusals) {
        let _ = write!(text, "\n{help}");
    }
    text.trim_end().to_owned()
}

/// A key is one signer under any name.
fn who(signer: &Signer) -> String {
    match signer {
        Signer::Key { fingerprint, .. } => fingerprint.to_string(),
        other => other.to_string(),
    }
}

/// What to do if it was meant so.
fn help(refusals: &[Refusal]) -> Option<&'static str> {
    let any = |wanted: fn(&Reason) -> bool| refusals.iter().any(|it| wanted(&it.reason));
    if any(|reason| matches!(reason, Reason::TransparencyLog(_))) {
        return Some(
            "If it was signed without a transparency log on purpose: --insecure-ignore-tlog lets it count.",
        );
    }
    any(|reason| matches!(reason, Reason::SignedCertificateTimestamp(_))).then_some(
        "If its authority logs no certificates on purpose: --insecure-ignore-sct lets it count.",
    )
}

#[cfg(test)]
mod tests;
