//! Whose signatures count.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use anyhow::ensure;
use clap::builder::ValueParser;
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args as Group, Command, FromArgMatches};
use portolan_verify::Pattern;

/// Whose signatures count, and what has to be proven of each.
#[derive(Debug, Clone, Default, Group)]
#[command(next_help_heading = "Signatures")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct PolicyArgs {
    /// Who holds the private half of this public key may sign (PEM). Repeatable: any of them may
    #[arg(long = "key", value_name = "FILE")]
    pub(crate) keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) identities: IdentityArgs,
    /// So many different signers have to agree. Default: 1
    #[arg(long, value_name = "N")]
    pub(crate) required: Option<NonZeroUsize>,
    /// The signer wrote this beside the digest (`cosign sign -a`). Repeatable: all are wanted
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub(crate) annotations: Vec<String>,
    /// The authorities and logs to believe (`trusted_root.json`). Default: those of the public Sigstore
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Signatures count that are in no transparency log: a stolen key can sign unseen
    #[arg(long)]
    pub(crate) insecure_ignore_tlog: bool,
    /// Certificates count that are in no certificate transparency log: an authority can issue unseen
    #[arg(long)]
    pub(crate) insecure_ignore_sct: bool,
    /// A timestamp of an authority (RFC 3161) has to be there
    #[arg(long)]
    pub(crate) use_signed_timestamps: bool,
    /// Do not ask whether the public Sigstore has new authorities and logs. A transparency log is never
    /// asked anything
    #[arg(long)]
    pub(crate) offline: bool,
}

impl PolicyArgs {
    /// A flag that was given, if any was.
    pub(crate) fn given(&self) -> Option<&'static str> {
        let flags = [
            (!self.keys.is_empty(), "--key"),
            (!self.identities.subjects.is_empty(), SUBJECT),
            (!self.identities.issuers.is_empty(), ISSUER),
            (self.required.is_some(), "--required"),
            (!self.annotations.is_empty(), "--annotations"),
            (self.trusted_root.is_some(), "--trusted-root"),
            (self.insecure_ignore_tlog, "--insecure-ignore-tlog"),
            (self.insecure_ignore_sct, "--insecure-ignore-sct"),
            (self.use_signed_timestamps, "--use-signed-timestamps"),
            (self.offline, "--offline"),
        ];
        let given = flags.into_iter().find(|(given, _)| *given);
        given.map(|(_, flag)| flag)
    }
}

pub(crate) const SUBJECT: &str = "--certificate-identity";
pub(crate) const ISSUER: &str = "--certificate-oidc-issuer";

/// Subjects and issuers, each in the order in which they were written, whether as texts or as
/// expressions: that order tells which belong together.
#[derive(Debug, Clone, Default)]
pub(crate) struct IdentityArgs {
    pub(crate) subjects: Vec<Pattern>,
    pub(crate) issuers: Vec<Pattern>,
}

/// The names of the flags, as a text and as an expression.
const SUBJECTS: [&str; 2] = ["certificate-identity", "certificate-identity-regexp"];
const ISSUERS: [&str; 2] = ["certificate-oidc-issuer", "certificate-oidc-issuer-regexp"];

impl Group for IdentityArgs {
    fn augment_args(command: Command) -> Command {
        let flag = |name: &'static str, value: &'static str, parser: ValueParser| {
            Arg::new(name)
                .long(name)
                .value_name(value)
                .value_parser(parser)
                .action(ArgAction::Append)
        };
        let exact = || ValueParser::from(exact);
        let regexp = || ValueParser::from(regexp);
        let [subject, subject_regexp] = SUBJECTS;
        let [issuer, issuer_regexp] = ISSUERS;
        command
            .arg(flag(subject, "SUBJECT", exact()).help(
                "Whom the certificate has to name: an address, a URL. Goes with an issuer. \
                 Repeatable, as pairs in the order in which they are written: any of them may sign",
            ))
            .arg(flag(subject_regexp, "REGEXP", regexp()).help(
                "The same as a regular expression of Go, which matches anywhere unless it has ^ and $",
            ))
            .arg(flag(issuer, "URL", exact()).help("Who has to vouch for that: the OpenID issuer"))
            .arg(
                flag(issuer_regexp, "REGEXP", regexp()).help("The same as a regular expression"),
            )
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for IdentityArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self {
            subjects: in_order(matches, SUBJECTS)?,
            issuers: in_order(matches, ISSUERS)?,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The values of these flags in the order of the command line.
fn in_order(matches: &ArgMatches, flags: [&str; 2]) -> Result<Vec<Pattern>, clap::Error> {
    let mut found = Vec::new();
    for flag in flags {
        let places = matches.indices_of(flag).into_iter().flatten();
        let values = matches
            .try_get_many::<Pattern>(flag)
            .map_err(|error| clap::Error::raw(ErrorKind::InvalidValue, error))?;
        found.extend(places.zip(values.into_iter().flatten()));
    }
    found.sort_by_key(|(place, _)| *place);
    Ok(found.into_iter().map(|(_, value)| value.clone()).collect())
}

fn exact(text: &str) -> anyhow::Result<Pattern> {
    Ok(Pattern::exact(somebody(text)?))
}

fn regexp(text: &str) -> anyhow::Result<Pattern> {
    Ok(Pattern::regexp(somebody(text)?)?)
}

/// An empty text, which is what a shell makes of a variable that is not set, means nobody; and as an
/// expression it would be anybody.
fn somebody(text: &str) -> anyhow::Result<&str> {
    ensure!(
        !text.is_empty(),
        "it is empty, which would mean nobody or anybody"
    );
    Ok(text)
}
