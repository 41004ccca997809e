//! How registries and repositories are reached.

use std::path::PathBuf;

use clap::Args as Group;

/// Which servers are believed, and who we are to them.
#[derive(Debug, Clone, Group)]
#[command(next_help_heading = "Registries and repositories")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ConnectionArgs {
    /// A docker config file with credentials, in place of those of helm and docker
    #[arg(long, global = true, value_name = "FILE", env = "HELM_REGISTRY_CONFIG")]
    pub(crate) registry_config: Option<PathBuf>,
    /// The file that `helm repo add` writes: what `@NAME` and `NAME/CHART` mean, and the
    /// credentials of repositories with an index
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "HELM_REPOSITORY_CONFIG"
    )]
    pub(crate) repository_config: Option<PathBuf>,
    /// Log in under this name; the password is read with --password-stdin
    #[arg(long, global = true, value_name = "NAME", requires = "password_stdin")]
    pub(crate) username: Option<String>,
    /// Read the password from standard input
    #[arg(long, global = true, requires = "username")]
    pub(crate) password_stdin: bool,
    /// Send the credential to every server that the index of the repository names as well. Whoever
    /// can write the index can then have it
    #[arg(long, global = true)]
    pub(crate) pass_credentials: bool,
    /// Speak HTTP without TLS to registries. Others on the way can read and change what is sent
    #[arg(long, global = true, visible_alias = "allow-http-registry")]
    pub(crate) plain_http: bool,
    /// In the words of cosign, and refused
    #[arg(long, global = true, hide = true)]
    pub(crate) allow_insecure_registry: bool,
    /// Believe servers with a certificate of these authorities as well (PEM)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Show this certificate to servers that ask for one (PEM)
    #[arg(long, global = true, value_name = "FILE", requires = "key_file")]
    pub(crate) cert_file: Option<PathBuf>,
    /// The key of that certificate (PEM)
    #[arg(long, global = true, value_name = "FILE", requires = "cert_file")]
    pub(crate) key_file: Option<PathBuf>,
    /// Send credentials for REGISTRY to no other token service than ORIGIN. Repeatable
    #[arg(long, global = true, value_name = "REGISTRY=ORIGIN")]
    pub(crate) token_realm: Vec<String>,
}
