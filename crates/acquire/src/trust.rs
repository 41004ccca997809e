//! Whether somebody vouched for the content.

/// What is known about who vouches for an artifact.
///
/// The function that opens a pinned layer takes this by value: that nobody was asked is written down
/// where it happens, and never looks like a proof.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// No policy was given, so nothing was verified.
    NotAsked,
}
