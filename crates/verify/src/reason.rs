//! Why a signature does not count.

use std::fmt;

use portolan_reference::Digest;

use crate::Format;

/// A signature that was looked at and does not count, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Where the signature was found.
    pub origin: String,
    /// How it is written down.
    pub format: Format,
    /// What is wrong with it, or what the policy misses in it.
    pub reason: Reason,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.origin, self.format, self.reason)
    }
}

/// Why one signature does not count.
///
/// The texts are for people; what a program may branch on is the variant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// It is larger than [`Limits`](crate::Limits) allow, in bytes or in the length of a list.
    #[error("passed over: {what} beyond the limit of {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: u64,
    },
    /// It was found and not fetched, as that is more than [`Limits`](crate::Limits) allow.
    #[error("passed over: {0}")]
    NotFetched(String),
    /// It cannot be read as what it claims to be.
    #[error("unreadable: {0}")]
    Malformed(String),
    /// The policy does not ask for signatures written down like this.
    #[error("the policy takes no signatures of this format")]
    Format,
    /// It is a statement about the artifact, but not its signature.
    #[error("not a signature but an attestation ({0})")]
    Attestation(String),
    /// It signs something else.
    #[error("it is about {named}, not about {wanted}")]
    OtherDigest {
        /// What it names, as it names it.
        named: String,
        /// What is under verification.
        wanted: Digest,
    },
    /// It was made with a certificate, and the policy names keys only.
    #[error("signed with a certificate, and the policy asks for a key")]
    KeyWanted,
    /// It was made with a bare key, and the policy names identities only.
    #[error("signed with a key, and the policy asks for an identity")]
    CertificateWanted,
    /// No key of the policy made this signature, or what it signs was altered.
    #[error("no key of the policy verifies it")]
    NoKeyVerifies,
    /// The signature does not fit its certificate, or what it signs was altered.
    #[error("invalid signature: {0}")]
    Signature(String),
    /// The certificate is not to be believed: chain, usage or time.
    #[error("certificate not accepted: {0}")]
    Certificate(String),
    /// The certificate was not logged as it should have been.
    #[error("certificate not proven to be in a certificate transparency log: {0}")]
    SignedCertificateTimestamp(String),
    /// The signature is not in a transparency log, or the entry is not about it.
    #[error("not proven to be in a transparency log: {0}")]
    TransparencyLog(String),
    /// When it was signed is not proven, or there is no timestamp where the policy wants one.
    #[error("time of signing not proven: {0}")]
    Timestamp(String),
    /// Somebody signed whom the policy does not name.
    #[error("signed by {subject} (issuer {issuer}), whom the policy does not name")]
    Identity {
        /// Who signed.
        subject: String,
        /// Who vouches for that.
        issuer: String,
    },
    /// Annotations that the policy demands are missing or have other values.
    #[error("missing or incorrect annotation {0:?}")]
    Annotation(String),
}

/// So many characters of a signature are told.
const TOLD: usize = 256;

impl Reason {
    /// The same with texts that fit into a message: they come from whoever wrote the signature, may be
    /// megabytes long, and end in logs, events and conditions.
    pub(crate) fn told(mut self) -> Self {
        match &mut self {
            Self::Malformed(text)
            | Self::Attestation(text)
            | Self::OtherDigest { named: text, .. }
            | Self::Signature(text)
            | Self::Certificate(text)
            | Self::SignedCertificateTimestamp(text)
            | Self::TransparencyLog(text)
            | Self::Timestamp(text) => tell(text),
            Self::Identity { subject, issuer } => {
                tell(subject);
                tell(issuer);
            }
            Self::TooLarge { .. }
            | Self::NotFetched(_)
            | Self::Format
            | Self::KeyWanted
            | Self::CertificateWanted
            | Self::NoKeyVerifies
            | Self::Annotation(_) => {}
        }
        self
    }
}

fn tell(text: &mut String) {
    let fits = text.len() <= TOLD && !text.contains(steers);
    if fits {
        return;
    }
    let cut = text.chars().nth(TOLD).is_some();
    let letters = text.chars().take(TOLD);
    let letters = letters.map(|letter| if steers(letter) { ' ' } else { letter });
    *text = letters.chain(cut.then_some('…')).collect();
}

/// Whether a letter ends a line, steers a terminal, or makes a text look like another: what is between
/// two marks of direction is shown backwards ([UTR #36][1]).
///
/// [1]: https://www.unicode.org/reports/tr36/tr36-15.html#Bidirectional_Text_Spoofing
fn steers(letter: char) -> bool {
    let marks = matches!(
        letter,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    letter.is_control() || marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, told: &str) {
        let reason = Reason::Malformed(text.to_owned()).told();
        assert_eq!(reason, Reason::Malformed(told.to_owned()));
    }

    #[test]
    fn a_reason_is_one_line_of_a_few_words() {
        check("fine", "fine");
        check("two\nlines\u{1b}[31m", "two lines [31m");
        check("\u{202e}moc.live@ecila\u{2028}x", " moc.live@ecila x");
        check(&"x".repeat(256), &"x".repeat(256));
        check(&"x".repeat(257), &format!("{}…", "x".repeat(256)));
        check(&"é".repeat(200), &"é".repeat(200));
        check(&"é".repeat(1 << 20), &format!("{}…", "é".repeat(256)));
    }
}
