//! What a repository of The Update Framework can be wrong about.

/// A role that signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TufRole {
    /// Says whose keys count.
    Root,
    /// Says which snapshot is the latest.
    Timestamp,
    /// Says which lists of files belong together.
    Snapshot,
    /// Says which files there are.
    Targets,
}

impl TufRole {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Root, Self::Timestamp, Self::Snapshot, Self::Targets];

    /// As it is called in metadata.
    pub fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Timestamp => "timestamp",
            Self::Snapshot => "snapshot",
            Self::Targets => "targets",
        }
    }
}

/// One way in which what a repository signs is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TufLie {
    /// The metadata of this role ended in 2020.
    Expired(TufRole),
    /// The metadata of this role are signed by keys that nobody named. A root is signed by its own
    /// keys, and by none of the root before.
    Strangers(TufRole),
    /// One of the two keys of this role signs twice, and the other one does not.
    OneKeyTwice(TufRole),
    /// The root has one key for this role, under two names, which signs under both.
    OneKeyTwoNames(TufRole),
    /// The root says that this role needs no signatures, and there are none.
    NoThreshold(TufRole),
    /// The version of this role goes down, and who pins it says so. A root has the version of the root
    /// before.
    OlderVersion(TufRole),
    /// Under the name of the metadata of this role is what was there before.
    FormerFile(TufRole),
    /// The hash of each file is that of another one.
    WrongHash,
    /// The length of each file is one more than it is.
    WrongLength,
    /// The hash of each file is this text, which becomes part of a path.
    HashIs(String),
    /// Files are listed by a role of this name alone, which is delegated to and signs as it should.
    Delegated(String),
}
